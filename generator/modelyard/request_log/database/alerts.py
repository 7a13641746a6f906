"""Alerts: when a model fell beyond its threshold, who has been told of it, what was started, and when it recovered.

Connections are short, for a notice may take minutes: a run takes an alert on for a time, tells, and settles it. So two
runs at once do not tell twice, and what a run that was killed had taken on is told later.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, NamedTuple, TypeVar

from psycopg import Connection, Cursor, sql

T = TypeVar("T")
_LEASE: Final = sql.SQL("interval '30 minutes'")  # more than four channels take at their slowest
_SEEN: Final = ("model", "began", "variant", "metric", "threshold", "value", "rows", "since", "until", "recovered",
                "better", "told", "told_recovery", "job")  # fmt: skip


class Judgement(NamedTuple):
    """What a run says of the metric that has a threshold. rows: it is of so many, from `since` until `until`."""

    model: str
    variant: str | None
    metric: str
    threshold: float
    value: float
    rows: int
    since: datetime
    until: datetime
    beyond: bool


class Alert(NamedTuple):
    """A time in which a model was beyond its threshold. Its figures are those that it began with.

    recovered: when, with the value `better`. told, told_recovery: channels that have it. job: what was started.
    """

    model: str
    began: datetime
    variant: str | None
    metric: str
    threshold: float
    value: float
    rows: int
    since: datetime
    until: datetime
    recovered: datetime | None
    better: float | None
    told: list[str]
    told_recovery: list[str]
    job: str | None


def judge(connection: Connection, table: str, found: Sequence[Judgement], at: datetime) -> dict[str, datetime]:
    """Begin and end alerts by what a run has found, and return which models are silenced, and until when.

    at: the time of the run; one that a later run has overtaken changes nothing. Raises psycopg.Error.
    """
    for each in found:
        with connection.transaction(), connection.cursor() as cursor:
            _locked(cursor, f"{table} {each.model}")
            if not _is_overtaken(cursor, table, each, at):
                _go_on(cursor, table, each, at)
    query = sql.SQL("select model, until from {} where until > now()").format(sql.Identifier(f"{table}_silences"))
    return dict(connection.execute(query).fetchall())


def _locked(cursor: Cursor, name: str) -> None:
    cursor.execute("select pg_advisory_xact_lock(hashtext('modelyard alerts'), hashtext(%s))", [name])


def _is_overtaken(cursor: Cursor, table: str, own: Judgement, at: datetime) -> bool:
    query = (
        'select exists (select 1 from {} where model = %s and measure = %s and "at" > %s and "at" <= now()'
        " and alert is not null)"
    )
    cursor.execute(sql.SQL(query).format(sql.Identifier(f"{table}_quality")), [own.model, own.metric, at])
    return cursor.fetchone() == (True,)


def _go_on(cursor: Cursor, table: str, own: Judgement, at: datetime) -> None:
    named = {"alerts": sql.Identifier(f"{table}_alerts"), "silences": sql.Identifier(f"{table}_silences")}
    if own.beyond:
        insert = (
            "insert into {alerts} (model, began, variant, metric, threshold, value, rows, since, until)"
            " select %s, %s, %s, %s, %s, %s, %s, %s, %s"
            " where not exists (select 1 from {alerts} where model = %s and recovered is null)"
        )
        values = [own.model, at, *own[1:8], own.model]
        cursor.execute(sql.SQL(insert).format(**named), values)
        return
    # Of what nobody has heard, for it was silenced all the time, nobody hears the end.
    end = (
        "update {alerts} a set recovered = %s, better = %s, done = told = array[]::text[] and job is null and exists"
        " (select 1 from {silences} s where s.model = a.model and s.until > now())"
        " where model = %s and recovered is null"
    )
    cursor.execute(sql.SQL(end).format(**named), [at, own.value, own.model])


def taken_on(connection: Connection, table: str, models: Sequence[str]) -> list[Alert]:
    """Return the alerts of models of which something is to be told or started, the oldest first; not the silenced.

    No other run gets them until they are settled, or half an hour has passed. Raises psycopg.Error.
    """
    query = (
        "update {alerts} a set claimed = now() where model = any(%s) and not done"
        " and (claimed is null or claimed < now() - {lease})"
        " and not exists (select 1 from {silences} s where s.model = a.model and s.until > now()) returning {columns}"
    )
    columns = sql.SQL(", ").join(map(sql.Identifier, _SEEN))
    named = {"alerts": sql.Identifier(f"{table}_alerts"), "silences": sql.Identifier(f"{table}_silences")}
    found = connection.execute(sql.SQL(query).format(columns=columns, lease=_LEASE, **named), [list(models)])
    return sorted((Alert(*each) for each in found.fetchall()), key=lambda each: each.began)


def settle(connection: Connection, table: str, own: Alert, *, done: bool) -> None:
    """Keep what has become of an alert. done: nobody is to hear more of it. Raises psycopg.Error."""
    query = (
        "update {} set told = %s, told_recovery = %s, job = coalesce(%s, job), claimed = null, done = %s"
        " where model = %s and began = %s"
    )
    values = [own.told, own.told_recovery, own.job, done, own.model, own.began]
    connection.execute(sql.SQL(query).format(sql.Identifier(f"{table}_alerts")), values)


def alone(connection: Connection, table: str, name: str, work: Callable[[], T]) -> T:
    """Return what comes of work while no other run does work of this name. Raises psycopg.Error."""
    with connection.transaction(), connection.cursor() as cursor:
        _locked(cursor, f"{table} {name}")
        return work()


def silence(connection: Connection, table: str, model: str, until: datetime | None) -> None:
    """Tell nobody of a model's alerts until then; None ends that. Raises psycopg.Error."""
    silences = sql.Identifier(f"{table}_silences")
    if until is None:
        connection.execute(sql.SQL("delete from {} where model = %s").format(silences), [model])
        return
    query = "insert into {} (model, until) values (%s, %s) on conflict (model) do update set until = excluded.until"
    connection.execute(sql.SQL(query).format(silences), [model, until])
