"""A log in files as a database for a time: its rows as a view over Parquet, and what is kept beside it as tables."""

import tempfile
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

import duckdb
import psycopg
from fsspec.implementations.arrow import ArrowFSWrapper

from modelyard.request_log.database.connecting import Refused
from modelyard.request_log.files import layout
from modelyard.request_log.files.duck import Connection, FilesError
from modelyard.request_log.files.folder import Folder, Unreachable
from modelyard.request_log.files.kept import KEPT, Tables
from modelyard.request_log.files.lock import Held, alone

T = TypeVar("T")
_PROTOCOL: Final = "modelyardlog"
_MOST: Final = 100  # days
# Of a log without files yet.
_EMPTY: Final = (
    'select null::text as id, null::int as "row", null::timestamptz as "at", null::text as key, null::text as model,'
    " null::text as variant, null::text as image, null::text as path, null::smallint as status, null::real as latency,"
    " null::text as inputs, null::text as outputs, null::double as score, null::text as file, null::date as day"
    " where false"
)


class _File:
    """A file that several threads read: DuckDB's share one, and a place that is sought by one is no other's."""

    def __init__(self, own: Any) -> None:
        self._own = own
        self._place = threading.local()

    def seekable(self) -> bool:
        """Tell that it can be read from anywhere."""
        return True

    def seek(self, place: int, whence: int = 0) -> int:
        """Let this thread read on from a place."""
        self._place.at = place + (0, self.tell(), self._own.size())[whence]
        return self.tell()

    def tell(self) -> int:
        """Return where this thread reads on."""
        return int(getattr(self._place, "at", 0))

    def read(self, count: int = -1) -> bytes:
        """Read on."""
        place = self.tell()
        content = bytes(self._own.read_at(count if count >= 0 else self._own.size() - place, place))
        self._place.at = place + len(content)
        return content

    def close(self) -> None:
        """Let go of it."""
        self._own.close()


class _System(ArrowFSWrapper):  # type: ignore[misc] # fsspec has no types
    """pyarrow's file system as DuckDB takes one."""

    protocol = _PROTOCOL
    cachable = False

    def _open(self, path: Any, mode: str = "rb", **_: Any) -> _File:
        if mode != "rb":
            raise ValueError("nothing is written here")
        return _File(self.fs.open_input_file(self._strip_protocol(path)))

    @classmethod
    def _strip_protocol(cls, path: Any) -> Any:
        if isinstance(path, list):
            return [cls._strip_protocol(each) for each in path]
        return str(path).removeprefix(f"{_PROTOCOL}://")


class Part(NamedTuple):
    """The rows of a model and a time: files of no others are looked at."""

    model: str
    since: datetime
    until: datetime


def done(
    address: str,
    table: str,
    work: Callable[[Any], T],
    *,
    parts: Sequence[Part] | None = None,
    written: Collection[str] = (),
) -> T:
    """Return what comes of work with a connection to a log in files.

    parts: of the log, None for all of it. written: tables beside it that the work changes; they are kept when it has
    returned, and not when it raises. Raises Refused.
    """
    try:
        with opened(address, table, parts=parts, written=written) as connection:
            return work(connection)
    except Unreachable as error:
        raise Refused(FilesError(str(error))) from None
    except psycopg.Error as error:
        raise Refused(error) from None


def begun(address: str, table: str, parts: Sequence[Part]) -> Connection:
    """Return a connection to parts of a log, which lasts until it is closed. Raises psycopg.Error."""
    stack = ExitStack()
    try:
        connection = stack.enter_context(opened(address, table, parts=parts))
    except Unreachable as error:
        raise FilesError(str(error)) from None
    connection.end = stack.close
    return connection


@contextmanager
def opened(
    address: str, table: str, *, parts: Sequence[Part] | None = None, written: Collection[str] = ()
) -> Iterator[Connection]:
    """Give a connection to a log, see `done`. Raises Unreachable and psycopg.Error."""
    folder = Folder(address)
    with tempfile.TemporaryDirectory(prefix="modelyard-") as scratch, ExitStack() as stack:
        here = Path(scratch)
        turn: Held | None = None
        if any(not KEPT[each].is_added_to for each in written):
            turn = stack.enter_context(alone(folder, table, here))
        # On the disk, where it holds more than memory has.
        own = stack.enter_context(
            duckdb.connect(here / "work.duckdb", config={"temp_directory": str(here / "spilled")})
        )
        own.register_filesystem(_System(folder.system))
        connection = Connection(own, here)
        tables = Tables(connection, folder, table, written)
        tables.load(_address(folder))
        _look_at(connection, folder, table, parts)
        yield connection
        if turn is not None:
            turn.check()
        tables.save(here)


def _address(folder: Folder) -> str:
    return f"{_PROTOCOL}://{folder.root}"


def files(folder: Folder, table: str, parts: Sequence[Part] | None) -> list[str]:
    """Return the paths of a log's files, those alone that may have rows of some parts of it. Raises Unreachable."""
    if parts is None:
        return [each for each in folder.files(table) if each.endswith(layout.SUFFIX)]
    wanted: dict[str, dict[str, None]] = {}  # folder of a model -> those of its days
    for part in parts:
        first, last = (each.astimezone(UTC).date() for each in (part.since, part.until))
        days = wanted.setdefault(f"{table}/{layout.MODEL}{part.model}", {})
        days |= {f"{layout.DAY}{first + timedelta(days=i)}": None for i in range((last - first).days + 1)}
    return [file for below, days in wanted.items() for file in _of_days(folder, below, days)]


def _of_days(folder: Folder, below: str, days: Collection[str]) -> Iterator[str]:
    """Yield the files of a model's days. Of few days each is asked for: a folder with years takes longer to list."""
    folders = [f"{below}/{each}" for each in days] if len(days) <= _MOST else [below]
    for path in chain.from_iterable(folder.files(each) for each in folders):
        if path[len(below) + 1 :].partition("/")[0] in days and path.endswith(layout.SUFFIX):
            yield path


def _look_at(connection: Connection, folder: Folder, table: str, parts: Sequence[Part] | None) -> None:
    found = files(folder, table, parts)
    query = _EMPTY
    if found:
        listed = ", ".join(f"'{_address(folder)}/{each}'" for each in found)
        types = "filename = 'file', hive_partitioning = true, hive_types = {'model': varchar, 'day': date}"
        query = f"select * from read_parquet([{listed}], {types})"  # noqa: S608 - names of ours
        query = f"select * replace (file[{len(_address(folder)) + 2}:] as file) from ({query})"  # noqa: S608
    connection.execute(f'create view "{table}" as {query}')
