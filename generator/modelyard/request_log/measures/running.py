"""What the log says of a variant that gets a part of the calls, beside the variant that gets the rest."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from psycopg import Connection, Cursor, sql

from modelyard.request_log import dialect
from modelyard.score.replay.distribution import psi

_DECILES: Final = [i / 10 for i in range(1, 10)]
_OF_VARIANT: Final = sql.SQL("{rows} and variant is not distinct from {variant}")
# Of one image alone: a gate is for one version.
_ROWS: Final = sql.SQL("{of_variant} and coalesce(image, '') = any({images}::text[])")
_NEWEST: Final = sql.SQL("select coalesce(image, '') from {log} where {of_variant} order by \"at\" desc limit 1")
_TRAFFIC: Final = sql.SQL(
    'select count(*), count(*) filter (where "row" = 0), count(*) filter (where "row" = 0 and status >= 500),'
    " {p95} from {log} where {rows}"
)
_P95: Final = dialect.percentile(0.95, "latency", '"row" = 0')
_QUANTILES: Final = dialect.percentiles(_DECILES, "score", "true")
_EDGES: Final = sql.SQL("select {edges} from {log} where {rows} and score between -1e300 and 1e300")
_BINS: Final = sql.SQL(
    "select width_bucket(score, {edges}::float8[]), count(*) from {log} where {rows}"
    " and score between -1e300 and 1e300 group by 1"
)


class Version(NamedTuple):
    """A variant with an image. images: each way in which the log may name that one."""

    variant: str | None
    images: Sequence[str]


class Asked(NamedTuple):
    """Which rows of a log are looked at. champion: what scores are held against."""

    table: str
    model: str
    challenger: Version
    champion: Version
    since: datetime
    until: datetime


class Running(NamedTuple):
    """What calls of a challenger were like.

    newest: the image of the newest row of its variant, whichever it is; empty without rows. failed: calls with 5xx;
    p95: milliseconds. scores: rows of the champion with a score; psi: None where scores of either lack.
    """

    rows: int
    newest: str
    calls: int
    failed: int
    p95: float | None
    scores: int
    psi: float | None


def running(connection: Connection, asked: Asked) -> Running:
    """Measure a challenger. Raises psycopg.Error."""
    log, rows = sql.Identifier(asked.table), _rows(asked, asked.challenger)
    with connection.transaction(), connection.cursor() as cursor:
        count, calls, failed, p95 = cursor.execute(_TRAFFIC.format(p95=_P95, log=log, rows=rows)).fetchone() or (
            0,
            0,
            0,
            None,
        )
        query = _NEWEST.format(log=log, of_variant=_of_variant(asked, asked.challenger))
        (newest,) = cursor.execute(query).fetchone() or ("",)
        return Running(count, newest, calls, failed, p95, *_psi(cursor, asked))


def _of_variant(asked: Asked, version: Version) -> sql.Composed:
    rows = dialect.rows(asked.model, asked.since, asked.until)
    return _OF_VARIANT.format(rows=rows, variant=sql.Literal(version.variant))


def _rows(asked: Asked, version: Version) -> sql.Composed:
    return _ROWS.format(of_variant=_of_variant(asked, version), images=sql.Literal(list(version.images)))


def _psi(cursor: Cursor, asked: Asked) -> tuple[int, float | None]:
    """Return how many scores the champion has, and how far the challenger's are from them."""
    log, rows = sql.Identifier(asked.table), _rows(asked, asked.champion)
    found = cursor.execute(
        _EDGES.format(edges=dialect.percentiles(_DECILES, "score", "true"), log=log, rows=rows)
    ).fetchone()
    if found is None or found[0] is None:
        return 0, None
    edges = sorted(set(found[0]))
    counts = []
    for version in (asked.challenger, asked.champion):
        query = _BINS.format(edges=sql.Literal(edges), log=log, rows=_rows(asked, version))
        known: dict[int, int] = dict(cursor.execute(query).fetchall())
        counts.append([known.get(each, 0) for each in range(len(edges) + 1)])
    return sum(counts[1]), psi(counts[0], counts[1]) if sum(counts[0]) else None
