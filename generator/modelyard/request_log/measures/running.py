"""What the log says of a variant that gets a part of the calls, beside the variant that gets the rest."""

from datetime import datetime
from typing import Any, Final, NamedTuple

from psycopg import Connection, Cursor, sql

from modelyard.score.replay.distribution import psi

_DECILES: Final = [i / 10 for i in range(1, 10)]
# Of its newest image alone: a gate is for one version.
_ROWS: Final = sql.SQL(
    "model = {model} and variant is not distinct from {variant} and at >= {since} and at < {until}"
    " and image is not distinct from (select image from {log} where model = {model}"
    " and variant is not distinct from {variant} and at >= {since} and at < {until} order by at desc limit 1)"
)
_TRAFFIC: Final = sql.SQL(
    'select count(*), count(*) filter (where "row" = 0), count(*) filter (where "row" = 0 and status >= 500),'
    ' percentile_cont(0.95) within group (order by latency) filter (where "row" = 0) from {log} where {rows}'
)
_EDGES: Final = sql.SQL(
    "select percentile_cont({deciles}) within group (order by score) from {log} where {rows}"
    " and score between -1e300 and 1e300"
)
_BINS: Final = sql.SQL(
    "select width_bucket(score, {edges}::float8[]), count(*) from {log} where {rows}"
    " and score between -1e300 and 1e300 group by 1"
)


class Asked(NamedTuple):
    """Which rows of a log are looked at. champion: the variant that scores are held against."""

    table: str
    model: str
    variant: str
    champion: str | None
    since: datetime
    until: datetime


class Running(NamedTuple):
    """What calls of a variant were like.

    champion: rows of the other variant. failed: calls with 5xx; p95: milliseconds; psi: None where scores lack.
    """

    rows: int
    champion: int
    calls: int
    failed: int
    p95: float | None
    psi: float | None


def running(connection: Connection, asked: Asked) -> Running:
    """Measure a variant. Raises psycopg.Error."""
    with connection.transaction(), connection.cursor() as cursor:
        rows, calls, failed, p95 = _traffic(cursor, asked, asked.variant)
        return Running(rows, _traffic(cursor, asked, asked.champion)[0], calls, failed, p95, _psi(cursor, asked))


def _traffic(cursor: Cursor, asked: Asked, variant: str | None) -> tuple[Any, ...]:
    query = _TRAFFIC.format(log=sql.Identifier(asked.table), rows=_rows(asked, variant))
    return cursor.execute(query).fetchone() or (0, 0, 0, None)


def _rows(asked: Asked, variant: str | None) -> sql.Composed:
    values = {name: sql.Literal(getattr(asked, name)) for name in ("model", "since", "until")}
    return _ROWS.format(log=sql.Identifier(asked.table), variant=sql.Literal(variant), **values)


def _psi(cursor: Cursor, asked: Asked) -> float | None:
    log, rows = sql.Identifier(asked.table), _rows(asked, asked.champion)
    found = cursor.execute(_EDGES.format(deciles=sql.Literal(_DECILES), log=log, rows=rows)).fetchone()
    if found is None or found[0] is None:
        return None
    edges = sorted(set(found[0]))
    counts = []
    for variant in (asked.variant, asked.champion):
        query = _BINS.format(edges=sql.Literal(edges), log=log, rows=_rows(asked, variant))
        known: dict[int, int] = dict(cursor.execute(query).fetchall())
        counts.append([known.get(each, 0) for each in range(len(edges) + 1)])
    return psi(counts[0], counts[1]) if sum(counts[0]) else None
