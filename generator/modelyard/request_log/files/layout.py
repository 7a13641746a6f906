"""How the log lies in its folder: `TABLE/model=NAME/day=YYYY-MM-DD/SIDECAR-NUMBER.parquet`.

The folders are Hive's partitions, which DuckDB, Spark, Athena and others leave out where a query does not need them;
model and day are columns by the folders' names alone, for some refuse a column that is in the files too. NUMBER is the
sequence number of the file's first call: a file that is written again, as after a kill, replaces itself.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import pyarrow as pa

from modelyard.request_log.rows import Row

SCHEMA: Final[Any] = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("row", pa.int32(), nullable=False),
        pa.field("at", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("key", pa.string(), nullable=False),
        pa.field("variant", pa.string()),
        pa.field("image", pa.string()),
        pa.field("path", pa.string()),
        pa.field("status", pa.int16(), nullable=False),
        pa.field("latency", pa.float32(), nullable=False),  # milliseconds
        pa.field("inputs", pa.string()),  # JSON
        pa.field("outputs", pa.string()),
        pa.field("score", pa.float64()),
    ]
)
SUFFIX: Final = ".parquet"
MODEL: Final = "model="
DAY: Final = "day="
_DAY: Final = 86_400_000_000  # microseconds


def day(at: int) -> str:
    """Return the day (UTC) of a time in microseconds since 1970, as folders are named."""
    return f"{datetime.fromtimestamp(at // _DAY * 86_400, UTC):%Y-%m-%d}"


def place(table: str, model: str, of_day: str, sidecar: int, first: int) -> str:
    """Return where a file lies. sidecar: a number that no other one has. first: sequence number of its first call."""
    return f"{table}/{MODEL}{model}/{DAY}{of_day}/{sidecar:016x}-{first:020d}{SUFFIX}"


def batch(rows: Sequence[Row], variant: str | None, image: str | None) -> Any:
    """Return rows as a batch of Arrow. Raises ValueError, or an error of pyarrow, for what Parquet cannot have."""
    count = len(rows)
    columns: list[Sequence[object]] = [
        [each.id for each in rows],
        [each.row for each in rows],
        [each.at for each in rows],
        [each.key.replace("\0", "\ufffd") for each in rows],  # as in PostgreSQL
        [variant] * count,
        [image] * count,
        [each.path for each in rows],
        [each.status for each in rows],
        [each.latency / 1000 for each in rows],
        [each.inputs for each in rows],
        [each.outputs for each in rows],
        [each.score for each in rows],
    ]
    arrays = [pa.array(values, own.type) for values, own in zip(columns, SCHEMA, strict=True)]
    return pa.record_batch(arrays, schema=SCHEMA)
