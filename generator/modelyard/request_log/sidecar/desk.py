"""What all connections share: which calls are logged, the way to the spool, and connections to the model."""

import asyncio
import zlib
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from modelyard.request_log.counters import Count, Counters
from modelyard.request_log.records import packed
from modelyard.request_log.sidecar import heads
from modelyard.request_log.sidecar.back import Pool
from modelyard.request_log.sidecar.calls import MOST_KEPT, Call
from modelyard.request_log.sidecar.front import Front, elapsed
from modelyard.request_log.sidecar.mirror import Mirror
from modelyard.request_log.sidecar.settings import Settings
from modelyard.request_log.spool import Writer

EVERY: Final = 0.05  # seconds between writes to the spool: what a kill can take away, together with one write
MOST_HELD: Final = 64 << 20  # bytes of bodies that calls in flight, and calls before a write, hold for the log


class Desk:
    """One for a sidecar."""

    def __init__(self, settings: Settings, counters: Counters, writer: Writer) -> None:
        self.pool = Pool(settings.host, settings.port)
        self.counters = counters
        self.fronts: set[Front] = set()
        self.closing = self.ended = False
        self.mirrors = [Mirror(each, counters) for each in settings.mirrors]
        self._share = round(settings.sample / 100 * (1 << 32))
        self._writer = writer
        self._held = 0
        self._calls: list[bytes] = []
        self._first = 0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="spool")

    def wants(self, call: Call, method: bytes) -> bool:
        """Tell whether a call is logged: one that scores, is not marked, and is in the sample."""
        if method != b"POST":
            return False
        self.counters.add(Count.CALLS)
        if call.headers.said.get(heads.MARK, b"").strip().lower() == b"none":
            self.counters.add(Count.MARKED)
            return False
        call.counted = True
        if zlib.crc32(call.identity) >= self._share:
            self.counters.add(Count.NOT_SAMPLED)
            return False
        return True

    def keep(self, call: Call, parts: list[bytes], content: bytes) -> None:
        """Keep a part of a body for the log, if there is room."""
        if not call.logged:
            return
        call.kept += len(content)
        self._held += len(content)
        if call.kept > MOST_KEPT or self._held > MOST_HELD:
            large = call.kept > MOST_KEPT
            self.forget(call)
            self.counters.add(Count.DROPPED_LARGE if large else Count.DROPPED_MEMORY)
            return
        parts.append(content)

    def forget(self, call: Call) -> None:
        """Let go of what is kept of a call; from here on it is not logged."""
        call.logged = False
        self._held -= call.kept
        call.kept = 0
        call.inputs.clear()
        call.outputs.clear()

    def done(self, call: Call, *, kept: bool = True) -> None:
        """Count a call, and log it. kept: its answer is whole."""
        latency = elapsed(call)
        self.count(call, latency)
        if not call.logged:
            return
        if call.whole:
            for each in self.mirrors:
                each.offer(call)
        if self._held > MOST_HELD:
            self.counters.add(Count.DROPPED_MEMORY)
            return
        number = self.counters[Count.TAKEN] + 1
        outputs = call.outputs if kept else ()
        made = packed(number, call.at, latency, call.status, call.texts(), call.inputs, outputs)
        self.forget(call)
        self._held += len(made)
        self._first = self._first or number
        self._calls.append(made)
        self.counters[Count.TAKEN] = number

    def count(self, call: Call, latency: int) -> None:
        """Count an answer by status and latency, unless its call is marked. latency: microseconds."""
        if call.counted:
            self.counters.answered(call.status, latency)

    async def write(self) -> None:
        """Write calls to the spool until `ended` is set. What waits is held in memory meanwhile, up to a bound.

        It is never cancelled: a write that is in the thread would go on, and nobody would know when it is done.
        """
        while not self.ended:
            await asyncio.sleep(EVERY)
            self.pool.tidy()
            await self.flush()

    async def flush(self) -> None:
        """Write what waits to the spool, in a thread: a disk may be slow."""
        if self._calls:
            first, calls = self._first, self._calls
            self._first, self._calls = 0, []
            loop = asyncio.get_running_loop()
            try:
                await loop.run_in_executor(self._thread, self._writer.write, first, calls)
            finally:
                self._held -= sum(map(len, calls))

    async def is_ready(self) -> bool:
        """Tell whether the model takes connections."""
        try:
            back = await self.pool.connect()
        except (OSError, TimeoutError):
            return False
        back.close()
        return True

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown()
