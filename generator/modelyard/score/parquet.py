"""Parquet files, in and out, a part of a row group at a time: pyarrow is an extra, and this is its door.

A file that is written grows as an Arrow stream, which can be cut between two batches; a run that goes on begins another
behind it. At the end they become one Parquet file.
"""

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any, BinaryIO, Final

import pyarrow as pa
import pyarrow.parquet as pq

from modelyard.problems import problem
from modelyard.score import arrow
from modelyard.score.contract import Contract
from modelyard.score.options import Options, Row, Stopped
from modelyard.score.stores import Store
from modelyard.score.table import Table

_BUFFER: Final = 1 << 18  # bytes of a column chunk that are read at once
_REMOTE: Final = 1 << 22  # likewise, of a bucket
_GROUP_ROWS: Final = 1 << 16  # of a row group that is written
_GROUP_BYTES: Final = 1 << 26
_END: Final = (
    b"\xff\xff\xff\xff\x00\x00\x00\x00"  # of an Arrow stream (Arrow columnar format 1.5, IPC streaming format)
)
_WRONG: Final = (pa.ArrowException, OSError, ValueError)


def open_parquet(path: Path, options: Options) -> Table:
    """Open a Parquet file as a table whose rows keep their types. Raises Stopped MY805."""
    if path.exists() and not path.is_file():
        what = f"{path} is not a plain file, and Parquet is read from its end"
        raise Stopped(problem("MY805", what, hint="save it to a file first"))
    try:
        file = pq.ParquetFile(path, buffer_size=_BUFFER)
    except _WRONG as error:
        raise _unread(path, error) from error
    try:
        found = _names(file.schema_arrow, path)
    except Stopped:
        file.close()
        raise
    rows = _rows(file, path, options.decimal)
    delimiter = options.delimiter or ","
    return Table(found, rows, str(path), delimiter, file.close, file.metadata.num_rows, file.schema_arrow)


def open_shard(store: Store, paths: Sequence[str], takes: Callable[[int], bool], options: Options) -> Table:
    """Open those row groups of files whose number, counted through all of them, is taken. Raises Stopped MY805.

    All files have the same columns. A row's number is that in its file.
    """
    chosen: list[tuple[str, list[int], list[int]]] = []  # a file, its groups, and the rows of each group
    schema, number = None, 0
    for path in paths:
        with _opened(store, path) as file:
            schema = file.schema_arrow if schema is None else schema
            if not schema.equals(file.schema_arrow):
                hint = "give all files the same columns, with the same types"
                raise Stopped(problem("MY805", f"{path} has other columns than {paths[0]}", hint=hint))
            counts = [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)]
        groups = [i for i in range(len(counts)) if takes(number + i)]
        number += len(counts)
        if groups:
            chosen.append((path, groups, counts))

    def rows() -> Iterator[Row]:
        for path, groups, counts in chosen:
            with _opened(store, path) as file:
                for group in groups:
                    yield from _rows(file, path, options.decimal, sum(counts[:group]), [group])

    count = sum(counts[group] for _, groups, counts in chosen for group in groups)
    return Table(_names(schema, paths[0]), rows(), store.shown, options.delimiter or ",", count=count, schema=schema)


@contextmanager
def _opened(store: Store, path: str) -> Iterator[Any]:
    try:
        with store.file(path) as source:
            yield pq.ParquetFile(source, buffer_size=_REMOTE if store.remote else _BUFFER)
    except _WRONG as error:
        raise _unread(path, error) from error


def _names(schema: Any, path: Path | str) -> list[str]:
    found: list[str] = schema.names
    twice = sorted({name for name in found if found.count(name) > 1})
    if twice or not found:
        what = f"columns have the same name: {', '.join(map(repr, twice[:5]))}" if twice else f"{path} has no columns"
        raise Stopped(problem("MY805", what, hint="rename one of each" if twice else ""))
    return found


def header(path: Path) -> list[str]:
    """Return the names of a Parquet file's columns, none of a file that is not one."""
    try:
        names: list[str] = pq.read_schema(path).names
    except _WRONG:
        return []
    return names


def _unread(path: Path | str, error: Exception) -> Stopped:
    return Stopped(problem("MY805", f"cannot read {path}: {str(error).splitlines()[0]}", hint="is it a Parquet file?"))


