"""Calls at once of all processes of a host that score the same table, as the tasks of Spark's executors do.

A file in the folder for temporary files holds nothing, and its bytes are locked (POSIX record locks, fcntl(2)): one for
each call, which the kernel frees however the process ends. Its time of change is until when the server wants no calls.
"""

import asyncio
import fcntl
import os
import random
import tempfile
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from modelyard.score.calls import Calls, Send
from modelyard.score.concurrency import Pace
from modelyard.score.http import Answer

_PRESENT: Final = 1 << 30  # byte that each process shares while it uses the file
_WAITING: Final = _PRESENT + 1  # byte that each process shares while it has too few turns
_LOOKS: Final = 64  # turns that are tried at once
_PART: Final = 16  # of all turns, one part at most is taken after a pause: the others wait too
_PAUSE: Final = 0.004  # seconds between tries, on average
_LEASE: Final = 0.5  # seconds after which a turn goes to another process that waits


class Turns:
    """Turns of one process, of `most` that the host has. run: names what is bounded together."""

    def __init__(self, run: str, most: int) -> None:
        self._path = Path(tempfile.gettempdir()) / f"modelyard-{run}.lock"
        self._most = most
        self._file = -1
        places = list(range(most))
        random.shuffle(places)
        self._free = deque(places)  # not held by this process; the last one is tried first
        self._leased: dict[int, float] = {}
        self._yields = 0.0
        self._waiting: deque[asyncio.Future[int]] = deque()
        self._poller: asyncio.Task[None] | None = None

    def __enter__(self) -> Self:
        """Open the file; raises OSError."""
        while True:
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            fcntl.lockf(self._file, fcntl.LOCK_SH, 1, _PRESENT)
            with suppress(FileNotFoundError):
                if self._path.stat().st_ino == os.fstat(self._file).st_ino:
                    return self
            os.close(self._file)  # the last process before this one has just removed it

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give all turns back; the last process removes the file."""
        if self._lock(_PRESENT):
            self._path.unlink(missing_ok=True)
        os.close(self._file)

    async def take(self) -> int:
        """Wait for a turn. Each `take` needs a `give`."""
        now = time.monotonic()
        if not self._waiting and now >= self._yields and (turn := self._found(now)) is not None:
            return turn
        waiter: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        if self._poller is None or self._poller.done():
            self._poller = asyncio.create_task(self._poll())
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                self.give(waiter.result())
            raise

    def give(self, turn: int) -> None:
        """End a turn: it goes to the next call of this process, but after a while to another process that waits."""
        now = time.monotonic()
        if now >= self._leased[turn]:
            if self._others_wait():
                self._unlock(turn)
                self._free.appendleft(turn)
                self._yields = now + 2 * _PAUSE
                return
            self._leased[turn] = now + _LEASE
        if not self._hand(turn):
            self._unlock(turn)
            self._free.append(turn)

    def calm(self) -> float:
        """Return for how many seconds no process of this host is to call."""
        return os.fstat(self._file).st_mtime - time.time()

    def slow(self, seconds: float) -> None:
        """Let all processes of this host wait."""
        if seconds > self.calm():
            until = time.time() + seconds
            os.utime(self._file, (until, until))

    async def _poll(self) -> None:
        """Look for turns while calls wait for one."""
        try:
            while self._waiting:
                self._lock(_WAITING, fcntl.LOCK_SH)
                await asyncio.sleep(random.uniform(_PAUSE / 2, _PAUSE * 1.5))  # noqa: S311 - protects nothing
                for _ in range(max(1, self._most // _PART)):
                    turn = self._found(time.monotonic()) if self._waiting else None
                    if turn is None:
                        break
                    if not self._hand(turn):
                        self._unlock(turn)
                        self._free.append(turn)
        except OSError as error:
            while self._waiting:
                if not (waiter := self._waiting.popleft()).done():
                    waiter.set_exception(error)
        finally:
            self._unlock(_WAITING)

    def _found(self, now: float) -> int | None:
        for _ in range(min(len(self._free), _LOOKS)):
            turn = self._free.pop()
            if self._lock(turn):
                if now >= self._leased.get(turn, 0.0):
                    self._leased[turn] = now + _LEASE
                return turn
            self._free.appendleft(turn)
        return None

    def _hand(self, turn: int) -> bool:
        """Give a turn to a call of this process, and tell whether one waits."""
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(turn)
                return True
        return False

    def _others_wait(self) -> bool:
        if not self._lock(_WAITING):
            return True
        if self._waiting:
            self._lock(_WAITING, fcntl.LOCK_SH)  # this process waits as before
        else:
            self._unlock(_WAITING)
        return False

    def _lock(self, byte: int, kind: int = fcntl.LOCK_EX) -> bool:
        try:
            fcntl.lockf(self._file, kind | fcntl.LOCK_NB, 1, byte)
        except (BlockingIOError, PermissionError):  # fcntl(2): either
            return False
        return True

    def _unlock(self, byte: int) -> None:
        fcntl.lockf(self._file, fcntl.LOCK_UN, 1, byte)


class HostPace(Pace):
    """The pace of one process, which waits when the server has told any process of the host to."""

    def __init__(self, most: int, turns: Turns) -> None:
        super().__init__(most)
        self._turns = turns

    async def enter(self) -> int:
        """Wait for a turn, as `Pace` does, after what the server wants."""
        while (calm := self._turns.calm()) > 0:
            await asyncio.sleep(calm)
        return await super().enter()

    def slow(self, epoch: int, seconds: float) -> None:
        """Take a refusal, and let the other processes wait as long."""
        super().slow(epoch, seconds)
        if seconds > 0:
            self._turns.slow(seconds)


@dataclass(frozen=True, slots=True)
class HostCalls(Calls):
    """Calls that each need a turn of the host. The time that they wait for it is not that of the row."""

    turns: Turns

    async def answer(self, send: Send) -> Answer:
        """Send as `Calls` does, when it is this call's turn."""
        turn = await self.turns.take()
        try:
            return await Calls.answer(self, send)
        finally:
            self.turns.give(turn)
