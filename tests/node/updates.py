"""A model that is updated and evicted while it is called."""

import json
import socket
import time
from collections.abc import Mapping
from typing import Any, Final

from tests.node.calls import answer
from tests.node.load import Load, Result
from tests.support.cluster_scene import Scene

SET: Final = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: risk}
spec:
  models:
    - name: churn
      image: IMAGE
      path: /model
      runtime: pcr
      # So long that nearly always each connection has a call in flight, and the processor has time for other tests.
      env: {VERSION: "1", TAKES: 20ms}
      securityContext: {runAsUser: 1001}
      # Patient: under this load a pod may wait for the processor, and is not to leave its Service for that.
      probes: {readiness: {httpGet: {path: /ready}, period: 1s, timeout: 5s, failureThreshold: 10}}
      resources: {requests: {cpu: 10m, memory: 16Mi}, limits: {memory: 128Mi}}
      targets: {TARGET}
"""
PROXY: Final = 'sagemaker-proxy: {replicas: 2, proxyImage: "CADDY", timeout: 10s}'


def apply(scene: Scene, text: str, version: int) -> float:
    """Apply a version, wait until it is ready and the pods before it are gone, and return the seconds."""
    began = time.monotonic()
    done = scene.apply(text.replace('"1"', f'"{version}"'), "--wait", "--timeout", "120")
    assert done.code == 0, done.err
    wait_until_gone(scene, *ending(scene))
    took = time.monotonic() - began
    for name in pods(scene):
        pod = scene.get("pods", name)
        for container in [*pod["spec"]["containers"], *pod["spec"].get("initContainers", [])]:
            _asked(pod["status"]["podIP"], container)
    return took


def _asked(address: str, container: Mapping[str, Any]) -> None:
    """Ask a container whether it lives, as the kubelet does: one that says no is restarted after the test has ended."""
    probe = container.get("livenessProbe", {})
    if get := probe.get("httpGet"):
        answer(f"http://{address}:{_port(get, container)}{get['path']}", method="GET")
    if tcp := probe.get("tcpSocket"):
        socket.create_connection((address, _port(tcp, container)), timeout=5).close()


def _port(asked: Mapping[str, Any], container: Mapping[str, Any]) -> int:
    named = {each.get("name"): each["containerPort"] for each in container.get("ports", [])}
    return int(named.get(asked["port"], asked["port"]))


def ending(scene: Scene) -> list[str]:
    """Return the names of pods that are about to end."""
    path = "jsonpath={.items[?(@.metadata.deletionTimestamp)].metadata.name}"
    return scene.cluster.succeed("get", "pods", "-n", scene.namespace, "-o", path).split()


def wait_until_gone(scene: Scene, *names: str) -> None:
    """Wait until these pods are gone: with one program, for the processor is there for the calls."""
    if names:
        paths = [f"pod/{each}" for each in names]
        scene.cluster.succeed("wait", "--for=delete", *paths, "-n", scene.namespace, "--timeout=90s")


def pods(scene: Scene) -> list[str]:
    """Return the names of all pods, also of those that end."""
    return scene.cluster.succeed(
        "get", "pods", "-n", scene.namespace, "-o", "jsonpath={.items[*].metadata.name}"
    ).split()


def updated(scene: Scene, load: Load, text: str, *calls: tuple[str, ...]) -> list[Result]:
    """Return what came of calls while the model was updated twice; each of them is a program of its own."""
    running = [load.start(*each) for each in calls]
    for version in (2, 3):
        time.sleep(2)
        load.figure(f"version {version} serves alone after {apply(scene, text, version):.1f} s")
    found = [load.stop(each) for each in running]
    for each in found:
        assert set(each.versions) == {"1", "2", "3"}, each
    return found


def evict(scene: Scene, name: str) -> None:
    """Let a pod end as `kubectl drain` does."""
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": scene.namespace}}
    path = f"/api/v1/namespaces/{scene.namespace}/pods/{name}/eviction"
    scene.cluster.succeed("create", "--raw", path, "-f", "-", stdin=json.dumps(body))
