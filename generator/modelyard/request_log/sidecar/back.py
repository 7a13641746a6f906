"""The model's side: connections to it, which are kept for a moment, and its answers as they come."""

import asyncio
from collections import deque
from typing import Final, Protocol, cast

import httptools

from modelyard.request_log.sidecar.heads import Headers

IDLE: Final = 2.0  # seconds for which a connection is kept: less than any server is known to keep one
MAX_HEAD: Final = 1 << 17  # bytes of an answer's head
CONNECT: Final = 2.0  # seconds
_BODILESS: Final = frozenset([204, 304])


class Caller(Protocol):
    """Whoever has asked, and hears of the answer as it comes."""

    @property
    def asks_head(self) -> bool:
        """Tell whether the answer has no body, whatever its headers say."""

    def hold(self) -> None:
        """Send no more: the model does not keep up."""

    def go_on(self) -> None:
        """Send again."""

    def informed(self, status: int, reason: bytes, headers: Headers) -> None:
        """Take an answer before the answer, such as 100 Continue."""

    def begun(self, status: int, reason: bytes, headers: Headers, *, framed: bool) -> None:
        """Take the head of an answer. framed: it says how long it is, or has no body."""

    def more(self, content: bytes) -> None:
        """Take a part of an answer's body."""

    def flush(self) -> None:
        """Go on with what has come of an answer."""

    def answered(self, back: "Back", *, keeps: bool) -> None:
        """Take the end of an answer. keeps: the model keeps the connection open."""

    def failed(self) -> None:
        """Hear that the model has broken off."""


class Pool:
    """Connections to one model."""

    def __init__(self, host: str, port: int) -> None:
        self._at = (host, port)
        self._free: deque[tuple[float, Back]] = deque()

    def free(self) -> "Back | None":
        """Return a connection that is open and has nothing to do."""
        while self._free:
            _, back = self._free.pop()  # the one that was used last
            if back.is_open:
                return back
        return None

    async def connect(self) -> "Back":
        """Return a new connection. Raises OSError, TimeoutError."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(CONNECT):
            _, back = await loop.create_connection(Back, *self._at)
        return back

    def give(self, back: "Back") -> None:
        """Keep a connection for another call."""
        self._free.append((asyncio.get_running_loop().time(), back))

    def tidy(self) -> None:
        """Close what has had nothing to do for too long."""
        old = asyncio.get_running_loop().time() - IDLE
        while self._free and self._free[0][0] < old:
            self._free.popleft()[1].close()


class Back(asyncio.Protocol):
    """A connection to the model, which has one call at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._front: Caller | None = None
        self._begin()

    def _begin(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._headers = Headers()
        self._reason = b""
        self._head_read = 0
        self._bodiless = self._to_end = self._complete = self._in_body = self._excess = False

    @property
    def is_open(self) -> bool:
        """Tell whether it can take a call."""
        return self._transport is not None and not self._transport.is_closing()

    def serve(self, front: Caller) -> None:
        """Take a caller's call."""
        self._front = front

    def send(self, content: bytes) -> None:
        """Send bytes to the model."""
        if self._transport is not None:
            self._transport.write(content)

    def close(self) -> None:
        """Let go of the connection, with what is on its way."""
        self._front = None
        if self._transport is not None:
            self._transport.abort()

    def hold(self) -> None:
        """Read no more: the caller does not keep up."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def go_on(self) -> None:
        """Read again."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Pass on what the model says."""
        front = self._front
        if front is None:
            self.close()  # nobody has asked
            return
        if not self._in_body:
            self._head_read += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._broken()
            return
        if not self._in_body and not self._complete and self._head_read > MAX_HEAD:
            self._broken()
            return
        if self._complete:
            self._finish(front)
        else:
            front.flush()

    def _broken(self) -> None:
        front = self._front
        self.close()
        if front is not None:
            front.failed()

    def _finish(self, front: Caller) -> None:
        keeps = self._parser.should_keep_alive() and not (self._to_end or self._bodiless or self._excess)
        self._front = None
        self._begin()
        front.answered(self, keeps=keeps)

    def eof_received(self) -> None:
        """Take the end of the connection for that of a body without a length."""
        front = self._front
        if front is not None and self._to_end:
            self._finish(front)

    def connection_lost(self, _: Exception | None) -> None:
        """Tell the caller's side, unless its answer is whole."""
        front, self._front = self._front, None
        self._transport = None
        if front is not None:
            front.failed()

    def pause_writing(self) -> None:
        """Let the caller wait: the model does not keep up."""
        if self._front is not None:
            self._front.hold()

    def resume_writing(self) -> None:
        """Let the caller go on."""
        if self._front is not None:
            self._front.go_on()

    # What the parser calls.

    def on_message_begin(self) -> None:
        """Note what comes behind a whole answer, and belongs to nothing."""
        self._excess = self._complete

    def on_status(self, reason: bytes) -> None:
        """Take the words behind the status."""
        self._reason += reason

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; those behind a body are left out."""
        if not self._in_body:
            self._headers.add(name, value)

    def on_headers_complete(self) -> None:
        """Pass the head on."""
        front, status = self._front, self._parser.get_status_code()
        if front is None or self._complete:
            return
        if status < 200:
            front.informed(status, self._reason, self._headers)
            return
        self._in_body = True
        has_length, chunked = b"content-length" in self._headers.said, self._headers.is_chunked
        self._bodiless = front.asks_head
        self._to_end = not (has_length or chunked or self._bodiless or status in _BODILESS)
        front.begun(status, self._reason, self._headers, framed=has_length or status in _BODILESS or self._bodiless)
        if self._bodiless:
            self._complete = True

    def on_body(self, content: bytes) -> None:
        """Pass a part of the body on."""
        if self._front is not None and not self._complete:
            self._front.more(content)

    def on_message_complete(self) -> None:
        """Note that the answer is whole; one that only informs is followed by another."""
        if self._in_body:
            self._complete = True
        else:
            self._headers, self._reason, self._head_read = Headers(), b"", 0
