"""What an API server and Knative's controller make of rendered objects is what Argo CD is told of."""

import json
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from modelyard import api
from modelyard.render import argocd
from tests.cluster.test_applied_objects import SPLIT, moved_to, priority_classes
from tests.conftest import need
from tests.support import model_sets
from tests.support.argocd import Health, different, health, without_ignored
from tests.support.cluster_server import Cluster, stream

Data = dict[str, Any]

SERVING: Final = "serving.knative.dev"
# Of these Argo CD knows the defaults, and how lists are merged.
BUILT_IN: Final = {"", "apps", "autoscaling", "batch", "networking.k8s.io", "policy", "rbac.authorization.k8s.io"}


@pytest.fixture
def namespace(shared: Path, cluster: Cluster, request: pytest.FixtureRequest) -> str:
    """Return a new namespace; it goes with the server."""
    assert (shared / "data" / "crds").is_dir()  # the server has further kinds from there
    name = f"argocd-{len(request.node.name)}"
    cluster.succeed("create", "namespace", name)
    return name


@pytest.mark.slow
def test_argo_cd_finds_nothing_different_but_what_it_is_told_to_ignore(
    cluster: Cluster, namespace: str, renderings: Mapping[str, api.Rendering]
) -> None:
    need(Path(shutil.which("jq") or "jq"), "install jq")
    manifests = [each for rendering in renderings.values() for each in rendering.objects]
    source = argocd.Source("https://git.example.com/models.git", "prod", namespace)
    ignored = yaml.safe_load(argocd.application("all", source, manifests))["spec"]["ignoreDifferences"]
    kinds = {each["kind"] for each in ignored} | {"Route", "Endpoint", "ScheduledSparkApplication"}
    objects = _apart([moved_to(namespace, each.body) for each in manifests])
    accounts = {each["metadata"]["name"]: each for each in objects if each["kind"] == "ServiceAccount"}
    cluster.apply([*priority_classes(objects), *accounts.values()])
    custom = [each for each in objects if each["apiVersion"].rpartition("/")[0] not in BUILT_IN]
    assert {each["kind"] for each in custom} >= kinds
    with cluster.features(model_sets.FLAGS):
        done = cluster.run("apply", "--dry-run=server", "-o", "json", "-f", "-", stdin=stream(custom))
    live = json.loads(done.stdout)["items"]
    assert len(live) == len(custom) > 300
    assert {path for pair in zip(custom, live, strict=True) for path in different(*pair)}
    pairs = zip(without_ignored(custom, ignored), without_ignored(live, ignored), strict=True)
    left = {(each["kind"], path) for each, now in pairs for path in different(each, now)}
    assert left == set()


def _apart(objects: list[Data]) -> list[Data]:
    """Return objects of which no two are one: of different sets, some have one name."""
    distinct = {json.dumps(each, sort_keys=True): each for each in objects}
    names = {}
    for number, each in enumerate(distinct.values()):
        key = each["apiVersion"], each["kind"], each["metadata"]["name"]
        if key in names:
            each["metadata"]["name"] = f"{each['metadata']['name'][:40]}-{number}"
        names[each["apiVersion"], each["kind"], each["metadata"]["name"]] = each
    return list(names.values())


def test_a_split_that_cannot_be_served_is_degraded_and_heals(cluster: Cluster, namespace: str, tmp_path: Path) -> None:
    (tmp_path / "models.yaml").write_text(SPLIT.replace("NAMESPACE", namespace), "utf-8")
    objects = [each.body for each in api.render(tmp_path).objects]
    route = next(each for each in objects if each["kind"] == "Route")
    cluster.apply(objects)
    assert _until(lambda: _health(cluster, namespace), "Healthy").status == "Healthy"
    broken = json.loads(json.dumps(route).replace("churn-challenger", "churn-gone"))
    cluster.apply([broken])
    assert "churn-gone" in _until(lambda: _health(cluster, namespace), "Degraded").message
    cluster.apply([route])
    assert _until(lambda: _health(cluster, namespace), "Healthy").status == "Healthy"
    assert health(cluster.get(f"configurations.{SERVING}", "churn-champion", namespace)).status == "Healthy"


def _health(cluster: Cluster, namespace: str) -> Health:
    return health(cluster.get(f"routes.{SERVING}", "churn", namespace))


def _until(look: Callable[[], Health], status: str) -> Health:
    end = time.monotonic() + 60
    while (found := look()).status != status:
        assert time.monotonic() < end, found
        time.sleep(0.2)
    return found
