"""Files that save work between runs, some of which are run as code.

Only what this user wrote, and nobody else could, is read. All of it may be deleted at any time.
"""

import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Final, NamedTuple

_ENDING: Final = ".cached"  # of the names of files that are ours
_DIGEST: Final = 32  # bytes, before the content: a file that was cut off is none
_OTHERS: Final = stat.S_IWGRP | stat.S_IWOTH
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_CREATE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Limits(NamedTuple):
    """How large a folder may become. size: bytes of one file."""

    files: int
    size: int


def folder(env: Mapping[str, str], name: str) -> Path | None:
    """Return the folder of modelyard's caches of this name; None for a user without a home."""
    base = home(env)
    return base / "modelyard" / name if base else None


def home(env: Mapping[str, str]) -> Path | None:
    """Return the folder that caches lie in (XDG Base Directory Specification), None for a user without a home."""
    base = Path(env.get("XDG_CACHE_HOME", ""))
    if base.is_absolute():  # others are to be ignored, says the specification
        return base
    try:
        return Path.home() / ".cache"
    except RuntimeError:
        return None


def load(folder: Path, name: str, limits: Limits) -> bytes | None:
    """Return what `keep` kept under a name; None if there is nothing, or nothing that can be trusted."""
    try:
        opened = os.open(folder, _FOLDER)
    except (OSError, ValueError):
        return None
    try:
        return _content(opened, name, limits.size) if _is_ours(opened, stat.S_IFDIR) else None
    except OSError:
        return None
    finally:
        os.close(opened)


def keep(folder: Path, name: str, content: bytes, limits: Limits) -> None:
    """Keep some bytes; where that is not possible, or the folder is not this user's alone, nothing happens."""
    with suppress(OSError, ValueError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        opened = os.open(folder, _FOLDER)
        try:
            if _is_ours(opened, stat.S_IFDIR) and len(content) <= limits.size:
                _bound(opened, limits.files)
                _write(opened, name, content)
        finally:
            os.close(opened)


def _is_ours(fd: int, kind: int) -> bool:
    """Tell whether this user owns an open file, of this kind, and no other can write it."""
    status = os.fstat(fd)
    return stat.S_IFMT(status.st_mode) == kind and status.st_uid == os.geteuid() and not status.st_mode & _OTHERS


def _content(folder: int, name: str, most: int) -> bytes | None:
    opened = os.open(name + _ENDING, _READ, dir_fd=folder)
    try:
        if not _is_ours(opened, stat.S_IFREG):
            return None
        size = min(os.fstat(opened).st_size, _DIGEST + most)
        data = os.read(opened, size)
    finally:
        os.close(opened)
    content = data[_DIGEST:]
    return content if data[:_DIGEST] == _digest(content) else None


def _write(folder: int, name: str, content: bytes) -> None:
    new = f".{name}.{os.getpid()}{_ENDING}"
    opened = os.open(new, _CREATE, 0o600, dir_fd=folder)
    try:
        try:
            os.write(opened, _digest(content) + content)  # if it is cut short, the digest says so
        finally:
            os.close(opened)
        os.replace(new, name + _ENDING, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError:
        os.unlink(new, dir_fd=folder)
        raise


def _bound(folder: int, most: int) -> None:
    """Make room for one more: the oldest quarter of a full folder goes, and with it what killed runs left."""
    names = [name for name in os.listdir(folder) if name.endswith(_ENDING)]
    if len(names) < most:
        return
    ages = {name: os.stat(name, dir_fd=folder, follow_symlinks=False).st_mtime_ns for name in names}
    for name in sorted(ages, key=lambda each: ages[each])[: len(names) - most * 3 // 4]:
        os.unlink(name, dir_fd=folder)


def _digest(content: bytes) -> bytes:
    return blake2b(content, digest_size=_DIGEST).digest()
