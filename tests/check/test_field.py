"""Streams as teams have them: what is right about each, by its code and place."""

from pathlib import Path
from typing import Final

import pytest

from modelyard.api.objects import check_streams

_FRONT: Final = "/spec/template/spec/containers/0"
# Folder and file -> code and pointer of each error; nothing means that there is none.
ERRORS: Final[dict[str, set[tuple[str, str]]]] = {
    "autoscaling-places/stream.yaml": set(),
    "containers-of-one-name/stream.yaml": {("MY328", "/spec/template/spec/containers/1/name")},
    "long-name/stream.yaml": set(),
    "probe-of-knative/stream.yaml": set(),
    "revision-of-another-service/stream.yaml": set(),
    "words-on-off/stream.yaml": {
        ("MY390", "/metadata/annotations/mode"),
        ("MY390", "/data/FLAG"),
        ("MY390", "/data/ANSWER"),
    },
    "startup-timeout/stream.yaml": {
        ("MY369", "/spec/productionVariants/0/containerStartupHealthCheckTimeoutInSeconds"),
        ("MY369", "/spec/productionVariants/1/initialVariantWeight"),
        ("MY369", "/spec/productionVariants/1/modelDataDownloadTimeoutInSeconds"),
        ("MY369", "/spec/productionVariants/1/variantName"),
        ("MY369", "/spec/productionVariants/1/volumeSizeInGB"),
    },
}
# How many errors, of one code, where each place is not told here.
COUNTS: Final = {"autoscaling-places/stream.yaml": ("MY308", 13), "probe-of-knative/stream.yaml": ("MY314", 1)}
PROBES: Final = {"a": (2, 0), "b": (2, 1), "c": (3, 1), "d": (1, 1), "e": (2, 0), "f": (3, 1), "g": (2, 0), "h": (3, 1),
                 "x": (1, 0)}  # fmt: skip


@pytest.mark.parametrize("name", ERRORS)
def test_each_stream_has_its_right_result(shared: Path, name: str) -> None:
    content = (shared / "data" / "field" / name).read_bytes()
    found = [each for each in check_streams({name: content}).problems if each.severity == "error"]
    if name in COUNTS:
        code, count = COUNTS[name]
        assert len(found) == count
        assert code in {each.code for each in found}
    else:
        assert {(each.code, each.subject.pointer if each.subject else "") for each in found} == ERRORS[name]


def test_traffic_to_a_revision_of_another_service_is_a_warning(shared: Path) -> None:
    name = "revision-of-another-service/stream.yaml"
    problems = check_streams({name: (shared / "data" / "field" / name).read_bytes()}).problems
    (found,) = [each for each in problems if each.code == "MY317"]
    assert found.severity == "warning"
    assert "bbb-00001" in found.message
    assert "aaa-one gets no calls" in found.message


@pytest.mark.parametrize("name", PROBES)
def test_a_second_container_is_probed_where_the_feature_is_on(shared: Path, name: str) -> None:
    content = (shared / "data" / "field" / "two-containers-probe" / f"{name}.yaml").read_bytes()
    for features, count in zip(((), ("multi-container-probing",)), PROBES[name], strict=True):
        problems = check_streams({f"{name}.yaml": content}, features=features).problems
        found = [each for each in problems if each.severity == "error"]
        assert len(found) == count
        if not features and name in "abegx":
            assert any("multi-container-probing" in each.hint for each in found)
