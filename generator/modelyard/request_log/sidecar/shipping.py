"""From the spool to the database: a process of its own, so that reading bodies takes nothing from calls.

It says on standard error when the database is lost and found again, by codes: nothing of a row stands there.
"""

import contextlib
import json
import os
import select
import signal
import sys
import time
from pathlib import Path
from typing import Any, Final

import psycopg

from modelyard.request_log.columns import Columns
from modelyard.request_log.counters import Count, Counters
from modelyard.request_log.database import tables
from modelyard.request_log.database.batches import Batches
from modelyard.request_log.database.connecting import connect, said
from modelyard.request_log.records import Record
from modelyard.request_log.rows import Row, rows
from modelyard.request_log.sidecar.settings import Settings
from modelyard.request_log.spool import Reader

_CALLS: Final = 2_000  # of a batch
_BYTES: Final = 4 << 20
_PAUSE: Final = 0.2  # seconds between batches that are not full
_LONGEST_WAIT: Final = 5.0  # seconds between tries
_UPKEEP: Final = 3600.0  # seconds
_PARENT: Final = 0  # standard input
_NICE: Final = 5  # calls come first


def main() -> None:
    """Ship until the parent is gone, or has said that it ends and the spool is empty."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)  # the parent says when
    os.nice(_NICE)
    told = b""
    while not told.endswith(b"\n"):
        if not (byte := os.read(_PARENT, 1)):
            return
        told += byte
    settings = Settings(**_read(json.loads(told)))
    with contextlib.closing(Counters(settings.spool)) as counters:
        try:
            _Shipper(settings, counters).run()
        except Exception as error:  # noqa: BLE001 - its traceback, or its message, may hold a row
            sys.exit(f"what ships the log has ended: {type(error).__name__}")


def _read(told: dict[str, Any]) -> dict[str, Any]:
    lists = {name: tuple(told[name]) for name in ("drop", "hash", "mirrors")}
    return told | lists | {"spool": Path(told["spool"]), "hash_key": bytes.fromhex(told["hash_key"])}


class _Shipper:
    def __init__(self, settings: Settings, counters: Counters) -> None:
        self._settings = settings
        self._counters = counters
        self._reader = Reader(settings.spool, counters)
        self._columns = Columns(settings.drop, settings.hash, settings.hash_key)
        self._batches = Batches(settings.table, settings.model, settings.variant, settings.image)
        self._connection: psycopg.Connection | None = None
        self._tended = 0.0
        self._wait = 0.0
        self._said = ""
        self._ending = self._orphan = False

    def run(self) -> None:
        with contextlib.closing(self._reader):
            self._run()

    def _run(self) -> None:
        while not self._orphan:
            found = self._reader.take(_CALLS, _BYTES)
            if found:
                self._deliver(found)
            elif self._ending:
                return
            if len(found) < _CALLS:
                self._listen(0 if self._ending else _PAUSE)

    def _listen(self, seconds: float) -> None:
        """Wait, and hear meanwhile whether the parent is gone, or ends."""
        ready, _, _ = select.select([_PARENT], [], [], seconds)
        if ready:
            self._orphan = not os.read(_PARENT, 1)
            self._ending = True

    def _deliver(self, found: list[Record]) -> None:
        """Write calls until they are in the database; what it refuses for itself is dropped and counted."""
        made: list[Row] = []
        for record in found:
            own, unread = rows(record, self._columns, self._settings.key, self._settings.score)
            made += own
            self._counters.add(Count.UNREADABLE, unread)
        while not self._orphan:
            try:
                self._write(made)
            except psycopg.DataError:
                self._connected(True)
                self._apart(found)
                return
            except psycopg.Error as error:
                self._failed(error)
                self._listen(self._wait)
                continue
            self._reader.shipped(found[-1].sequence)
            return

    def _apart(self, found: list[Record]) -> None:
        """Write the halves of what the database refuses, until it is one call alone."""
        if len(found) == 1:
            self._counters.add(Count.DROPPED_REFUSED)
            self._reader.shipped(found[0].sequence)
            return
        half = len(found) // 2
        for part in (found[:half], found[half:]):
            self._deliver(part)

    def _write(self, made: list[Row]) -> None:
        connection = self._connected_to()
        new = self._batches.write(connection, made)
        self._counters.add(Count.ROWS, new)
        self._counters.add(Count.REPEATED, len(made) - new)
        self._counters.add(Count.BATCHES)
        self._connected(True)

    def _connected_to(self) -> psycopg.Connection:
        if self._connection is None or self._connection.closed:
            self._connection = connect(self._settings.uri)
        if time.monotonic() - self._tended > _UPKEEP or not self._tended:
            tables.upkeep(self._connection, self._settings.table)
            self._tended = time.monotonic()
        return self._connection

    def _failed(self, error: psycopg.Error) -> None:
        self._counters.add(Count.FAILED)
        self._connected(False, said(error))
        self._wait = min(_LONGEST_WAIT, max(0.1, self._wait * 2))
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connected(self, up: bool, why: str = "") -> None:  # noqa: FBT001 - a word of two
        if up:
            self._wait = 0.0
        self._counters[Count.CONNECTED] = int(up)
        text = "" if up else f"the database does not take the log: {why}; calls wait in the spool"
        if text != self._said:
            sys.stderr.write(f"{text or 'the database takes the log again'}\n")
            sys.stderr.flush()
            self._said = text


if __name__ == "__main__":
    main()
