"""What ships the log to one place or another has in common: who began it, and whether the place takes the log."""

import os
import select
import sys
from typing import Final, Protocol

from modelyard.request_log.columns import Columns
from modelyard.request_log.counters import Count, Counters
from modelyard.request_log.records import Record
from modelyard.request_log.rows import Row, rows
from modelyard.request_log.sidecar.settings import Settings

PARENT: Final = 0  # standard input
_LONGEST_WAIT: Final = 5.0  # seconds between tries


class Destination(Protocol):
    """Where calls go. What it has, it says to the spool."""

    def take(self, found: list[Record]) -> None:
        """Take calls, in their order; wait as long as the place takes nothing."""

    def tend(self) -> None:
        """Do what is due by time."""

    def end(self) -> None:
        """Let all that was taken be in the log."""


class Parent:
    """The process that began this one. ending: it has said that it ends. gone: it did not say so."""

    def __init__(self) -> None:
        self.ending = self.gone = False

    def listen(self, seconds: float) -> None:
        """Wait, and hear meanwhile whether it is gone, or ends."""
        ready, _, _ = select.select([PARENT], [], [], seconds)
        if ready:
            self.gone = not os.read(PARENT, 1)
            self.ending = True


class Link:
    """Whether a place takes the log, said once on standard error. what: how messages call the place."""

    def __init__(self, counters: Counters, what: str) -> None:
        self._counters = counters
        self._what = what
        self._wait = 0.0
        self._said = ""

    def up(self) -> None:
        """Say that it took something."""
        self._wait = 0.0
        self._counters[Count.CONNECTED] = 1
        self._tell("")

    def down(self, why: str) -> float:
        """Say that it did not, and return for how many seconds to wait."""
        self._counters.add(Count.FAILED)
        self._counters[Count.CONNECTED] = 0
        self._tell(f"{self._what} does not take the log: {why}; calls wait in the spool")
        self._wait = min(_LONGEST_WAIT, max(0.1, self._wait * 2))
        return self._wait

    def _tell(self, text: str) -> None:
        if text != self._said:
            sys.stderr.write(f"{text or f'{self._what} takes the log again'}\n")
            sys.stderr.flush()
            self._said = text


class Reading:
    """Calls as rows of the log, by what the sidecar is told."""

    def __init__(self, settings: Settings, counters: Counters) -> None:
        self._settings = settings
        self._counters = counters
        self._columns = Columns(settings.drop, settings.hash, settings.hash_key)

    def rows(self, found: list[Record]) -> list[Row]:
        """Return the rows of calls; bodies that cannot be read are counted."""
        made: list[Row] = []
        for record in found:
            own, unread = rows(record, self._columns, self._settings.key, self._settings.score)
            made += own
            self._counters.add(Count.UNREADABLE, unread)
        return made
