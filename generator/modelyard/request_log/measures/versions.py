"""The versions that answered in a window, and how SQL tells their rows apart."""

from collections.abc import Sequence
from typing import Any, Final

from psycopg import Cursor, sql

from modelyard.request_log import dialect
from modelyard.request_log.measures.plan import Plan, Span, Version

_MOST: Final = 50  # versions of a window: older ones are left out
_FOUND: Final = sql.SQL(
    "select variant, image, count(*) from {log} where {rows}"
    ' group by variant, image order by max("at") desc limit {most}'
)
_EACH: Final = sql.SQL("when variant is not distinct from {} and image is not distinct from {} then {}")


def within(plan: Plan, span: Span) -> sql.Composed:
    """Return the condition for a model's rows of a window."""
    return dialect.rows(plan.model, span.since, span.until)


def versions(cursor: Cursor, plan: Plan, span: Span) -> dict[Version, int]:
    """Return the versions of a window with their rows, the newest first."""
    query = _FOUND.format(log=sql.Identifier(plan.table), rows=within(plan, span), most=sql.Literal(_MOST))
    return {Version(variant, image): count for variant, image, count in cursor.execute(query)}


def part(found: Sequence[Version]) -> sql.Composable:
    """Return an expression: the number of a row's version among those found, -1 for none of them."""
    if not found:
        return sql.SQL("-1")
    cases = [
        _EACH.format(sql.Literal(each.variant), sql.Literal(each.image), sql.Literal(i)) for i, each in enumerate(found)
    ]
    return sql.SQL("case {} else -1 end").format(sql.SQL(" ").join(cases))


def numbers(cursor: Cursor, query: sql.Composed) -> dict[int, dict[str, Any]]:
    """Return the rows of a query by their column `part`, each by the names of its columns."""
    cursor.execute(query)
    names = [each.name for each in cursor.description or ()]
    rows = (dict(zip(names, row, strict=True)) for row in cursor)
    return {int(row["part"]): row for row in rows if row["part"] >= 0}
