"""The spool: a bounded folder of segments, to which calls are written and from which they go on to the database.

Each call has a sequence number, and a segment is named after its first. The number that was given last stands in the
counters' file: what a kill took away before it was written is the difference, which the next start counts. Nothing is
synced to the disk: that outlives the process, and the folder goes with the pod anyway.
"""

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final

from modelyard.request_log.counters import Count, Counters
from modelyard.request_log.records import Record, records

SEGMENT: Final = 4 << 20  # bytes, after which a segment is ended
_OLD: Final = 60.0  # seconds, after which it is too
_READ: Final = 1 << 20


def segments(folder: Path) -> list[Path]:
    """Return the segments of a spool, the oldest first."""
    return sorted(folder.glob("*.log"))


def held(folder: Path) -> int:
    """Return the bytes of a spool's segments."""
    return sum(_size(each) for each in segments(folder))


class Writer:
    """The end that calls go into. One process has it, and one thread of that writes."""

    def __init__(self, folder: Path, limit: int, counters: Counters) -> None:
        """Begin after what is there. limit: bytes of all segments. Raises OSError."""
        self._folder = folder
        self._limit = limit
        self._counters = counters
        self._descriptor: int | None = None
        self._path = folder
        self._size = 0
        self._before = 0  # bytes of the segments that are ended
        self._began = 0.0
        self._count_lost()

    def _count_lost(self) -> None:
        last = max((_last(each) for each in segments(self._folder)[-2:]), default=0)
        handled = max(self._counters[Count.HANDLED], last)
        if (taken := self._counters[Count.TAKEN]) > handled:
            self._counters.add(Count.LOST, taken - handled)
        self._counters[Count.TAKEN] = self._counters[Count.HANDLED] = max(taken, handled)

    def write(self, first: int, calls: list[bytes]) -> None:
        """Write records whose sequence numbers begin with `first`; what cannot be written is dropped and counted."""
        content = b"".join(calls)
        try:
            reason = self._put(first, content)
        except OSError:  # also of looking into the folder, as where no descriptor is left
            reason = Count.DROPPED_DISK
        if reason is not None:
            self._counters.add(reason, len(calls))
        self._counters[Count.HANDLED] = first + len(calls) - 1

    def _put(self, first: int, content: bytes) -> Count | None:
        """Write, or return why there is no room. Raises OSError."""
        old = self._size >= SEGMENT or (self._size and time.monotonic() - self._began > _OLD)
        if self._descriptor is None or old:
            self._end()
            if self._before + len(content) > self._limit:
                return Count.DROPPED_SPOOL
            self._begin(first)
        if self._before + self._size + len(content) > self._limit:
            self._before = held(self._folder) - self._size
            if self._before + self._size + len(content) > self._limit:
                return Count.DROPPED_SPOOL
        self._append(content)
        return None

    def _begin(self, first: int) -> None:
        self._path = self._folder / f"{first:020d}.log"
        self._descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._size, self._began = 0, time.monotonic()

    def _append(self, content: bytes) -> None:
        descriptor = self._descriptor
        if descriptor is None:
            raise AssertionError
        left = memoryview(content)
        try:
            while left:
                left = left[os.write(descriptor, left) :]
        except OSError:
            self._cut(descriptor)
            raise
        self._size += len(content)

    def _cut(self, descriptor: int) -> None:
        """End a segment behind its last whole record; one that has none goes, for a disk may be full for days."""
        try:
            if not self._size:
                self._path.unlink(missing_ok=True)
            os.ftruncate(descriptor, self._size)
        finally:
            self._end()

    def _end(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
        self._size = 0
        self._before = held(self._folder)

    def close(self) -> None:
        """End the last segment."""
        self._end()


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0  # it has just been shipped


def _last(path: Path) -> int:
    """Return the last sequence number in a segment; 0 if it holds no record."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return 0
    return max((record.sequence for record, _ in records(content)), default=0)


class Reader:
    """The end that calls come out of, in their order. One process has it."""

    def __init__(self, folder: Path, counters: Counters) -> None:
        self._folder = folder
        self._counters = counters
        self._file: BinaryIO | None = None
        self._path = Path()
        self._rest = b""
        self._read: list[Path] = []  # segments that are read to their end, and not yet shipped

    def take(self, most: int, most_bytes: int) -> list[Record]:
        """Return the next records that are not shipped, at most so many; none if there are none now."""
        found: list[Record] = []
        size = 0
        while True:
            consumed = 0
            for record, end in records(self._rest):
                consumed = end
                if record.sequence > self._counters[Count.SHIPPED]:
                    found.append(record)
                    size += len(record.inputs) + len(record.outputs)
                if len(found) >= most or size >= most_bytes:
                    break
            self._rest = self._rest[consumed:]
            if len(found) >= most or size >= most_bytes or not self._more():
                return found

    def shipped(self, last: int) -> None:
        """Say that all up to a sequence number are in the database: segments that are read to their end go."""
        self._counters[Count.SHIPPED] = max(self._counters[Count.SHIPPED], last)
        for each in self._read:
            each.unlink(missing_ok=True)
        self._read.clear()

    def close(self) -> None:
        """Let go of the segment that is being read."""
        if self._file is not None:
            self._file.close()

    def _more(self) -> bool:
        """Read on, also in the next segment; tell whether there was more."""
        while True:
            # Before the read: then all is there. By names: an empty path is before all others up to Python 3.11 alone.
            later = [each for each in segments(self._folder) if each.name > self._path.name]
            if self._file is not None:
                if content := self._file.read(_READ):
                    self._rest += content
                    return True
                if not later:
                    return False
                self._file.close()
                self._read.append(self._path)
                self._file = None
            if not later:
                return False
            self._path, self._rest = later[0], b""
            with suppress(FileNotFoundError):  # the disk was full, and nothing was written to it
                self._file = self._path.open("rb", buffering=0)
