"""Heads of requests and answers as they go on: what belongs to one connection goes, all else stays as it came.

RFC 9110, 7.6.1: `Connection` and what it names are of one connection. Framing is written anew from what was read, so
that the two ends cannot take one message for two.
"""

import os
import re
import time
from collections.abc import Iterable
from typing import Final

MARK: Final = b"modelyard-log"  # of calls that are not logged: `modelyard-log: none`
REQUEST_ID: Final = b"x-request-id"
_ID: Final = re.compile(rb"[\x21-\x7e]{1,128}")
_NEVER: Final = frozenset([b"close", b"keep-alive", b"content-length", b"host"])  # Connection does not take them out
_OF_CONNECTION: Final = frozenset(
    [b"connection", b"http2-settings", b"keep-alive", b"proxy-connection", b"te", b"transfer-encoding", b"upgrade"]
)


class Headers:
    """The headers of a message as they came, and what they say by name. It is made for each call: hence the care."""

    __slots__ = ("lines", "said")

    def __init__(self) -> None:
        self.lines: list[tuple[bytes, bytes]] = []
        self.said: dict[bytes, bytes] = {}  # names in lower case; of several lines the values with commas between them

    def add(self, name: bytes, value: bytes) -> None:
        """Take a line."""
        self.lines.append((name, value))
        key = name.lower()
        before = self.said.get(key)
        self.said[key] = value if before is None else b"%b, %b" % (before, value)

    @property
    def is_chunked(self) -> bool:
        """Tell whether the body comes in chunks."""
        found = self.said.get(b"transfer-encoding")
        return found is not None and b"chunked" in found.lower()

    def media_type(self) -> str:
        """Return the type of a body, without parameters, in lower case."""
        return self.said.get(b"content-type", b"").partition(b";")[0].strip().lower().decode("latin-1")

    def encoding(self) -> str:
        """Return how a body is packed, in lower case."""
        return self.said.get(b"content-encoding", b"").strip().lower().decode("latin-1")

    def passed_on(self, *, but: bytes = b"") -> list[tuple[bytes, bytes]]:
        """Return the lines that are not of one connection. but: a further one that is left out, in lower case."""
        gone = _OF_CONNECTION
        if connection := self.said.get(b"connection"):
            gone |= {each.strip().lower() for each in connection.split(b",")} - _NEVER
        if but not in self.said and gone.isdisjoint(self.said):
            return self.lines
        return [line for line in self.lines if (name := line[0].lower()) not in gone and name != but]


def request_id(headers: Headers) -> tuple[bytes, bool]:
    """Return the id of a call, and whether the caller gave it."""
    found = headers.said.get(REQUEST_ID, b"")
    if _ID.fullmatch(found):
        return found, True
    return uuid7(), False


def uuid7() -> bytes:
    """Return a UUID of version 7 (RFC 9562, 5.7): milliseconds since 1970, then what is random."""
    value = int.from_bytes(os.urandom(10), "big")
    value |= (time.time_ns() // 1_000_000) << 80
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}".encode()


def head(first: bytes, headers: Iterable[tuple[bytes, bytes]], *more: bytes) -> bytes:
    """Return a head. more: further lines."""
    return b"\r\n".join([first, *[b"%b: %b" % line for line in headers], *more, b"", b""])


def chunk(content: bytes) -> bytes:
    """Return a part of a body whose length is not known beforehand."""
    return b"%x\r\n%b\r\n" % (len(content), content)


LAST_CHUNK: Final = b"0\r\n\r\n"


def refusal(status: bytes, text: str, identity: bytes, *, close: bool) -> bytes:
    """Return an answer of the sidecar's own, in the form of TensorFlow Serving's errors."""
    body = b'{"error": "%b"}' % text.encode()
    headers = [(b"Content-Type", b"application/json"), (b"Content-Length", b"%d" % len(body))]
    headers += [(b"X-Request-Id", identity)] if identity else []
    headers += [(b"Connection", b"close")] if close else []
    return head(b"HTTP/1.1 " + status, headers) + body
