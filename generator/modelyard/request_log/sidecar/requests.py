"""The requests of a connection, as the parser finds them."""

from typing import TYPE_CHECKING, Final

import httptools

from modelyard.request_log.sidecar import heads
from modelyard.request_log.sidecar.calls import Call

if TYPE_CHECKING:
    from modelyard.request_log.sidecar.front import Front

MAX_HEAD: Final = 1 << 16  # bytes
_LENGTHS: Final = (b"content-length", b"transfer-encoding")
_BAD: Final = (b"400 Bad Request", "this is no HTTP/1.1 request")
_LARGE: Final = (b"431 Request Header Fields Too Large", "the head is too large")


class Requests:
    """Bytes come in; calls go to the connection, and what they send into their queues."""

    def __init__(self, front: "Front") -> None:
        self._front = front
        self._parser = httptools.HttpRequestParser(self)
        self._coming: Call | None = None
        self._head_read = 0
        self._again = False

    @property
    def is_idle(self) -> bool:
        """Tell whether no request is on its way."""
        return self._coming is None

    def drop(self) -> None:
        """Let go of the request that is on its way."""
        self._coming = None

    def feed(self, data: bytes) -> tuple[bytes, str] | None:
        """Read on, and return with which status and text the caller is refused, if it is."""
        if self._coming is not None and not self._coming.identity:
            self._head_read += len(data)
        try:
            self._feed(data)
        except httptools.HttpParserError:
            return _BAD
        is_head = self._coming is not None and not self._coming.identity
        return _LARGE if is_head and self._head_read > MAX_HEAD else None

    def _feed(self, data: bytes) -> None:
        """Let the parser read. An upgrade that is asked for is not given: HTTP/1.1 goes on, and the body is read too.

        The parser stops behind the head of such a request. Another one is given what the head said of the body.
        """
        while data:
            try:
                self._parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                if self._coming is None or self._parser.get_method() == b"CONNECT":
                    raise httptools.HttpParserError from None
                length = [each for each in self._coming.headers.lines if each[0].lower() in _LENGTHS]
                self._parser = httptools.HttpRequestParser(self)
                self._again = True
                self._parser.feed_data(heads.head(b"POST / HTTP/1.1", length))
                data = data[upgrade.args[0] :]
            else:
                return

    def on_message_begin(self) -> None:
        """Begin a call."""
        if not self._again:
            self._coming = Call()
            self._head_read = 0

    def on_url(self, url: bytes) -> None:
        """Take the path."""
        if self._coming is not None and not self._again:
            self._coming.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; those behind a body are left out."""
        if self._coming is not None and not self._coming.identity:
            self._coming.headers.add(name, value)

    def on_headers_complete(self) -> None:
        """Put the head in the queue."""
        if self._again:
            self._again = False
            return
        if (call := self._coming) is None:
            return
        parser, method = self._parser, self._parser.get_method()
        call.identity, given = heads.request_id(call.headers)
        call.old = parser.get_http_version() == "1.0"
        call.close = call.old or not parser.should_keep_alive()
        call.head_only = method == b"HEAD"
        call.chunked = call.headers.is_chunked
        more = [] if given else [b"X-Request-Id: " + call.identity]
        if call.chunked:
            more.append(b"Transfer-Encoding: chunked")
        kept = call.headers.passed_on(but=b"" if given else heads.REQUEST_ID)
        call.send(heads.head(b"%b %b HTTP/1.1" % (method, call.url), kept, *more))
        self._front.asked(call, method)

    def on_body(self, content: bytes) -> None:
        """Put a part of a body in the queue."""
        if (call := self._coming) is not None:
            call.send(heads.chunk(content) if call.chunked else content)
            self._front.keep(call, content)

    def on_message_complete(self) -> None:
        """End a request, unless only its head has been read."""
        if (call := self._coming) is not None and not self._parser.should_upgrade():
            if call.chunked:
                call.send(heads.LAST_CHUNK)
            call.whole = True
            self._coming = None
