"""Who the champion of a model is: what others are held against, and a threshold is for."""

from pathlib import Path

import pytest

from modelyard import api

HEAD = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: risk}
spec:
  models:
    - name: churn
      image: registry.example.com/churn:2.0.0
      targets: {knative: {minScale: 1}}
"""


@pytest.mark.parametrize(
    ("variants", "champion", "beside"),
    [
        ({}, None, None),
        ({"v1": 100}, "v1", None),
        ({"v1": 30, "v2": 70}, "v2", "v2"),
        ({"v1": 70, "v2": 30}, "v1", "v2"),
        ({"champion": 90, "v1": 10}, "champion", "champion"),
        ({"champion": 1, "v1": 99}, "champion", "champion"),
        ({"champion": 0, "v1": 100}, "v1", "champion"),
        ({"champion": 0, "v1": 5, "v2": 95}, "v2", "v2"),
        ({"champion": 0, "v0": 0, "v1": 100}, "v1", "champion"),
    ],
)
def test_the_champion_has_that_name_while_it_takes_calls_else_the_most_of_them(
    tmp_path: Path, variants: dict[str, int], champion: str | None, beside: str | None
) -> None:
    """beside: who gives calls to v1, and gets them back."""
    each = "".join(f"        - {{name: {name}, percent: {percent}}}\n" for name, percent in variants.items())
    path = tmp_path / "models.yaml"
    path.write_text(HEAD + (f"      variants:\n{each}" if variants else ""), "utf-8")
    loaded = api.load(path)
    assert loaded.models is not None, loaded.problems
    (model,) = loaded.models.models
    assert model.champion.variant == champion
    other = model.champion_beside("v1")
    assert (other and other.variant) == beside
