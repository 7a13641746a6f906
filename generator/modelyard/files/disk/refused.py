"""What the system refuses, and what is in the way, as problems."""

import errno
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from modelyard.problems import Place, Problem, Severity, problem

MAX_FOREIGN: Final = 20  # foreign files that one run names

_IN_PLACE: Final = "this folder cannot be exchanged, as in an image layer or at a mount point: use --in-place"
_PERMIT: Final = "give yourself the permission to read and write there"
_HINTS: Final = {
    errno.EACCES: _PERMIT,
    errno.EPERM: _PERMIT,
    errno.EBUSY: _IN_PLACE,
    errno.EXDEV: _IN_PLACE,
    errno.ENOTSUP: _IN_PLACE,
    errno.EDQUOT: "your quota is used up: free some space",
    errno.EIO: "the disk or the network drive fails: look into the system's log",
    errno.ENAMETOOLONG: "shorten the name, or move the folder to a shorter path",
    errno.ENOENT: "make the folder around it first, and let nothing else change it meanwhile",
    errno.ENOSPC: "free some space on this file system",
    errno.EROFS: "the file system is mounted read-only: use a copy of the folder elsewhere",
}


class FileProblem(Exception):  # noqa: N818 - the vehicle of a Problem, not an error of the program
    """Takes a problem out of nested calls; who catches it reports `.problem`."""

    def __init__(self, found: Problem) -> None:
        super().__init__(found.message)
        self.problem = found


def refused(error: OSError, path: Path, *, code: str = "MY402", doing: str = "write", note: str = "") -> Problem:
    """Name the file that an error is about, what the system said, and what can be done about it."""
    message = f"cannot {doing} {shown(path)}: {error.strerror or error}{note}"
    return problem(code, message, hint=_HINTS.get(error.errno or 0, ""))


def warned(error: OSError, path: Path, note: str) -> Problem:
    """Report what could not be removed after the result was in place: the next run tries again."""
    return replace(refused(error, path, doing="remove", note=note), severity=Severity.WARNING)


def foreign(folder: Path, found: Mapping[str, str]) -> list[Problem]:
    """Report what modelyard did not write: path relative to the folder ("" is the folder itself) -> what it is."""
    names = sorted(found)
    problems = [_foreign(folder / name, f"{shown(folder / name)} is {found[name]}") for name in names[:MAX_FOREIGN]]
    if more := len(names) - len(problems):
        problems.append(_foreign(folder, f"{more} more files in {shown(folder)} are not modelyard's"))
    return problems


def shown(path: Path) -> str:
    """Return a path as text that every output can encode: bytes that are not UTF-8 are escaped."""
    return str(path).encode("utf-8", "backslashreplace").decode()


def _foreign(path: Path, message: str) -> Problem:
    hint = "move it elsewhere; modelyard owns this folder"
    return problem("MY401", message, hint=hint, place=Place(shown(path), 1, 1))
