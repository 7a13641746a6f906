"""Limits of SageMaker that the cases of the target do not show, on both sides of each."""

from pathlib import Path
from typing import Any, Final

import pytest

from modelyard import api
from modelyard.files.yaml import write
from modelyard.modelsfile.load import load_text

ECR: Final = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
TARGET: Final = {
    "region": "eu-west-1",
    "executionRoleARN": "arn:aws:iam::123456789012:role/sagemaker-execution",
    "instanceType": "ml.m5.large",
}
IGNORED: Final = [{"code": "MY246", "reason": "weights never change"}]


def codes(model: dict[str, Any] | None = None, target: dict[str, Any] | None = None, **spec: Any) -> list[str]:
    """Return the codes of what is wrong with a set of one model, with some fields of its own, and not accepted."""
    fields = {key: value for key, value in {**TARGET, **(target or {})}.items() if value is not None}
    own = {"name": "churn", "image": f"{ECR}/churn:1", "targets": {"sagemaker": fields}, "path": "/x", **(model or {})}
    head = {"apiVersion": "modelyard.dev/v1alpha1", "kind": "ModelSet", "metadata": {"name": "risk"}}
    text = write({**head, "spec": {**spec, "models": [own]}})
    result = api.render_loaded(load_text(text.encode(), "models.yaml", Path()), Path())
    return [each.code for each in result.problems if not each.accepted]


def variants(count: int) -> list[dict[str, Any]]:
    return [{"name": f"v{i}", "image": f"{ECR}/churn:{i + 1}", "percent": 100 if i == 0 else 0} for i in range(count)]


@pytest.mark.parametrize(
    ("model", "wrong"),
    [
        ({"env": {f"V{i}": "x" for i in range(99)}}, []),  # SAS_SCR_APP_PATH is the hundredth
        ({"env": {f"V{i}": "x" for i in range(100)}}, ["MY243"]),
        ({"env": {"A": "ü" * 512}}, []),
        ({"env": {"A": "ü" * 513}}, ["MY243"]),
        ({"config": {"A": "x" * 1025}}, ["MY243"]),
        ({"config": {"a.b": "x"}}, ["MY243"]),
        ({"config": {"A": "$(B)"}, "env": {"B": "x"}}, []),  # envFrom is not expanded on Kubernetes either
        ({"env": {"A": "$(B)", "B": "x"}}, ["MY238"]),
        ({"env": {"A": "$$(B)", "B": "x"}}, []),
        ({"env": {"A": {"expand": "$(B)"}, "B": "x"}}, []),
        ({"env": {"A": {"expand": "$(B)"}}, "config": {"B": "x"}}, []),
        ({"env": {"A": {"expand": "$(B)"}}}, ["MY243", "MY238"]),
        ({"env": {"A": {"expand": "$(A)"}}}, ["MY243", "MY238"]),
        ({"env": {"A": {"expand": "$(B)" * 2}, "B": "x" * 513}}, ["MY243"]),
        ({"env": {"A": {"expand": "$(B)" * 1024}, "B": "x" * 1024}}, ["MY243"]),
        ({"config": {f"V{i}": "x" * 1022 for i in range(31)}}, []),
        ({"config": {f"V{i}": "x" * 1022 for i in range(33)}}, ["MY243"]),
        ({"variants": variants(10), "ignore": IGNORED}, []),
        ({"variants": variants(11), "ignore": IGNORED}, ["MY104"]),
        ({"variants": variants(1)}, []),
        ({"variants": variants(2)}, ["MY246"]),
        ({"name": "c" * 52}, []),
        ({"name": "c" * 53}, ["MY203"]),
        ({"name": "c" * 49, "variants": variants(1)}, []),
        ({"name": "c" * 50, "variants": variants(1)}, ["MY203"]),
        ({"image": f"{ECR}/{'c' * (255 - len(ECR) - 3)}:1"}, []),
        ({"image": f"{ECR}/{'c' * (256 - len(ECR) - 3)}:1"}, ["MY104"]),
        ({"image": "docker.io/library/churn:1"}, ["MY244"]),
        ({"image": "docker.io/library/churn:1", "ignore": [{"code": "MY244", "reason": "through the VPC"}]}, []),
        ({"resources": {"limits": {"memory": "2Gi"}}}, ["MY245"]),
        ({"runtime": "custom", "port": 8080}, []),
    ],
    ids=lambda value: str(value)[:60],
)
def test_limits_of_a_model(model: dict[str, Any], wrong: list[str]) -> None:
    assert codes(model) == wrong


