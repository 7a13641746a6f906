"""The Spark operator on the node: its controller and its webhook as processes, which the API server reaches.

What its chart installs: kubeflow/spark-operator v2.5.2, charts/spark-operator-chart/templates.
"""

import os
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

import pyspark

from tests.support.cluster_server import Cluster, stream

_NODE: Final = "10.99.0.1"
_NAMESPACE: Final = "spark-operator"
_SERVICE: Final = "spark-operator-webhook-svc"
_CONFIGURATION: Final = "spark-operator-webhook"
_PORT: Final = 9443
_PROBES: Final = {"controller": 18081, "webhook": 18082}
_GROUP: Final = "sparkoperator.k8s.io"
_Process = subprocess.Popen[bytes]
_FILES: Final = Path("/tmp/spark")  # noqa: S108 - where the operator writes templates of pods; there is no setting


@contextmanager
def operating(cluster: Cluster, program: Path, crds: Path, folder: Path) -> Iterator[Path]:
    """Run the operator for all namespaces while the context lasts, and give the folder with its logs."""
    cluster.succeed("apply", "--server-side", "--force-conflicts", "-f", str(crds))
    cluster.succeed("wait", "--for=condition=Established", "-f", str(crds), "--timeout=60s")
    cluster.succeed("apply", "--server-side", "-f", "-", stdin=stream(_objects()))
    was_there = _FILES.exists()
    with ExitStack() as ends:
        if not was_there:
            ends.callback(shutil.rmtree, _FILES, ignore_errors=True)
        webhook = ("--webhook-cert-dir", str(folder / "certificates"), "--webhook-port", str(_PORT))
        named = ("--webhook-svc-name", _SERVICE, "--webhook-svc-namespace", _NAMESPACE)
        started = [
            ends.enter_context(_process(cluster, program, folder, "webhook", *webhook, *named)),
            ends.enter_context(_process(cluster, program, folder, "controller")),
        ]
        _until_ready(cluster, folder, started)
        yield folder


@contextmanager
def _process(cluster: Cluster, program: Path, folder: Path, part: str, *options: str) -> Iterator[_Process]:
    host, _, port = cluster.succeed("config", "view", "-o", "jsonpath={.clusters[0].cluster.server}")[8:].partition(":")
    environment = {
        **os.environ,
        "KUBERNETES_SERVICE_HOST": host,  # spark-submit is given this address
        "KUBERNETES_SERVICE_PORT": port,
        "SPARK_HOME": next(iter(pyspark.__path__)),
    }
    probe = f"{_NODE}:{_PROBES[part]}"
    command = [str(program), part, "start", "--namespaces=", "--health-probe-bind-address", probe, *options]
    with (folder / f"{part}.log").open("wb") as log:
        started = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            yield started
        finally:
            started.terminate()
            started.wait(60)


def _until_ready(cluster: Cluster, folder: Path, started: list[_Process]) -> None:
    """Wait until both answer, and the API server knows the certificate of the webhook."""
    end = time.monotonic() + 90
    path = "jsonpath={.webhooks[*].clientConfig.caBundle}"
    kinds = ("mutatingwebhookconfigurations", "validatingwebhookconfigurations")
    while not (
        all(_answers(f"http://{_NODE}:{port}/readyz") for port in _PROBES.values())
        and all(cluster.succeed("get", each, _CONFIGURATION, "-o", path) for each in kinds)
    ):
        logs = "\n".join((folder / f"{part}.log").read_text("utf-8")[-2000:] for part in _PROBES)
        assert all(each.poll() is None for each in started), f"the Spark operator has ended:\n{logs}"
        assert time.monotonic() < end, f"the Spark operator is not ready:\n{logs}"
        time.sleep(0.5)


def _answers(url: str) -> bool:
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _objects() -> Iterator[dict[str, Any]]:
    where = {"namespace": _NAMESPACE}
    yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": _NAMESPACE}}
    ports = [{"port": _PORT, "targetPort": _PORT, "name": "webhook"}]
    yield {"apiVersion": "v1", "kind": "Service", "metadata": {"name": _SERVICE, **where}, "spec": {"ports": ports}}
    yield {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": _SERVICE, **where, "labels": {"kubernetes.io/service-name": _SERVICE}},
        "addressType": "IPv4",
        "endpoints": [{"addresses": [_NODE], "conditions": {"ready": True}}],
        "ports": [{"name": "webhook", "port": _PORT, "protocol": "TCP"}],
    }
    launched = {"matchLabels": {f"{_GROUP}/launched-by-spark-operator": "true"}}
    pods = {"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE"]}
    mutating = [_webhook("mutate", "pod", "/mutate--v1-pod", pods) | {"objectSelector": launched}]
    validating = []
    for kind in ("sparkapplication", "scheduledsparkapplication"):
        rule = {"apiGroups": [_GROUP], "apiVersions": ["v1beta2"], "resources": [f"{kind}s"]}
        rule["operations"] = ["CREATE", "UPDATE"]
        words = f"{_GROUP.replace('.', '-')}-v1beta2-{kind}"
        mutating.append(_webhook("mutate", kind, f"/mutate-{words}", rule))
        validating.append(_webhook("validate", kind, f"/validate-{words}", rule))
    for kind, hooks in (("Mutating", mutating), ("Validating", validating)):
        yield {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": f"{kind}WebhookConfiguration",
            "metadata": {"name": _CONFIGURATION},
            "webhooks": hooks,
        }


def _webhook(verb: str, kind: str, path: str, rule: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": f"{verb}-{kind}.{_GROUP}",
        "admissionReviewVersions": ["v1"],
        "clientConfig": {"service": {"name": _SERVICE, "namespace": _NAMESPACE, "port": _PORT, "path": path}},
        "sideEffects": "None",
        "failurePolicy": "Fail",
        "timeoutSeconds": 10,
        "rules": [rule],
    }
