"""Batches of rows into the log: each whole or not at all, and each row once, however often it is sent.

COPY fails whole on one row that is there already, and has no ON CONFLICT; so rows go into a temporary table by COPY,
and from there into the log, in one transaction. Without a target ON CONFLICT needs no right to read (PostgreSQL 18,
INSERT, parameters).
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from psycopg import Connection, sql

from modelyard.request_log.database.tables import COLUMNS
from modelyard.request_log.rows import Row

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NEW: Final = "new_rows"
_TYPES: Final = {
    "row": "integer", "at": "timestamptz", "status": "smallint", "latency": "real",
    "inputs": "jsonb", "outputs": "jsonb", "score": "double precision",
}  # fmt: skip


class Batches:
    """Batches of one model, or of one variant, into one table."""

    def __init__(self, table: str, model: str, variant: str | None, image: str | None) -> None:
        columns = sql.SQL(", ").join(map(sql.Identifier, COLUMNS))
        new = sql.Identifier(_NEW)
        typed = [sql.SQL("{} {}").format(sql.Identifier(each), sql.SQL(_TYPES.get(each, "text"))) for each in COLUMNS]
        self._create = sql.SQL("create temporary table {} ({}) on commit drop").format(new, sql.SQL(", ").join(typed))
        self._copy = sql.SQL("copy {} ({}) from stdin").format(new, columns)
        self._insert = sql.SQL("insert into {} ({}) select {} from {} on conflict do nothing").format(
            sql.Identifier(table), columns, columns, new
        )
        self._whose = (model, variant, image)

    def write(self, connection: Connection, rows: Sequence[Row]) -> int:
        """Write rows, and return how many of them are new. Raises psycopg.Error; then none is there, or all are."""
        with connection.transaction(), connection.cursor() as cursor:
            cursor.execute(self._create)
            with cursor.copy(self._copy) as copy:
                for row in rows:
                    copy.write_row(self._values(row))
            cursor.execute(self._insert)
            return cursor.rowcount

    def _values(self, row: Row) -> tuple[object, ...]:
        at = _EPOCH + timedelta(microseconds=row.at)
        key = row.key.replace("\0", "\ufffd")
        return (
            row.id, row.row, at, key, *self._whose, row.path, row.status, row.latency / 1000,
            row.inputs, row.outputs, row.score,
        )  # fmt: skip
