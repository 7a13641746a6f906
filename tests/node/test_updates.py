"""Updates and drains under load: what is lost of calls over connections that are kept, and over ones of their own."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import pytest

from tests.node.calls import answer, gateway, service
from tests.node.images import Images
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
      env: {VERSION: "1", TAKES: 5ms}
      securityContext: {runAsUser: 1001}
      # Patient: under this load a pod may wait for the processor, and is not to leave its Service for that.
      probes: {readiness: {httpGet: {path: /ready}, period: 1s, timeout: 5s, failureThreshold: 10}}
      resources: {requests: {cpu: 10m, memory: 16Mi}, limits: {memory: 128Mi}}
      targets: {TARGET}
"""
PROXY: Final = 'sagemaker-proxy: {replicas: 2, proxyImage: "CADDY", timeout: 10s}'


@pytest.fixture(scope="module")
def obeying(images: Images) -> str:
    """Return the image of a model that ends with SIGTERM at once, whatever calls are in flight."""
    return images.model_image("updated:1", OBEYS="true")


@pytest.fixture(scope="module")
def ignoring(images: Images) -> str:
    """Return the image of a model that ignores SIGTERM, as SAS Container Runtime does."""
    return images.model_image("updated:2")


def apply(scene: Scene, text: str, version: int) -> float:
    """Apply a version, wait until it is ready and the pods before it are gone, and return the seconds."""
    began = time.monotonic()
    done = scene.apply(text.replace('"1"', f'"{version}"'), "--wait", "--timeout", "120")
    assert done.code == 0, done.err
    while ending(scene):
        assert time.monotonic() - began < 120, "pods of the version before do not end"
        time.sleep(0.3)
    return time.monotonic() - began


def ending(scene: Scene) -> str:
    """Return the names of pods that are about to end."""
    path = "jsonpath={.items[?(@.metadata.deletionTimestamp)].metadata.name}"
    return scene.cluster.succeed("get", "pods", "-n", scene.namespace, "-o", path)


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
        print(f"version {version} serves alone after {apply(scene, text, version):.1f} s")  # noqa: T201 - a figure
    found = [load.stop(each) for each in running]
    print(*found, sep="\n")  # noqa: T201 - figures
    for each in found:
        assert set(each.versions) == {"1", "2", "3"}, each
    return found


@pytest.mark.parametrize(("model", "calls"), [("obeying", 200_000), ("ignoring", 20_000)])
def test_the_proxy_loses_no_call_in_updates(
    scene: Scene, load: Load, caddy_image: str, model: str, calls: int, request: pytest.FixtureRequest
) -> None:
    text = SET.replace("TARGET", PROXY).replace("IMAGE", request.getfixturevalue(model)).replace("CADDY", caddy_image)
    apply(scene, text, 1)
    url = service(scene, "churn", "/invocations")
    kept, fresh = updated(
        scene, load, text, (url, "-connections", "16", "-least", str(calls)), (url, "-connections", "2", "-new")
    )
    assert (kept.lost, fresh.lost) == (0, 0)
    assert kept.calls >= calls
    assert kept.connections < 200, "connections are kept"


def test_the_proxy_loses_no_call_when_pods_are_evicted(
    scene: Scene, load: Load, caddy_image: str, obeying: str
) -> None:
    text = SET.replace("TARGET", PROXY).replace("IMAGE", obeying).replace("CADDY", caddy_image)
    apply(scene, text, 1)
    running = load.start(service(scene, "churn", "/invocations"), "-connections", "8")
    took = []
    for name in pods(scene):
        began = time.monotonic()
        evict(scene, name)
        while name in pods(scene):
            time.sleep(0.2)
        took.append(time.monotonic() - began)
        scene.cluster.succeed("rollout", "status", "deployment/churn", "-n", scene.namespace, "--timeout=60s")
    found = load.stop(running)
    print(found, [f"{each:.1f} s" for each in took])  # noqa: T201 - figures
    assert found.lost == 0
    assert max(took) < 15, "a pod without long calls ends in seconds"


def test_a_pod_of_scr_behind_the_proxy_ends_in_seconds(scene: Scene, caddy_image: str, ignoring: str) -> None:
    text = SET.replace("TARGET", PROXY.replace("10s", "58s")).replace("IMAGE", ignoring).replace("CADDY", caddy_image)
    apply(scene, text.replace("runtime: pcr", "runtime: scr"), 1)
    name, began = pods(scene)[0], time.monotonic()
    evict(scene, name)
    while name in pods(scene):
        assert time.monotonic() - began < 15, "it waits for SIGKILL"
        time.sleep(0.2)


def test_a_deployment_loses_no_call_of_clients_that_renew_their_connections(
    scene: Scene, load: Load, ignoring: str
) -> None:
    text = SET.replace("TARGET", "deployment: {replicas: 2, timeout: 10s}").replace("IMAGE", ignoring)
    apply(scene, text, 1)
    url = service(scene, "churn", "/model")
    renewed, fresh = updated(
        scene, load, text, (url, "-connections", "8", "-age", "5s"), (url, "-connections", "2", "-new")
    )
    assert (renewed.lost, fresh.lost) == (0, 0)


def test_a_long_call_outlives_the_end_of_its_pod(scene: Scene, ignoring: str) -> None:
    text = SET.replace("TARGET", "deployment: {}").replace("IMAGE", ignoring).replace("runtime: pcr", "runtime: scr")
    apply(scene, text, 1)
    url = service(scene, "churn", "/model")
    with ThreadPoolExecutor() as pool:
        long = pool.submit(answer, url, headers={"Takes": "20s"})
        time.sleep(1)
        evict(scene, pods(scene)[0])
        assert '"version":"1"' in long.result()


def test_knative_loses_no_call_in_updates(scene: Scene, load: Load, obeying: str) -> None:
    text = SET.replace("TARGET", "knative: {minScale: 2, timeout: 10s}").replace("IMAGE", obeying)
    apply(scene, text, 1)
    url, host = gateway(scene, "churn", "/model")
    kept, fresh = updated(
        scene,
        load,
        text,
        (url, "-host", host, "-connections", "8"),
        (url, "-host", host, "-connections", "2", "-new"),
    )
    assert (kept.lost, fresh.lost) == (0, 0)


def evict(scene: Scene, name: str) -> None:
    """Let a pod end as `kubectl drain` does."""
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": scene.namespace}}
    path = f"/api/v1/namespaces/{scene.namespace}/pods/{name}/eviction"
    scene.cluster.succeed("create", "--raw", path, "-f", "-", stdin=json.dumps(body))
