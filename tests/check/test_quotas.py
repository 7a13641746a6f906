"""Quotas: how many pods a set runs, what they ask for, and models files checked beside a quota."""

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any, Final

import pytest
import yaml

from modelyard.check.demands import demands, shown
from modelyard.manifests.manifest import Manifest
from tests.cli.test_cli import GOOD
from tests.support import rule_examples

Command = Callable[..., CompletedProcess[str]]

CONTAINER: Final = {"name": "a", "image": "a:1", "resources": {"requests": {"cpu": "1", "memory": "1Gi"}}}
GIB: Final = 2**30
NL: Final = "\n"


def pod(requests: dict[str, str] | None = None, **limits: str) -> dict[str, Any]:
    return {**CONTAINER, "resources": {"requests": requests or {}, "limits": limits}}


def workload(kind: str, spec: dict[str, Any], **of_pod: Any) -> dict[str, Any]:
    group = {"Job": "batch/v1", "CronJob": "batch/v1", "Pod": "v1", "PodTemplate": "v1"}.get(kind, "apps/v1")
    template = {"spec": {"containers": [CONTAINER], **of_pod}}
    body: dict[str, Any] = {"apiVersion": group, "kind": kind, "metadata": {"name": "a"}}
    if kind == "Pod":
        return {**body, **template}
    if kind == "PodTemplate":
        return {**body, "template": template}
    if kind == "CronJob":
        return {**body, "spec": {"jobTemplate": {"spec": {**spec, "template": template}}}}
    return {**body, "spec": {**spec, "template": template}}


def knative(kind: str = "Service", **annotations: str) -> dict[str, Any]:
    [body] = rule_examples.changed([kind.lower()], {})
    metadata = body["metadata"] if kind == "Revision" else body["spec"]["template"].setdefault("metadata", {})
    metadata["annotations"] = {f"autoscaling.knative.dev/{key}-scale": value for key, value in annotations.items()}
    return body


def scaler(kind: str, api_version: str, spec: dict[str, Any]) -> dict[str, Any]:
    target = {"scaleTargetRef": {"kind": "Deployment", "name": "a"}}
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "a"}, "spec": {**target, **spec}}


def _old_spelling(body: dict[str, Any]) -> dict[str, Any]:
    text = json.dumps(body).replace("min-scale", "minScale").replace("max-scale", "maxScale")
    changed: dict[str, Any] = json.loads(text)
    return changed


HPA: Final = ("HorizontalPodAutoscaler", "autoscaling/v2")
KEDA: Final = ("ScaledObject", "keda.sh/v1alpha1")


@pytest.mark.parametrize(
    ("bodies", "expected"),
    [
        ([workload("Pod", {})], [(1, 1)]),
        ([workload("PodTemplate", {})], []),
        ([workload("Deployment", {})], [(1, 1)]),
        ([workload("Deployment", {"replicas": 3})], [(3, 3)]),
        ([workload("Deployment", {"replicas": 0})], []),
        ([workload("Deployment", {"replicas": 9}), scaler(*HPA, {"minReplicas": 2, "maxReplicas": 5})], [(2, 5)]),
        ([workload("Deployment", {}), scaler(*HPA, {"maxReplicas": 5})], [(1, 5)]),
        ([workload("StatefulSet", {}), scaler(*HPA, {"maxReplicas": 5})], [(1, 1)]),
        ([workload("Deployment", {}), scaler(*KEDA, {})], [(0, 100)]),
        ([workload("Deployment", {}), scaler(*KEDA, {"minReplicaCount": 1, "maxReplicaCount": 4})], [(1, 4)]),
        ([workload("Job", {"parallelism": 4})], [(4, 4)]),
        ([workload("Job", {"completions": 9})], [(1, 1)]),
        ([workload("CronJob", {"parallelism": 4, "completions": 2})], [(2, 2)]),
        ([knative()], [(0, 1)]),
        ([knative(min="2")], [(2, 2)]),
        ([knative(min="2", max="0")], [(2, 2)]),
        ([knative(max="7")], [(0, 7)]),
        ([knative("Configuration", min="1", max="3")], [(1, 3)]),
        ([knative("Revision", min="1", max="3")], [(1, 3)]),
        ([_old_spelling(knative(min="1", max="3"))], [(1, 3)]),
    ],
    ids=str,
)  # fmt: skip
def test_pods_are_counted(bodies: list[dict[str, Any]], expected: list[tuple[int, int]]) -> None:
    assert [(each.least, each.most) for each in demands([Manifest(body, "") for body in bodies])] == expected


