"""What a model suffers from is said in words: on a real kubelet, with the reasons and events that it really gives."""

import re
import time
from collections.abc import Callable, Mapping
from typing import Final

import pytest

from tests.node.images import REGISTRY, Images
from tests.support.cluster_scene import Scene

SET: Final = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: risk}
spec:
  defaults:
    runtime: custom
    port: 8080
    image: IMAGE
    probes:
      startup: {httpGet: {path: /live}, period: 1s, failureThreshold: 30}
      readiness: {httpGet: {path: /ready}, period: 1s}
    resources: {requests: {cpu: 10m, memory: 16Mi}, limits: {memory: 64Mi}}
  models:
MODELS"""
MISSING: Final = f'image: "{REGISTRY}/nothing:1"'
# What is wrong with a model, and what is said of it.
FAULTS: Final = {
    "hungry": (
        'env: {EATS: "200"}',
        "was killed: it used more memory than its limit (OOMKilled)",
    ),
    "nocommand": ('command: ["/nope"]', "cannot start: its command is not in the image"),
    "ends": (  # after a moment, so that its lines of standard output and of standard error come in order
        'env: {EXIT: "7", START: 500ms}',
        "has ended with exit code 7: `modelyard logs MODEL --previous` shows its last output",
    ),
    "dying": (
        (
            'env: {ALIVE: "500"}, probes: {startup: false,'
            " liveness: {httpGet: {path: /live}, period: 1s, failureThreshold: 1}}"
        ),
        "was killed by its liveness probe: HTTP probe failed with statuscode: 500",
    ),
    "slow": (
        'env: {START: "10m"}, probes: {startup: {httpGet: {path: /live}, period: 1s, failureThreshold: 300}}',
        "the startup probe of the container model fails: ",
    ),
    "unready": (
        'env: {READY: "503"}',
        "the readiness probe of the container model fails: HTTP probe failed with statuscode: 503",
    ),
    "mountless": (
        "volumes: [{name: ca, mountPath: /ssl, readOnly: true, secret: {secretName: corporate-ca}}]",
        (
            'a volume cannot be mounted (FailedMount: MountVolume.SetUp failed for volume "ca" :'
            ' secret "corporate-ca" not found)'
        ),
    ),
    "keyless": (
        "env: {PW: {secretKeyRef: {name: scoring-db, key: password}}}",
        (
            "a Secret, ConfigMap or key that its variables name is missing"
            ' (CreateContainerConfigError: secret "scoring-db" not found)'
        ),
    ),
    "imageless": (MISSING, "the image cannot be pulled: check its name"),
    "huge": ('resources: {requests: {cpu: "500"}}', "no node has room for the pod"),
}


def models(image: str, fields: Mapping[str, str], *, replicas: int = 1) -> str:
    """Return a models file with models of these fields."""
    targets = "targets: {deployment: {replicas: REPLICAS}}"
    lines = "".join(f"    - {{name: {name}, {text}, {targets}}}\n" for name, text in fields.items())
    return SET.replace("IMAGE", image).replace("MODELS", lines).replace("REPLICAS", str(replicas))


def until(said: Callable[[], str], words: str, seconds: float) -> str:
    """Return what is said as soon as these words are in it."""
    end = time.monotonic() + seconds
    while words not in (text := " ".join(said().split())):
        assert time.monotonic() < end, f"{words!r} is not in: {text}"
        time.sleep(0.5)
    return text


@pytest.fixture(scope="module")
def image(images: Images) -> str:
    """Return the image of a model that obeys SIGTERM."""
    return images.model_image("states:1", OBEYS="true")


def test_status_list_and_wait_say_why(scene: Scene, image: str) -> None:
    text = models(image, {"good": "path: /good", **{name: fields for name, (fields, _) in FAULTS.items()}})
    applied = scene.apply(text, "--wait", "--timeout", "60")
    assert "is not ready" in applied.err, applied.err
    said = " ".join(applied.err.split())
    for name, (_, words) in FAULTS.items():
        shown = until(lambda name=name: "{0.out} {0.code}".format(scene.run("status", name)), words, 60)  # type: ignore[misc]
        assert f"pod {name}-" in shown, shown
        assert shown.endswith(" 1"), shown
        assert (f"Deployment.apps {name} is not ready: " in said) == (name != "dying")  # it is ready for a moment
    assert "Deployment.apps good is not ready" not in said
    assert scene.run("status", "good").code == 0
    # Each says why, and none was waited for longer than it could help.
    for name in ("hungry", "nocommand", "ends", "keyless", "imageless", "mountless"):
        assert f"Deployment.apps {name} is not ready: no pod of the new version can start: pod {name}-" in said
        assert f"Deployment.apps {name} is not ready: after" not in said
    listed = " ".join(scene.run("list").out.split())
    for name, (_, words) in FAULTS.items():
        assert f"{name} - NO" in listed or f"{name} - not yet" in listed, listed
        assert words.partition("(")[0].strip() in listed, (name, listed)
    logs = scene.run("logs", "ends", "--previous")
    assert (logs.code, logs.out) == (0, "model: version \nmodel: no licence\n")


def test_a_model_that_its_liveness_probe_kills_is_not_ready_though_it_answers(scene: Scene, image: str) -> None:
    fields = FAULTS["dying"][0].replace("period: 1s", "period: 4s")
    assert scene.apply(models(image, {"dying": fields}), "--wait", "--timeout", "60").code == 0
    shown = until(lambda: scene.run("list").out, "dying - NO", 60)
    assert re.search("it was restarted [2-9] times", shown)
    assert "was killed by its liveness probe: HTTP probe failed with statuscode: 500" in shown


def test_a_stuck_update_says_how_far_it_is_and_why(scene: Scene, image: str) -> None:
    assert scene.apply(models(image, {"churn": "path: /churn"}, replicas=2), "--wait", "--timeout", "60").code == 0
    began = time.monotonic()
    stuck = scene.apply(models(image, {"churn": MISSING}, replicas=2), "--wait", "--timeout", "200")
    assert time.monotonic() - began < 100
    assert (stuck.code, stuck.out) == (1, "")
    assert "no pod of the new version can start: pod churn-" in " ".join(stuck.err.split())
    status = scene.run("status", "churn")
    assert status.code == 1
    assert "1 of 2 pods have the new version" in status.out
    assert "the image cannot be pulled" in " ".join(status.out.split())


def test_logs_skip_a_pod_that_waits_and_say_so(scene: Scene, image: str) -> None:
    assert scene.apply(models(image, {"churn": "path: /churn"}, replicas=2), "--wait", "--timeout", "60").code == 0
    scene.apply(models(image, {"churn": MISSING}, replicas=2))
    waits = until(lambda: scene.run("logs", "churn").err, "is waiting to start", 30)
    logs = scene.run("logs", "churn")
    assert logs.code == 0
    assert [line.split(": ", 1)[1] for line in logs.out.splitlines()] == ["model: version "] * 2
    assert "refuses" not in waits
    alone = scene.run("logs", "churn", "--previous")
    assert (alone.code, alone.out) == (1, "")
    assert "refuses" not in alone.err
    assert "[MY716]" in alone.err
