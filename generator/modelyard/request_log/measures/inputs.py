"""The columns of the log whose distributions are measured: the score, and the inputs, found in the log itself.

An input is a value of a row's object, or of its list, also one in a list of its own, as TensorFlow Serving has them.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from psycopg import Cursor, sql

from modelyard.request_log import dialect
from modelyard.request_log.measures.plan import Plan, Span
from modelyard.request_log.measures.versions import within

SCORE: Final = ""  # its name among the inputs: none of them has it
MOST: Final = 500  # inputs of a model
LEVELS: Final = 50  # of a text that have a bin of their own; all others share one
_LOOKED_AT: Final = 5000  # rows
_NUMBER: Final = (
    r"^\s*[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,2})?\s*$"  # float8 has it whatever its digits are
)
_FOUND_IN_POSTGRES: Final = sql.SQL(
    "with s as (select inputs from {log} where {rows} and inputs is not null limit {looked_at}),"
    " f as (select key, to_jsonb(key) as at, value from s, jsonb_each(case when jsonb_typeof(inputs) = 'object'"
    " then inputs else '{{}}' end) union all select '[' || n - 1 || ']', to_jsonb(n - 1), value from s,"
    " jsonb_array_elements(case when jsonb_typeof(inputs) = 'array' then inputs else '[]' end)"
    " with ordinality as e (value, n)),"
    " v as (select key, at, case when jsonb_typeof(value) = 'array' and jsonb_array_length(value) = 1"
    " then value -> 0 else value end as value, jsonb_typeof(value) = 'array' as inner from f)"
    " select key, at, bool_or(v.inner), bool_and(jsonb_typeof(value) = 'number' or jsonb_typeof(value) = 'string'"
    " and length(value #>> '{{}}') < 200 and value #>> '{{}}' ~ {number})"
    " from v where jsonb_typeof(value) <> 'null' and value <> '\"NaN\"' group by key, at"
    " having bool_and(jsonb_typeof(value) in ('number', 'string', 'boolean')) order by count(*) desc, key limit {most}"
)
# The same in DuckDB, where json_each has names and places of values, and their order of a file is not that of a table.
_FOUND_IN_DUCKDB: Final = sql.SQL(
    "with s as (select inputs::json as inputs from {log} where {rows} and inputs is not null limit {looked_at}),"
    " f as (select case when json_type(inputs) = 'ARRAY' then '[' || e.key || ']' else e.key end as key,"
    " case when json_type(inputs) = 'ARRAY' then e.key::json else to_json(e.key) end as place, e.value as value"
    " from s, json_each(inputs) e where json_type(inputs) in ('OBJECT', 'ARRAY')),"
    " v as (select key, place, case when json_type(value) = 'ARRAY' and json_array_length(value) = 1"
    " then value -> '$[0]' else value end as value, json_type(value) = 'ARRAY' as within from f)"
    " select key, place, bool_or(v.within), bool_and(jsonb_typeof(value) = 'number' or jsonb_typeof(value) = 'string'"
    " and length(value ->> '$') < 200 and value ->> '$' ~ {number})"
    " from v where jsonb_typeof(value) <> 'null' and (value ->> '$') is distinct from 'NaN' group by key, place"
    " having bool_and(jsonb_typeof(value) in ('number', 'string', 'boolean')) order by count(*) desc, key limit {most}"
)
_QUICK: Final = sql.SQL("({0} ->> {1})::float8")
_CAREFUL: Final = sql.SQL(
    "case jsonb_typeof({0} -> {1}) when 'number' then case when length({0} ->> {1}) < 300"
    " then ({0} ->> {1})::float8 end when 'string' then case when length({0} ->> {1}) < 200"
    " and {0} ->> {1} ~ {number} then ({0} ->> {1})::float8 end end"
)
_FAR: Final = 1e300  # what is beyond it is no number here


class Column(NamedTuple):
    """A column: `number`, `text`, or `many`, a text with too many values for a distribution. path: in the row."""

    name: str
    kind: str
    path: tuple[str | int, ...]
    edges: tuple[float, ...] = ()
    levels: tuple[str, ...] = ()

    @property
    def bins(self) -> int:
        """How many bins there are, those of missing values included."""
        return len(self.edges) + 3 if self.kind == "number" else min(len(self.levels), LEVELS) + 3

    @property
    def intervals(self) -> list[str]:
        """What the bins of a number are called, in as few digits as tell their edges apart."""
        texts = next(
            (found for digits in range(3, 18) if len(set(found := _short(self.edges, digits))) == len(found)), []
        )
        if not texts:
            return ["all"]
        between = [f"{low} to {high}" for low, high in pairwise(texts)]
        return [f"below {texts[0]}", *between, f"{texts[-1]} and more"]

    def value(self, *, careful: bool) -> sql.Composable:
        """Return an expression for the value as a number or text.

        careful: what is no number is null, where else it is an error of the statement; that takes five times as long.
        """
        if self.name == SCORE:
            return sql.SQL("score")
        *steps, last = map(dialect.step, self.path)
        above = sql.SQL(" -> ").join([sql.SQL("inputs"), *steps])
        if self.kind != "number":
            return sql.SQL("({} ->> {})").format(above, last)
        return (_CAREFUL if careful else _QUICK).format(above, last, number=sql.Literal(_NUMBER))

    def bin(self, *, careful: bool) -> sql.Composable:
        """Return an expression for the bin of a value. 0: missing. Of texts 1: a new level.

        Of numbers the last is missing too: NaN sorts behind all numbers.
        """
        value = self.value(careful=careful)
        if self.kind == "number":
            edges = sql.SQL(", ").join(map(sql.Literal, (-_FAR, *self.edges, _FAR)))
            return sql.SQL("coalesce(width_bucket({}, array[{}]::float8[]), 0)").format(value, edges)
        level = dialect.level({each: min(i, LEVELS) + 2 for i, each in enumerate(self.levels)}, value)
        return sql.SQL("coalesce({}, case when {} is null then 0 else 1 end)").format(level, value)

    def counted(self, counts: Mapping[int, int]) -> tuple[tuple[int, ...], int]:
        """Return the counts of the bins in their order, and how many values are missing."""
        missing = {0, self.bins - 1} if self.kind == "number" else {0}
        shown = tuple(counts.get(each, 0) for each in range(self.bins) if each not in missing)
        return shown, sum(counts.get(each, 0) for each in missing)


def _short(edges: Sequence[float], digits: int) -> list[str]:
    return [f"{each:.{digits}g}" for each in edges]


def found(cursor: Cursor, plan: Plan, span: Span) -> list[Column]:
    """Return the columns of a window, by a look at some of its rows."""
    values: dict[str, sql.Composable] = {
        "log": sql.Identifier(plan.table), "rows": within(plan, span), "looked_at": sql.Literal(_LOOKED_AT),
        "number": sql.Literal(_NUMBER), "most": sql.Literal(MOST),
    }  # fmt: skip
    query = sql.Composed([dialect.Either(_FOUND_IN_POSTGRES.format(**values), _FOUND_IN_DUCKDB.format(**values))])
    columns = [Column(SCORE, "number", ())] if plan.score else []
    for name, at, inner, number in cursor.execute(query):
        if name and name.casefold() not in plan.left_out:
            columns.append(Column(name, "number" if number else "text", (at, 0) if inner else (at,)))
    return columns


def scored(plan: Plan, span: Span) -> sql.Composed:
    """Return what follows `from` where rows are those that were scored in a window."""
    rows = sql.SQL("{} where {} and status between 200 and 299")
    return rows.format(sql.Identifier(plan.table), within(plan, span))
