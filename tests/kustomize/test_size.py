"""What is said before kustomize is fed more than it builds in a short time."""

import pytest

from modelyard.kustomize.size import long_build


@pytest.mark.parametrize(
    ("objects", "about"), [(3_000, "12 s for 3,000"), (9_000, "105 s for 9,000"), (30_000, "20 minutes for 30,000")]
)
def test_a_long_build_is_estimated_with_what_does_without(objects: int, about: str) -> None:
    said = long_build(objects)
    assert said.startswith(f"kustomize takes about {about} objects")
    assert "render --stdout" in said
    assert "each namespace" in said


@pytest.mark.parametrize("objects", [0, 3, 2_000])
def test_a_short_build_is_not_spoken_of(objects: int) -> None:
    assert long_build(objects) == ""
