"""What public reports on kustomize's plugins, and on Flux, were about: the function far from where it is called."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest
import yaml

from modelyard import api
from tests.conftest import ROOT, Run
from tests.support.forks import FORKS

FLAGS: Final = ("--enable-alpha-plugins", "--enable-exec")


@pytest.fixture
def field(shared: Path, tmp_path: Path) -> Path:
    """Return a copy of the reports' files."""
    return Path(shutil.copytree(shared / "data" / "field", tmp_path / "field"))


def kinds(kustomize: Path, folder: Path, cwd: Path) -> list[str]:
    """Return the kinds that kustomize builds of a folder, called in another."""
    path = os.pathsep.join([str(FORKS.programs()), os.environ["PATH"]])
    done = subprocess.run(
        [str(kustomize), "build", *FLAGS, os.path.relpath(folder, cwd)], cwd=cwd, env={**os.environ, "PATH": path},
        text=True, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [each["kind"] for each in yaml.safe_load_all(done.stdout)]


def test_the_models_file_is_found_beside_the_base_that_names_it(kustomize: Path, field: Path) -> None:
    here = field / "function-in-a-base"
    assert len(kinds(kustomize, here / "overlay", here / "elsewhere")) == 6


def test_kustomize_may_be_called_anywhere(kustomize: Path, field: Path, tmp_path: Path, modelyard: Run) -> None:
    here = field / "function-other-cwd" / "sub"
    assert len(kinds(kustomize, here, tmp_path)) == 7
    status = modelyard("plugin", "status", cwd=here)
    said = " ".join((status.stdout + status.stderr).split())
    assert "kustomize build --enable-alpha-plugins --enable-exec ." in said
    assert "prefixes, suffixes and hashes of names would not reach into Knative's objects" in said


def test_what_flux_would_substitute_can_be_kept_and_the_documentation_says_how(field: Path) -> None:
    text = (field / "flux-unescaped" / "models.yaml").read_text("utf-8")
    (field / "flux-unescaped" / "models.yaml").write_text(text.replace("spec:\n", "spec:\n  delivery: flux\n", 1))
    result = api.render(field / "flux-unescaped" / "models.yaml")
    assert result.problems == []
    kept = {"kustomize.toolkit.fluxcd.io/substitute": "disabled"}
    found = [each.body["metadata"].get("annotations") == kept for each in result.objects if "${" in str(each.body)]
    assert found
    assert all(found)
    assert "`spec.delivery: flux`" in (ROOT / "docs" / "how-to" / "kustomize.md").read_text("utf-8")
