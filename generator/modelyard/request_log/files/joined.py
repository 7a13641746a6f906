"""The measures of past days, joined: each run adds a file of its own, and reports read those of years."""

from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import pyarrow as pa
from pyarrow import compute, parquet

from modelyard.request_log.database.connecting import Refused
from modelyard.request_log.files.duck import FilesError
from modelyard.request_log.files.folder import Folder, Unreachable
from modelyard.request_log.files.kept import RECENT, stamp
from modelyard.request_log.files.layout import SUFFIX
from modelyard.request_log.files.lock import alone

_AT_ONCE: Final = 31  # days: a log that was never joined is by several runs


def join_days(address: str, table: str) -> int:
    """Let the measures of each past day be one file, and return of how many days they are. Raises Refused.

    What a run has just read is left alone, for others read it too. Numbers of inputs and of bins stay of a day's last
    run: reports show those of the newest run.
    """
    try:
        folder, name = Folder(address), f"{table}_quality"
        if not _several(folder, name):
            return 0
        with TemporaryDirectory(prefix="modelyard-") as scratch, alone(folder, table, Path(scratch)) as turn:
            days = _several(folder, name)[:_AT_ONCE]
            for files in days:
                parquet.write_table(_joined(folder, files), Path(scratch) / "day.parquet", compression="zstd")
                turn.check()
                # By its name it is of the day's last run. A kill here leaves rows twice, of which reports take one.
                folder.put(Path(scratch) / "day.parquet", f"{files[-1].removesuffix(SUFFIX)}-day{SUFFIX}")
                for each in files:
                    folder.remove(each)
    except Unreachable as error:
        raise Refused(FilesError(str(error))) from None
    return len(days)


def _several(folder: Folder, name: str) -> list[list[str]]:
    """Return the files of each day that is over and has several."""
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0)
    first = stamp(today - RECENT)
    past = [each for each in folder.files(name) if each.rpartition("/")[2] < first]
    days = (list(each) for _, each in groupby(past, lambda path: path.rpartition("/")[2][:8]))
    return [each for each in days if len(each) > 1]


def _joined(folder: Folder, files: list[str]) -> Any:
    tables = []
    for path in files:
        with folder.reading(path) as file:
            tables.append(parquet.read_table(file))
    whole = pa.concat_tables(tables, promote_options="default")
    newest = whole.group_by("model").aggregate([("at", "max")])
    of_row = newest["at_max"].take(compute.index_in(whole["model"], newest["model"]))
    kept = compute.or_(compute.is_null(whole["detail"]), compute.equal(whole["at"], of_row))
    return whole.filter(kept)
