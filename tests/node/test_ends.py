"""How pods end: after the calls that are in flight, and no later than they must."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.node.calls import answer, service
from tests.node.load import Load
from tests.node.updates import PROXY, SET, apply, evict, pods, wait_until_gone
from tests.support.cluster_scene import Scene


@pytest.mark.usefixtures("processor")
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
        wait_until_gone(scene, name)
        took.append(time.monotonic() - began)
        scene.cluster.succeed("rollout", "status", "deployment/churn", "-n", scene.namespace, "--timeout=60s")
    found = load.stop(running)
    load.figure(f"pods ended after {took[0]:.1f} s and {took[1]:.1f} s")
    assert found.lost == 0
    assert max(took) < 15, "a pod without long calls ends in seconds"


@pytest.mark.usefixtures("processor")
def test_a_pod_of_scr_behind_the_proxy_ends_in_seconds(scene: Scene, caddy_image: str, ignoring: str) -> None:
    text = SET.replace("TARGET", PROXY.replace("10s", "58s")).replace("IMAGE", ignoring).replace("CADDY", caddy_image)
    apply(scene, text.replace("runtime: pcr", "runtime: scr"), 1)
    name, began = pods(scene)[0], time.monotonic()
    evict(scene, name)
    wait_until_gone(scene, name)
    assert time.monotonic() - began < 15, "it waits for SIGKILL"


def test_a_long_call_outlives_the_end_of_its_pod(scene: Scene, ignoring: str) -> None:
    text = SET.replace("TARGET", "deployment: {}").replace("IMAGE", ignoring).replace("runtime: pcr", "runtime: scr")
    apply(scene, text, 1)
    url = service(scene, "churn", "/model")
    with ThreadPoolExecutor() as pool:
        long = pool.submit(answer, url, headers={"Takes": "20s"})
        time.sleep(1)
        evict(scene, pods(scene)[0])
        assert '"version":"1"' in long.result()
