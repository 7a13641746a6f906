"""What Knative's real controller makes of rendered pods: it rewrites fields that its webhook has let pass."""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.conftest import ROOT
from tests.support.cluster_server import Cluster

# Fields that are elsewhere in the pod: the name of the port, readiness, which queue-proxy asks, and the time of a call.
MOVED: Final = {("ports", "name"), ("readinessProbe",), ("timeoutSeconds",), ("containerConcurrency",)}
DIGEST: Final = f"registry.example.com/models/churn@sha256:{'0' * 64}"  # so that no registry is asked
CASES: Final = ROOT / "tests" / "render" / "cases"
SERVICE: Final = "apiVersion: serving.knative.dev/v1\nkind: Service\n"

Key = tuple[str, ...]


def files(case: Path) -> list[Path]:
    """Return the files of a case that have Services of Knative."""
    return [each for each in sorted(case.glob("expected/**/*.yaml")) if SERVICE in each.read_text("utf-8")]


def services(case: Path) -> Iterator[dict[str, Any]]:
    """Yield the Services of Knative that a case gives."""
    for file in files(case):
        for each in yaml.safe_load_all(file.read_text("utf-8")):
            if each["apiVersion"] == "serving.knative.dev/v1" and each["kind"] == "Service":
                yield each


def leaves(value: object, key: Key = ()) -> Iterator[tuple[Key, object]]:
    """Yield what is at the ends of a tree. Items of a list are known by their name, else by their place."""
    if isinstance(value, Mapping):
        for name, each in value.items():
            yield from leaves(each, (*key, str(name)))
    elif isinstance(value, list):
        for i, each in enumerate(value):
            name = each.get("name", i) if isinstance(each, Mapping) and key[-1] != "ports" else i
            yield from leaves(each, (*key, str(name)))
    else:
        yield key, value


def is_moved(key: Key) -> bool:
    """Tell whether a field is one that has its place elsewhere."""
    names = tuple(each for each in key[2:] if not each.isdigit()) if key[0] == "containers" else key
    return any(names[: len(each)] == each for each in MOVED)


def deployed(cluster: Cluster, namespace: str, name: str) -> dict[str, Any]:
    """Return the pod of a Service's first revision, as soon as there is one."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        found = cluster.run("get", "deployment", f"{name}-00001-deployment", "-n", namespace, "-o", "json")
        if found.returncode == 0:
            spec: dict[str, Any] = json.loads(found.stdout)["spec"]["template"]["spec"]
            return spec
        time.sleep(0.2)
    raise AssertionError(f"{name} has no Deployment")


@pytest.mark.parametrize("case", [each for each in sorted(CASES.iterdir()) if files(each)], ids=lambda case: case.name)
def test_the_pods_are_as_they_were_rendered(cluster: Cluster, case: Path) -> None:
    namespace = f"pods-{case.name}"
    cluster.succeed("create", "namespace", namespace)
    declared = yaml.safe_load((case / "models.yaml").read_text("utf-8"))["spec"]
    features = declared.get("knative", {}).get("features", [])
    with cluster.features({"podspec-nodeselector", *features}) if features else nullcontext():
        for service in services(case):
            service["metadata"].pop("namespace", None)
            pod = service["spec"]["template"]["spec"]
            for container in pod["containers"]:
                container["image"] = DIGEST
            cluster.succeed("apply", "-n", namespace, "-f", "-", stdin=json.dumps(service))
            made = dict(leaves(deployed(cluster, namespace, service["metadata"]["name"])))
            wanted = {key: value for key, value in leaves(pod) if not is_moved(key)}
            assert wanted
            assert {key: made.get(key) for key in wanted} == wanted
