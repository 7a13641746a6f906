"""Whether the server lives. A run whose server has died ends, rather than try each of its rows for minutes."""

import time
from typing import Final

PATIENCE: Final = 30.0  # seconds without a sign of life: SAS Container Runtime takes 15 to start
_ROWS: Final = 8  # calls in a row that are given up, at least: a few bad rows may follow each other
_GATEWAY: Final = frozenset([429, 502, 503, 504])  # a proxy gives these too, when there is no model behind it


class Dead(Exception):  # noqa: N818 - what became of the server, not an error of the program
    """The server has died; the text says what its calls came to."""


class Health:
    """Signs of life of one server: answers of the model itself. concurrency: calls in flight at most.

    lived: whether another process has seen it live.
    """

    def __init__(self, concurrency: int, patience: float = PATIENCE, *, lived: bool = False) -> None:
        self._most = max(concurrency, _ROWS)
        self._patience = patience
        self._lived = lived
        self._down: float | None = None  # since when there is no sign of life
        self._given_up = 0

    def answered(self, status: int) -> None:
        """Take an answer."""
        if status in _GATEWAY:
            self.failed()
        else:
            self._lived, self._down, self._given_up = True, None, 0

    def failed(self) -> None:
        """Take a call without an answer."""
        if self._down is None:
            self._down = time.monotonic()

    def hopes(self, since: float) -> bool:
        """Tell whether to go on with a call that failed then for the first time: others have failed too, not for long.

        A server that has never given a sign of life is not waited for.
        """
        return self._lived and self._down is not None and self._down <= since and not self._is_dead()

    def unreached(self, reason: str) -> bool:
        """Tell whether a call that could not connect is to be tried until it can. Raises Dead."""
        if self._lived and self._is_dead():
            raise Dead(reason)
        return self._lived

    def give_up(self, reason: str) -> None:
        """Take a call that is given up. Raises Dead if too many are."""
        self._given_up += 1
        if self._given_up >= self._most and self._is_dead():
            raise Dead(reason)

    def _is_dead(self) -> bool:
        return self._down is not None and time.monotonic() - self._down >= self._patience
