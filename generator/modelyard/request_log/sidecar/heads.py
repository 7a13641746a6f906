"""Heads of requests and answers as they go on: what belongs to one connection goes, all else stays as it came.

RFC 9110, 7.6.1: `Connection` and what it names are of one connection. Framing is written anew from what was read, so
that the two ends cannot take one message for two.
"""

import os
import re
import time
from collections.abc import Iterable
from typing import Final

Headers = list[tuple[bytes, bytes]]

MARK: Final = b"modelyard-log"  # of calls that are not logged: `modelyard-log: none`
REQUEST_ID: Final = b"x-request-id"
_ID: Final = re.compile(rb"[\x21-\x7e]{1,128}")
_OF_CONNECTION: Final = frozenset(
    [b"connection", b"http2-settings", b"keep-alive", b"proxy-connection", b"te", b"transfer-encoding", b"upgrade"]
)


def values(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> list[bytes]:
    """Return the values of a header. name: in lower case."""
    return [value for key, value in headers if key.lower() == name]


def media_type(headers: Headers) -> str:
    """Return the type of a body, without parameters, in lower case."""
    found = values(headers, b"content-type")
    return found[0].split(b";")[0].strip().lower().decode("latin-1") if found else ""


def encoding(headers: Headers) -> str:
    """Return how a body is packed, in lower case."""
    return b",".join(values(headers, b"content-encoding")).strip().lower().decode("latin-1")


def request_id(headers: Headers) -> tuple[bytes, bool]:
    """Return the id of a call, and whether the caller gave it."""
    found = values(headers, REQUEST_ID)
    if len(found) == 1 and _ID.fullmatch(found[0]):
        return found[0], True
    return uuid7(), False


def uuid7() -> bytes:
    """Return a UUID of version 7 (RFC 9562, 5.7): milliseconds since 1970, then what is random."""
    value = int.from_bytes(os.urandom(10), "big")
    value |= (time.time_ns() // 1_000_000) << 80
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}".encode()


def passed_on(headers: Headers, *, but: bytes = b"") -> Headers:
    """Return the headers that are not of one connection. but: a further one that is left out, in lower case."""
    named: frozenset[bytes] = frozenset()
    for value in values(headers, b"connection"):
        named |= {each.strip().lower() for each in value.split(b",")} - {b"close", b"keep-alive", b"content-length"}
    gone = _OF_CONNECTION | named | {but}
    return [(name, value) for name, value in headers if name.lower() not in gone]


def head(first: bytes, headers: Headers, *more: bytes) -> bytes:
    """Return a head. more: further lines."""
    lines = [first, *(name + b": " + value for name, value in headers), *more, b"", b""]
    return b"\r\n".join(lines)


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
