"""A call with its retries: what is tried again, when, and when it is given up."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

from modelyard.score.concurrency import Pace
from modelyard.score.health import Health
from modelyard.score.http import Answer, Fault
from modelyard.score.options import Options
from modelyard.score.statistics import Measures

TOO_MANY: Final = frozenset([429, 503])  # refused before it was scored (RFC 6585, 4; RFC 9110, 15.6.4)
_AGAIN: Final = frozenset([408, 500, 502, 504])  # scoring changes nothing, so a second try is safe
_ROWS_AT_FAULT: Final = frozenset([400, 413, 422, 500])
_FIRST_WAIT: Final = 0.2  # seconds, doubled with each try
_LONGEST_WAIT: Final = 10.0
_READ: Final = 65536  # bytes of an answer that are looked at for a reason
_EXCERPT: Final = 200  # characters of it in the reason

Send = Callable[[], Awaitable[Answer]]
Hide = Callable[[str], str]


class Failed(Exception):  # noqa: N818 - the reason of a row, not an error of the program
    """A call that is given up. rows_at_fault: the server answered, and fewer rows might be answered otherwise."""

    def __init__(self, reason: str, *, rows_at_fault: bool = False) -> None:
        super().__init__(reason)
        self.rows_at_fault = rows_at_fault


class _Try(NamedTuple):
    """What one try came to. reason: why there is no answer that can be used, empty if there is one."""

    answer: Answer | None
    reason: str = ""
    connected: bool = True

    @property
    def refused(self) -> bool:
        """Tell whether the server has no room now."""
        return self.answer is not None and self.answer.status in TOO_MANY

    @property
    def rows_at_fault(self) -> bool:
        """Tell whether fewer rows might be answered otherwise."""
        return self.answer is not None and self.answer.status in _ROWS_AT_FAULT


@dataclass(frozen=True, slots=True)
class Calls:
    """Calls to one server, all at one pace. hide: takes secrets out of what the server says."""

    pace: Pace
    health: Health
    options: Options
    measures: Measures
    hide: Hide

    async def answer(self, send: Send) -> Answer:
        """Send until there is a JSON answer with a 2xx status. Raises Failed, and Dead if the server is."""
        try:
            async with asyncio.timeout(self.options.total):
                return await self._answer(send)
        except TimeoutError:
            raise self._given_up(f"no answer within {self.options.total:g} s, with all retries") from None

    async def _answer(self, send: Send) -> Answer:
        deadline = time.monotonic() + self.options.total
        tries = failures = 0
        first = 0.0
        while True:
            found = await self._once(send)
            if not found.reason and found.answer is not None:
                return found.answer
            first = first or time.monotonic()
            if found.connected or not self.health.unreached(found.reason):
                failures += not found.refused
                retries = self.options.retries
                if not retries or (failures > retries and not self.health.hopes(first)):
                    raise self._given_up(found.reason, rows_at_fault=found.rows_at_fault)
            wait = found.answer.retry_after if found.refused and found.answer is not None else None
            if wait is not None and time.monotonic() + wait > deadline:
                raise self._given_up(f"{found.reason}; it asks to wait {wait:g} s")
            tries += 1
            self.measures.retries += 1
            await asyncio.sleep(_jittered(tries) if wait is None else 0)

    async def _once(self, send: Send) -> _Try:
        """Try. Raises Failed for what a second try would not change."""
        epoch = await self.pace.enter()
        try:
            answer = await send()
            if answer.status in TOO_MANY:
                self.pace.slow(epoch, min(answer.retry_after or 0.0, self.options.total))
        except Fault as fault:
            self.health.failed()
            if not fault.again:
                raise self._given_up(str(fault)) from fault
            return _Try(None, str(fault), fault.connected)
        finally:
            self.pace.leave()
        self.health.answered(answer.status)
        self.measures.call(answer.seconds)
        if 200 <= answer.status < 300:
            if not answer.is_json:
                raise Failed(f"the answer is {answer.content_type}, not JSON", rows_at_fault=True)
            self.pace.well()
            return _Try(answer)
        reason = self._said(answer)
        if answer.status not in TOO_MANY | _AGAIN:
            raise Failed(reason, rows_at_fault=answer.status in _ROWS_AT_FAULT)
        return _Try(answer, reason)

    def _given_up(self, reason: str, *, rows_at_fault: bool = False) -> Failed:
        """Return the reason of a row whose call is given up. Raises Dead."""
        self.health.give_up(reason)
        return Failed(reason, rows_at_fault=rows_at_fault)

    def _said(self, answer: Answer) -> str:
        if 300 <= answer.status < 400:
            return f"status {answer.status}: redirects are not followed"
        # Secrets go before the text is cut, or a part of one could be left.
        text = self.hide(answer.body[:_READ].decode("utf-8", "replace")) if answer.is_json else ""
        text = " ".join(text.split())
        if len(text) > _EXCERPT:
            text = text[: _EXCERPT - 1] + "…"
        return f"status {answer.status}{': ' if text else ''}{text}"


def _jittered(tries: int) -> float:
    longest = min(_LONGEST_WAIT, _FIRST_WAIT * 2.0 ** min(tries - 1, 10))
    return random.uniform(longest / 2, longest)  # noqa: S311 - spreads load, protects nothing
