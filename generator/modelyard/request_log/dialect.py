"""What PostgreSQL and DuckDB spell differently. All other SQL over the log is the same for both.

A statement is composed once; which spelling it gets says the context that it becomes a text in.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from psycopg import sql
from psycopg.types.json import Jsonb

PERCENTILES: Final = "percentiles"  # a macro of DuckDB's, see files.duck, as is the next
PERCENTILE: Final = "percentile"


class Either(sql.Composable):
    """Two spellings of the same."""

    def __init__(self, postgres: sql.Composable | str, duckdb: sql.Composable | str) -> None:
        super().__init__((postgres, duckdb))
        self._postgres, self._duckdb = map(_composed, (postgres, duckdb))

    def as_bytes(self, context: Any = None) -> bytes:
        """Return the spelling of a context."""
        own = self._duckdb if getattr(context, "is_duckdb", False) else self._postgres
        return own.as_bytes(context)


def _composed(text: sql.Composable | str) -> sql.Composable:
    return sql.SQL(text) if isinstance(text, str) else text


ON_COMMIT: Final = Either(" on commit drop", "")  # of a temporary table; DuckDB's end with the connection's transaction
PLACE: Final = Either("ctid", "rowid")  # of a row: one that was added later is behind
INPUTS: Final = Either("inputs", "inputs::json as inputs")
OUTPUTS: Final = Either("outputs", "outputs::json as outputs")


def rows(model: str, since: datetime, until: datetime) -> sql.Composed:
    """Return the condition for a model's rows of a time. DuckDB opens no file of another day."""
    whole = sql.SQL('model = {} and "at" >= {} and "at" < {}').format(*map(sql.Literal, (model, since, until)))
    days = [sql.Literal(f"{each.astimezone(UTC):%Y-%m-%d}") for each in (since, until)]
    return whole + Either("", sql.SQL(" and day between cast({} as date) and cast({} as date)").format(*days))


def percentile(share: float, of: str, where: str) -> sql.Composable:
    """Return an expression for a percentile of a column, by linear interpolation."""
    return _percentiles(PERCENTILE, sql.Literal(share), of, where)


def percentiles(shares: list[float], of: str, where: str) -> sql.Composable:
    """Return an expression for several percentiles, null without rows. DuckDB's own may be off by the last digit."""
    return _percentiles(PERCENTILES, sql.Literal(shares), of, where)


def _percentiles(macro: str, shares: sql.Literal, of: str, where: str) -> sql.Composable:
    postgres = _composed(f"percentile_cont({{}}) within group (order by {of}) filter (where {where})")
    duckdb = _composed(f"{macro}({{}}, list({of} order by {of}) filter (where {where} and {of} is not null))")
    return Either(postgres.format(shares), duckdb.format(shares))  # type: ignore[attr-defined]


def step(name: str | int) -> sql.Composable:
    """Return a step into JSON: the name of a value, or its place from 0."""
    pointer = f"$[{name}]" if isinstance(name, int) else f"/{name.replace('~', '~0').replace('/', '~1')}"
    return Either(sql.Literal(name), sql.Literal(pointer))


def level(numbers: Mapping[str, int], value: sql.Composable) -> sql.Composable:
    """Return an expression for the number of a text, null for one that has none."""
    postgres = sql.SQL("({}::jsonb -> {})::int").format(sql.Literal(Jsonb(dict(numbers))), value)
    duckdb = sql.SQL("map({}, {})[{}]").format(
        sql.Literal(list(numbers)), sql.Literal(list(numbers.values())), value
    ) if numbers else sql.SQL("null::int")  # fmt: skip
    return Either(postgres, duckdb)
