"""Windows of a request log: rows with scores, inputs and outcomes, written as the sidecar and `actuals` write them."""

import json
import re
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import psycopg

from modelyard.request_log.database import outcomes
from modelyard.request_log.database.batches import Batches
from modelyard.request_log.database.connecting import connect
from modelyard.request_log.database.outcomes import Outcome
from modelyard.request_log.files import layout, opened
from modelyard.request_log.files.part import Part
from modelyard.request_log.measures.plan import Measure, Plan, Span
from modelyard.request_log.measures.run import measured
from modelyard.request_log.rows import Row
from tests.support.request_log import TABLE

NOW: Final = datetime(2026, 11, 30, 12, tzinfo=UTC)
_BARE: Final = re.compile(r'(?<!")NaN')  # as the sidecar writes it
DAY: Final = timedelta(days=1)
TARGET: Final = "FAILURE"


@dataclass
class Window:
    """Rows of one version at one time. inputs: a mapping or list for each row. latency: milliseconds of each row."""

    scores: Sequence[float | None]
    true: Sequence[float | None] = ()
    inputs: Sequence[object] = ()
    at: datetime = NOW - DAY
    variant: str | None = None
    image: str | None = "sha256:1"
    model: str = "churn"
    status: int = 200
    latency: Sequence[float] = ()
    rows: list[Row] = field(default_factory=list)

    def made(self, name: str) -> list[Row]:
        """Return the rows; their keys begin with a name."""
        micros = round(self.at.timestamp() * 1_000_000)
        found = []
        for i, score in enumerate(self.scores):
            given = _BARE.sub('"NaN"', json.dumps(self.inputs[i])) if i < len(self.inputs) else None
            latency = round((self.latency[i] if i < len(self.latency) else 1.0) * 1000)
            found.append(
                Row(f"{name}-{i}", 0, micros + i, f"{name}-{i}", "/", self.status, latency, given, None, score)
            )
        return found

    def called(self, number: int) -> str:
        """Return what its keys begin with. number: of it among those that are written at once."""
        return f"{self.model}-{self.variant}-{number}-{self.at:%d}"

    def outcomes(self, rows: Sequence[Row]) -> list[Outcome]:
        """Return what became true of its rows."""
        return [
            Outcome(row.key, str(value), value)
            for row, value in zip(rows, self.true, strict=False)
            if value is not None
        ]


def plan(**fields: Any) -> Plan:
    """Return what is measured of the windows that are here: a week, and a day as baseline."""
    week = Span(NOW - 7 * DAY, NOW)
    made = Plan(
        table=TABLE, model="churn", champion=None, variants=(None,), score="P_1", target=TARGET, metric=None,
        threshold=None, min_rows=1, judged=week, seen=week, baseline=None, left_out=frozenset(),
    )  # fmt: skip
    return made._replace(**fields)


def write(folder: str, model: str, variant: str | None, image: str | None, rows: Sequence[Row]) -> None:
    """Write rows into a log in files, as a sidecar does."""
    for day in sorted({layout.day(row.at) for row in rows}):
        own = [row for row in rows if layout.day(row.at) == day]
        place = Path(folder) / layout.place(TABLE, model, day, secrets.randbits(63), 1)
        place.parent.mkdir(parents=True, exist_ok=True)
        file = Part(place.parent, day, 1)
        file.add(layout.batch(own, variant, image))
        file.end()
        file.path.rename(place)


def _fill(folder: str, windows: Sequence[Window]) -> None:
    """Write windows as sidecars do."""
    true: list[Outcome] = []
    for number, window in enumerate(windows):
        rows = window.made(window.called(number))
        true += window.outcomes(rows)
        write(folder, window.model, window.variant, window.image, rows)
    opened.done(folder, TABLE, lambda log: outcomes.load(log, TABLE, TARGET, true), written=("outcomes",))


def fill(uri: str, *windows: Window) -> None:
    """Write windows into a log: a database, or a folder of files."""
    if uri.startswith("/"):
        _fill(uri, windows)
        return
    with closing(connect(uri)) as connection:
        for number, window in enumerate(windows):
            rows = window.made(window.called(number))
            Batches(TABLE, window.model, window.variant, window.image).write(connection, rows)
            outcomes.load(connection, TABLE, TARGET, window.outcomes(rows))


def clear(uri: str) -> None:
    """Empty a log and all that was measured."""
    if uri.startswith("/"):
        shutil.rmtree(uri)
        Path(uri).mkdir()
        return
    with psycopg.connect(uri, autocommit=True) as connection:
        connection.execute(f"truncate {TABLE}, {TABLE}_outcomes, {TABLE}_quality, {TABLE}_baselines".encode())


def remove_before(uri: str, moment: datetime) -> None:
    """Remove the rows of earlier days."""
    if uri.startswith("/"):
        for day in Path(uri).glob(f"{TABLE}/*/day=*"):
            if day.name < f"day={moment:%Y-%m-%d}":
                shutil.rmtree(day)
        return
    with closing(connect(uri)) as connection:
        connection.execute("delete from scoring_log where at < %s", [moment])


@contextmanager
def log(uri: str) -> Iterator[Any]:
    """Give a connection to a log."""
    with opened.opened(uri, TABLE) if uri.startswith("/") else closing(connect(uri)) as connection:
        yield connection


def measure(uri: str, own: Plan) -> "Measures":
    """Measure, and return what came of it."""
    if uri.startswith("/"):
        written = ("quality", "baselines")
        parts = [opened.Part(own.model, *span) for span in (own.judged, own.seen, own.baseline) if span]
        return Measures(opened.done(uri, TABLE, lambda log: measured(log, own, NOW), parts=parts, written=written))
    with closing(connect(uri, statement=0)) as connection:
        return Measures(measured(connection, own, NOW))


class Measures(list[Measure]):
    """What was measured."""

    def one(self, name: str, detail: str | None = None, variant: str | None = None) -> Measure:
        """Return the one measure of a name."""
        (found,) = [
            each
            for each in self
            if each.measure == name
            and each.detail == detail
            and (each.version is None or each.version.variant == variant)
        ]
        return found
