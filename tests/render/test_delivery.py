"""spec.delivery: what is written for the one that applies the objects."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from modelyard import api

SET = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: risk}
spec:
  delivery: DELIVERY
  models:
    - name: churn
      image: registry.example.com/churn:2.0.0
      config: {TEMPLATE: "${scoring}"}
      targets: {deployment: {replicas: 2}}
    - name: fraud
      image: registry.example.com/fraud:1.0.0
      env: {COST: "$5"}
      targets: {deployment: {replicas: 2}}
"""
KEY = "kustomize.toolkit.fluxcd.io/substitute"


def _annotated(folder: Path, text: str) -> dict[str, Any]:
    (folder / "models.yaml").write_text(text, "utf-8")
    result = api.render(folder)
    assert [each for each in result.problems if each.severity == "error"] == []
    found = {}
    for each in result.objects:
        annotations = yaml.safe_load(yaml.safe_dump(dict(each.body["metadata"].get("annotations") or {})))
        if KEY in annotations:
            found[f"{each.kind} {each.model}"] = annotations[KEY]
    return found


def test_flux_puts_no_variables_into_objects_that_hold_one(tmp_path: Path) -> None:
    assert _annotated(tmp_path, SET.replace("DELIVERY", "flux")) == {"ConfigMap churn": "disabled"}


@pytest.mark.parametrize("delivery", ["kustomize", "argocd"])
def test_nothing_of_flux_is_written_for_others(delivery: str, tmp_path: Path) -> None:
    assert _annotated(tmp_path, SET.replace("DELIVERY", delivery)) == {}


def test_an_object_that_decides_about_variables_itself_keeps_its_word(tmp_path: Path) -> None:
    own = f"  annotations: {{{KEY}: enabled}}\n  models:\n"
    found = _annotated(tmp_path, SET.replace("DELIVERY", "flux").replace("  models:\n", own))
    assert found["ConfigMap churn"] == "enabled"


def test_another_delivery_changes_nothing_else(tmp_path: Path) -> None:
    bodies = []
    for delivery in ("kustomize", "flux"):
        (tmp_path / "models.yaml").write_text(SET.replace("DELIVERY", delivery), "utf-8")
        bodies.append([each.body for each in api.render(tmp_path).objects if each.model == "fraud"])
    assert bodies[0] == bodies[1]


def test_a_delivery_that_there_is_none_of_is_refused_with_those_there_are(tmp_path: Path) -> None:
    (tmp_path / "models.yaml").write_text(SET.replace("DELIVERY", "fluxcd"), "utf-8")
    (wrong,) = api.render(tmp_path).problems
    assert (wrong.code, wrong.place and wrong.place.line) == ("MY104", 5)