@pytest.mark.parametrize(
    ("target", "wrong"),
    [
        ({"image": "123456789012.dkr-ecr.eu-west-1.on.aws/churn:1"}, []),
        ({"image": "123456789012.dkr.ecr-fips.eu-west-1.amazonaws.com/churn@sha256:" + "0" * 64}, []),
        ({"image": "123456789012.dkr.ecr.eu-west-2.amazonaws.com/churn:1"}, ["MY244"]),
        ({"region": "cn-north-1", "image": "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/churn:1"}, []),
        ({"startupTimeout": "60s"}, []),
        ({"startupTimeout": "59s"}, ["MY104"]),
        ({"startupTimeout": "3601s"}, ["MY104"]),
        ({"canary": {"percent": 50, "wait": "1h", "alarms": ["x"]}}, []),
        ({"canary": {"percent": 51, "wait": "1h", "alarms": ["x"]}}, ["MY104"]),
        ({"canary": {"percent": 50, "wait": "1h"}}, ["MY247"]),
        ({"canary": {"percent": 50, "wait": "1h", "alarms": []}}, ["MY104"]),
        ({"instances": 2, "autoscale": {"min": 2, "max": 2, "invocationsPerInstance": 1}}, []),
        ({"instances": 1, "autoscale": {"min": 2, "max": 2, "invocationsPerInstance": 1}}, ["MY104"]),
        ({"instanceType": None, "serverless": {"memory": "6Gi", "maxConcurrency": 200}}, []),
        ({"instanceType": None, "serverless": {"memory": "7Gi", "maxConcurrency": 200}}, ["MY104"]),
        ({"instanceType": None, "serverless": {"memory": "2G", "maxConcurrency": 200}}, ["MY104"]),
        ({"instanceType": None, "serverless": {"memory": "1Gi", "maxConcurrency": 1}, "networkIsolation": False}, []),
        ({"tags": {"a": "b" * 256}}, []),
        ({"tags": {"a": "b" * 257}}, ["MY105"]),
        ({"tags": {f"t{i}": "" for i in range(51)}}, ["MY104"]),
        ({"vpc": {"securityGroupIDs": [], "subnets": ["subnet-1"]}}, ["MY104"]),
        ({"dataCapture": {"destinationS3URI": "https://bucket/prefix"}}, ["MY105"]),
        ({"dataCapture": {"destinationS3URI": "s3://bucket/prefix", "captureModes": ["Input", "All"]}}, ["MY104"]),
    ],
    ids=lambda value: str(value)[:60],
)
def test_limits_of_the_target(target: dict[str, Any], wrong: list[str]) -> None:
    assert codes(target=target) == wrong


def test_what_defaults_say_for_all_models_is_no_mistake_of_one() -> None:
    resources = {"limits": {"memory": "2Gi"}}
    assert codes(defaults={"resources": resources}) == []
    assert codes({"resources": resources}, defaults={"resources": resources}) == ["MY245"]


def test_fields_of_pods_are_for_the_other_target() -> None:
    both = {"targets": {"deployment": {}, "sagemaker": TARGET}}
    assert codes({**both, "probes": {"liveness": False}, "nodeSelector": {"disk": "ssd"}}) == []
    assert codes({**both, "volumes": [{"name": "a", "mountPath": "/a", "emptyDir": {}}]}) == ["MY245"]
