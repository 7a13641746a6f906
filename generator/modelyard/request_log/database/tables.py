"""The tables of the log, as versions that follow each other; who may do what with them; and their upkeep.

`NAME` is the log, in partitions by day (UTC) with a default one; `NAME_outcomes` has what became true. A unique key of
a partitioned table must hold the column that it is partitioned by (PostgreSQL 18, 5.12.2.3), hence (id, row, at).
`NAME_writer` may add rows and do the upkeep, `NAME_reader` may read, `NAME_monitor` may measure: roles without a login,
which are granted to those who log in. The upkeep runs with its owner's rights, and takes no arguments: who may only
write cannot drop a day.

A version only adds what an older sidecar does not need, for one goes on writing while the tables change.
"""

import re
from collections.abc import Mapping
from typing import Final

from psycopg import Connection, sql

from modelyard.request_log.database.upkeep import UPKEEP

AHEAD: Final = 7  # days for which partitions are made ahead
_DOLLAR: Final = re.compile(r"\$(\w+)\$")

# Of a new row, in the order in which they are written.
COLUMNS: Final = (
    "id", "row", "at", "key", "model", "variant", "image", "path", "status", "latency", "inputs", "outputs", "score",
)  # fmt: skip

_LOG: Final = """
create table if not exists $log$ (
    id text not null,
    "row" integer not null,
    at timestamptz not null,
    key text not null,
    model text not null,
    variant text,
    image text,
    path text,
    status smallint not null,
    latency real not null,
    inputs jsonb,
    outputs jsonb,
    score double precision,
    primary key (id, "row", at)
) partition by range (at);
create table if not exists $log_default$ partition of $log$ default;
create index if not exists $log_key$ on $log$ (key);
create index if not exists $log_model_at$ on $log$ (model, at);
comment on table $log$ is 'A row for each scored row. latency is in milliseconds; key joins outcomes.';
"""
_OUTCOMES: Final = """
create table if not exists $log_outcomes$ (
    target text not null,
    key text not null,
    value text not null,
    number double precision,
    loaded timestamptz not null default now(),
    primary key (target, key)
);
comment on table $log_outcomes$ is 'What became true, by the column it was loaded from and the key of the log.';
create table if not exists $log_settings$ (retention interval);
"""
_QUALITY: Final = """
create table if not exists $log_quality$ (
    at timestamptz not null,
    model text not null,
    variant text,
    image text,
    measure text not null,
    detail text,
    since timestamptz not null,
    until timestamptz not null,
    value double precision,
    low double precision,
    high double precision,
    "rows" bigint not null,
    note text,
    alert boolean
);
create index if not exists $log_measured$ on $log_quality$ (model, measure, at);
comment on table $log_quality$ is 'What `monitor run` measured. alert: whether it is beyond the threshold.';
create table if not exists $log_baselines$ (
    model text not null,
    since timestamptz not null,
    until timestamptz not null,
    name text not null,
    kind text not null,
    path jsonb not null,
    edges double precision[],
    levels jsonb,
    counts bigint[] not null,
    missing bigint not null,
    primary key (model, since, until, name)
);
comment on table $log_baselines$ is 'Distributions that later ones are held against; they outlive their rows.';
"""
_ALERTS: Final = """
create table if not exists $log_alerts$ (
    model text not null,
    began timestamptz not null,
    variant text,
    metric text not null,
    threshold double precision not null,
    value double precision not null,
    "rows" bigint not null,
    since timestamptz not null,
    until timestamptz not null,
    recovered timestamptz,
    better double precision,
    told text[] not null default '{{}}',
    told_recovery text[] not null default '{{}}',
    job text,
    claimed timestamptz,
    done boolean not null default false,
    primary key (model, began)
);
create unique index if not exists $log_alerting$ on $log_alerts$ (model) where recovered is null;
comment on table $log_alerts$ is 'When a model was beyond its threshold. told: channels that have heard of it.';
create table if not exists $log_silences$ (model text primary key, until timestamptz not null);
"""
# Each is run once, in its order, and never changed: what is to be different is a further one. The upkeep is a function,
# which is replaced as a whole: further versions give it to logs that have an earlier one.
VERSIONS: Final[Mapping[int, str]] = {1: _LOG, 2: _OUTCOMES, 3: UPKEEP, 4: _QUALITY, 5: _ALERTS, 6: UPKEEP, 7: UPKEEP}
NEWEST: Final = max(VERSIONS)


