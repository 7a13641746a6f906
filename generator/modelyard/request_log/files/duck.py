"""DuckDB as what measures and keeps the log knows a database: by the part of psycopg's interface that it uses."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

import duckdb
import psycopg
import pyarrow as pa
from psycopg import adapters, sql
from psycopg.adapt import AdaptersMap, Dumper
from psycopg.types.json import Jsonb

from modelyard.request_log.database.connecting import Shown

_AT_ONCE: Final = 50_000  # rows
# What is PostgreSQL's alone and changes no result: settings, statistics, indexes of what is temporary.
_LEFT_OUT: Final = ("set ", "analyze ", "create index on ")
_COPY_IN: Final = re.compile(r"copy (?P<table>\S+)(?: \((?P<columns>.*)\))? from stdin")
_COPY_OUT: Final = re.compile(r"copy (?P<query>\(.*\)) to stdout \(format csv, header\)", re.DOTALL)
_PIECE: Final = 1 << 16
_MACROS: Final = """
create type jsonb as json;
create macro jsonb_typeof(j) as case json_type(j) when 'VARCHAR' then 'string' when 'BOOLEAN' then 'boolean'
    when 'ARRAY' then 'array' when 'OBJECT' then 'object' when 'NULL' then 'null'
    else case when json_type(j) is not null then 'number' end end;
create macro width_bucket(v, edges) as
    case when v is not null then len(list_filter(edges, lambda e: e <= v)) end;
create macro ranked(at_, l) as l[floor(at_)::bigint + 1]::double
    + (at_ - floor(at_)) * (l[ceil(at_)::bigint + 1]::double - l[floor(at_)::bigint + 1]::double);
create macro percentile(share, l) as case when len(l) > 0 then ranked(share * (len(l) - 1), l) end;
create macro percentiles(shares, l) as
    case when len(l) > 0 then list_transform(shares, lambda s: ranked(s * (len(l) - 1), l)) end;
create macro pg_advisory_xact_lock(a, b) as 1;
create macro hashtext(t) as 0;
set timezone = 'UTC';
"""  # the bucket's lock stands for PostgreSQL's, see `lock`


class FilesError(Shown):
    """What DuckDB does not do. The text may be shown."""


class _Context:
    """What statements become texts in."""

    is_duckdb = True
    connection = None

    def __init__(self) -> None:
        self.adapters = AdaptersMap(adapters)
        for kind, dumper in ((float, _Float), (list, _List), (datetime, _Moment)):
            self.adapters.register_dumper(kind, dumper)


class _Float(Dumper):
    """A number that is no DECIMAL."""

    def dump(self, obj: Any) -> bytes:
        return f"cast('{obj!r}' as double)".encode()

    quote = dump


class _Moment(Dumper):
    def dump(self, obj: Any) -> bytes:
        return f"cast('{obj.isoformat()}' as timestamptz)".encode()

    quote = dump


class _List(Dumper):
    def dump(self, obj: Any) -> bytes:
        own = [sql.Literal(each).as_bytes(_CONTEXT) for each in obj]
        return b"[" + b", ".join(own) + b"]"

    quote = dump


_CONTEXT: Final = _Context()


class Named(NamedTuple):
    """A column of a result."""

    name: str


class Connection:
    """A connection. A transaction is none: what is kept is kept by who has opened it, once all is well."""

    def __init__(self, own: duckdb.DuckDBPyConnection, folder: Path) -> None:
        self.own = own
        self.folder = folder
        self.depth = 0
        self.end: Callable[[], None] | None = None  # of what was opened for this connection
        own.execute(_MACROS)

    def cursor(self, name: str = "") -> "Cursor":
        """Return a cursor; with a name its rows come as they are asked for."""
        return Cursor(self, self.own.cursor() if name else self.own, is_whole=not name)

    def execute(self, query: Any, values: Sequence[object] | None = None) -> "Cursor":
        """Execute a statement."""
        return self.cursor().execute(query, values)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Drop temporary tables at the end of the outermost."""
        self.depth += 1
        try:
            yield
        finally:
            self.depth -= 1
            if not self.depth:
                names = self.own.execute("select table_name from duckdb_tables() where temporary").fetchall()
                for (name,) in names:
                    self.own.execute(f'drop table "{name}"')

    def close(self) -> None:
        """End what was opened for it."""
        if self.end is not None:
            self.end()


