"""Work that is divided between the processor's cores: processes that fork, so that nothing has to be handed to them."""

import os
import pickle
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from signal import SIGKILL
from typing import Any, Final, TypeVar

T = TypeVar("T")

_MOST: Final = 8  # processes: what is not divided takes a part of the time that more of them would not shorten
_TASKS: Final = Path("/proc/self/task")


def cores() -> int:
    """Return how many cores this process may use; 1 where it cannot fork without harm, as beside other threads.

    Linux alone tells of all threads, those of libraries too; elsewhere forks of a process that uses them are not safe.
    """
    try:
        is_alone = len(list(_TASKS.iterdir())) == 1
    except OSError:
        return 1
    return min(len(os.sched_getaffinity(0)), _MOST) if is_alone else 1


def side_by_side(work: Sequence[Callable[[], T]]) -> list[T]:
    """Return what each piece of work gives, in their order; all but the first are done by a process of their own.

    What they give is copied. What a process does not give, because it failed, is done here: so its error is raised.
    """
    forks = [_Fork(each) for each in work[1:]]
    try:
        results = [each() for each in work[:1]]
        for each, fork in zip(work[1:], forks, strict=True):
            found = fork.result()
            results.append(each() if found is None else found[0])
    finally:
        for fork in forks:
            fork.end()
    return results


def divided(work: Sequence[Callable[[], T]], jobs: int) -> list[T]:
    """Return what each piece of work gives, in their order. jobs: processes that do it; 0: as many as there are cores.

    A process takes the next piece when it has done one, so that none waits long for another. There are 256 at most.
    """
    jobs = min(jobs or cores(), len(work))
    if jobs <= 1:
        return [each() for each in work]
    read, write = os.pipe()
    try:
        with os.fdopen(write, "wb") as pipe:
            pipe.write(bytes(range(len(work))))
        found: dict[int, T] = {}
        for each in side_by_side([partial(_taken, work, read)] * jobs):
            found |= each
    finally:
        os.close(read)
    # A process that failed has taken pieces with it.
    return [found[i] if i in found else each() for i, each in enumerate(work)]


def _taken(work: Sequence[Callable[[], T]], turns: int) -> dict[int, T]:
    """Return what the pieces give that this process takes."""
    found: dict[int, T] = {}
    while turn := os.read(turns, 1):
        found[turn[0]] = work[turn[0]]()
    return found


class _Fork:
    """A copy of this process that does a piece of work."""

    def __init__(self, work: Callable[[], Any]) -> None:
        """Start it; where that is not to be had, it has no result."""
        self._pid = 0
        self._read, write = os.pipe()
        try:
            self._pid = os.fork()
        except OSError:  # too many processes, or too little memory
            os.close(write)
            return
        if not self._pid:
            _do(work, write)
        os.close(write)

    def result(self) -> tuple[Any] | None:
        """Wait for its end, and return what the work gave; None if it failed."""
        with os.fdopen(os.dup(self._read), "rb") as pipe:
            content = pipe.read()
        try:
            found: tuple[Any] = pickle.loads(content)  # noqa: S301
        except (EOFError, pickle.UnpicklingError):
            return None
        return found

    def end(self) -> None:
        """End it, if it goes on, and leave nothing of it."""
        os.close(self._read)
        if self._pid:
            with suppress(ProcessLookupError):
                os.kill(self._pid, SIGKILL)
            with suppress(ChildProcessError):
                os.waitpid(self._pid, 0)


def _do(work: Callable[[], Any], write: int) -> None:
    """Do work and write what it gives; never returns. Nothing of the process that was copied is tidied or flushed."""
    try:
        with os.fdopen(write, "wb") as pipe:
            pickle.dump((work(),), pipe, pickle.HIGHEST_PROTOCOL)
    finally:
        os._exit(0)
