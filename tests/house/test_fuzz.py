"""The fuzz targets: over their kept inputs, and for a bounded time by the fuzzer."""

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.conftest import need
from tests.fuzz.targets import TARGETS

ROOT = Path(__file__).resolve().parents[2]
CORPUS = ROOT / "tests" / "fuzz" / "corpus"
SECONDS = int(os.environ.get("FUZZ_SECONDS", "15"))
INPUTS = sorted(path for path in CORPUS.rglob("*") if path.is_file())


def test_every_target_has_inputs_and_no_others_are_kept() -> None:
    assert {path.parent.name for path in INPUTS} == set(TARGETS)
    assert sum(path.stat().st_size for path in INPUTS) < 200_000


@pytest.mark.parametrize("path", INPUTS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_kept_inputs_give_declared_problems_only(path: Path) -> None:
    TARGETS[path.parent.name](path.read_bytes())


@pytest.mark.slow
@pytest.mark.parametrize("target", sorted(TARGETS))
def test_the_fuzzer_finds_nothing_else(target: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    need(Path(found.origin if (found := find_spec("atheris")) and found.origin else "atheris"), "pip install atheris")
    seconds = SECONDS * (4 if target == "cost" else 1)  # its inputs are made as long as none of the others
    command = [sys.executable, "-m", "tests.fuzz.run", target, "--seconds", str(seconds), "--failed", str(tmp_path)]
    command += ["--found", str(tmp_path_factory.mktemp("found"))]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=seconds + 120)
    failed = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert (done.returncode, failed) == (0, {}), done.stderr[-4000:]
    executed = re.search(r"number_of_executed_units: (\d+)", done.stderr)
    assert executed
    assert int(executed[1]) > 100


@pytest.mark.parametrize("target", sorted(TARGETS))
def test_hostile_and_real_files_give_declared_problems_only(target: str, shared: Path) -> None:
    data = shared / "data"
    folders = {"kustomizations": 1 if target == "kustomization" else 10, "pss": 3, "yaml-hostile": 1}
    files = [
        path
        for name, step in folders.items()
        for path in [*filter(Path.is_file, sorted((data / name).rglob("*")))][::step]
    ]
    files = [path for path in files if path.stat().st_size < 100_000]
    assert len(files) > 100
    for path in files:
        TARGETS[target](path.read_bytes())
