"""Calls into files of Parquet in a folder of a bucket: few large files, not many small ones.

Rows gather in a file beside the spool. It is uploaded when it is old or large enough, and at the end; until then, and
while the bucket takes nothing, its calls are in the spool too, from which another process would begin again.
"""

import secrets
import time
from typing import Any, Final

import pyarrow as pa

from modelyard.request_log.counters import Count, Counters
from modelyard.request_log.files import layout
from modelyard.request_log.files.folder import Folder, Unreachable
from modelyard.request_log.files.part import Part, leftovers
from modelyard.request_log.records import Record
from modelyard.request_log.rows import Row
from modelyard.request_log.sidecar.destinations import Link, Parent, Reading
from modelyard.request_log.sidecar.settings import Settings
from modelyard.request_log.spool import Reader

_LARGEST: Final = 64 << 20  # bytes, of which the pod's volume has that much beside the spool


class Files:
    """A `Destination`. What Parquet cannot have is dropped and counted."""

    def __init__(self, settings: Settings, counters: Counters, spool: Reader, parent: Parent) -> None:
        leftovers(settings.spool)
        # In the counters, for a name and the numbers in it go together: where these begin again, it is another.
        if not counters[Count.IDENTITY]:
            counters[Count.IDENTITY] = secrets.randbits(63) + 1
        self._settings = settings
        self._counters = counters
        self._spool = spool
        self._parent = parent
        self._link = Link(counters, "the bucket")
        self._reading = Reading(settings, counters)
        self._folder: Folder | None = None
        self._parts: dict[str, Part] = {}
        self._last = 0  # sequence number up to which calls are in the parts
        self._began = 0.0

    def take(self, found: list[Record]) -> None:
        """Add calls to the files of their days, and upload these if they are large enough."""
        self._began = self._began or time.monotonic()
        own: list[Record] = []
        for record in found:
            if own and layout.day(record.at) != layout.day(own[0].at):
                self._add(own)
                own = []
            own.append(record)
        self._add(own)
        self._last = found[-1].sequence
        if sum(each.size for each in self._parts.values()) >= _LARGEST:
            self.end()

    def tend(self) -> None:
        """Upload what is old enough."""
        if self._began and time.monotonic() - self._began >= self._settings.every:
            self.end()

    def end(self) -> None:
        """Upload all files, however often it takes to do so."""
        for part in self._parts.values():
            part.end()
        while self._last and not self._parent.gone:
            try:
                self._upload()
            except Unreachable as error:
                self._folder = None  # its client may have a login that has ended: a new one reads what stands there
                self._parent.listen(self._link.down(str(error)))
                continue
            self._link.up()
            self._spool.shipped(self._last)
            self._last, self._began = 0, 0.0

    def _upload(self) -> None:
        self._folder = self._folder or Folder(self._settings.files)
        for part in list(self._parts.values()):
            whose = (self._settings.table, self._settings.model, part.day)
            self._folder.put(part.path, layout.place(*whose, self._counters[Count.IDENTITY], part.first))
            self._counters.add(Count.ROWS, part.rows)
            self._counters.add(Count.BATCHES)
            part.remove()
            del self._parts[part.day]

    def _add(self, found: list[Record]) -> None:
        """Add calls of one day; of what Parquet refuses the halves, until it is one call alone."""
        try:
            batch = self._batch(self._reading.rows(found))
        except (pa.ArrowException, ValueError, OverflowError):
            if len(found) == 1:
                self._counters.add(Count.DROPPED_REFUSED)
                return
            half = len(found) // 2
            for each in (found[:half], found[half:]):
                self._add(each)
            return
        own = layout.day(found[0].at)
        if own not in self._parts:
            self._parts[own] = Part(self._settings.spool, own, found[0].sequence)
        self._parts[own].add(batch)

    def _batch(self, made: list[Row]) -> Any:
        return layout.batch(made, self._settings.variant, self._settings.image)
