"""A call as the spool holds it: when, how long, with which status, and the bodies as they came.

A record is its size and CRC-32, then the payload; what a kill has cut off, or a disk has changed, is not read as one.
"""

import struct
import zlib
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

FRAME: Final = struct.Struct("<II")  # size of the payload in bytes, and its CRC-32
_HEAD: Final = struct.Struct("<QQIHHII")
_TEXTS: Final = 6
MAX_PAYLOAD: Final = 1 << 30


class Record(NamedTuple):
    """One call. at: microseconds since 1970. latency: microseconds. inputs, outputs: bodies, None if not kept."""

    sequence: int
    at: int
    latency: int
    status: int
    id: str
    path: str
    input_type: str
    input_encoding: str
    output_type: str
    output_encoding: str
    inputs: bytes
    outputs: bytes


def packed(
    sequence: int,
    at: int,
    latency: int,
    status: int,
    texts: Sequence[str],
    inputs: Sequence[bytes],
    outputs: Sequence[bytes],
) -> bytes:
    """Return a record's bytes. texts: id to output_encoding of `Record`."""
    meta = "\n".join([each.replace("\n", " ") for each in texts]).encode("latin-1", "replace")
    before, after = b"".join(inputs), b"".join(outputs)
    head = _HEAD.pack(sequence, at, min(latency, 0xFFFFFFFF), status, len(meta), len(before), len(after))
    payload = b"".join((head, meta, before, after))
    return FRAME.pack(len(payload), zlib.crc32(payload)) + payload


def unpacked(payload: bytes) -> Record | None:
    """Return the record of a payload; None if it is none."""
    if len(payload) < _HEAD.size:
        return None
    sequence, at, latency, status, *sizes = _HEAD.unpack_from(payload)
    if _HEAD.size + sum(sizes) != len(payload):
        return None
    ends = [_HEAD.size, _HEAD.size + sizes[0], _HEAD.size + sizes[0] + sizes[1], len(payload)]
    texts = payload[ends[0] : ends[1]].decode("latin-1").split("\n")
    if len(texts) != _TEXTS:
        return None
    own, path, input_type, input_encoding, output_type, output_encoding = texts
    return Record(
        sequence,
        at,
        latency,
        status,
        own,
        path,
        input_type,
        input_encoding,
        output_type,
        output_encoding,
        inputs=payload[ends[1] : ends[2]],
        outputs=payload[ends[2] : ends[3]],
    )


def records(content: bytes) -> Iterator[tuple[Record, int]]:
    """Yield the records that bytes begin with, each with where it ends; stop where they are no whole record."""
    at = 0
    while at + FRAME.size <= len(content):
        size, checksum = FRAME.unpack_from(content, at)
        end = at + FRAME.size + size
        if size > MAX_PAYLOAD or end > len(content):
            return
        payload = content[at + FRAME.size : end]
        if zlib.crc32(payload) != checksum:
            return
        if (record := unpacked(payload)) is not None:
            yield record, end
        at = end
