"""One process at a time: a lock on a folder that leaves no lock file behind."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from modelyard.files.disk.refused import FileProblem, refused, shown
from modelyard.problems import problem

WAIT: Final = 5.0  # seconds that a run waits for the lock of another one
_PAUSE: Final = 0.02  # seconds between two tries: flock(2) itself waits for ever or not at all


@contextmanager
def locked(folder: Path) -> Iterator[int]:
    """Hold the folder's lock (flock(2) on the folder itself) and give a descriptor of the folder.

    Not reentrant. Raises FileProblem: MY403 after WAIT seconds or where the file system has no locks,
    MY402 for a folder that cannot be opened.
    """
    try:
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise FileProblem(refused(error, folder, doing="open")) from error
    try:
        _lock(fd, folder)
        yield fd
    finally:
        with suppress(OSError):  # nothing was written through it, so there is nothing to learn
            os.close(fd)


def _lock(fd: int, folder: Path) -> None:
    deadline = time.monotonic() + WAIT
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                message = f"another modelyard has been writing {shown(folder)} for more than {WAIT:g} s"
                hint = f"let it finish, then run the command again; `fuser -v {shown(folder)}` names it"
                raise FileProblem(problem("MY403", message, hint=hint)) from None
            time.sleep(_PAUSE)
        except OSError as error:
            message = f"cannot lock {shown(folder)}: {error.strerror}"
            hint = "some network drives have no locks for folders: use a copy on a local disk"
            raise FileProblem(problem("MY403", message, hint=hint)) from error
        else:
            return
