"""What tests leave behind: processes that still run, and files in the folder for temporary ones."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

SECONDS: Final = 5.0  # that a process has to end in, once the tests are done


def own_folder() -> Path:
    """Make a folder for the temporary files of this process and its children, and return it."""
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", tempfile.gettempdir())  # where pytest keeps the last three runs
    folder = Path(tempfile.mkdtemp(prefix="modelyard-tests-"))
    folder.chmod(0o1777)  # as /tmp: some tests run as another user
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder)
    return folder


def left(folder: Path, *places: Path) -> list[str]:
    """Return what is left: files of the folder, which goes, and processes of this one's or that work in the places."""
    deadline = time.monotonic() + SECONDS
    while (found := [*_processes(folder, *places)]) and time.monotonic() < deadline:
        time.sleep(0.05)
    files = [f"the file {each}" for each in sorted(folder.iterdir())]
    shutil.rmtree(folder, ignore_errors=True)
    return [*found, *files]


def about(place: Path) -> list[str]:
    """Return the processes that have a place in their environment, folder or command, whoever has begun them."""
    numbers = [int(process.name) for process in Path("/proc").glob("[0-9]*")]
    return [_read(each, "cmdline")[:200] for each in numbers if _is_about(each, (place,))]


def _processes(*places: Path) -> Iterator[str]:
    """Yield the processes below this one, and those with one of the places in their environment, folder or command."""
    parents: dict[int, int] = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            state, parent = (process / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()[:2]
            if state != "Z":
                parents[int(process.name)] = int(parent)
        except OSError:
            continue  # it has ended meanwhile
    for number in parents:
        if number != os.getpid() and (_is_below(number, parents) or _is_about(number, places)):
            yield f"the process {number}: {_read(number, 'cmdline')[:200]}"


def _is_below(number: int, parents: dict[int, int]) -> bool:
    while number in parents:
        number = parents[number]
        if number == os.getpid():
            return True
    return False


def _is_about(number: int, places: tuple[Path, ...]) -> bool:
    if number in (os.getpid(), os.getppid()):
        return False
    texts = [_read(number, "environ"), _read(number, "cmdline"), _folder(number)]
    return any(str(place) in text for place in places for text in texts)


def _read(number: int, name: str) -> str:
    try:
        return Path(f"/proc/{number}/{name}").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
    except OSError:
        return ""


def _folder(number: int) -> str:
    try:
        return str(Path(f"/proc/{number}/cwd").readlink())
    except OSError:
        return ""
