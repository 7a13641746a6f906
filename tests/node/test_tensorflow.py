"""A stand-in of TensorFlow Serving on a real node: ready when the version can score, and no call lost in updates."""

import csv
import json
from pathlib import Path
from typing import Final

import pytest

from tests.conftest import ROOT
from tests.node.calls import answer, service
from tests.node.images import Images
from tests.node.load import Load
from tests.support.cluster_scene import Scene
from tests.support.faulty_proxy import modelyard

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
      env: {LOADS: 3s, TAKES: 5ms}
      resources: {requests: {cpu: 10m, memory: 16Mi}, limits: {memory: 128Mi}}
      targets: {openshift: {replicas: 2, timeout: 10s, route: false}}
"""
PREDICT: Final = "/v1/models/wells:predict"


def pushed(images: Images, programs: Path, tag: str, version: int, folder: Path) -> str:
    """Push an image with one version of a model, and return its reference."""
    model = folder / "saved_model.pb"
    model.write_bytes(b"\x08\x01")  # saved_model_schema_version: 1
    lines = ["FROM scratch", "COPY tensorflow /usr/bin/tensorflow_model_server"]
    lines += [f"COPY saved_model.pb /models/wells/{version}/saved_model.pb", "ENV PATH=/usr/bin", "USER 1001:0"]
    return images.push(f"wells:{tag}", lines, [programs / "tensorflow", model])


def test_a_pod_is_ready_only_when_the_wanted_version_can_score(
    scene: Scene, images: Images, programs: Path, tmp_path: Path
) -> None:
    text = SET.replace("PROTOCOL", "rest").replace("IMAGE", pushed(images, programs, "ready", 7, tmp_path))
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
    found = [pushed(images, programs, f"{protocol}-{version}", version, tmp_path) for version in (1, 2, 3)]
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
    print(result)  # noqa: T201 - figures
    assert result.lost == 0
    assert set(result.versions) == {"1", "2", "3"}, result


WELLS: Final = ROOT / "tests" / "targets" / "wells"
INPUTS: Final = {"PRESSURE": "DT_FLOAT", "TEMPERATURE": "DT_FLOAT", "LIFT": "DT_STRING"}
OUTPUTS: Final = {"P_FAILURE1": "DT_FLOAT", "I_FAILURE": "DT_INT64"}
SCORED: Final = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: wells}
spec:
  models:
    - name: well-failure
      runtime: tensorflow
      image: 127.0.0.1:5000/modelops/well-failure:7
      version: 7
      resources: {requests: {cpu: 10m, memory: 16Mi}, limits: {memory: 128Mi}}
      targets: {openshift: {route: false}}
"""


def _value(name: str, text: str) -> object:
    return text if name == "LIFT" else int(text) if name == "I_FAILURE" else float(text)


def _base(images: Images, programs: Path, folder: Path) -> str:
    """Push a stand-in of TensorFlow Serving that answers what tensorflow-cpu computed of this SavedModel."""
    with (WELLS / "scores.csv").open(newline="") as file:
        rows = [{name: _value(name, text) for name, text in row.items()} for row in csv.DictReader(file)]
    table = {
        "inputs": INPUTS,
        "outputs": OUTPUTS,
        "rows": [[{name: row[name] for name in names} for names in (INPUTS, OUTPUTS)] for row in rows],
    }
    (folder / "scores.json").write_text(json.dumps(table), "utf-8")
    lines = ["FROM scratch", "COPY tensorflow /usr/bin/tensorflow_model_server", "COPY scores.json /scores.json"]
    lines += ["ENV PATH=/usr/bin", "ENV SCORES=/scores.json"]
    return images.push("tensorflow/serving:1", lines, [programs / "tensorflow", folder / "scores.json"])


def test_a_savedmodel_becomes_an_image_that_scores_as_tensorflow_does(
    scene: Scene, images: Images, programs: Path, tmp_path: Path
) -> None:
    scene.file.write_text(SCORED, "utf-8")
    context = tmp_path / "build" / "well-failure"
    words = ("--from", WELLS / "well-failure", "--base", _base(images, programs, tmp_path), "-o", context)
    made = modelyard("image", "well-failure", "-f", scene.file, *words)
    assert made.code == 0, made.err
    assert (WELLS / "show-all.txt").read_text("utf-8").startswith(made.out.rstrip("\n"))
    images.push_context("modelops/well-failure:7", context, "--file", str(context / "Containerfile"))
    done = scene.apply(SCORED, "--wait", "--timeout", "60")
    assert done.code == 0, done.err
    with (WELLS / "scores.csv").open(newline="") as file:
        expected = list(csv.DictReader(file))
    source, output = tmp_path / "in.csv", tmp_path / "out.csv"
    # The columns stand in another order than in the model, and beside one that it does not have.
    with source.open("w", newline="") as file:
        writer = csv.DictWriter(file, ["ID", "LIFT", "TEMPERATURE", "PRESSURE"])
        writer.writeheader()
        writer.writerows({"ID": i, **{name: row[name] for name in INPUTS}} for i, row in enumerate(expected))
    url = service(scene, "well-failure", "/v1/models/well-failure")
    scored = modelyard("score", url, source, "-o", output)
    assert scored.code == 0, scored.err
    with output.open(newline="") as file:
        found = list(csv.DictReader(file))
    assert [{name: _value(name, row[name]) for name in OUTPUTS} for row in found] == [
        {name: _value(name, row[name]) for name in OUTPUTS} for row in expected
    ]
    wrong = modelyard("score", url, source, "-o", output, "--signature", "plain")
    assert "it has no signature plain" in wrong.err
