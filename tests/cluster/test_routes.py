"""Routes of OpenShift on a real API server: listed, split, found for scoring and deleted. No router runs there."""

import json
from pathlib import Path
from typing import Any, Final

import pytest

from modelyard import api
from modelyard.cluster import Connection, connect
from modelyard.cluster.addresses import Sought, entry
from modelyard.cluster.routes import shares, with_shares
from tests.conftest import ROOT
from tests.support.cluster_scene import Scene

ROUTE: Final = "routes.route.openshift.io"
SET: Final = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: wells}
spec:
  platform: openshift
  models:
    - name: well-failure
      runtime: tensorflow
      image: registry.example.com/well-failure:7
      version: 7
      tensorflow: {modelName: wells}
      variants:
        - {name: v7, percent: 80}
        - {name: v8, image: "registry.example.com/well-failure:8", version: 8, percent: 20}
      targets: {openshift: {host: wells.apps.example.com, hosts: per-variant}}
"""


def _weights(scene: Scene) -> dict[str, int]:
    spec = scene.get(ROUTE, "well-failure")["spec"]
    return {each["name"]: each["weight"] for each in (spec["to"], *spec["alternateBackends"])}


def _listed(scene: Scene) -> dict[str, Any]:
    (found,) = json.loads(scene.run("list", "-o", "json").out)
    return dict(found)


def test_a_set_is_applied_listed_split_and_deleted(scene: Scene) -> None:
    applied = scene.apply(SET)
    assert applied.code == 0, applied.err
    assert _weights(scene) == {"well-failure-v7": 80, "well-failure-v8": 20}
    found = _listed(scene)
    assert (found["name"], found["url"]) == ("well-failure", "https://wells.apps.example.com")
    assert {each["name"]: each["percent"] for each in found["variants"]} == {"v7": 80, "v8": 20}
    moved = scene.run("traffic", "well-failure", "v7=70", "v8=30", "-f", str(scene.file), "--apply")
    assert moved.code == 0, moved.err
    assert "{name: v7, percent: 70}" in scene.file.read_text("utf-8")
    assert _weights(scene) == {"well-failure-v7": 70, "well-failure-v8": 30}
    deleted = scene.run("delete", "well-failure", "--yes")
    assert deleted.code == 0, deleted.err
    assert scene.names(ROUTE) == set()


def test_a_route_is_split_without_a_models_file(scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert scene.apply(SET).code == 0
    monkeypatch.chdir(tmp_path)
    scene.file.unlink()
    moved = scene.run("traffic", "well-failure", "v7=1", "v8=99")
    assert moved.code == 0, moved.err
    assert _weights(scene) == {"well-failure-v7": 1, "well-failure-v8": 99}
    wrong = scene.run("traffic", "well-failure", "v9=100")
    assert "there are v7 or v8" in wrong.err
    promoted = scene.run("promote", "well-failure", "v8")
    assert promoted.code == 0, promoted.err
    assert _weights(scene) == {"well-failure-v7": 0, "well-failure-v8": 100}


def test_what_a_router_refuses_is_said(scene: Scene) -> None:
    assert scene.apply(SET).code == 0
    said = {"type": "Admitted", "status": "False", "reason": "HostAlreadyClaimed", "message": "route a owns the host"}
    status = {"ingress": [{"host": "wells.apps.example.com", "routerName": "default", "conditions": [said]}]}
    at = ("-n", scene.namespace, "--subresource=status", "--type=merge")
    scene.cluster.succeed("patch", ROUTE, "well-failure", *at, "-p", json.dumps({"status": status}))
    why = "the router default refuses it: route a owns the host"
    assert why in _listed(scene)["why"]
    assert why in scene.apply(SET, "--wait", "--timeout", "5s").err


def test_scoring_finds_the_address_of_a_model_and_of_a_variant(scene: Scene) -> None:
    assert scene.apply(SET).code == 0
    where = Connection(kubeconfig=scene.cluster.kubeconfig, namespace=scene.namespace)
    scene.cluster.succeed(
        "wait",
        "pod",
        "-n",
        scene.namespace,
        "-l",
        "app.kubernetes.io/name=well-failure",
        "--for=create",
        "--timeout=60s",
    )
    with connect(where) as client:
        found = entry(client, Sought(("well-failure",)))
        assert (found.url, found.path) == ("https://wells.apps.example.com", "/v1/models/wells")
        assert entry(client, Sought(("well-failure",), "v8")).url == "https://v8-wells.apps.example.com"


@pytest.mark.parametrize("percent", range(1, 100))
def test_a_percent_comes_back_from_the_weights(percent: int) -> None:
    def backend(name: str, weight: int) -> dict[str, Any]:
        return {"kind": "Service", "name": name, "weight": weight}

    route = {"spec": {"to": backend("a", 1), "alternateBackends": [backend("b", 1)]}}
    to, others = with_shares(route, {"a": percent, "b": 100 - percent})
    assert 0 <= to["value"]["weight"] <= 256
    split = {"spec": {"to": to["value"], "alternateBackends": others["value"]}}
    assert shares(split) == {"a": percent, "b": 100 - percent}


def test_shares_of_any_weights_come_to_100() -> None:
    three = {
        "to": {"name": "a", "weight": 1},
        "alternateBackends": [{"name": "b", "weight": 1}, {"name": "c", "weight": 1}],
    }
    assert sorted(shares({"spec": three}).values()) == [33, 33, 34]
    assert shares({"spec": {"to": {"name": "a"}}}) == {"a": 100}
    assert shares({"spec": {"to": {"name": "a", "weight": 0}}}) == {"a": 0}


def test_each_percent_of_a_models_file_is_the_weight_of_its_service(tmp_path: Path) -> None:
    text = (ROOT / "tests/render/cases/openshift-tensorflow/models.yaml").read_text("utf-8")
    for percent in (1, 33, 50, 99):
        split = text.replace("percent: 80", f"percent: {percent}").replace("percent: 20", f"percent: {100 - percent}")
        (tmp_path / "models.yaml").write_text(split, "utf-8")
        (route,) = (each.body for each in api.render(tmp_path).objects if each.kind == "Route")
        assert shares(route) == {"well-failure-v7": percent, "well-failure-v8": 100 - percent}
