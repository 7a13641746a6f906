"""Quotas and LimitRanges: a real API server refuses the pods that are refused here."""

import time
from typing import Any, Final

import pytest
import yaml

from tests.check.test_quotas import BESIDE, HALF, pod, workload
from tests.support import rule_examples
from tests.support.cluster_server import Cluster, stream

OBJECTS: Final = """\
apiVersion: v1
kind: ResourceQuota
metadata: {name: team, namespace: quotas}
spec: {hard: {requests.cpu: "2", limits.memory: 4Gi, requests.ephemeral-storage: 1Gi}}
---
apiVersion: v1
kind: LimitRange
metadata: {name: team, namespace: quotas}
spec:
  limits:
  - {type: Container, min: {cpu: 10m}, max: {cpu: "3"}, maxLimitRequestRatio: {memory: "4"}}
  - {type: Pod, max: {memory: 3500Mi}}
"""
BIG: Final = {"cpu": "500m", "memory": "1Gi"}
PODS: Final[list[dict[str, Any]]] = [
    {"containers": [pod(BIG, memory="1Gi")]},
    {"containers": [pod(BIG)]},
    {"containers": [pod({"cpu": "500m"}, memory="1Gi")]},
    {"containers": [pod({"memory": "1Gi"}, memory="1Gi")]},
    {"containers": [pod({"memory": "1Gi"}, memory="1Gi", cpu="1")]},
    {"containers": [pod(BIG, memory="3Gi")]},
    {"containers": [pod(BIG, memory="3073Mi")]},
    {"containers": [pod({**BIG, "memory": "256Mi"}, memory="1Gi")]},
    {"containers": [pod({**BIG, "memory": "255Mi"}, memory="1Gi")]},
    {"containers": [pod({**BIG, "cpu": "9m"}, memory="1Gi")]},
    {"containers": [pod({**BIG, "cpu": "2"}, memory="1Gi")]},
    {"containers": [pod({**BIG, "cpu": "2001m"}, memory="1Gi")]},
    {"containers": [pod({**BIG, "ephemeral-storage": "2Gi"}, memory="1Gi")]},
    {"containers": [pod(BIG, memory="2Gi"), {**pod(BIG, memory="2Gi"), "name": "b"}]},
    {"containers": [pod(BIG, memory="1Gi")], "initContainers": [{**pod(BIG, memory="1Gi"), "name": "b"}]},
    {"containers": [pod(BIG, memory="1Gi")], "initContainers": [{**pod(HALF), "name": "b"}]},
    {"containers": [pod(BIG, memory="1Gi")], "initContainers": [{**BESIDE, "name": "b"}]},
    {
        "containers": [pod(BIG, memory="1Gi")],
        "initContainers": [{**pod({**BIG, "cpu": "1600m"}, memory="1Gi"), "name": "b", "restartPolicy": "Always"}],
    },
    {
        "containers": [pod(BIG, memory="1Gi")],
        "initContainers": [{**pod({**BIG, "cpu": "1600m"}, memory="1Gi"), "name": "b"}],
    },
]
OURS: Final = frozenset(["MY382", "MY384", "MY386"])


@pytest.fixture(scope="module")
def namespace(cluster: Cluster) -> str:
    """Return a namespace with a quota that the server counts already."""
    cluster.succeed("create", "namespace", "quotas")
    cluster.succeed("apply", "-f", "-", stdin=OBJECTS)
    deadline = time.monotonic() + 60
    while not cluster.succeed("get", "quota", "team", "-n", "quotas", "-o", "jsonpath={.status.hard}"):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    return "quotas"


@pytest.mark.parametrize("spec", PODS, ids=str)
def test_the_server_refuses_what_is_refused_here(spec: dict[str, Any], cluster: Cluster, namespace: str) -> None:
    body = workload("Pod", {}, **spec)
    body["metadata"]["namespace"] = namespace
    done = cluster.run("create", "--dry-run=server", "-f", "-", stdin=stream([body]))
    ours = {code for code, _ in rule_examples.found([body, *yaml.safe_load_all(OBJECTS)])} & OURS
    assert bool(done.returncode) == bool(ours), (done.stderr, ours)


def test_both_are_tried(cluster: Cluster, namespace: str) -> None:
    assert cluster.succeed("get", "limitrange", "team", "-n", namespace, "-o", "name")
    found = [rule_examples.found([workload("Pod", {}, **spec), *yaml.safe_load_all(OBJECTS)]) for spec in PODS]
    refused = [bool({code for code, _ in each} & OURS) for each in found]
    assert {code for each in found for code, _ in each} >= OURS
    assert 5 < sum(refused) < len(PODS) - 5
