"""Files that somebody names, read: regular ones alone, and no more of them than is wanted.

A pipe without a writer holds up its reader for ever, and a device has no end.
"""

import errno
import os
import stat
from pathlib import Path
from typing import Final

# A pipe that takes the file's place between the look at it and its opening must not hold up its reader either.
FLAGS: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_CHUNK: Final = 1 << 20  # bytes
_KINDS: Final = ((stat.S_ISFIFO, "it is a pipe"), (stat.S_ISSOCK, "it is a socket"))


def opened(path: str | Path) -> int:
    """Return a descriptor of a file that is open for reading, through links. Raises OSError, also for a NUL in a name.

    Of what is no regular file `strerror` says what it is.
    """
    try:
        _check(Path(path).stat(), path)  # to open a device can already do something
        fd = os.open(path, FLAGS)
    except ValueError as error:  # a NUL, or a lone surrogate
        raise OSError(errno.EINVAL, "no file can have this name", str(path)) from error
    try:
        _check(os.fstat(fd), path)
    except OSError:
        os.close(fd)
        raise
    return fd


def content(path: str | Path, most: int) -> bytes:
    """Return at most so many bytes of a file. Raises OSError as `opened`."""
    fd = opened(path)
    parts: list[bytes] = []
    try:
        while most > 0 and (part := os.read(fd, min(most, _CHUNK))):
            parts.append(part)
            most -= len(part)
    finally:
        os.close(fd)
    return b"".join(parts)


def is_file(path: Path) -> bool:
    """Tell whether there is a regular file; False also for a name that no file can have."""
    return stat.S_ISREG(_mode(path))


def is_folder(path: Path) -> bool:
    """Tell whether there is a folder; False also for a name that none can have."""
    return stat.S_ISDIR(_mode(path))


def exists(path: Path) -> bool:
    """Tell whether there is anything; False also for a name that nothing can have."""
    return _mode(path) != 0


def _mode(path: Path) -> int:
    try:
        return path.stat().st_mode
    except (OSError, ValueError):
        return 0


def _check(status: os.stat_result, path: str | Path) -> None:
    mode = status.st_mode
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(mode):
        what = next((text for is_kind, text in _KINDS if is_kind(mode)), "it is a device")
        raise OSError(errno.EINVAL, f"{what}, not a regular file", str(path))