def migrate(connection: Connection, table: str, retention: int | None) -> list[int]:
    """Bring the tables to the newest version, and return which were new. retention: days, None for no end.

    All or nothing, one at a time, and safe to repeat. Raises psycopg.Error.
    """
    done: list[int] = []
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtext('modelyard'), hashtext(%s))", [table])
        cursor.execute("select current_schema()")
        (schema,) = cursor.fetchone() or (None,)
        texts = _Texts(table, schema or "public")
        cursor.execute(texts.composed("create table if not exists $log_versions$ (version integer primary key)"))
        cursor.execute(texts.composed("select version from $log_versions$"))
        present = {version for (version,) in cursor.fetchall()}
        for version, text in VERSIONS.items():
            if version not in present:
                cursor.execute(texts.composed(text))
                cursor.execute(texts.composed("insert into $log_versions$ values (%s)"), [version])
                done.append(version)
        cursor.execute(texts.composed("delete from $log_settings$"))
        if retention is not None:
            cursor.execute(texts.composed("insert into $log_settings$ values (make_interval(days => %s))"), [retention])
        cursor.execute(texts.composed("select $log_upkeep$()"))
        for role, grants in _GRANTS.items():
            _grant(connection, texts, f"{table}_{role}", grants)
    return done


_GRANTS: Final = {
    "writer": "grant usage on schema $schema$ to {role}; grant insert on $log$ to {role};"
    "grant select on $log_versions$ to {role}; grant execute on function $log_upkeep$() to {role};",
    "reader": "grant usage on schema $schema$ to {role};"
    "grant select on $log$, $log_outcomes$, $log_versions$, $log_settings$, $log_quality$, $log_baselines$ to {role};"
    "grant select on $log_alerts$, $log_silences$ to {role};",
    "monitor": "grant usage on schema $schema$ to {role};"
    "grant select on $log$, $log_outcomes$, $log_versions$ to {role};"
    "grant select, insert on $log_quality$, $log_baselines$, $log_alerts$ to {role}; grant select on $log_silences$ to"
    " {role}; grant update (recovered, better, told, told_recovery, job, claimed, done) on $log_alerts$ to {role};",
}


def _grant(connection: Connection, texts: "_Texts", role: str, grants: str) -> None:
    cursor = connection.execute("select 1 from pg_roles where rolname = %s", [role])
    if cursor.fetchone() is None:
        connection.execute(sql.SQL("create role {} nologin").format(sql.Identifier(role)))
    connection.execute(texts.composed(grants, role=sql.Identifier(role)))


def version(connection: Connection, table: str) -> int:
    """Return the version of the tables; 0 where there are none. Raises psycopg.Error."""
    found = connection.execute("select to_regclass(%s)", [f"{table}_versions"]).fetchone()
    if not found or found[0] is None:
        return 0
    row = connection.execute(sql.SQL("select max(version) from {}").format(sql.Identifier(f"{table}_versions")))
    newest = row.fetchone()
    return int(newest[0]) if newest and newest[0] is not None else 0


def upkeep(connection: Connection, table: str) -> int:
    """Make the partitions of the next days, drop those that are too old, and return how many changed."""
    row = connection.execute(sql.SQL("select {}()").format(sql.Identifier(f"{table}_upkeep"))).fetchone()
    return int(row[0]) if row else 0


class _Texts:
    """SQL with the names of one log: `$log_key$` is NAME_key, in the schema that comes first."""

    def __init__(self, table: str, schema: str) -> None:
        self._table = table
        self._schema = schema

    def composed(self, text: str, **more: sql.Composable) -> sql.Composed:
        """Return a text with names put in for `$…$`, and {name}, {schema}, {ahead} as values."""
        values = {"name": sql.Literal(self._table), "schema": sql.Literal(self._schema), "ahead": sql.Literal(AHEAD)}
        parts: list[sql.Composable] = []
        at = 0
        for found in _DOLLAR.finditer(text):
            named = self._named(found[1])
            if named is not None:
                parts += [sql.SQL(text[at : found.start()]).format(**values, **more), named]
                at = found.end()
        parts.append(sql.SQL(text[at:]).format(**values, **more))
        return sql.Composed(parts)

    def _named(self, word: str) -> sql.Composable | None:
        if word == "schema":
            return sql.Identifier(self._schema)
        if word == "log" or word.startswith("log_"):
            own = f"{self._table}{word.removeprefix('log')}"
            # An index is named without its schema, which is that of its table.
            return (
                sql.Identifier(own)
                if word in ("log_key", "log_model_at", "log_measured", "log_alerting")
                else sql.Identifier(self._schema, own)
            )
        return None
