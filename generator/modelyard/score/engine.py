"""Rows in, calls in flight, rows out: in order, each exactly once, with a bounded number in between."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

from modelyard.score.bodies import BadAnswer, Form
from modelyard.score.calls import Calls, Failed
from modelyard.score.http import Client
from modelyard.score.options import Row, Stopped
from modelyard.score.output import Output
from modelyard.score.reader import Feed, Unit

_AHEAD: Final = 64  # units per worker that may be done before the one that the output waits for
_HELD: Final = 32 * 1024 * 1024  # bytes of their bodies
_TICK: Final = 0.1  # seconds in which rows come to where SIGKILL leaves them
_TICKS: Final = 5  # of them between checkpoints, and between reports of progress


class Engine:
    """One run. failed: the row that ended it, with on_error stop; else the first that failed."""

    def __init__(self, client: Client, path: str, form: Form, calls: Calls, output: Output) -> None:
        self.failed: Row | None = None
        self._client = client
        self._path = path
        self._form = form
        self._calls = calls
        self._output = output
        self._stops = calls.options.on_error == "stop"
        self._window: deque[Unit] = deque()
        self._held = 0
        self._room = asyncio.Event()
        self._closed = False
        self._ended = False
        self._broken: Stopped | None = None

    async def run(self, feed: Feed, report: Callable[[], None]) -> None:
        """Score all that the feed gives; what is done is in the output, whatever happens. Raises Stopped and Dead."""
        try:
            async with asyncio.TaskGroup() as group:
                ticker = group.create_task(self._tick(report))
                workers = [group.create_task(self._work(feed)) for _ in range(self._calls.options.concurrency)]
                await asyncio.wait(workers)
                ticker.cancel()
        except BaseExceptionGroup as several:
            raise several.exceptions[0] from None
        finally:
            feed.close()
            self._output.checkpoint()
        if self._broken is not None:
            raise self._broken

    async def _tick(self, report: Callable[[], None]) -> None:
        while True:
            for _ in range(_TICKS):
                await asyncio.sleep(_TICK)
                self._output.flush()
            self._output.checkpoint()
            report()

    async def _work(self, feed: Feed) -> None:
        while not self._closed:
            if self._is_full():
                self._room.clear()
                await self._room.wait()
                continue
            try:
                if not await feed.wait():
                    return
            except Stopped as error:
                self._broken = error  # the rows before it are scored all the same
                return
            if self._closed or self._is_full() or not feed.has_one:
                continue  # another worker was quicker
            unit = feed.take()
            self._window.append(unit)
            self._held += len(unit.body)
            if unit.body:
                await self._score(unit.sent, unit.body)
            unit.done = True
            self._closed = self._closed or (self._stops and any(row.error for row in unit.rows))
            self._drain()

    def _is_full(self) -> bool:
        most = _AHEAD * self._calls.options.concurrency // self._form.most(_AHEAD)
        return len(self._window) >= max(most, 2) or self._held > _HELD

    async def _score(self, rows: list[Row], body: bytes) -> None:
        """Give each row its outputs or its error. A batch that is refused is halved, until the bad rows are alone."""
        try:
            answer = await self._calls.answer(lambda: self._client.post(self._path, body))
            found = self._form.scores(answer.body, len(rows))
        except (Failed, BadAnswer) as error:
            half = len(rows) // 2
            if half and (isinstance(error, BadAnswer) or error.rows_at_fault):
                for part in (rows[:half], rows[half:]):
                    await self._score(part, self._form.body(part))
                return
            for row in rows:
                row.sent = True
                # A header of the answer can hold bytes that are no text.
                row.error = self._calls.hide(str(error)).encode("utf-8", "backslashreplace").decode()
        else:
            for row, outputs in zip(rows, found, strict=True):
                row.outputs = outputs

    def _drain(self) -> None:
        """Write what is done up to the first row that is not; with on_error stop, up to the first that failed."""
        while self._window and self._window[0].done and not self._ended:
            unit = self._window.popleft()
            self._held -= len(unit.body)
            for row in unit.rows:
                if row.error:
                    self.failed = self.failed or row
                    if self._stops:
                        self._ended = True
                        break
                self._write(row)
        self._room.set()

    def _write(self, row: Row) -> None:
        self._output.write(row)
        if row.error:
            self._calls.measures.failed += 1
        else:
            self._calls.measures.scored += 1
