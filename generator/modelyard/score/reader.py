"""Rows read and made ready in a thread of their own: a slow pipe must not hold up the calls in flight."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from modelyard.score.bodies import Form
from modelyard.score.cells import Column, Misfit
from modelyard.score.options import Row, Stopped

_CHUNK: Final = 64  # units that pass between the threads at once
_CHUNKS: Final = 2  # chunks that are read ahead
_CHUNK_BYTES: Final = 1024 * 1024


@dataclass(slots=True)
class Unit:
    """The rows of one call, and its body. Rows that cannot be sent have their error already."""

    rows: list[Row]
    body: bytes
    done: bool = False

    @property
    def sent(self) -> list[Row]:
        """The rows that the body holds."""
        return [row for row in self.rows if not row.error]


def ready(row: Row, columns: list[Column]) -> None:
    """Fill the values of a row, or its error."""
    if row.error:
        return
    cells = row.cells
    try:
        row.values = [column.convert(cells[column.index]) for column in columns]
    except Misfit:
        row.error = _misfit(row, columns)


def _misfit(row: Row, columns: list[Column]) -> str:
    for column in columns:
        try:
            column.convert(row.cells[column.index])
        except Misfit as misfit:
            return f"column {column.name}: {misfit}"
    raise AssertionError(row.number)


def units(rows: Iterator[Row], columns: list[Column], form: Form, batch: int) -> Iterator[Unit]:
    """Yield the calls that a table needs, in order. Raises what the rows raise, after all before it."""
    most = form.most(batch)
    broken: list[Stopped] = []
    sound = _until(rows, broken)
    while chunk := list(islice(sound, most)):
        for row in chunk:
            ready(row, columns)
        unit = Unit(chunk, b"")
        if sent := unit.sent:
            unit.body = form.body(sent)
        yield unit
    if broken:
        raise broken[0]


def _until(rows: Iterator[Row], broken: list[Stopped]) -> Iterator[Row]:
    """Yield rows to their end, or to where they break off."""
    try:
        yield from rows
    except Stopped as stopped:
        broken.append(stopped)


class Feed:
    """Units from an iterator that another thread runs, at most a few chunks ahead."""

    def __init__(self, source: Iterator[Unit]) -> None:
        self._source = source
        self._loop = asyncio.get_running_loop()
        self._room = threading.Semaphore(_CHUNKS)
        self._chunks: deque[deque[Unit]] = deque()
        self._arrived = asyncio.Event()
        self._ended = False
        self._raised: Exception | None = None  # by the source, in its thread
        self._error: Exception | None = None
        self._closed = False
        # A daemon: at Ctrl-C nobody waits for a pipe that says nothing.
        threading.Thread(target=self._read, name="modelyard-rows", daemon=True).start()

    @property
    def has_one(self) -> bool:
        """Tell whether `take` has something."""
        return bool(self._chunks)

    async def wait(self) -> bool:
        """Wait until `take` has something; False at the end. Raises what the iterator raised, after all before it."""
        while not self._chunks:
            if self._ended:
                if self._error is not None:
                    raise self._error
                return False
            self._arrived.clear()
            await self._arrived.wait()
        return True

    def take(self) -> Unit:
        """Return the next unit, after `wait`."""
        unit = self._chunks[0].popleft()
        if not self._chunks[0]:
            self._chunks.popleft()
            self._room.release()
        return unit

    def close(self) -> None:
        """Read no further."""
        self._closed = True
        self._room.release()

    def _read(self) -> None:
        while chunk := self._chunk():
            self._tell(self._take_in, chunk)
            self._room.acquire()
            if self._closed:
                return
        self._tell(self._end, self._raised)

    def _chunk(self) -> deque[Unit]:
        chunk: deque[Unit] = deque()
        size = 0
        try:
            for unit in self._source:
                chunk.append(unit)
                size += len(unit.body)
                if len(chunk) >= _CHUNK or size >= _CHUNK_BYTES:
                    break
        except Exception as raised:  # noqa: BLE001 - it is raised again where the rows are used
            self._raised = raised
        return chunk

    def _tell(self, what: Callable[[Any], None], value: object) -> None:
        with suppress(RuntimeError):  # the loop has been closed meanwhile
            self._loop.call_soon_threadsafe(what, value)

    def _take_in(self, chunk: deque[Unit]) -> None:
        self._chunks.append(chunk)
        self._arrived.set()

    def _end(self, error: Exception | None) -> None:
        self._ended, self._error = True, error
        self._arrived.set()
