"""What the sidecar counts, in a file that its processes share and that outlives them.

A value is written to the kernel's memory of the file: a process that is killed loses none of it.
"""

import mmap
import os
from bisect import bisect_left
from enum import IntEnum, auto
from pathlib import Path
from typing import Final

FILE: Final = "counters"
_MAGIC: Final = int.from_bytes(b"mdlyard1", "little")
_SIZE: Final = 4096


class Count(IntEnum):
    """What is counted. A number's place in the file never changes: new ones go to the end."""

    MAGIC = 0
    TAKEN = auto()  # the last sequence number that a call was given
    HANDLED = auto()  # the last one that was written to the spool, or counted as dropped
    SHIPPED = auto()  # the last one that is in the log
    CALLS = auto()
    ERRORS = auto()  # answers of the sidecar's own: the model did not take the call, or broke it off
    NOT_SAMPLED = auto()
    MARKED = auto()
    DROPPED_MEMORY = auto()
    DROPPED_LARGE = auto()
    DROPPED_SPOOL = auto()
    DROPPED_DISK = auto()
    DROPPED_REFUSED = auto()
    LOST = auto()
    ROWS = auto()
    REPEATED = auto()
    UNREADABLE = auto()
    BATCHES = auto()
    FAILED = auto()
    CONNECTED = auto()
    RESTARTS = auto()
    ANSWERS_2XX = auto()  # and what is none of the others
    ANSWERS_4XX = auto()
    ANSWERS_5XX = auto()
    LATENCY_5MS = auto()
    LATENCY_10MS = auto()
    LATENCY_25MS = auto()
    LATENCY_50MS = auto()
    LATENCY_100MS = auto()
    LATENCY_250MS = auto()
    LATENCY_500MS = auto()
    LATENCY_1S = auto()
    LATENCY_2500MS = auto()
    LATENCY_5S = auto()
    LATENCY_10S = auto()
    LATENCY_MORE = auto()
    LATENCY_SUM = auto()  # microseconds
    MIRRORED = auto()
    MIRROR_FAILED = auto()
    MIRROR_DROPPED = auto()
    IDENTITY = auto()  # a number that no other sidecar has, once one was needed


# Upper bounds in microseconds of the latencies that are counted, the defaults of Prometheus' clients.
LATENCIES: Final = {
    5_000: Count.LATENCY_5MS,
    10_000: Count.LATENCY_10MS,
    25_000: Count.LATENCY_25MS,
    50_000: Count.LATENCY_50MS,
    100_000: Count.LATENCY_100MS,
    250_000: Count.LATENCY_250MS,
    500_000: Count.LATENCY_500MS,
    1_000_000: Count.LATENCY_1S,
    2_500_000: Count.LATENCY_2500MS,
    5_000_000: Count.LATENCY_5S,
    10_000_000: Count.LATENCY_10S,
}
_BOUNDS: Final = tuple(LATENCIES)
_COUNTS: Final = (*LATENCIES.values(), Count.LATENCY_MORE)


class Counters:
    """The counters of one spool. Each is written by one process alone."""

    def __init__(self, folder: Path) -> None:
        """Open those of a folder, or begin them. Raises OSError."""
        descriptor = os.open(folder / FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, _SIZE)  # a full disk is an error here, and no SIGBUS later
            self._map = mmap.mmap(descriptor, _SIZE)
        finally:
            os.close(descriptor)
        self._view = memoryview(self._map).cast("Q")
        if self._view[Count.MAGIC] != _MAGIC:
            for each in range(_SIZE // 8):
                self._view[each] = 0
            self._view[Count.MAGIC] = _MAGIC

    def __getitem__(self, count: Count) -> int:
        """Return a counter."""
        return self._view[count]

    def __setitem__(self, count: Count, value: int) -> None:
        """Set a counter."""
        self._view[count] = value

    def add(self, count: Count, number: int = 1) -> None:
        """Add to a counter."""
        self._view[count] += number

    def answered(self, status: int, latency: int) -> None:
        """Count an answer. latency: microseconds."""
        self._view[
            Count.ANSWERS_5XX if status >= 500 else Count.ANSWERS_4XX if status >= 400 else Count.ANSWERS_2XX
        ] += 1
        self._view[_COUNTS[bisect_left(_BOUNDS, latency)]] += 1
        self._view[Count.LATENCY_SUM] += latency

    def close(self) -> None:
        """Let go of the file."""
        self._view.release()
        self._map.close()
