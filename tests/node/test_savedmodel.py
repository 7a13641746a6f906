"""A real SavedModel on the node: `image --build --push`, `apply`, `score`, with the scores of TensorFlow itself."""

import csv
import json
import os
import shutil
from pathlib import Path
from typing import Final

import pytest

from tests.node.calls import service
from tests.node.images import REGISTRY, Images
from tests.support.cluster_scene import Scene
from tests.support.faulty_proxy import modelyard

WELLS: Final = Path(__file__).resolve().parents[1] / "targets" / "wells"
SET: Final = f"""\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {{name: wells}}
spec:
  registry: {REGISTRY}
  models:
    - name: well-failure
      runtime: tensorflow
      image: well-failure:7
      version: 7
      resources: {{requests: {{cpu: 10m, memory: 16Mi}}, limits: {{memory: 128Mi}}}}
      targets: {{openshift: {{route: false}}}}
"""
INPUTS: Final = {"PRESSURE": "DT_FLOAT", "TEMPERATURE": "DT_FLOAT", "LIFT": "DT_STRING"}


@pytest.fixture
def buildah(scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let buildah use the node's store and registry, as a program that modelyard finds."""
    assert scene
    state = Path(os.environ["CONTAINERD_ADDRESS"]).parent
    store = f'[storage]\ndriver = "vfs"\ngraphroot = "{state}/buildah"\nrunroot = "{state}/buildah-run"\n'
    (tmp_path / "storage.conf").write_text(store, "utf-8")
    (tmp_path / "registries.conf").write_text(f'[[registry]]\nlocation = "{REGISTRY}"\ninsecure = true\n', "utf-8")
    monkeypatch.setenv("CONTAINERS_STORAGE_CONF", str(tmp_path / "storage.conf"))
    monkeypatch.setenv("CONTAINERS_REGISTRIES_CONF", str(tmp_path / "registries.conf"))
    monkeypatch.setenv("BUILDAH_ISOLATION", "chroot")


def rows() -> list[dict[str, str]]:
    """Return inputs with the scores that tensorflow-cpu gave them."""
    with (WELLS / "scores.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def answers() -> str:
    """Return the table that the stand-in of TensorFlow Serving answers from."""
    numbers = ("PRESSURE", "TEMPERATURE")
    table = [
        [{name: float(row[name]) if name in numbers else row[name] for name in INPUTS}, float(row["P_FAILURE1"])]
        for row in rows()
    ]
    return json.dumps({"inputs": {name: {"dtype": dtype} for name, dtype in INPUTS.items()}, "rows": table})


@pytest.mark.usefixtures("buildah")
def test_a_savedmodel_scores_as_tensorflow_does(scene: Scene, images: Images, programs: Path, tmp_path: Path) -> None:
    lines = ["FROM scratch", "COPY tensorflow /usr/bin/tensorflow_model_server", "ENV PATH=/usr/bin"]
    base = images.push("serving:2.19.1", lines, [programs / "tensorflow"])
    shutil.copytree(WELLS / "well-failure", tmp_path / "well-failure")
    (tmp_path / "well-failure" / "7" / "scores.json").write_text(answers(), "utf-8")
    scene.file.write_text(SET, "utf-8")
    built = modelyard(
        "image",
        "well-failure",
        "-f",
        scene.file,
        "--from",
        tmp_path / "well-failure",
        "--base",
        base,
        "--build",
        "--push",
    )
    assert built.code == 0, built.err
    assert "signature_def['serving_default']:" in built.out
    done = scene.apply(SET, "--wait", "--timeout", "60")
    assert done.code == 0, done.err
    with (tmp_path / "input.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [*reversed(INPUTS), "WELL"], extrasaction="ignore")
        writer.writeheader()
        writer.writerows({**row, "WELL": number} for number, row in enumerate(rows()))
    url = service(scene, "well-failure", "/v1/models/well-failure")
    scored = modelyard("score", url, tmp_path / "input.csv", "-o", tmp_path / "output.csv")
    assert scored.code == 0, scored.err
    with (tmp_path / "output.csv").open(encoding="utf-8", newline="") as file:
        found = [float(row["score"]) for row in csv.DictReader(file)]
    assert found == [float(row["P_FAILURE1"]) for row in rows()]
    assert len(found) == 7
