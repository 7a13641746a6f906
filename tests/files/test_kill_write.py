"""A report that is killed, or refused by the system, at any call leaves the old file or the new one, whole."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import modelyard
from modelyard.files import disk
from tests.conftest import need
from tests.files.test_kill import at_each
from tests.support.folders import beside
from tests.support.strace_faults import Call, calls, run_with

OLD, NEW = b"old\n", b"new, and longer\n"
NAME = "check.sarif"
PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from modelyard.files import disk as files
sys.exit(bool(files.write(Path("check.sarif"), b"new, and longer\\n")))
"""
SOURCE = str(Path(next(iter(modelyard.__path__))).parent)
COMMAND = [sys.executable, "-I", "-S", "-B", "-c", PROGRAM, SOURCE]
CHANGING = {"write", "fsync", "renameat", "renameat2", "openat"}


def prepare(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / NAME).write_bytes(OLD)
    return folder / NAME


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> list[Call]:
    """Return the calls of an undisturbed run."""
    need(Path(shutil.which("strace") or "strace"), "install strace: it injects the faults")
    path = prepare(tmp_path_factory.mktemp("write") / "folder")
    found = calls(COMMAND, path.parent)
    assert path.read_bytes() == NEW
    assert beside(path) == [NAME]
    return found


def recovers(path: Path) -> Iterator[str]:
    """Yield what is wrong after an undisturbed run: nothing else may be left in the folder."""
    if problems := disk.write(path, OLD):
        yield f"the next run says {problems}"
    if path.read_bytes() != OLD or beside(path) != [NAME]:
        yield f"the next run leaves {path.read_bytes()!r} and {beside(path)}"


def test_killed_at_any_call(trace: list[Call], tmp_path: Path) -> None:
    def check(call: Call) -> Iterator[str]:
        path = prepare(tmp_path / f"{call.name}-{call.number}")
        if (code := run_with(COMMAND, path.parent, (call, "signal=KILL")).returncode) != -9:
            yield f"was not killed, but exits with {code}"
        if path.read_bytes() not in (OLD, NEW):
            yield f"left {path.read_bytes()!r}"
        yield from recovers(path)

    assert len(trace) >= 12
    assert at_each(trace, check) == []


def test_refused_at_any_call_that_changes_something(trace: list[Call], tmp_path: Path) -> None:
    renamed = next(index for index, call in enumerate(trace) if call.name.startswith("rename"))
    points = [(index, call) for index, call in enumerate(trace[: renamed + 1]) if call.name in CHANGING]

    def check(point: tuple[int, Call]) -> Iterator[str]:
        path = prepare(tmp_path / f"{point[1].name}-{point[1].number}")
        code = run_with(COMMAND, path.parent, (point[1], "error=ENOSPC")).returncode
        if (code, path.read_bytes(), beside(path)) != (1, OLD, [NAME]):
            yield f"exits with {code}, leaves {path.read_bytes()!r} and {beside(path)}"
        yield from recovers(path)

    assert len(points) >= 4
    assert at_each(points, check) == []
