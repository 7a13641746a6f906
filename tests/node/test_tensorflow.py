"""A stand-in of TensorFlow Serving on a real node: ready when the version can score, and no call lost in updates."""

from pathlib import Path
from typing import Final

import pytest

from tests.node.calls import answer, service
from tests.node.images import Images
from tests.node.load import Load
from tests.support.cluster_scene import Scene

SET: Final = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: wells}
spec:
  models:
    - name: churn
      runtime: tensorflow
      image: IMAGE
      version: 7
      tensorflow: {modelName: wells, protocol: PROTOCOL}
      env: {LOADS: 3s, TAKES: 10ms}
      resources: {requests: {cpu: 10m, memory: 16Mi}, limits: {memory: 128Mi}}
      targets: {openshift: {replicas: 2, timeout: 10s, route: false}}
"""
PREDICT: Final = "/v1/models/wells:predict"


def pushed(images: Images, programs: Path, version: int, folder: Path) -> str:
    """Push an image with one version of a model, and return its reference."""
    model = folder / "saved_model.pb"
    model.write_bytes(b"\x08\x01")  # saved_model_schema_version: 1
    lines = ["FROM scratch", "COPY tensorflow /usr/bin/tensorflow_model_server"]
    lines += [f"COPY saved_model.pb /models/wells/{version}/saved_model.pb", "ENV PATH=/usr/bin", "USER 1001:0"]
    return images.push(f"wells:{version}", lines, [programs / "tensorflow", model])


def test_a_pod_is_ready_only_when_the_wanted_version_can_score(
    scene: Scene, images: Images, programs: Path, tmp_path: Path
) -> None:
    text = SET.replace("PROTOCOL", "rest").replace("IMAGE", pushed(images, programs, 7, tmp_path))
    done = scene.apply(text, "--wait", "--timeout", "60")
    assert done.code == 0, done.err
    assert '"version":"7"' in answer(service(scene, "churn", PREDICT))
    metadata = answer(service(scene, "churn", "/v1/models/wells/versions/7/metadata"), method="GET")
    assert '"version":"7"' in metadata
    # The image has no version 8: its status would answer, and the server runs.
    late = scene.apply(text.replace("version: 7", "version: 8"), "--wait", "--timeout", "15")
    assert late.code == 1
    assert "404" in late.err
    assert "Deployment.apps churn is not ready" in late.err
    for _ in range(50):
        assert '"version":"7"' in answer(service(scene, "churn", PREDICT))


@pytest.mark.parametrize("protocol", ["rest", "both"])
def test_an_update_loses_no_new_connection(
    scene: Scene, images: Images, programs: Path, load: Load, protocol: str, tmp_path: Path
) -> None:
    found = [pushed(images, programs, version, tmp_path) for version in (1, 2, 3)]
    text = SET.replace("PROTOCOL", protocol)
    first, *others = (
        text.replace("IMAGE", image).replace("version: 7", f"version: {version}")
        for version, image in enumerate(found, start=1)
    )
    assert scene.apply(first, "--wait", "--timeout", "60").code == 0
    url = service(scene, "churn", PREDICT)
    running = load.start(url, "-connections", "4", "-new")
    for each in others:
        done = scene.apply(each, "--wait", "--timeout", "120")
        assert done.code == 0, done.err
    result = load.stop(running)
    assert result.lost == 0
    assert set(result.versions) == {"1", "2", "3"}, result
