"""Calls into PostgreSQL: in batches, each of which is there whole or not at all.

The upkeep of the tables needs locks that a reader may hold for hours. Rows need none of them: they do not wait for it.
"""

import sys
import time
from typing import Final

import psycopg

from modelyard.request_log.counters import Count, Counters
from modelyard.request_log.database import tables
from modelyard.request_log.database.batches import Batches
from modelyard.request_log.database.connecting import connect, said
from modelyard.request_log.records import Record
from modelyard.request_log.rows import Row
from modelyard.request_log.sidecar.destinations import Link, Parent, Reading
from modelyard.request_log.sidecar.settings import Settings
from modelyard.request_log.spool import Reader

_UPKEEP: Final = 3600.0  # seconds between two upkeeps
_AGAIN: Final = 300.0  # seconds after one that could not be done


class Database:
    """A `Destination`. What it refuses for itself is dropped and counted."""

    def __init__(self, settings: Settings, counters: Counters, spool: Reader, parent: Parent) -> None:
        self._settings = settings
        self._counters = counters
        self._spool = spool
        self._parent = parent
        self._link = Link(counters, "the database")
        self._reading = Reading(settings, counters)
        self._batches = Batches(settings.table, settings.model, settings.variant, settings.image)
        self._connection: psycopg.Connection | None = None
        self._due = time.monotonic()  # when the next upkeep is
        self._waits = ""  # what keeps the last one from being done

    def tend(self) -> None:
        """Do the upkeep when it is due, also where no call comes: days that are too old go all the same."""
        if time.monotonic() >= self._due:
            try:
                self._connected_to()
            except psycopg.Error as error:
                self._failed(error)
            else:
                self._link.up()

    def end(self) -> None:
        """Do nothing: what was taken is there."""

    def take(self, found: list[Record]) -> None:
        """Write calls until they are in the database."""
        made = self._reading.rows(found)
        while not self._parent.gone:
            try:
                self._write(made)
            except psycopg.DataError:
                self._link.up()
                self._apart(found)
                return
            except psycopg.Error as error:
                self._failed(error)
                continue
            self._spool.shipped(found[-1].sequence)
            return

    def _apart(self, found: list[Record]) -> None:
        """Write the halves of what the database refuses, until it is one call alone."""
        if len(found) == 1:
            self._counters.add(Count.DROPPED_REFUSED)
            self._spool.shipped(found[0].sequence)
            return
        half = len(found) // 2
        for part in (found[:half], found[half:]):
            self.take(part)

    def _write(self, made: list[Row]) -> None:
        connection = self._connected_to()
        new = self._batches.write(connection, made)
        self._counters.add(Count.ROWS, new)
        self._counters.add(Count.REPEATED, len(made) - new)
        self._counters.add(Count.BATCHES)
        self._link.up()

    def _connected_to(self) -> psycopg.Connection:
        if self._connection is None or self._connection.closed:
            self._connection = connect(self._settings.uri)
        if time.monotonic() >= self._due:
            self._keep_up(self._connection)
        return self._connection

    def _keep_up(self, connection: psycopg.Connection) -> None:
        """Make the days that come, and drop those that are too old; later, where something stands against it."""
        waits = ""
        try:
            tables.upkeep(connection, self._settings.table)
        except psycopg.Error as error:
            if connection.closed:
                raise
            waits = f"the upkeep of the log waits: {said(error)}; rows are logged meanwhile"
        self._due = time.monotonic() + (_AGAIN if waits else _UPKEEP)
        if waits != self._waits:
            sys.stderr.write(f"{waits or 'the upkeep of the log is done again'}\n")
            sys.stderr.flush()
            self._waits = waits

    def _failed(self, error: psycopg.Error) -> None:
        wait = self._link.down(said(error))
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._parent.listen(wait)
