"""A real SavedModel on the node: `image --build --push`, `apply`, `score`, with the scores of TensorFlow itself."""

import csv
import json
import os
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
OUTPUTS: Final = {"P_FAILURE1": "DT_FLOAT", "I_FAILURE": "DT_INT64"}


@pytest.fixture
def buildah(scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let buildah use the node's store and registry, as a program that modelyard finds."""
    assert scene
    state = Path(os.environ["CONTAINERD_ADDRESS"]).parent
    store = f'[storage]\ndriver = "overlay"\ngraphroot = "{state}/buildah"\nrunroot = "{state}/buildah-run"\n'
    (tmp_path / "storage.conf").write_text(store, "utf-8")
    (tmp_path / "registries.conf").write_text(f'[[registry]]\nlocation = "{REGISTRY}"\ninsecure = true\n', "utf-8")
    monkeypatch.setenv("CONTAINERS_STORAGE_CONF", str(tmp_path / "storage.conf"))
    monkeypatch.setenv("CONTAINERS_REGISTRIES_CONF", str(tmp_path / "registries.conf"))
    monkeypatch.setenv("BUILDAH_ISOLATION", "chroot")


def read(file: Path) -> list[dict[str, object]]:
    """Return the rows of a table, each value with its type; columns that the model does not have are left out."""
    with file.open(encoding="utf-8", newline="") as lines:
        found = list(csv.DictReader(lines))
    return [{name: _value(name, text) for name, text in row.items() if name in INPUTS | OUTPUTS} for row in found]


def _value(name: str, text: str) -> object:
    dtype = (INPUTS | OUTPUTS)[name]
    return text if dtype == "DT_STRING" else int(text) if dtype == "DT_INT64" else float(text)


def base(images: Images, programs: Path, folder: Path) -> str:
    """Push a stand-in of TensorFlow Serving that answers what tensorflow-cpu computed of this SavedModel."""
    rows = [[{name: row[name] for name in names} for names in (INPUTS, OUTPUTS)] for row in read(WELLS / "scores.csv")]
    table = folder / "scores.json"
    table.write_text(json.dumps({"inputs": INPUTS, "outputs": OUTPUTS, "rows": rows}), "utf-8")
    lines = ["FROM scratch", "COPY tensorflow /usr/bin/tensorflow_model_server", "COPY scores.json /scores.json"]
    lines += ["ENV PATH=/usr/bin", "ENV SCORES=/scores.json"]
    return images.push("serving:2.19.1", lines, [programs / "tensorflow", table])


@pytest.mark.usefixtures("buildah")
def test_a_savedmodel_scores_as_tensorflow_does(scene: Scene, images: Images, programs: Path, tmp_path: Path) -> None:
    scene.file.write_text(SET, "utf-8")
    words = ("--from", WELLS / "well-failure", "--base", base(images, programs, tmp_path), "--build", "--push")
    built = modelyard("image", "well-failure", "-f", scene.file, *words)
    assert built.code == 0, built.err
    assert (WELLS / "show-all.txt").read_text("utf-8").startswith(built.out.rstrip("\n"))
    done = scene.apply(SET, "--wait", "--timeout", "60")
    assert done.code == 0, done.err
    expected, source, output = read(WELLS / "scores.csv"), tmp_path / "in.csv", tmp_path / "out.csv"
    # The columns stand in another order than in the model, and beside one that it does not have.
    with source.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["WELL", *reversed(INPUTS)], extrasaction="ignore")
        writer.writeheader()
        writer.writerows({**row, "WELL": number} for number, row in enumerate(expected))
    url = service(scene, "well-failure", "/v1/models/well-failure")
    scored = modelyard("score", url, source, "-o", output)
    assert scored.code == 0, scored.err
    assert read(output) == expected
    assert len(expected) == 7
    wrong = modelyard("score", url, source, "-o", output, "--signature", "plain")
    assert "it has no signature plain" in wrong.err
