"""One file that a command writes for others, such as a report."""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from modelyard.files.disk import entries
from modelyard.files.disk.lock import locked
from modelyard.files.disk.refused import FileProblem, refused, shown
from modelyard.problems import Problem, problem

_KINDS: Final = {
    entries.LINK: "a symbolic link",
    entries.FOLDER: "a folder",
    entries.OTHER: "a socket, pipe or device",
}


def write(path: Path, content: bytes | Iterable[bytes]) -> list[Problem]:
    """Make a file hold the content, all or nothing; what it held before is replaced. content: also in parts.

    The content is written to `.NAME.modelyard-new` beside the file, brought to disk, and renamed; what a killed run
    left of that goes with the next. Problems: MY402 what is refused or fails, MY403 the lock of the folder. What is
    no file is never replaced, for the content would land elsewhere.
    """
    try:
        with locked(path.parent) as fd:
            return _write(fd, path, content)
    except FileProblem as error:
        return [error.problem]
    except OSError as error:
        return [refused(error, path)]


def create(path: Path, content: bytes) -> tuple[bool, list[Problem]]:
    """Make a file with the content, all or nothing; return whether there was none. Problems: as for `write`."""
    try:
        with locked(path.parent) as fd:
            return _create(fd, path.name, content), []
    except FileProblem as error:
        return True, [error.problem]
    except OSError as error:
        return True, [refused(error, path)]


def _create(fd: int, name: str, content: bytes) -> bool:
    new = f".{name}.modelyard-new"
    if entries.kind(fd, name) is not None:
        return False
    try:
        entries.unlink(fd, new)
        entries.create(fd, new, content)
        entries.fsync(fd, new)
        entries.link(fd, new, name)
    except FileExistsError:  # another program was quicker
        return False
    finally:
        with suppress(OSError):  # the next run tries again
            entries.unlink(fd, new)
    entries.fsync(fd, ".")
    return True


def _write(fd: int, path: Path, content: bytes | Iterable[bytes]) -> list[Problem]:
    name, new = path.name, f".{path.name}.modelyard-new"
    what = entries.kind(fd, name)
    if what in _KINDS:
        return [problem("MY402", f"{shown(path)} is {_KINDS[what]}", hint="name a file, or one that is not there")]
    try:
        entries.unlink(fd, new)
        entries.create(fd, new, content)
        entries.fsync(fd, new)
        entries.rename(fd, new, name)
    except BaseException:
        with suppress(OSError):  # the next run tries again
            entries.unlink(fd, new)
        raise
    entries.fsync(fd, ".")
    return []
