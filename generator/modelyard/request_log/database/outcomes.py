"""What became true, and came later: loaded once, however often its file is given."""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from psycopg import Connection, Cursor, sql

from modelyard.request_log.dialect import ON_COMMIT

_NEW: Final = sql.SQL(
    'create temporary table new_outcomes ("at" bigint, key text, value text, number double precision){on_commit}'
).format(on_commit=ON_COMMIT)
_ONE_EACH: Final = sql.SQL(
    'delete from new_outcomes a using new_outcomes b where a.key = b.key and a."at" < b."at"'  # the last one holds
)
_FORGOTTEN: Final = sql.SQL("create temporary table forgotten (key text){}").format(ON_COMMIT)
_DIFFERS: Final = "(o.number is distinct from n.number or (n.number is null and o.value <> n.value))"


class Outcome(NamedTuple):
    """An outcome of what has a key. number: its value as a number, where it is one."""

    key: str
    value: str
    number: float | None


class Loaded(NamedTuple):
    """What came of a file. changed, unknown: the keys. repeated: rows whose key another row behind it has too."""

    new: int
    same: int
    repeated: int
    changed: list[str]
    unknown: list[str]


def load(connection: Connection, table: str, target: str, outcomes: Iterable[Outcome]) -> Loaded:
    """Load outcomes, all or none. target: what they are called. Raises psycopg.Error."""
    log, known = sql.Identifier(table), sql.Identifier(f"{table}_outcomes")
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(_NEW)
        with cursor.copy("copy new_outcomes from stdin") as copy:
            for at, each in enumerate(outcomes):
                copy.write_row((at, each.key, each.value, each.number))
        cursor.execute("create index on new_outcomes (key)")
        cursor.execute("analyze new_outcomes")
        repeated = cursor.execute(_ONE_EACH).rowcount
        join = sql.SQL("from new_outcomes n join {} o on o.target = %s and o.key = n.key where ").format(known)
        changed = _keys(cursor, sql.SQL("select n.key {}{}").format(join, sql.SQL(_DIFFERS)), target)
        absent = sql.SQL("select n.key from new_outcomes n where not exists (select 1 from {} l where l.key = n.key)")
        unknown = _keys(cursor, absent.format(log))
        total = cursor.execute("select count(*) from new_outcomes").fetchone()
        merge = sql.SQL(
            "insert into {} as o (target, key, value, number) select %s, key, value, number from new_outcomes"
            " on conflict (target, key) do update set value = excluded.value, number = excluded.number, loaded = now()"
            " where o.number is distinct from excluded.number"
            " or (excluded.number is null and o.value <> excluded.value)"
        )
        written = cursor.execute(merge.format(known), [target]).rowcount
    new = written - len(changed)
    return Loaded(new, (total[0] if total else 0) - written, repeated, changed, unknown)


def _keys(cursor: Cursor, query: sql.Composable, *values: str) -> list[str]:
    return [key for (key,) in cursor.execute(query + sql.SQL(" order by 1"), values)]


def forget(connection: Connection, table: str, keys: Iterable[str], *, log: bool = True) -> dict[str, int]:
    """Delete the rows and outcomes of keys, and return how many of each table. It can be repeated.

    log: false leaves the rows.
    """
    gone: dict[str, int] = {}
    rows, known = sql.Identifier(table), sql.Identifier(f"{table}_outcomes")
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(_FORGOTTEN)
        with cursor.copy("copy forgotten from stdin") as copy:
            for each in _distinct(keys):
                copy.write_row((each,))
        cursor.execute("analyze forgotten")
        by_key = sql.SQL("delete from {} where key in (select key from forgotten)")
        by_id = sql.SQL("delete from {} where id in (select key from forgotten)").format(rows)
        if log:
            gone[table] = cursor.execute(by_key.format(rows)).rowcount + cursor.execute(by_id).rowcount
        gone[f"{table}_outcomes"] = cursor.execute(by_key.format(known)).rowcount
    return gone


def _distinct(keys: Iterable[str]) -> Iterator[str]:
    seen: set[str] = set()
    for each in keys:
        if each not in seen:
            seen.add(each)
            yield each
