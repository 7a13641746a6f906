"""An edit that is killed, or refused by the system, at any call leaves the old file or the new one, whole."""

import shutil
import stat
import sys
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path

import pytest

import modelyard
from modelyard.files import disk
from tests.conftest import need
from tests.files.test_kill import at_each
from tests.support.folders import beside
from tests.support.strace_faults import Call, calls, run_with

OLD = b"# A comment.\r\nresources: [a]\r\n"
NEW = OLD.replace(b"[a]", b"[a, b]")
MODE = 0o640
NAME = "kustomization.yaml"
PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from modelyard.files import disk as files
def careless(path, change):
    with files.locked(path.parent):
        path.write_bytes(change(path.read_bytes()))
    return []
edit = {"edit": files.edit, "careless": careless}[sys.argv[2]]
problems = edit(Path("kustomization.yaml"), lambda content: content.replace(b"[a]", b"[a, b]"))
for each in problems:
    print(each.severity, each.code, each.place, each.message, each.hint, file=sys.stderr)
sys.exit(bool(problems))
"""
SOURCE = str(Path(next(iter(modelyard.__path__))).parent)
CHANGING = {"write", "fsync", "renameat", "renameat2", "fchmod", "fchown"}
LOOKING = {"newfstatat", "openat", "read", "faccessat", "faccessat2", "fstat", "close"}


def program(way: str = "edit") -> list[str]:
    return [sys.executable, "-I", "-S", "-B", "-c", PROGRAM, SOURCE, way]


def prepare(folder: Path) -> Path:
    """Make a folder with the old file."""
    folder.mkdir(parents=True)
    path = folder / NAME
    path.write_bytes(OLD)
    path.chmod(MODE)
    return path


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> list[Call]:
    """Return the calls of an undisturbed run."""
    need(Path(shutil.which("strace") or "strace"), "install strace: it injects the faults")
    path = prepare(tmp_path_factory.mktemp("edit") / "folder")
    found = calls(program(), path.parent)
    assert path.read_bytes() == NEW
    assert beside(path) == [NAME]
    return found


def recovers(path: Path) -> Iterator[str]:
    """Yield what is wrong after undisturbed runs: nothing else may be left in the folder."""
    for old, new in ((b"[a]", b"[a, b]"), (b"[a, b]", b"[a]")):
        if problems := disk.edit(path, lambda content, old=old, new=new: content.replace(old, new)):  # type: ignore[misc]
            yield f"the next run says {problems}"
    if path.read_bytes() != OLD:
        yield f"the next run leaves {path.read_bytes()!r}"
    if beside(path) != [NAME]:
        yield f"the next run leaves {beside(path)}"


def broken(path: Path, *wanted: bytes) -> Iterator[str]:
    """Yield what is wrong with the file."""
    if not path.is_file() or path.read_bytes() not in wanted:
        yield f"left {path.read_bytes() if path.is_file() else None!r}"
    elif stat.S_IMODE(path.stat().st_mode) != MODE:
        yield f"left mode {path.stat().st_mode:o}"


def test_killed_at_any_call(trace: list[Call], tmp_path: Path) -> None:
    def check(call: Call) -> Iterator[str]:
        path = prepare(tmp_path / f"{call.name}-{call.number}")
        if (code := run_with(program(), path.parent, (call, "signal=KILL")).returncode) != -9:
            yield f"was not killed, but exits with {code}"
        yield from broken(path, OLD, NEW)
        yield from recovers(path)

    assert len(trace) >= 25
    assert at_each(trace, check) == []


def faults(trace: list[Call]) -> Iterator[tuple[Call, bool, str]]:
    """Yield (call, whether the new file is in place, error): what changes something fails in all ways."""
    errors = cycle(("ENOSPC", "EIO", "EACCES"))
    renamed = next(index for index, call in enumerate(trace) if call.name.startswith("rename"))
    last = max(index for index, call in enumerate(trace) if call.name == "fsync")  # behind it the program ends
    for index, call in enumerate(trace[: last + 1]):
        changes = call.name in CHANGING or "O_CREAT" in call.text
        if call.name in CHANGING | LOOKING:
            for error in islice(errors, 3 if changes else 1):
                yield call, index > renamed, error


def test_refused_at_any_call(trace: list[Call], tmp_path: Path) -> None:
    def check(point: tuple[Call, bool, str]) -> Iterator[str]:
        call, renamed, error = point
        path = prepare(tmp_path / f"{call.name}-{call.number}-{error}")
        done = run_with(program(), path.parent, (call, f"error={error}"))
        kept = call.name == "fchown" and error == "EACCES"  # the owner of a file that is not root's
        if done.returncode != (0 if kept else 1):
            yield f"exits with {done.returncode} and says {done.stderr}"
        if not kept and not done.stderr.startswith("error MY40"):
            yield f"says {done.stderr}"
        if renamed and "the new content is in place" not in done.stderr:
            yield f"does not say what holds: {done.stderr}"
        yield from broken(path, NEW if renamed or kept else OLD)
        if beside(path) != [NAME]:
            yield f"left {beside(path)}"
        yield from recovers(path)

    points = list(faults(trace))
    assert {"write", "fsync"} < {call.name for call, *_ in points}
    assert at_each(points, check) == []


def test_a_careless_writer_would_be_found(tmp_path: Path) -> None:
    """The kills of these tests do hit: a file that is emptied before it is written does not survive them."""
    need(Path(shutil.which("strace") or "strace"), "install strace: it injects the faults")
    points = [call for call in calls(program("careless"), prepare(tmp_path / "traced").parent) if call.name == "write"]

    def check(call: Call) -> Iterator[str]:
        path = prepare(tmp_path / f"{call.name}-{call.number}")
        run_with(program("careless"), path.parent, (call, "signal=KILL"))
        yield from broken(path, OLD, NEW)

    assert at_each(points, check) != []


def test_data_is_on_disk_before_it_gets_the_name(trace: list[Call]) -> None:
    order = [call.name for call in trace if call.name in CHANGING]
    rename = next(index for index, name in enumerate(order) if name.startswith("rename"))
    assert order[rename - 2 : rename + 2] == ["write", "fsync", order[rename], "fsync"]
    assert order[: rename - 2] == ["fchown", "fchmod"]


def test_what_cannot_even_be_removed(trace: list[Call], tmp_path: Path) -> None:
    path = prepare(tmp_path / "folder")
    full = next(call for call in trace if call.name == "write")
    done = run_with(program(), path.parent, (full, "error=ENOSPC"), (Call("unlinkat", 2, ""), "error=EIO"))
    assert done.returncode == 1
    assert done.stderr.startswith(f"error MY407 {NAME}:1:1 cannot edit {NAME}: No space left on device")
    assert path.read_bytes() == OLD
    assert beside(path) == [f".{NAME}.modelyard-new", NAME]
    assert list(recovers(path)) == []
