"""Rows with their outcomes as CSV, in the form of the tables that SAS Model Manager reads performance from.

A row holds the inputs, the prediction and the outcome, each under its own name. Tables are named
PREFIX_NUMBER_LABEL, in the order of time (sasctl 1.11, tasks.update_model_performance).
"""

from collections.abc import Iterator
from typing import Final

from psycopg import Connection, sql

from modelyard.request_log.measures import inputs
from modelyard.request_log.measures.plan import Plan
from modelyard.request_log.measures.versions import within

_COPY: Final = sql.SQL(
    "copy (select {columns} from {log} l join {outcomes} o on o.target = {target} and o.key = l.key"
    ' where {rows} and status between 200 and 299 order by "at", l.id, "row") to stdout (format csv, header)'
)


def rows(connection: Connection, plan: Plan) -> Iterator[bytes]:
    """Yield the CSV of the rows of a window that have an outcome, in parts. Raises psycopg.Error."""
    with connection.transaction(), connection.cursor() as cursor:
        every = inputs.found(cursor, plan._replace(left_out=frozenset()), plan.judged)
        names = [each for each in every if each.name != inputs.SCORE]
        texts = {each.name: each._replace(kind="text").value(careful=False) for each in names}
        taken = [sql.SQL("{} as {}").format(text, sql.Identifier(name)) for name, text in texts.items()]
        taken.append(sql.SQL("score as {}").format(sql.Identifier(plan.score or "score")))
        taken.append(sql.SQL("o.value as {}").format(sql.Identifier(plan.target or "target")))
        query = _COPY.format(
            columns=sql.SQL(", ").join(taken), log=sql.Identifier(plan.table),
            outcomes=sql.Identifier(f"{plan.table}_outcomes"), target=sql.Literal(plan.target),
            rows=within(plan, plan.judged),
        )  # fmt: skip
        with cursor.copy(query) as copy:
            yield from map(bytes, copy)
