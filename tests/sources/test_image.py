"""`modelyard image --champion`: the SavedModel that a source has now, under its version as tag, for the challenger."""

import os
import shutil
from pathlib import Path
from typing import Final

import pytest

from tests.conftest import Run
from tests.targets.test_savedmodel_image import FAKE, MODEL

SET: Final = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: wells}
spec:
  registry: registry.example.com
  models:
    - name: well-failure
      runtime: tensorflow
      source: {path: export/8}
      variants: [{name: champion, image: "well-failure:7", version: 7, percent: 100}]
      targets: {openshift: {}}
    - name: churn
      image: churn:1
      source: {path: export/8}
      targets: {deployment: {}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "models.yaml").write_text(SET, "utf-8")
    shutil.copytree(MODEL, tmp_path / "export" / "8")
    return tmp_path


def test_the_champion_is_built_and_pushed_under_its_version(modelyard: Run, folder: Path) -> None:
    bin_ = folder / "bin"
    bin_.mkdir()
    (bin_ / "buildah").write_text(FAKE, "utf-8")
    (bin_ / "buildah").chmod(0o755)
    env = {"PATH": f"{bin_}:{os.environ['PATH']}", "CALLS": str(folder / "calls")}
    words = ("image", "well-failure", "-f", folder, "--champion", "--build", "--push", "-o", folder / "context")
    done = modelyard(*words, env=env)
    assert done.returncode == 0, done.stderr
    assert "built and pushed registry.example.com/well-failure:8" in done.stderr
    assert "/models/well-failure/8" in (folder / "context" / "Containerfile").read_text("utf-8")
    calls = (folder / "calls").read_text("utf-8").splitlines()
    assert calls[-1] == "buildah push registry.example.com/well-failure:8"


def test_what_is_no_savedmodel_or_no_number_is_refused(modelyard: Run, folder: Path) -> None:
    done = modelyard("image", "churn", "-f", folder, "--champion", "--build")
    assert (done.returncode, "churn has runtime scr" in done.stderr) == (1, True)
    (folder / "export" / "8").rename(folder / "export" / "newest")
    (folder / "models.yaml").write_text(SET.replace("export/8", "export/newest"), "utf-8")
    done = modelyard("image", "well-failure", "-f", folder, "--champion", "--build")
    assert (done.returncode, "TensorFlow Serving wants a number [MY117]" in done.stderr) == (1, True)
