"""How many calls are in flight: more while all goes well, fewer when the server says that it is too many."""

import asyncio
from collections import deque
from typing import Final

_START: Final = 4.0  # calls at once, before anything is known
_LEAST: Final = 1.0


class Pace:
    """Additive increase, multiplicative decrease (RFC 5681, 3.1), as TCP does; one for all calls to a server."""

    def __init__(self, most: int) -> None:
        self._most = float(most)
        self._limit = min(_START, self._most)
        self._active = 0
        self._calm_until = 0.0
        self._epoch = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def limit(self) -> int:
        """Calls that may be in flight at this moment."""
        return int(self._limit)

    async def enter(self) -> int:
        """Wait for a turn; return what `slow` needs. Each `enter` needs a `leave`."""
        loop = asyncio.get_running_loop()
        while True:
            calm = self._calm_until - loop.time()
            if calm > 0:
                await asyncio.sleep(calm)
            elif self._active < self.limit:
                self._active += 1
                return self._epoch
            else:
                turn = loop.create_future()
                self._waiting.append(turn)
                try:
                    await turn
                except asyncio.CancelledError:
                    self._wake()  # the turn that it may have been given goes to the next
                    raise

    def leave(self) -> None:
        """End a turn, however it went."""
        self._active -= 1
        self._wake()

    def _wake(self) -> None:
        free = self.limit - self._active
        while free > 0 and self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                free -= 1

    def well(self) -> None:
        """Take a call that went well: double per round at first, after a refusal one more per round."""
        if self._limit < self._most:
            self._limit = min(self._most, self._limit + (1.0 if self._epoch == 0 else 1.0 / self._limit))

    def slow(self, epoch: int, seconds: float) -> None:
        """Take a refusal: half as many calls, none for some seconds. Calls of one round count as one refusal."""
        self._calm_until = max(self._calm_until, asyncio.get_running_loop().time() + seconds)
        if epoch == self._epoch:
            self._epoch += 1
            self._limit = max(_LEAST, self._limit / 2)
