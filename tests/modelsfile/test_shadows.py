"""A variant with `shadow: true`: which targets copy calls to it, and that it takes none itself."""

import subprocess
from pathlib import Path
from typing import Any, Final

import pytest

from modelyard import api
from modelyard.problems import has_errors
from modelyard.targets import TARGETS
from tests.conftest import Run

HEAD: Final = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: risk}
spec:
  namespace: risk
  registry: registry.example.com/models
  toolImage: modelyard:0.2.0
"""
MODEL: Final = """\
  models:
    - name: churn
      requestLog: {postgres: {secret: scoring-log}, id: ID}
      variants:
        - {name: v8, image: "churn:2.0.0"}
        - {name: v9, image: "churn:2.1.0", shadow: true}
      targets:
"""
GATEWAY: Final = "{name: public, namespace: gateways, host: models.example.com}"
SPECS: Final = {
    "knative": "{minScale: 1}",
    "deployment": f"{{gateway: {GATEWAY}}}",
    "openshift": "{}",
    "sagemaker-proxy": f"{{gateway: {GATEWAY}, proxyImage: docker.io/library/caddy:2.11.9}}",
    "sagemaker": "{region: eu-west-1, executionRoleARN: 'arn:aws:iam::123456789012:role/s', instanceType: ml.m5.large,"
    " instances: 1}",
    "dataproc": "{project: analytics-prod, region: europe-west6, serviceAccount: runner}",
    "spark-operator": "{image: 'registry.example.com/spark:4.0.4', sparkVersion: '4.0.4'}",
}
CANNOT: Final = frozenset(["sagemaker", "dataproc", "spark-operator"])


def _declare(folder: Path, target: str, model: str = MODEL) -> Path:
    (folder / "models.yaml").write_text(f"{HEAD}{model}        {target}: {SPECS[target]}\n", "utf-8")
    return folder


def test_every_target_is_looked_at() -> None:
    assert SPECS.keys() == TARGETS.keys()


@pytest.mark.parametrize("target", sorted(SPECS.keys() - CANNOT))
def test_calls_are_copied_and_never_sent_to_it(target: str, tmp_path: Path) -> None:
    rendering = api.render(_declare(tmp_path, target))
    assert not has_errors(rendering.problems), rendering.problems
    objects = [each.body for each in rendering.objects]
    by_sidecar = [each for each in _commands(objects) if any(word.startswith("--mirror=") for word in each)]
    filters = [rule.get("filters") for each in objects if each["kind"] == "HTTPRoute" for rule in each["spec"]["rules"]]
    copied = [each for each in filters if each]
    if target in ("knative", "openshift"):
        (command,) = by_sidecar
        host = "churn-v9.risk.svc.cluster.local" if target == "knative" else "churn-v9:80"
        assert {"--variant=v8", f"--mirror=http://{host}"} <= {*command}
        assert copied == []
    else:
        backend = {"name": "churn-v9", "port": 8080 if target == "sagemaker-proxy" else 80}
        assert by_sidecar == []
        assert copied == [[{"type": "RequestMirror", "requestMirror": {"backendRef": backend}}]]
    for each in objects:
        assert _taking(each).get("churn-v9", 0) == 0
        if each["kind"] == "Service" and each["metadata"]["name"] == "churn":
            assert not _selects(each["spec"]["selector"], objects, "v9")
            assert _selects(each["spec"]["selector"], objects, "v8")


@pytest.mark.parametrize("target", sorted(SPECS))
def test_shadows_alone_are_an_error_on_every_target(target: str, tmp_path: Path) -> None:
    alone = MODEL.replace('        - {name: v8, image: "churn:2.0.0"}\n', "")
    codes = {each.code for each in api.check(_declare(tmp_path, target, alone)) if each.severity == "error"}
    assert "MY258" in codes


def _commands(objects: list[dict[str, Any]]) -> list[list[str]]:
    pods = [each["spec"]["template"]["spec"] for each in objects if "template" in each.get("spec", {})]
    return [each["command"] for pod in pods for each in pod["containers"] if each["name"] == "request-log"]


def _taking(each: dict[str, Any]) -> dict[str, int]:
    """Return what an object that splits calls gives to whom."""
    spec = each.get("spec", {})
    if each["kind"] == "Route" and "traffic" in spec:
        return {one["configurationName"]: one["percent"] for one in spec["traffic"]}
    if each["kind"] == "Route":
        return {one["name"]: one["weight"] for one in (spec["to"], *spec.get("alternateBackends", []))}
    if each["kind"] == "HTTPRoute":
        rules = [one for one in spec["rules"] if "headers" not in one["matches"][0]]
        return {one["name"]: one["weight"] for rule in rules for one in rule["backendRefs"]}
    return {}


def _selects(selector: dict[str, str], objects: list[dict[str, Any]], variant: str) -> bool:
    """Tell whether a selector takes the pods of a variant."""
    pods = [each["spec"]["template"]["metadata"]["labels"] for each in objects if each["kind"] == "Deployment"]
    return any(selector.items() <= each.items() for each in pods if each["modelyard.dev/variant"] == variant)


@pytest.mark.parametrize("target", sorted(CANNOT))
def test_targets_that_copy_no_calls_say_so(target: str, tmp_path: Path) -> None:
    runtime = (
        "runtime: spark\n      spark: {bucket: network-spark, score: {main: score.py}}\n      "
        if target != "sagemaker"
        else ""
    )
    model = MODEL.replace("      requestLog:", f"      {runtime}requestLog:")
    found = [each.message for each in api.check(_declare(tmp_path, target, model)) if each.code == "MY258"]
    assert len(found) == 1
    assert found[0].startswith(f"{target} sends no copies to a shadow: ")


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        (("shadow: true", "shadow: true, percent: 10"), "MY211", "a shadow takes no share of the calls"),
        (('"churn:2.0.0"', '"churn:2.0.0", shadow: true'), "MY258", "has shadows alone"),
        (("name: v9", "name: champion"), "MY258", "the champion takes calls, and is no shadow"),
        (("      requestLog: {postgres: {secret: scoring-log}, id: ID}\n", ""), "MY258", "and it has none"),
        (("shadow: true", "shadow: true, runtime: pcr"), "MY258", "v9 has another runtime than the champion"),
        (("shadow: true", "shadwo: true"), "MY101", "shadwo"),
    ],
)
def test_what_no_shadow_can_be_is_said(change: tuple[str, str], code: str, said: str, tmp_path: Path) -> None:
    found = api.check(_declare(tmp_path, "knative", MODEL.replace(*change)))
    assert any(each.code == code and said in each.message for each in found), found


def test_a_shadow_on_knative_needs_the_namespace(tmp_path: Path) -> None:
    _declare(tmp_path, "knative")
    text = (tmp_path / "models.yaml").read_text("utf-8").replace("  namespace: risk\n", "")
    (tmp_path / "models.yaml").write_text(text, "utf-8")
    assert any(each.code == "MY216" for each in api.check(tmp_path))


def test_a_shadow_is_neither_promoted_nor_given_calls_nor_proposed_for(tmp_path: Path, modelyard: Run) -> None:
    _declare(tmp_path, "knative", MODEL.replace('"churn:2.0.0"', '"churn:2.0.0", percent: 100'))
    for words in (("traffic", "churn", "v9=10", "v8=90"), ("promote", "churn", "v9")):
        done = modelyard(*words, cwd=tmp_path)
        assert done.returncode == 1
        assert "v9 of churn is a shadow, which takes no calls [MY723]" in done.stderr
    done = modelyard("challenger", "churn", "--image", "churn:3.0.0", "--variant", "v9", cwd=tmp_path)
    assert "v9 is a shadow, which takes no calls [MY783]" in done.stderr
    done = modelyard("promote", "churn", "v8", cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_the_champion_is_never_a_shadow(tmp_path: Path) -> None:
    loaded = api.load(_declare(tmp_path, "knative"))
    assert loaded.models is not None
    (model,) = loaded.models.models
    assert [(each.variant, each.percent) for each in model.variants] == [("v8", 100), ("v9", 0)]
    assert (model.champion.variant, [each.variant for each in model.split]) == ("v8", ["v8"])


def test_a_variant_that_becomes_a_shadow_is_a_change(tmp_path: Path, modelyard: Run) -> None:
    _declare(tmp_path, "knative", MODEL.replace("shadow: true", "percent: 0").replace('2.0.0"', '2.0.0", percent: 100'))
    for words in (
        ["init", "-q"],
        ["add", "."],
        ["-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-qm1"],
    ):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    _declare(tmp_path, "knative", MODEL.replace('2.0.0"', '2.0.0", percent: 100'))
    assert "v9 shadow" in modelyard("diff", "--git", "HEAD", cwd=tmp_path).stdout
