"""Files that gzip (RFC 1952) or Zstandard (RFC 8878) has packed, in any number of members or frames."""

import gzip
import io
import zlib
from typing import Any, BinaryIO, Final, cast

import zstandard

# Bytes that are unpacked at once: 4 bytes of Zstandard can hold 128 KiB (RFC 8878, 3.1.1.2.2).
_PIECE: Final = 1024
_BUFFER: Final = 64 * 1024
_QUICK: Final = 1  # the level of what is packed once more at the end


class Damaged(Exception):  # noqa: N818 - a finding about a file, reported as MY805
    """A packed file that cannot be unpacked to its end; the text says why."""


class _Unpacked(io.RawIOBase):
    """The content of a packed file. Its end must be the end of a member: a file that was cut off is no file."""

    def __init__(self, source: BinaryIO, packing: str) -> None:
        self._source = source
        self._packing = packing
        self._member: Any = None
        self._packed = b""
        self._content = memoryview(b"")

    def readable(self) -> bool:
        """It can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer as far as one piece goes; 0 at the end. Raises Damaged."""
        while not self._content:
            self._packed = self._packed or self._source.read(_PIECE)
            if not self._packed:
                if self._member is not None:
                    raise Damaged("it is cut off")
                return 0
            self._content = memoryview(self._unpack())
        count = min(len(buffer), len(self._content))
        buffer[:count] = self._content[:count]
        self._content = self._content[count:]
        return count

    def _unpack(self) -> bytes:
        if self._member is None:
            self._member = _member(self._packing)
        try:
            content: bytes = self._member.decompress(self._packed)
        except (zlib.error, zstandard.ZstdError) as error:
            raise Damaged(str(error).rpartition(": ")[2]) from error
        self._packed = b""
        if self._member.eof:
            self._packed = self._member.unused_data
            self._member = None
        return content


def _member(packing: str) -> Any:
    return (
        zlib.decompressobj(zlib.MAX_WBITS | 16) if packing == "gzip" else zstandard.ZstdDecompressor().decompressobj()
    )


def unpacked(source: BinaryIO, packing: str) -> BinaryIO:
    """Return the content of a packed file, to be read once. Reading raises Damaged."""
    return cast("BinaryIO", io.BufferedReader(_Unpacked(source, packing), _BUFFER))


def member(content: bytes, packing: str) -> bytes:
    """Return a content as a member of its own, which others may follow."""
    if packing == "gzip":
        return gzip.compress(content, _QUICK, mtime=0)
    return zstandard.ZstdCompressor(_QUICK, write_checksum=True).compress(content)


def packed(sink: BinaryIO, packing: str) -> BinaryIO:
    """Return a file whose content is packed into another, in one member. Closing it leaves the other open."""
    if packing == "gzip":
        return cast("BinaryIO", gzip.GzipFile("", "wb", fileobj=sink, mtime=0))
    return cast("BinaryIO", zstandard.ZstdCompressor(write_checksum=True).stream_writer(sink, closefd=False))
