"""The command `modelyard render` itself, killed or refused at any call: what `test_kill` proves of its last part."""

import shutil
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

from modelyard import api
from modelyard.render.component import HEADER
from modelyard.render.generated import WRITER
from tests.conftest import need
from tests.files.test_kill import CHANGING, at_each
from tests.support.folders import beside, state
from tests.support.shares import share
from tests.support.strace_faults import Call, calls, run_with

MODELS = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: risk}
spec:
  registry: registry.example.com/models
  models:
    - {name: churn, image: "churn:2.0.0", targets: {knative: {minScale: 1}}}
    - {name: fraud, image: "fraud:1.0.0", runtime: pcr, targets: {deployment: {replicas: 2}}}
    - {name: pricing, image: "pricing:1.0.0", runtime: pcr, targets: {deployment: {replicas: 2}}}
"""
# Adds a model, changes one, removes one, and leaves one as it is.
CHANGED = MODELS.replace("name: pricing", "name: scores").replace("churn:2.0.0", "churn:2.1.0")
RENDER = [sys.executable, "-m", "modelyard", "render"]


def overlay(folder: Path) -> Path:
    """Make an overlay whose models file has changed since it was rendered; return its `generated`."""
    folder.mkdir()
    (folder / "models.yaml").write_text(MODELS, "utf-8")
    assert api.write(folder, api.overlay(folder)) == []
    (folder / "models.yaml").write_text(CHANGED, "utf-8")
    return folder / "generated"


def contents(folder: Path, models: str) -> dict[str, str]:
    folder.mkdir()
    (folder / "models.yaml").write_text(models, "utf-8")
    said = f"{HEADER}\nversion: {version('modelyard')}\n"
    return {**api.overlay(folder).content, WRITER: said}


@pytest.fixture(scope="module")
def points(tmp_path_factory: pytest.TempPathFactory) -> list[Call]:
    """Return the calls of an undisturbed run, from its lock on."""
    need(Path(shutil.which("strace") or "strace"), "install strace: it injects the faults")
    folder = tmp_path_factory.mktemp("traced")
    generated = overlay(folder / "overlay")
    found = calls(RENDER, generated.parent)
    assert state(generated) == contents(folder / "new", CHANGED)
    return found


@pytest.mark.slow
def test_killed_at_any_call(points: list[Call], tmp_path: Path) -> None:
    old, new = contents(tmp_path / "old", MODELS), contents(tmp_path / "new", CHANGED)
    assert len(points) >= 100

    def check(call: Call) -> Iterator[str]:
        generated = overlay(tmp_path / f"{call.name}-{call.number}")
        if (code := run_with(RENDER, generated.parent, (call, "signal=KILL")).returncode) != -9:
            yield f"was not killed, but exits with {code}"
        if state(generated) not in (old, new):
            yield f"left {sorted(state(generated))}"
        if problems := api.write(generated.parent, api.overlay(generated.parent)):
            yield f"the next run says {problems}"
        if state(generated) != new or beside(generated) != ["generated", "models.yaml"]:
            yield f"the next run leaves {beside(generated)}"

    assert at_each(points, check) == []


@pytest.mark.many
@pytest.mark.parametrize("error", ["ENOSPC", "EACCES"])
def test_refused_at_each_write(error: str, points: list[Call], tmp_path: Path) -> None:
    old = contents(tmp_path / "old", MODELS)
    swap = max(index for index, call in enumerate(points) if call.name.startswith("rename"))
    writes = [call for call in points[: swap + 1] if call.name in CHANGING or "O_CREAT" in call.text]
    assert len(writes) > 10

    def check(call: Call) -> Iterator[str]:
        generated = overlay(tmp_path / f"{call.name}-{call.number}")
        done = run_with(RENDER, generated.parent, (call, f"error={error}"))
        if done.returncode != 1 or done.stdout or "[MY402]" not in done.stderr or "generated" not in done.stderr:
            yield f"exits with {done.returncode} and says {done.stderr}{done.stdout}"
        if state(generated) != old or beside(generated) != ["generated", "models.yaml"]:
            yield f"left {beside(generated)}"

    assert at_each(share(writes), check) == []
