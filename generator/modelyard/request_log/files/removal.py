"""Rows that are to go from a log in files: those of a person, wherever they are, and days that are too old."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
from pyarrow import compute, parquet

from modelyard.request_log.database import outcomes
from modelyard.request_log.database.connecting import Refused
from modelyard.request_log.files import layout, opened
from modelyard.request_log.files.duck import Connection, FilesError
from modelyard.request_log.files.folder import Folder, Unreachable
from modelyard.request_log.files.part import written


def forget(address: str, table: str, keys: Iterable[str]) -> dict[str, int]:
    """Delete the rows and outcomes of keys, and return how many of each. It can be repeated. Raises Refused."""
    every = list(dict.fromkeys(keys))

    def work(connection: Connection) -> dict[str, int]:
        folder = Folder(address)
        rows = sum(_without(folder, path, every, connection.folder) for path in _with(connection, table, every))
        return {table: rows, **outcomes.forget(connection, table, every, log=False)}  # type: ignore[arg-type]

    return opened.done(address, table, work, written=("outcomes",))


def _with(connection: Connection, table: str, keys: list[str]) -> list[str]:
    """Return the paths of the files that have rows of keys."""
    query = f'select distinct file from "{table}" where key = any(%s) or id = any(%s) order by 1'  # noqa: S608
    return [str(name) for (name,) in connection.execute(query, [keys, keys])]


def _without(folder: Folder, path: str, keys: list[str], scratch: Path) -> int:
    """Let a file have no rows of keys, and return how many it had."""
    place, gone, left = scratch / "left.parquet", 0, 0
    unwanted = pa.array(keys, pa.string())
    with folder.reading(path) as file:
        content = parquet.ParquetFile(file)
        with written(place, content.schema_arrow) as kept:
            for batch in content.iter_batches():
                wanted = compute.invert(
                    compute.or_(
                        compute.is_in(batch.column("key"), value_set=unwanted),
                        compute.is_in(batch.column("id"), value_set=unwanted),
                    )
                )
                found = batch.filter(wanted)
                gone, left = gone + batch.num_rows - found.num_rows, left + found.num_rows
                kept.write_batch(found)
    if left:
        folder.put(place, path)
    else:
        folder.remove(path)
    return gone


def drop_days(address: str, table: str, model: str, days: int) -> int:
    """Delete the days of a model that are older than so many days, and return how many. Raises Refused."""
    first = f"{layout.DAY}{datetime.now(UTC) - timedelta(days=days):%Y-%m-%d}"
    try:
        folder, below = Folder(address), f"{table}/{layout.MODEL}{model}"
        old = [each for each in folder.folders(below) if each.startswith(layout.DAY) and each < first]
        for day in old:
            folder.remove_folder(f"{below}/{day}")
    except Unreachable as error:
        raise Refused(FilesError(str(error))) from None
    return len(old)
