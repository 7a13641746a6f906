"""Batches of Arrow through a model: each comes back with the scores of its rows behind its columns, in order.

The calls are made in a thread of their own, so that neither a slow source of batches nor a slow taker holds them up.
"""

import asyncio
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from queue import SimpleQueue
from typing import Any, Final

from modelyard.problems import problem
from modelyard.problems.credentials import hide
from modelyard.score import arrow
from modelyard.score.addresses import secrets
from modelyard.score.bodies import Form
from modelyard.score.cells import columns
from modelyard.score.engine import Engine
from modelyard.score.health import PATIENCE, Dead, Health
from modelyard.score.host import HostCalls, HostPace, Turns
from modelyard.score.http import Client
from modelyard.score.job import Job, ScoringError
from modelyard.score.options import Row
from modelyard.score.reader import Feed, units
from modelyard.score.statistics import Measures

_PIECE: Final = 1 << 14  # rows of a batch that are scored together, at most
_HELD: Final = 4 * arrow.CELLS  # cells that have been read and not been taken
_END: Final = 10.0  # seconds until the thread has ended, at most


@dataclass(slots=True)
class _Piece:
    """A part of a batch. outputs: of its rows so far; errors: why a row has none, empty where it has."""

    batch: Any
    outputs: list[list[str]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


class _Room:
    """Bounds what is between the source of batches and their taker, whichever of the two is slow."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._used = 0
        self._closed = False

    def enter(self, size: int) -> bool:
        """Wait until there is room; False if there will be none."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or not self._used or self._used + size <= _HELD)
            self._used += size
            return not self._closed

    def leave(self, size: int) -> None:
        """Make room."""
        with self._changed:
            self._used -= size
            self._changed.notify_all()

    def close(self) -> None:
        """Let nobody wait any longer."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()


class _Pieces:
    """The output of an engine: pieces, each put into a queue when its last row is done."""

    def __init__(self, outputs: int, done: "SimpleQueue[_Piece | BaseException | None]") -> None:
        self._none = [""] * outputs
        self._done = done
        self._piece = _Piece(None)

    def write(self, row: Row) -> None:
        """Take the next row."""
        if row.record is None:
            raise TypeError("a row of a batch has its record")
        batch, place = row.record
        if place == 0:
            self._piece = _Piece(batch)
        self._piece.outputs.append(self._none if row.error else row.outputs)
        self._piece.errors.append(row.error)
        if place + 1 == batch.num_rows:
            self._done.put(self._piece)

    def flush(self) -> None:
        """Do nothing: pieces are lost with this process."""

    def checkpoint(self) -> None:
        """Do nothing: pieces are in their place."""

    def finish(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


class _Work:
    """The thread that makes the calls. done: pieces in order; then None, or what went wrong."""

    def __init__(self, job: Job, batches: Iterable[Any]) -> None:
        self.done: SimpleQueue[_Piece | BaseException | None] = SimpleQueue()
        self._job = job
        self._batches = batches
        self._room = _Room()
        self._loop = asyncio.new_event_loop()
        self._task: asyncio.Task[None] | None = None
        found, _ = columns(job.contract, job.header, job.options.missing, job.options.decimal)
        self._places = [each.index for each in found]
        self._columns = [replace(each, index=i) for i, each in enumerate(found)]
        self._thread = threading.Thread(target=self._run, name="modelyard-calls", daemon=True)
        self._thread.start()

    def size(self, batch: Any) -> int:
        """Return the cells of a batch that the model takes."""
        return batch.num_rows * max(len(self._places), 1)  # type: ignore[no-any-return]

    def taken(self, piece: _Piece) -> None:
        """Make room for others."""
        self._room.leave(self.size(piece.batch))

    def close(self) -> None:
        """End, however far it came."""
        self._room.close()
        with suppress(RuntimeError):  # the loop has ended by itself
            self._loop.call_soon_threadsafe(self._cancel)
        self._thread.join(_END)

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def _run(self) -> None:
        end: BaseException | None = None
        try:
            with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
                runner.run(self._scored())
        except Dead as dead:
            reason = hide(str(dead), secrets(self._job.server))
            hint = "start it, and run the job again"
            end = ScoringError([problem("MY815", f"the server no longer answers: {reason}", hint=hint)])
        except BaseException as error:  # noqa: BLE001 - it is raised again where the pieces are taken
            end = error
        self.done.put(end)

    async def _scored(self) -> None:
        self._task = asyncio.current_task()
        job, options = self._job, self._job.options
        form = Form(job.contract, tuple(each.name for each in self._columns), options.escape_formulas, typed=True)
        health = Health(options.concurrency, min(PATIENCE, options.total / 2), lived=True)
        client = Client(job.server, limits=options.limits, connections=options.concurrency, ca_data=job.ca_data)
        with Turns(job.run, options.concurrency) as turns:
            pace = HostPace(options.concurrency, turns)
            hides = partial(hide, secrets=secrets(job.server))
            calls = HostCalls(pace, health, options, Measures(), hides, turns)
            async with client:
                output = _Pieces(len(job.contract.outputs), self.done)
                engine = Engine(client, form.path(job.server.path, job.step), form, calls, output)
                await engine.run(Feed(units(self._rows(), self._columns, form, options.batch)), lambda: None)

    def _rows(self) -> Iterator[Row]:
        """Yield the rows of all batches; runs in the thread of the feed."""
        number = 0
        most = min(max(arrow.CELLS // max(len(self._places), 1), 16), _PIECE)
        for batch in self._batches:
            for start in range(0, batch.num_rows, most):
                piece = batch.slice(start, most)
                if not self._room.enter(self.size(piece)):
                    return
                for i, cells in enumerate(arrow.cells(piece, self._job.options.decimal, self._places)):
                    number += 1
                    yield Row(number, 0, cells, record=(piece, i))


def score_batches(job: Job, batches: Iterable[Any]) -> Iterator[Any]:
    """Yield the batches of a source with their scores. Raises ScoringError when the server has died."""
    work = _Work(job, batches)
    kinds = job.contract.kinds
    try:
        while (piece := work.done.get()) is not None:
            if isinstance(piece, BaseException):
                raise piece
            added = [*arrow.columns(piece.outputs, kinds), arrow.texts(piece.errors)]
            yield arrow.joined(piece.batch, job.names, added)
            work.taken(piece)
    finally:
        work.close()
