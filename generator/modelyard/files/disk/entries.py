"""Entries of folders by names relative to a descriptor. Symbolic links are never followed.

All functions raise OSError with the name in `filename`.
"""

import ctypes
import errno
import os
import stat
import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import Final

FOLDER: Final = stat.S_IFDIR
FILE: Final = stat.S_IFREG
LINK: Final = stat.S_IFLNK
OTHER: Final = 0  # sockets, pipes, devices

_LIBC: Final = ctypes.CDLL(None, use_errno=True)
# renameat2(2) of Linux, renamex_np(2) of macOS. RENAME_EXCHANGE and RENAME_SWAP are both 2.
_EXCHANGE: Final = getattr(_LIBC, {"linux": "renameat2", "darwin": "renameatx_np"}.get(sys.platform, "-"), None)
_SYNCFS: Final = getattr(_LIBC, "syncfs", None)
# What systems, file systems and (EPERM) older container sandboxes say to an exchange that they do not know.
_NO_EXCHANGE: Final = frozenset({errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EPERM})
_NO_LINK: Final = frozenset({errno.ENOSYS, errno.EMLINK, errno.ENOTSUP, errno.EPERM, errno.EXDEV})
_NO_FSYNC: Final = frozenset({errno.EINVAL, errno.ENOTSUP})  # folders on some network and shared drives

_OPEN: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK  # a pipe must not hold up its reader
_CREATE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW


def kind(fd: int, name: str) -> int | None:
    """Return FOLDER, FILE, LINK or OTHER; None if there is nothing of this name, or a file in place of its folder."""
    try:
        mode = stat.S_IFMT(os.stat(name, dir_fd=fd, follow_symlinks=False).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return mode if mode in {FOLDER, FILE, LINK} else OTHER


def tree(fd: int, top: str) -> list[tuple[str, int]]:
    """Return (name, kind) of a folder and of all below it, each folder before what it holds."""
    entries = [(top, FOLDER)]
    for here, what in entries:  # grows while it is read: no recursion, however deep the folders are
        if what == FOLDER:
            opened = os.open(here, _OPEN | os.O_DIRECTORY, dir_fd=fd)
            try:
                with os.scandir(opened) as found:
                    entries += [(f"{here}/{each.name}", _kind_of(each)) for each in found]
            except OSError as error:
                error.filename = here
                raise
            finally:
                os.close(opened)
    return entries


def _kind_of(entry: os.DirEntry[str]) -> int:
    if entry.is_symlink():
        return LINK
    if entry.is_dir(follow_symlinks=False):
        return FOLDER
    return FILE if entry.is_file(follow_symlinks=False) else OTHER


def load(fd: int, name: str, limit: int | None = None) -> bytes:
    """Return a file's bytes, at most `limit` of them."""
    opened = os.open(name, _OPEN, dir_fd=fd)
    try:
        return os.read(opened, os.fstat(opened).st_size if limit is None else limit)
    except OSError as error:
        error.filename = name
        raise
    finally:
        os.close(opened)


def create(fd: int, name: str, data: bytes | Iterable[bytes]) -> None:
    """Write a file that must not exist yet, with mode 0644 minus umask. data: its content, or parts of it."""
    try:
        opened = os.open(name, _CREATE, 0o644, dir_fd=fd)
        try:
            for part in (data,) if isinstance(data, bytes) else data:
                rest = memoryview(part)
                while rest:
                    rest = rest[os.write(opened, rest) :]
        finally:
            os.close(opened)
    except OSError as error:
        error.filename = name
        raise


def link(fd: int, source: str, target: str) -> None:
    """Give a file a second name; where links are refused, make a copy with its mode and times."""
    try:
        os.link(source, target, src_dir_fd=fd, dst_dir_fd=fd, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_LINK:
            raise
        status = os.stat(source, dir_fd=fd, follow_symlinks=False)
        create(fd, target, load(fd, source))
        os.chmod(target, stat.S_IMODE(status.st_mode), dir_fd=fd)
        os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns), dir_fd=fd)


def rename(fd: int, source: str, target: str) -> None:
    """Give an entry another name, replacing a file of that name."""
    os.rename(source, target, src_dir_fd=fd, dst_dir_fd=fd)


def exchanged(fd: int, one: str, other: str) -> bool:
    """Let two names change places in one step; False where that is unknown."""
    if _EXCHANGE is None:
        return False
    if _EXCHANGE(fd, os.fsencode(one), fd, os.fsencode(other), 2) == 0:
        return True
    error = _last_error(one)
    if error.errno in _NO_EXCHANGE:
        return False
    raise error


def remove(fd: int, name: str) -> None:
    """Remove an entry with all below it; nothing happens if there is none."""
    what = kind(fd, name)
    if what == FOLDER:
        for path, each in reversed(tree(fd, name)):
            if each == FOLDER:
                os.rmdir(path, dir_fd=fd)
            else:
                os.unlink(path, dir_fd=fd)
    elif what is not None:
        os.unlink(name, dir_fd=fd)


def unlink(fd: int, name: str) -> None:
    """Remove a file; nothing happens if there is none, and a folder of this name is an error."""
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=fd)


def fsync(fd: int, name: str) -> None:
    """Bring one file, or the names in one folder, to disk."""
    opened = os.open(name, _OPEN, dir_fd=fd)
    try:
        os.fsync(opened)
    except OSError as error:
        if error.errno not in _NO_FSYNC:
            error.filename = name
            raise
    finally:
        os.close(opened)


def syncfs(fd: int, name: str) -> bool:
    """Bring the whole file system that holds an entry to disk (syncfs of Linux); False where that is unknown."""
    if _SYNCFS is None:
        return False
    opened = os.open(name, _OPEN, dir_fd=fd)
    try:
        if _SYNCFS(opened):
            raise _last_error(name)
    finally:
        os.close(opened)
    return True


def _last_error(name: str) -> OSError:
    error = ctypes.get_errno()
    return OSError(error, os.strerror(error), name)
