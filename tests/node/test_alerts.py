"""The monitor's own CronJob on a real node: what has drifted is told once, a retraining starts, a recovery is told."""

import json
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import jsonschema_rs
import pytest
import yaml

from modelyard import api
from modelyard.request_log.database.connecting import connect
from tests.node.test_request_log import ADDRESS, server, uri
from tests.support import windows
from tests.support.cluster_scene import Scene
from tests.support.windows import Window

__all__ = ["server", "uri"]  # fixtures

_POD: Final = "/spec/jobTemplate/spec/template/spec"
TRUSTING: Final = """\
      # Pods trust the certificate of this test's server.
      patches:
        - target: {kind: CronJob}
          ops:
            - {op: add, path: POD/containers/0/env/-, value: {name: REQUESTS_CA_BUNDLE, value: /ca/ca.pem}}
            - {op: add, path: POD/containers/0/volumeMounts/-, value: {name: ca, mountPath: /ca}}
            - {op: add, path: POD/volumes/-, value: {name: ca, configMap: {name: ca}}}
""".replace("POD", _POD)
SET: Final = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: risk}
spec:
  toolImage: TOOL
  notify: {teams: {secret: hook}}
  models:
    - name: churn
      image: registry.example.com/churn:1
      requestLog: {postgres: {secret: scoring-log}, id: ID}
      monitor:
        {metric: auc, threshold: 0.7, score: P_1, target: FAILURE, minRows: 20, window: 1d, schedule: "* * * * *",
         retrain: {cronJob: churn-train}}
PATCHES      targets: {deployment: {replicas: 1}}
"""
TRUE: Final = [float(i % 2) for i in range(60)]
GOOD: Final = [0.9 if each else 0.1 for each in TRUE]
BAD: Final = [round(1 - each, 1) for each in GOOD]
PATH: Final = "/workflows/planted-path?sig=planted-signature"
PATIENCE: Final = 150.0  # seconds: a schedule comes each minute, and a pod may wait for the processor


def train(image: str) -> dict[str, Any]:
    """Return a CronJob that says what it is to train with, and that nothing else starts."""
    context = {
        "allowPrivilegeEscalation": False, "runAsNonRoot": True, "runAsUser": 65532, "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }  # fmt: skip
    program = "import os; print(*(f'{k}={v}' for k, v in sorted(os.environ.items()) if k.startswith('MODELYARD_')))"
    container = {
        "name": "train", "image": image, "command": ["python3", "-c", program], "securityContext": context,
    }  # fmt: skip
    pod = {"restartPolicy": "Never", "automountServiceAccountToken": False, "containers": [container]}
    job = {"spec": {"backoffLimit": 0, "template": {"spec": pod}}}
    spec = {"schedule": "0 0 1 1 *", "suspend": True, "jobTemplate": job}
    return {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "churn-train"}, "spec": spec}


@contextmanager
def channel(folder: Path) -> Iterator[tuple[list[bytes], str]]:
    """Serve with TLS where pods reach it; give what has come, and the certificate."""
    key, certificate = folder / "key.pem", folder / "ca.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=hook"]
    command += ["-addext", f"subjectAltName=IP:{ADDRESS}", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    bodies: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(202)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the base class's name
            pass

    made = ThreadingHTTPServer((ADDRESS, 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    made.socket = context.wrap_socket(made.socket, server_side=True)
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield bodies, f"https://{ADDRESS}:{made.server_address[1]}{PATH}"
    finally:
        made.shutdown()
        made.server_close()
        thread.join()


def until(scene: Scene, done: Callable[[], bool]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + PATIENCE
    while not done():
        if time.monotonic() > deadline:
            events = scene.cluster.run("get", "events,jobs,pods", "-n", scene.namespace).stdout
            pytest.fail("\n".join([events, logs(scene, "app.kubernetes.io/component=monitor")]))
        time.sleep(0.5)


def logs(scene: Scene, selector: str) -> str:
    """Return what pods have said."""
    return scene.cluster.run("logs", "-l", selector, "-n", scene.namespace, "--tail=-1", "--prefix").stdout


def runs(uri: str) -> int:
    """Return how many runs there were."""
    with closing(connect(uri)) as connection:
        found = connection.execute("select count(distinct at) from scoring_log_quality").fetchone()
    return int(found[0]) if found else 0


def texts(body: bytes) -> list[str]:
    """Return the texts of a card, which has to be one."""
    (attachment,) = json.loads(body)["attachments"]
    schema = json.loads(files("adaptive_cards").joinpath("schemas/schema-1.4.json").read_text("utf-8"))
    jsonschema_rs.validate(schema, attachment["content"])
    return [run["text"] for each in attachment["content"]["body"] for run in each["inlines"]]


def test_the_cron_job_tells_an_alert_once_starts_a_retraining_and_tells_the_recovery(
    scene: Scene, own_image: str, uri: str, tmp_path: Path
) -> None:
    scene.file.write_text(SET.replace("TOOL", own_image).replace("PATCHES", TRUSTING), "utf-8")
    with channel(tmp_path) as (bodies, url):
        in_namespace = ("-n", scene.namespace)
        scene.cluster.succeed("create", "secret", "generic", "hook", f"--from-literal=url={url}", *in_namespace)
        scene.cluster.succeed("create", "configmap", "ca", f"--from-file={tmp_path / 'ca.pem'}", *in_namespace)
        windows.fill(uri, Window(GOOD, TRUE, [{"NAME": "canary-7"}] * 60, at=datetime.now(UTC)))
        own = [each.body for each in api.render(scene.file).objects if "churn-monitor" in each.name]
        scene.cluster.succeed("apply", "-f", "-", *in_namespace, stdin=yaml.safe_dump_all([*own, train(own_image)]))
        until(scene, lambda: runs(uri) >= 1)
        assert bodies == [], "it is healthy"

        windows.fill(uri, Window(BAD * 20, TRUE * 20, at=datetime.now(UTC)))
        until(scene, lambda: bool(bodies))
        after = runs(uri)
        until(scene, lambda: runs(uri) >= after + 2)
        (alert,) = [texts(each) for each in bodies]
        assert alert[0] == "risk: churn degraded"
        assert alert[1].startswith("churn: auc is ")
        jobs = [each for each in scene.names("jobs.batch") if each.startswith("churn-train-")]
        assert alert[2] == f"retraining: Job {jobs[0]} of CronJob churn-train"
        assert len(jobs) == 1
        scene.cluster.succeed("wait", "--for=condition=complete", f"job/{jobs[0]}", *in_namespace, "--timeout=90s")
        said = scene.cluster.succeed("logs", f"job/{jobs[0]}", *in_namespace)
        assert "MODELYARD_METRIC=auc MODELYARD_MODEL=churn" in said
        assert "MODELYARD_WINDOW_FROM=20" in said

        windows.fill(uri, Window(GOOD * 200, TRUE * 200, at=datetime.now(UTC)))
        until(scene, lambda: len(bodies) > 1)
        after = runs(uri)
        until(scene, lambda: runs(uri) > after)
        assert [texts(each)[0] for each in bodies] == ["risk: churn degraded", "risk: churn recovered"]
        everything = logs(scene, "app.kubernetes.io/component=monitor") + str(bodies)
        assert "canary" not in everything
        assert "planted" not in everything
