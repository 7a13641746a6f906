"""Copies of calls for a shadow: sent when callers have their answers, from a bounded queue, and never waited for.

What the shadow answers is logged by its own sidecar; here it is thrown away. A shadow that is slow or gone costs
copies, which are counted, and nothing else.
"""

import asyncio
from typing import Final
from urllib.parse import urlsplit

from modelyard.request_log.counters import Count, Counters
from modelyard.request_log.sidecar import heads
from modelyard.request_log.sidecar.back import Back, Pool
from modelyard.request_log.sidecar.calls import Call
from modelyard.request_log.sidecar.heads import Headers

AT_ONCE: Final = 16
WAITING: Final = 1_000  # copies
MOST_HELD: Final = 16 << 20  # bytes of those that wait
PATIENCE: Final = 10.0  # seconds for one copy
_PAUSE: Final = 0.5  # seconds after one that failed
_PORT: Final = 80
_NEW: Final = frozenset([b"content-length", b"expect", b"host", heads.REQUEST_ID])


class Mirror:
    """The way to one shadow. url: http://HOST:PORT."""

    def __init__(self, url: str, counters: Counters) -> None:
        parts = urlsplit(url)
        self._host = parts.netloc.encode()
        self._pool = Pool(parts.hostname or "", parts.port or _PORT)
        self._counters = counters
        self._queue: asyncio.Queue[bytes] = asyncio.Queue(WAITING)
        self._held = 0

    def offer(self, call: Call) -> None:
        """Take a copy of a call, if there is room."""
        size = sum(map(len, call.inputs))
        if self._queue.full() or self._held + size > MOST_HELD:
            self._counters.add(Count.MIRROR_DROPPED)
            return
        content = self._request(call, size)
        self._held += len(content)
        self._queue.put_nowait(content)

    def _request(self, call: Call, size: int) -> bytes:
        kept = [line for line in call.headers.passed_on() if line[0].lower() not in _NEW]
        more = (b"Host: " + self._host, b"X-Request-Id: " + call.identity, b"Content-Length: %d" % size)
        return b"".join([heads.head(b"POST %b HTTP/1.1" % call.url, kept, *more), *call.inputs])

    async def run(self) -> None:
        """Send copies until this is cancelled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(self._work())

    async def _work(self) -> None:
        while True:
            content = await self._queue.get()
            try:
                async with asyncio.timeout(PATIENCE):
                    await self._send(content)
            except (OSError, TimeoutError):
                self._counters.add(Count.MIRROR_FAILED)
                await asyncio.sleep(_PAUSE)
            else:
                self._counters.add(Count.MIRRORED)
            finally:
                self._held -= len(content)
            self._pool.tidy()

    async def _send(self, content: bytes) -> None:
        """Send a copy, and read its answer to the end. Raises OSError, TimeoutError."""
        back = self._pool.free() or await self._pool.connect()
        copy = _Copy()
        back.serve(copy)
        back.send(content)
        try:
            keeps = await copy.ended
        except BaseException:
            back.close()
            raise
        if keeps:
            self._pool.give(back)
        else:
            back.close()


class _Copy:
    """Who has asked, as the connection to the shadow sees it. ended: whether the connection can be used again."""

    asks_head = False

    def __init__(self) -> None:
        self.ended: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def hold(self) -> None:
        """Do nothing: a copy has been sent whole."""

    def go_on(self) -> None:
        """Do nothing."""

    def informed(self, status: int, reason: bytes, headers: Headers) -> None:
        """Do nothing: nobody reads the answer."""

    def begun(self, status: int, reason: bytes, headers: Headers, *, framed: bool) -> None:
        """Do nothing."""

    def more(self, content: bytes) -> None:
        """Do nothing."""

    def flush(self) -> None:
        """Do nothing."""

    def answered(self, back: Back, *, keeps: bool) -> None:  # noqa: ARG002 - as the callers' side has it
        """Note that the answer is whole."""
        if not self.ended.done():
            self.ended.set_result(keeps)

    def failed(self) -> None:
        """Note that the shadow has broken off."""
        if not self.ended.done():
            self.ended.set_exception(ConnectionError())
