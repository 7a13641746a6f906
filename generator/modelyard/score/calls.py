"""A call with its retries: what is tried again, when, and when it is given up."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from modelyard.http import Answer, Fault
from modelyard.score.measures import Measures
from modelyard.score.options import Options
from modelyard.score.pace import Pace

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


@dataclass(frozen=True, slots=True)
class Calls:
    """Calls to one server, all at one pace. hide: takes secrets out of what the server says."""

    pace: Pace
    options: Options
    measures: Measures
    hide: Hide

    async def answer(self, send: Send) -> Answer:
        """Send until there is a JSON answer with a 2xx status. Raises Failed."""
        try:
            async with asyncio.timeout(self.options.total):
                return await self._answer(send)
        except TimeoutError:
            raise Failed(f"no answer within {self.options.total:g} s, with all retries") from None

    async def _answer(self, send: Send) -> Answer:
        deadline = asyncio.get_running_loop().time() + self.options.total
        failures = refusals = 0
        while True:
            answer, reason = await self._once(send)
            if not reason and answer is not None:
                return answer
            refused = answer is not None and answer.status in TOO_MANY
            wait = answer.retry_after if answer is not None and refused else None
            failures, refusals = failures + (not refused), refusals + refused
            if failures > self.options.retries or not self.options.retries:
                raise Failed(reason, rows_at_fault=answer is not None and answer.status in _ROWS_AT_FAULT)
            if wait is not None and asyncio.get_running_loop().time() + wait > deadline:
                raise Failed(f"{reason}; it asks to wait {wait:g} s")
            self.measures.retries += 1
            await asyncio.sleep(_jittered(failures + refusals) if wait is None else 0)

    async def _once(self, send: Send) -> tuple[Answer | None, str]:
        """Return (answer, why it is none that can be used); nothing is wrong with it if that is empty.

        Raises Failed for what a second try would not change.
        """
        epoch = await self.pace.enter()
        try:
            answer = await send()
            if answer.status in TOO_MANY:
                self.pace.slow(epoch, answer.retry_after or 0.0)
        except Fault as fault:
            if not fault.again:
                raise Failed(str(fault)) from fault
            return None, str(fault)
        finally:
            self.pace.leave()
        self.measures.call(answer.seconds)
        if 200 <= answer.status < 300:
            if not answer.is_json:
                raise Failed(f"the answer is {answer.content_type}, not JSON", rows_at_fault=True)
            self.pace.well()
            return answer, ""
        reason = self._said(answer)
        if answer.status not in TOO_MANY | _AGAIN:
            raise Failed(reason, rows_at_fault=answer.status in _ROWS_AT_FAULT)
        return answer, reason

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
