"""Rules of names, images, durations and quantities."""

import pytest

from modelyard.manifests import names


@pytest.mark.parametrize("text", ["a", "churn", "a-1", "a" * 63])
def test_labels(text: str) -> None:
    assert names.dns_1035_label(text) is None


@pytest.mark.parametrize("text", ["", "1a", "A", "a_b", "a.b", "-a", "a-", "a" * 64, "../x", "ä", "a\n"])
def test_no_labels(text: str) -> None:
    assert names.dns_1035_label(text)


@pytest.mark.parametrize(
    ("text", "registry", "repository"),
    [
        ("churn:2.0.0", False, "churn"),
        ("library/churn", False, "library/churn"),
        ("registry.example.com/models/credit_risk:1.4.0", True, "registry.example.com/models/credit_risk"),
        ("localhost/churn", True, "localhost/churn"),
        ("registry:5000/churn:1", True, "registry:5000/churn"),
        ("a__b/c-d.e@sha256:" + "0" * 64, False, "a__b/c-d.e"),
        ("[::1]:5000/churn", True, "[::1]:5000/churn"),
    ],
)
def test_images(text: str, registry: bool, repository: str) -> None:  # noqa: FBT001
    assert names.image(text) is None
    assert names.names_registry(text) is registry
    assert names.repository(text) == repository


@pytest.mark.parametrize(
    "text", ["", "Churn:1", "a b", "a:", "a@sha256:12", "-a", "a//b", "https://x/y", "a:" + "t" * 129, "a\n"]
)
def test_no_images(text: str) -> None:
    assert names.image(text)


@pytest.mark.parametrize(("text", "seconds"), [("60s", 60), ("5m", 300), ("1h30m", 5400), ("7d", 604800), ("0s", 0)])
def test_durations(text: str, seconds: int) -> None:
    assert names.duration(text) is None
    assert names.seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "60", "1 m", "5s1m", "-5s", "1.5h", "5ms"])
def test_no_durations(text: str) -> None:
    assert names.duration(text)
    if text:
        with pytest.raises(ValueError, match=text):
            names.seconds(text)


@pytest.mark.parametrize("text", ["500m", "1", "0.5", "1Gi", "128974848", "1e3", "12E6", ".5"])
def test_quantities(text: str) -> None:
    assert names.quantity(text) is None


@pytest.mark.parametrize("text", ["", "1 core", "1GB", "Gi", "1.2.3", "lots"])
def test_no_quantities(text: str) -> None:
    assert names.quantity(text)


@pytest.mark.parametrize(
    ("word", "meant"),
    [("minscale", "minScale"), ("imagePolicy", "imagePullPolicy"), ("min_scale", "minScale"), ("zzz", None)],
)
def test_nearest(word: str, meant: str | None) -> None:
    assert names.nearest(word, ["minScale", "maxScale", "imagePullPolicy"]) == meant
