"""The image that `modelyard image` prepares for SageMaker runs: on Debian, under Pod Security "restricted"."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import pytest

from tests.conftest import CADDY, CLUSTER, need
from tests.node.calls import answer
from tests.node.images import CAPABILITY, Images
from tests.support.cluster_scene import Scene
from tests.support.faulty_proxy import modelyard

SET: Final = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: risk}
spec:
  models:
    - name: churn
      image: "IMAGE"
      path: /churn
      targets: {sagemaker-proxy: {proxyImage: "CADDY"}}
"""
JAVA: Final = "/usr/lib/jvm/jre/bin/java"


@pytest.fixture(scope="module")
def packed(images: Images, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the image, made of a stand-in of SAS Container Runtime on Debian."""
    debian = need(CLUSTER / "debian.tar", "`tests/support/cluster/node build` makes it")
    lines = ["FROM scratch", "ADD debian.tar /", f"COPY model {JAVA}", "USER 1001:0", f'ENTRYPOINT ["{JAVA}"]']
    model = images.push("scr/churn:1", lines, [images.model, debian])
    caddy = need(CADDY, "`make tools` builds it")
    # As the official image: with the tools of a system, and a capability on the binary.
    beside = [f"FROM {model}", "USER 0", "COPY caddy /usr/bin/caddy"]
    proxy = images.push("caddy-debian:2.11.9", beside, [caddy], capability=CAPABILITY)
    folder = tmp_path_factory.mktemp("set")
    (folder / "models.yaml").write_text(SET.replace("IMAGE", model).replace("CADDY", proxy), "utf-8")
    context = folder / "build" / "churn"
    assert modelyard("image", "churn", "-f", folder, "-o", context).code == 0
    return images.push_context("sagemaker/churn:1", context, "--file", str(context / "Containerfile"))


def pod(image: str) -> dict[str, Any]:
    """Return a pod that runs an image as SageMaker does: `docker run IMAGE serve`."""
    restricted = {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "runAsNonRoot": True,
        "runAsUser": 1001,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    container = {"name": "model", "image": image, "args": ["serve"], "securityContext": restricted}
    spec = {"containers": [container], "terminationGracePeriodSeconds": 30}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "endpoint"}, "spec": spec}


def test_it_serves_drains_and_ends_within_what_sagemaker_waits(
    scene: Scene, packed: str, figure: Callable[[str], None]
) -> None:
    scene.cluster.succeed("apply", "-n", scene.namespace, "-f", "-", stdin=json.dumps(pod(packed)))
    scene.cluster.succeed("wait", "pod/endpoint", "-n", scene.namespace, "--for=condition=Ready", "--timeout=60s")
    url = f"http://{scene.get('pods', 'endpoint')['status']['podIP']}:8080"
    end = time.monotonic() + 20
    while not _answers(f"{url}/ping"):
        assert time.monotonic() < end, "the model does not answer"
        time.sleep(0.2)
    assert '"version":""' in answer(f"{url}/invocations")
    with ThreadPoolExecutor() as pool:
        long = pool.submit(answer, f"{url}/invocations", headers={"Takes": "6s"})
        time.sleep(1)
        began = time.monotonic()
        scene.cluster.succeed("delete", "pod", "endpoint", "-n", scene.namespace, "--timeout=60s")
        taken = time.monotonic() - began
        assert '"version":""' in long.result()
    figure(f"ended after {taken:.1f} s, with a call of 6 s in flight")
    assert taken < 25


def _answers(url: str) -> bool:
    try:
        answer(url, method="GET")
    except OSError:
        return False
    return True
