"""What becomes of the rows of a replay: counts, distances and distributions, and a list of the rows that differ."""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from math import isfinite
from tempfile import SpooledTemporaryFile
from typing import IO, Final, NamedTuple

from modelyard.score.options import Row
from modelyard.score.replay.distribution import Distribution
from modelyard.score.replay.values import apart, number

HEADER: Final = ("id", "call", "row", "column", "before", "after", "error")
_IN_MEMORY: Final = 1 << 20  # bytes of the list; what is more is in a file without a name
_READ: Final = 1 << 16


class Identity(NamedTuple):
    """What a row is called: the id that outcomes are joined by, the call that it was a part of, and its number."""

    id: str
    call: str = ""
    row: str = ""


class Answer(NamedTuple):
    """An output that both have. cell: where a row has the earlier answer; output: the place of the new one."""

    name: str
    cell: int
    output: int
    numeric: bool


@dataclass(slots=True)
class Difference:
    """How far one output is apart. differing: rows; largest: distance of numbers that differ most."""

    name: str
    differing: int = 0
    largest: float = 0.0
    before: Distribution = field(default_factory=Distribution)
    after: Distribution = field(default_factory=Distribution)


class Comparison:
    """The rows of a replay, of which each has its earlier answers among its cells."""

    def __init__(self, answers: Sequence[Answer], identify: Callable[[Row], Identity], tolerance: float) -> None:
        self.rows = self.agreed = self.failed = self.differing = 0
        self.columns = [Difference(each.name) for each in answers]
        self._pairs = list(zip(answers, self.columns, strict=True))
        self._identify = identify
        self._tolerance = tolerance
        self._list: IO[bytes] = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - `close` lets go of it

    def write(self, row: Row) -> None:
        """Compare the next row."""
        self.rows += 1
        if row.error:
            self.failed += 1
            self._told(row, "", "", "", row.error)
            return
        same = True
        for answer, column in self._pairs:
            was, now = row.cells[answer.cell], row.outputs[answer.output]
            if answer.numeric:
                _count(column.before, was)
                _count(column.after, now)
            far = apart(was, now, tolerance=self._tolerance, numeric=answer.numeric)
            if far:
                same = False
                column.differing += 1
                column.largest = max(column.largest, far if isfinite(far) else 0.0)
                self._told(row, column.name, was, now, "")
        self.agreed += same
        self.differing += not same

    def listed(self) -> Iterator[bytes]:
        """Yield the list of the rows that differ, or have no answer, as CSV."""
        yield _line(HEADER)
        self._list.seek(0)
        while part := self._list.read(_READ):
            yield part

    def flush(self) -> None:
        """Do nothing: what is counted is lost with this process."""

    def checkpoint(self) -> None:
        """Do nothing."""

    def finish(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Let go of the list."""
        self._list.close()

    def _told(self, row: Row, *words: str) -> None:
        self._list.write(_line((*self._identify(row), *words)))


def _count(distribution: Distribution, text: str) -> None:
    if (value := number(text)) is not None:
        distribution.add(value)


def _line(words: Sequence[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(words)
    return text.getvalue().encode()
