"""Each target that runs pods serves on a real node that enforces Pod Security "restricted"."""

import time
from collections.abc import Callable
from typing import Final

import pytest

from tests.node.calls import answer, gateway, service
from tests.node.images import Images
from tests.node.load import Load
from tests.support.cluster_scene import Scene

SET: Final = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: risk}
spec:
  defaults: {resources: {requests: {cpu: 100m, memory: 16Mi}, limits: {memory: 128Mi}}}
  models:
MODELS"""
SINGLE: Final = """\
    - {name: single, image: "IMAGE", path: /model, env: {VERSION: single}, targets: {knative: {window: 6s}}}
"""
MODELS: Final = (
    SINGLE
    + """\
    - {name: plain-scr, image: "IMAGE", path: /model, targets: {deployment: {replicas: 1}}}
    - {name: plain-pcr, image: "IMAGE", path: /model, runtime: pcr, securityContext: {runAsUser: 1001},
       targets: {deployment: {replicas: 1}}}
    - name: split
      image: IMAGE
      path: /model
      runtime: pcr
      securityContext: {runAsUser: 1001}
      variants:
        - {name: champion, percent: 80, env: {VERSION: champion}}
        - {name: challenger, percent: 20, env: {VERSION: challenger}}
      targets: {knative: {minScale: 1}}
    - {name: proxied, image: "IMAGE", path: /model, env: {VERSION: proxied},
       targets: {sagemaker-proxy: {proxyImage: "CADDY"}}}
"""
)


@pytest.fixture(scope="module")
def model(images: Images) -> str:
    """Return the image of a model that ignores SIGTERM, as SAS Container Runtime does."""
    return images.model_image("models/served:1")


def test_each_target_serves(
    scene: Scene, model: str, caddy_image: str, load: Load, figure: Callable[[str], None]
) -> None:
    text = SET.replace("MODELS", MODELS).replace("IMAGE", model).replace("CADDY", caddy_image)
    began = time.monotonic()
    applied = scene.apply(text, "--wait", "--timeout", "90")
    assert applied.code == 0, applied.err
    figure(f"all ready after {time.monotonic() - began:.1f} s")
    assert scene.apply(text, "--wait", "--timeout", "30").out.startswith(f"{scene.namespace}: 17 unchanged")
    for name in ("plain-scr", "plain-pcr"):
        assert '"version":""' in answer(service(scene, name, "/model"))
    assert '"version":"proxied"' in answer(service(scene, "proxied", "/invocations"))
    assert answer(service(scene, "proxied", "/ping"), method="GET") == ""
    assert '"version":"single"' in answer(*gateway(scene, "single", "/model"))
    shares = load.run(*gateway(scene, "split", "/model"), calls=1000)
    assert shares.lost == 0
    assert 120 < shares.versions["challenger"] < 280, shares
    assert all(each in scene.run("list").out for each in ("80%", "20%"))


@pytest.mark.usefixtures("processor")
def test_a_model_scales_to_zero_and_back(scene: Scene, model: str, figure: Callable[[str], None]) -> None:
    text = SET.replace("MODELS", SINGLE).replace("IMAGE", model)
    assert scene.apply(text, "--wait", "--timeout", "60").code == 0
    end = time.monotonic() + 120
    while scene.names("pods"):
        assert time.monotonic() < end, "its pod is still there"
        time.sleep(1)
    assert scene.run("status", "single").code == 0, "a model at rest is ready"
    began = time.monotonic()
    assert '"version":"single"' in answer(*gateway(scene, "single", "/model"))
    taken = time.monotonic() - began
    figure(f"from zero to an answer in {taken:.1f} s")
    assert taken < 6
    logs = scene.run("logs", "single")
    assert logs.code == 0
    said = {line.rpartition("model: ")[2] for line in logs.out.splitlines()}  # more than one pod may have started
    assert said == {"version single"}