def _rows(file: Any, path: Path | str, decimal: str, number: int = 0, groups: list[int] | None = None) -> Iterator[Row]:
    """Yield rows of all row groups, or of some. number: of the row before them."""
    size = max(arrow.CELLS // len(file.schema_arrow), 16)
    try:
        for batch in file.iter_batches(min(size, _GROUP_ROWS), groups, use_threads=False):
            for i, cells in enumerate(arrow.cells(batch, decimal)):
                number += 1
                yield Row(number, 0, cells, record=(batch, i))
    except _WRONG as error:
        raise _unread(path, error) from error


class Records:
    """Rows as a Parquet file has them: the columns of the input with their types, or as text, and ours.

    failed: rows that failed, with their place before them and the reason behind them; else with their scores.
    """

    def __init__(self, names: Sequence[str], table: Table, contract: Contract, *, failed: bool) -> None:
        given = (
            list(table.schema) if table.schema is not None else [pa.field(each, pa.string()) for each in table.header]
        )
        before = [pa.int64(), pa.int64()] if failed else []
        behind = [pa.string()] if failed else [arrow.TYPES[kind] for kind in contract.kinds]
        ours = names[: len(before)], names[len(names) - len(behind) :]
        fields = [*map(pa.field, ours[0], before), *given, *map(pa.field, ours[1], behind)]
        self._schema = pa.schema(fields, table.schema.metadata if table.schema is not None else None)
        self._kinds = contract.kinds
        self._failed = failed
        self._rows: list[Row] = []
        self._sink = io.BytesIO()
        self._stream: Any = None
        self.add = self._rows.append

    def begin(self) -> None:
        """Begin with the types of the columns."""
        self._stream = self._opened()
        self._stream.write_batch(pa.RecordBatch.from_pylist([], self._schema))

    def take(self) -> bytes:
        """Return what a stream of the rows has got since the last time; of an earlier run's it is the next stream."""
        if self._rows and self._stream is None:
            self._sink.write(_END)
            self._stream = self._opened()
        for _, rows in groupby(self._rows, lambda row: id(row.record[0]) if row.record else 0):
            self._stream.write_batch(self._batch([*rows]))
        self._rows.clear()
        content = self._sink.getvalue()
        self._sink.seek(0)
        self._sink.truncate()
        return content

    def _opened(self) -> Any:
        sink = pa.PythonFile(self._sink, "w")
        return pa.ipc.new_stream(sink, self._schema, options=pa.ipc.IpcWriteOptions(compression="zstd"))

    def _batch(self, rows: list[Row]) -> Any:
        if self._failed:
            before = [[row.number for row in rows], [row.line or None for row in rows]]
            first, last = [pa.array(each, pa.int64()) for each in before], [arrow.texts([row.error for row in rows])]
        else:
            first, last = [], arrow.columns([row.outputs for row in rows], self._kinds)
        return pa.RecordBatch.from_arrays([*first, *_given(rows), *last], schema=self._schema)

    def join(self, part: BinaryIO, whole: BinaryIO) -> None:
        """Write the Parquet file that the streams of a part become."""
        source = pa.PythonFile(part, "r")
        with pq.ParquetWriter(whole, self._schema) as writer:
            for group in _groups(_batches(source, source.size())):
                writer.write_table(pa.Table.from_batches(group, self._schema))


def _given(rows: list[Row]) -> list[Any]:
    """Return the columns of the input, of rows that come from one batch, or from text."""
    if rows[0].record is None:
        return [
            pa.array([cell or None for cell in cells], pa.string())
            for cells in zip(*(row.cells for row in rows), strict=True)
        ]
    places = [row.record[1] for row in rows if row.record is not None]
    taken: list[Any] = rows[0].record[0].take(pa.array(places)).columns
    return taken


def _groups(batches: Iterator[Any]) -> Iterator[list[Any]]:
    """Yield batches together that become one row group."""
    group: list[Any] = []
    rows = size = 0
    for batch in batches:
        group.append(batch)
        rows, size = rows + batch.num_rows, size + batch.nbytes
        if rows >= _GROUP_ROWS or size >= _GROUP_BYTES:
            yield group
            group, rows, size = [], 0, 0
    if rows:
        yield group


def _batches(source: Any, size: int) -> Iterator[Any]:
    while source.tell() < size:
        yield from pa.ipc.open_stream(source)