class Cursor:
    """A cursor of a connection."""

    def __init__(self, connection: Connection, own: duckdb.DuckDBPyConnection, *, is_whole: bool) -> None:
        self.connection = connection
        self.rowcount = -1
        self.description: list[Named] = []
        self._own = own
        self._is_whole = is_whole
        self._rows: list[tuple[Any, ...]] = []
        self._parsed: list[int] = []  # columns of JSON

    def execute(self, query: Any, values: Sequence[object] | None = None) -> Self:
        """Execute a statement of psycopg. Raises psycopg.DataError, and FilesError."""
        text = query if isinstance(query, str) else query.as_bytes(_CONTEXT).decode()
        self._rows, self.description = [], []
        if text.startswith(_LEFT_OUT):
            return self
        if values is not None:
            text = text.replace("%s", "?")
        with _translated():
            self._own.execute(text, [_value(each) for each in values or ()])
            found = self._own.description or []
            self.description = [Named(each[0]) for each in found]
            self._parsed = [i for i, each in enumerate(found) if str(each[1]) == "JSON"]
            if self._is_whole:
                self._rows = self._own.fetchall()
        if [each.name for each in self.description] == ["Count"] and len(self._rows) == 1:
            self.rowcount = self._rows[0][0]
        return self

    def fetchone(self) -> tuple[Any, ...] | None:
        """Return the next row."""
        return next(iter(self.fetchmany(1)), None)

    def fetchmany(self, count: int) -> list[tuple[Any, ...]]:
        """Return the next rows."""
        if self._is_whole:
            found, self._rows = self._rows[:count], self._rows[count:]
        else:
            with _translated():
                found = self._own.fetchmany(count)
        return [self._read(each) for each in found]

    def fetchall(self) -> list[tuple[Any, ...]]:
        """Return all further rows."""
        found, self._rows = self._rows, []
        return [self._read(each) for each in found]

    def _read(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        if not self._parsed:
            return row
        return tuple(json.loads(each) if i in self._parsed and each is not None else each for i, each in enumerate(row))

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return iter(self.fetchall())

    def copy(self, query: Any) -> "_CopyIn | _CopyOut":
        """Return what takes rows, or what gives CSV."""
        text = query if isinstance(query, str) else query.as_bytes(_CONTEXT).decode()
        if found := _COPY_OUT.fullmatch(text):
            return _CopyOut(self.connection, found["query"])
        found = _COPY_IN.fullmatch(text)
        if found is None:
            raise AssertionError
        return _CopyIn(self._own, found["table"], found["columns"] or "")

    def close(self) -> None:
        """Let go of a cursor with a name."""
        if not self._is_whole:
            self._own.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _CopyIn:
    """Rows into a table, by many."""

    def __init__(self, own: duckdb.DuckDBPyConnection, table: str, columns: str) -> None:
        self._own = own
        self._into = f"{table} ({columns})" if columns else table
        self._rows: list[Sequence[object]] = []

    def write_row(self, row: Sequence[object]) -> None:
        """Add a row."""
        self._rows.append(row)
        if len(self._rows) >= _AT_ONCE:
            self._write()

    def _write(self) -> None:
        if self._rows:
            columns = list(zip(*self._rows, strict=True))
            found = pa.table([pa.array(each) for each in columns], [f"c{i}" for i in range(len(columns))])
            with _translated():
                self._own.register("new_rows", found)
                self._own.execute(f"insert into {self._into} select * from new_rows")  # noqa: S608 - names of ours
                self._own.unregister("new_rows")
        self._rows = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if kind is None:
            self._write()


class _CopyOut:
    """The CSV of a query, in parts."""

    def __init__(self, connection: Connection, query: str) -> None:
        self._connection = connection
        self._query = query

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def __iter__(self) -> Iterator[bytes]:
        path = self._connection.folder / "copy.csv"
        with _translated():
            self._connection.own.execute(f"copy {self._query} to '{path}' (format csv, header)")
        with path.open("rb") as file:
            while part := file.read(_PIECE):
                yield part


def _value(own: object) -> object:
    return json.dumps(own.obj) if isinstance(own, Jsonb) else own


@contextmanager
def _translated() -> Iterator[None]:
    """Turn DuckDB's errors, whose texts may hold values of rows, into those that a database would raise."""
    try:
        yield
    except (duckdb.ConversionException, duckdb.OutOfRangeException) as error:
        raise psycopg.DataError(type(error).__name__) from None
    except duckdb.Error as error:
        raise FilesError(f"DuckDB does not read it: {type(error).__name__}") from None