def _demand(*bodies: dict[str, Any]) -> tuple[dict[str, Fraction], dict[str, Fraction]]:
    (found,) = demands([Manifest(body, "") for body in bodies])
    return dict(found.pod.requests), dict(found.pod.limits)


RANGE: Final = {
    "apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "a"},
    "spec": {"limits": [{"type": "Container", "max": {"cpu": "2"}, "min": {"memory": "1Gi"}}]},
}  # fmt: skip
HALF: Final = {"cpu": "500m"}
BESIDE: Final = {**pod(HALF), "restartPolicy": "Always"}


@pytest.mark.parametrize(
    ("bodies", "requests", "limits"),
    [
        ([workload("Pod", {})], {"cpu": 1, "memory": GIB}, {}),
        ([workload("Pod", {}, containers=[pod(HALF), pod(HALF, cpu="2")])], {"cpu": 1}, {"cpu": 2}),
        ([workload("Pod", {}, containers=[pod(cpu="2")])], {"cpu": 2}, {"cpu": 2}),
        ([workload("Pod", {}, initContainers=[pod(HALF)])], {"cpu": 1, "memory": GIB}, {}),
        ([workload("Pod", {}, initContainers=[pod({"cpu": "3"})])], {"cpu": 3, "memory": GIB}, {}),
        ([workload("Pod", {}, initContainers=[BESIDE])], {"cpu": 1.5, "memory": GIB}, {}),
        ([workload("Pod", {}, initContainers=[BESIDE, pod({"cpu": "3"})])], {"cpu": 3.5, "memory": GIB}, {}),
        ([workload("Pod", {}, overhead={"cpu": "250m"})], {"cpu": 1.25, "memory": GIB}, {}),
        ([workload("Pod", {}, resources={"requests": {"cpu": "5"}})], {"cpu": 5, "memory": GIB}, {}),
        ([workload("Pod", {}, containers=[pod()]), RANGE], {"cpu": 2, "memory": GIB}, {"cpu": 2}),
        ([workload("Pod", {}, containers=[pod(HALF, cpu="1")]), RANGE], {"cpu": 0.5, "memory": GIB}, {"cpu": 1}),
        ([knative()], {"cpu": 0.525, "memory": GIB}, {"memory": 2 * GIB}),
    ],
    ids=str,
)  # fmt: skip
def test_a_pod_asks_for_all_its_containers(
    bodies: list[dict[str, Any]], requests: dict[str, float], limits: dict[str, float]
) -> None:
    found = _demand(*bodies)
    assert {key: float(value) for key, value in found[0].items()} == requests
    assert {key: float(value) for key, value in found[1].items()} == limits


@pytest.mark.parametrize(
    ("resource", "number", "text"),
    [
        ("cpu", Fraction(1, 2), "0.5"),
        ("cpu", Fraction(25, 1000), "0.025"),
        ("memory", Fraction(1536 * 2**20), "1.5Gi"),
        ("memory", Fraction(100), "100"),
        ("cpu", Fraction(-1, 2), "-0.5"),
        ("pods", Fraction(10), "10"),
        ("cpu", Fraction(10) ** 400, "1" + "0" * 400),
    ],
)
def test_amounts_are_written_as_people_do(resource: str, number: Fraction, text: str) -> None:
    assert shown(resource, number) == text


QUOTA: Final = """\
apiVersion: v1
kind: ResourceQuota
metadata: {name: team}
spec:
  hard:
    requests.cpu: "3"
    limits.memory: 4Gi
"""


@pytest.mark.parametrize(
    ("scope", "of_pod", "counted"),
    [
        ("Terminating", {"activeDeadlineSeconds": 60}, True),
        ("Terminating", {}, False),
        ("NotTerminating", {}, True),
        ("BestEffort", {}, False),
        ("BestEffort", {"containers": [pod()]}, True),
        ("NotBestEffort", {}, True),
        ("PriorityClass", {}, False),
        ("PriorityClass", {"priorityClassName": "high"}, True),
        ("CrossNamespacePodAffinity", {}, False),
    ],
)
def test_a_quota_counts_the_pods_of_its_scopes(scope: str, of_pod: dict[str, Any], counted: bool) -> None:  # noqa: FBT001
    quota = {**yaml.safe_load(QUOTA), "spec": {"scopes": [scope], "hard": {"pods": "0"}}}
    codes = {code for code, _ in rule_examples.found([workload("Pod", {}, **of_pod), quota])}
    assert ("MY382" in codes) == counted


