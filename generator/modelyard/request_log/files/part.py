"""The rows of one day that wait to be uploaded: a file of Parquet beside the spool, by groups of rows."""

from pathlib import Path
from typing import Any, Final

import pyarrow as pa
from pyarrow import parquet

from modelyard.request_log.files.layout import SCHEMA, SUFFIX

_GROUP: Final = 16 << 20  # bytes of rows in memory, after which they are written as a row group
_TEXTS: Final = ["variant", "image", "path"]  # few values


# Of a column with NaN, which is in no statistics, DuckDB takes a condition that they fulfil as fulfilled by all rows.
_WITHOUT_STATISTICS: Final = frozenset(["score"])


def written(path: Path, schema: Any) -> Any:
    """Begin a file of the log. Raises OSError."""
    statistics = [name for name in schema.names if name not in _WITHOUT_STATISTICS]
    return parquet.ParquetWriter(path, schema, compression="zstd", use_dictionary=_TEXTS, write_statistics=statistics)


class Part:
    """A file that grows. first: sequence number of its first call, by which it is named."""

    def __init__(self, folder: Path, day: str, first: int) -> None:
        self.day, self.first, self.rows = day, first, 0
        self.path = folder / f"{day}{SUFFIX}"
        self._waiting: list[Any] = []
        self._bytes = 0
        self._writer = written(self.path, SCHEMA)

    @property
    def size(self) -> int:
        """How many bytes it has: those in the file, and those of rows in memory."""
        return self.path.stat().st_size + self._bytes

    def add(self, batch: Any) -> None:
        """Add rows. Raises OSError, and errors of pyarrow."""
        self.rows += batch.num_rows
        self._bytes += batch.nbytes
        self._waiting.append(batch)
        if self._bytes >= _GROUP:
            self._write()

    def _write(self) -> None:
        if self._waiting:
            table = pa.Table.from_batches(self._waiting, SCHEMA)
            self._writer.write_table(table, row_group_size=table.num_rows)
        self._waiting, self._bytes = [], 0

    def end(self) -> None:
        """Write what is in memory, and the file's end. Raises OSError, and errors of pyarrow."""
        self._write()
        self._writer.close()

    def remove(self) -> None:
        """Remove the file, which is in the log."""
        self.path.unlink(missing_ok=True)


def leftovers(folder: Path) -> None:
    """Remove what an earlier process had not uploaded: its calls are in the spool."""
    for each in folder.glob(f"*{SUFFIX}"):
        each.unlink(missing_ok=True)
