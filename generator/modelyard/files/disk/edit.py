"""One file of the user, read and replaced under a lock."""

import errno
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from modelyard.files.disk import entries
from modelyard.files.disk.lock import locked
from modelyard.files.disk.refused import FileProblem, refused, shown
from modelyard.problems import Place, Problem, problem

_CREATE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
_MOUNTED: Final = frozenset({errno.EBUSY, errno.EXDEV})
_KINDS: Final = {entries.FOLDER: "a folder", entries.OTHER: "a socket, pipe or device"}


def edit(path: Path, change: Callable[[bytes], bytes | None]) -> list[Problem]:
    """Replace a file's content by what `change` makes of it, all or nothing, with its mode and, if possible, owner.

    change: gets the bytes, while the folder is locked; None or the same bytes leave the file alone. Its
    exceptions pass through. The new content is written to `.NAME.modelyard-new` beside the file, brought to
    disk, and renamed; what a killed run left of that goes with the next. Problems: MY407 what is refused or
    fails, MY403 the lock. What fails after the rename leaves the new content, and the message says so.
    """
    place = Place(shown(path), 1, 1)
    try:
        with locked(path.parent) as fd:
            _edit(fd, path, change)
    except FileProblem as error:
        return [replace(error.problem, place=place)]
    except OSError as error:
        return [replace(_failed(error, path), place=place)]
    return []


def _edit(fd: int, path: Path, change: Callable[[bytes], bytes | None]) -> None:
    name, new = path.name, f".{path.name}.modelyard-new"
    status = _checked(fd, path)
    entries.unlink(fd, new)
    old = entries.load(fd, name)
    _check_unchanged(fd, path, status, len(old))
    content = change(old)
    if content is None or content == old:
        return
    try:
        _create(fd, new, content, status)
        _check_unchanged(fd, path, status, len(old))
        entries.rename(fd, new, name)
    except BaseException:
        with suppress(OSError):  # the next run tries again
            entries.unlink(fd, new)
        raise
    try:
        entries.fsync(fd, ".")
    except OSError as error:
        note = "; the new content is in place, but a power failure can undo that"
        raise FileProblem(_failed(error, path, note=note)) from error


def _checked(fd: int, path: Path) -> os.stat_result:
    """Return the status of a file that may be replaced. Raises FileProblem MY407 for what would not survive that."""
    name = path.name
    kind = entries.kind(fd, name)
    if kind == entries.LINK:
        target = path.parent / os.readlink(name, dir_fd=fd)
        raise _refused(path, f"is a symbolic link to {shown(target)}", "name that file, or put a copy here")
    if kind is None:
        raise _refused(path, "is not there", "check the name of the folder")
    status = os.stat(name, dir_fd=fd, follow_symlinks=False)
    if kind != entries.FILE:
        raise _refused(path, f"is {_KINDS[kind]}", "name a file")
    if status.st_nlink > 1:
        raise _refused(path, f"has {status.st_nlink} hard links", "make a copy, and put it in place of this one")
    if not status.st_mode & 0o222 or not os.access(name, os.W_OK, dir_fd=fd):
        raise _refused(path, "is read-only", f"`chmod u+w {shown(path)}` if it may be edited")
    return status


def _check_unchanged(fd: int, path: Path, before: os.stat_result, size: int) -> None:
    """Raise FileProblem MY407 when another program, which knows no lock, has written the file meanwhile."""
    now = _checked(fd, path)
    if _stamp(now) != _stamp(before) or now.st_size != size:
        raise _refused(path, "has changed meanwhile", "run the command again")


def _create(fd: int, name: str, content: bytes, like: os.stat_result) -> None:
    """Write a new file to disk, with the owner and mode of another before it has content."""
    opened = os.open(name, _CREATE, 0o600, dir_fd=fd)
    try:
        with suppress(PermissionError):  # only root gives files away
            os.fchown(opened, like.st_uid, like.st_gid)
        os.fchmod(opened, stat.S_IMODE(like.st_mode))
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(opened, rest) :]
        os.fsync(opened)
    finally:
        os.close(opened)


def _stamp(status: os.stat_result) -> tuple[int, ...]:
    """Return what changes when another program writes the file."""
    return status.st_dev, status.st_ino, status.st_mtime_ns, status.st_ctime_ns


def _refused(path: Path, what: str, hint: str) -> FileProblem:
    return FileProblem(problem("MY407", f"{shown(path)} {what}", hint=hint))


def _failed(error: OSError, path: Path, *, note: str = "") -> Problem:
    found = refused(error, path, code="MY407", doing="edit", note=note)
    mounted = "the file or its folder is a mount point: edit the file that is mounted there"
    return replace(found, hint=mounted) if error.errno in _MOUNTED else found