def test_another_namespace_has_its_own_quota() -> None:
    quota = yaml.safe_load(QUOTA.replace('"3"', '"0"').replace("{name: team}", "{name: team, namespace: b}"))
    for namespace, expected in (("a", False), ("b", True), ("", True)):
        body = workload("Pod", {})
        body["metadata"] |= {"namespace": namespace} if namespace else {}
        assert ("MY382" in {code for code, _ in rule_examples.found([body, quota])}) == expected


# ------------------------------------------------------------ the command

MODEL: Final = GOOD.replace(
    "      targets:", "      resources: {requests: {cpu: 500m, memory: 1Gi}, limits: {memory: 1Gi}}\n      targets:"
)


def test_numbers_and_the_largest_workloads_are_said(modelyard: Command, tmp_path: Path) -> None:
    text = "\n---\n".join([yaml.safe_dump(workload("Deployment", {"replicas": 4})), QUOTA])
    (tmp_path / "set.yaml").write_text(text)
    done = modelyard("check", "set.yaml", cwd=tmp_path)
    assert done.returncode == 1
    line = text.split(NL).index('    requests.cpu: "3"') + 1
    message = "error: the set always needs 4 of requests.cpu, and 3 are allowed [MY382]"
    assert f"set.yaml:{line}:19: {message}" in done.stderr
    assert "Deployment.apps a 4; allow more" in done.stderr
    assert f"set.yaml:{text.split(NL).index('  template:') + 1}:3: most of it" in done.stderr
    assert "a states no limits.memory, which the ResourceQuota team requires [MY384]" in done.stderr


@pytest.mark.parametrize(
    ("scale", "code", "said"),
    [
        ("{minScale: 1, maxScale: 5}", 0, ""),
        ("{minScale: 1, maxScale: 6}", 0, "may grow to 3.15 of requests.cpu, and 3 are allowed [MY383]"),
        ("{minScale: 6, maxScale: 6}", 1, "always needs 3.15 of requests.cpu, and 3 are allowed [MY382]"),
    ],
)
def test_models_files_are_counted_by_a_quota_beside_them(
    scale: str, code: int, said: str, modelyard: Command, tmp_path: Path
) -> None:
    (tmp_path / "models.yaml").write_text(MODEL.replace("{minScale: 1}", scale))
    (tmp_path / "quota.yaml").write_text(QUOTA.replace("    limits.memory: 4Gi\n", ""))
    done = modelyard("check", "models.yaml", "quota.yaml", cwd=tmp_path)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    if said:
        assert "quota.yaml:6:19" in done.stderr
        assert "models.yaml:6:13: most of it" in done.stderr


def test_what_a_quota_wants_is_found_at_the_model_and_can_be_accepted(modelyard: Command, tmp_path: Path) -> None:
    (tmp_path / "quota.yaml").write_text(QUOTA)
    (tmp_path / "models.yaml").write_text(MODEL)
    done = modelyard("check", "models.yaml", "quota.yaml", "--strict", cwd=tmp_path)
    assert done.returncode == 1
    assert "models.yaml:6:13: warning: queue-proxy states no limits.memory" in done.stderr
    assert "quota.yaml:7:20: wanted here" in done.stderr
    (tmp_path / "models.yaml").write_text(MODEL + "      ignore: [{code: MY385, reason: the cluster gives it}]\n")
    assert modelyard("check", "models.yaml", "quota.yaml", "--strict", cwd=tmp_path).returncode == 0
    (tmp_path / "models.yaml").write_text(MODEL.replace(", limits: {memory: 1Gi}", ""))
    done = modelyard("check", "models.yaml", "quota.yaml", cwd=tmp_path)
    assert done.returncode == 1
    assert "states no limits.memory, which the ResourceQuota team requires [MY384]" in done.stderr
