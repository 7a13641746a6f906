"""spec.delivery: what is written for the one that applies the objects."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from modelyard import api
from tests.conftest import Run
from tests.support.plugin_calls import function

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


CASES: Final = Path(__file__).parent / "cases"
WAVE: Final = "argocd.argoproj.io/sync-wave"
LAST: Final = "PruneLast=true"


def _annotations(body: dict[str, Any]) -> dict[str, str]:
    return body["metadata"].get("annotations") or {}


def _waves(bodies: Iterable[dict[str, Any]]) -> dict[str, str]:
    return {f"{each['kind']} {each['metadata']['name']}": _annotations(each).get(WAVE, "0") for each in bodies}


@pytest.mark.parametrize(
    ("case", "named"),
    [
        ("knative-argocd", {"ConfigMap", "Service", "Route"}),
        ("sagemaker-split", {"Model", "EndpointConfig", "ScalableTarget"}),
    ],
)
def test_for_argo_cd_nothing_comes_before_what_it_names(case: str, named: set[str]) -> None:
    bodies = [each.body for each in api.render(CASES / case).objects]
    waits = [each for each in bodies if "argocd.argoproj.io/hook" not in _annotations(each) and "spec" in each]
    pairs = [(a, b) for a in bodies for b in waits if a is not b and _names(b["spec"], a["metadata"]["name"])]
    assert {before["kind"] for before, _ in pairs} >= named
    for before, after in pairs:
        assert _wave(before) <= _wave(after), (before, after)
        assert _wave(before) < _wave(after) or before["kind"] == "ServiceAccount", (before, after)


def _wave(body: dict[str, Any]) -> int:
    return int(_annotations(body).get(WAVE, "0"))


def _names(node: Any, name: str) -> bool:
    """Tell whether a value below is this name, or the place of an object of this name."""
    if isinstance(node, dict):
        return any(_names(each, name) for key, each in node.items() if key not in ("labels", "matchLabels"))
    if isinstance(node, list):
        return any(_names(each, name) for each in node)
    return bool(node == name)


def test_what_others_name_goes_last_with_argo_cd() -> None:
    bodies = [each.body for each in api.render(CASES / "knative-argocd").objects]
    options = {each["kind"] for each in bodies if _annotations(each).get("argocd.argoproj.io/sync-options") == LAST}
    assert options == {"ConfigMap", "Service"}


def test_every_way_out_has_the_waves(
    modelyard: Run, run: Run, kustomize: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "models.yaml").write_text((CASES / "knative-argocd" / "models.yaml").read_text("utf-8"), "utf-8")
    (tmp_path / "kustomization.yaml").write_text("components: [generated]\n", "utf-8")
    wanted = _waves(each.body for each in api.render(tmp_path).objects)
    assert len(set(wanted.values())) == 5
    assert _waves(yaml.safe_load_all(modelyard("render", "--stdout", "-f", tmp_path).stdout)) == wanted
    assert modelyard("render", "-f", tmp_path).returncode == 0
    assert _waves(yaml.safe_load_all(run(kustomize, "build", tmp_path).stdout)) == wanted
    monkeypatch.chdir(tmp_path)
    assert _waves(function().items) == wanted


def test_a_delivery_that_there_is_none_of_is_refused_with_those_there_are(tmp_path: Path) -> None:
    (tmp_path / "models.yaml").write_text(SET.replace("DELIVERY", "fluxcd"), "utf-8")
    (wrong,) = api.render(tmp_path).problems
    assert (wrong.code, wrong.place and wrong.place.line) == ("MY104", 5)
