"""What is kept beside a log in files: outcomes, measures, baselines, alerts, silences. Each is a folder of Parquet.

A measure is only ever added, in a file of its own, so that runs may be side by side. What changes is one file, which is
replaced as a whole by one at a time (`lock`).
"""

import secrets
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

from modelyard.request_log.files.duck import Connection
from modelyard.request_log.files.folder import Folder

WHOLE: Final = "all.parquet"
_NAMED: Final = "%Y%m%d%H%M%S"  # by which files are named that are added
RECENT: Final = timedelta(days=1)  # more than a run lasts, and than clocks differ
_LARGE: Final = ("outcomes",)  # not read into a table for what only looks at it


class Kept(NamedTuple):
    """A table. columns: as DuckDB declares them, with the keys that SQL for PostgreSQL expects."""

    columns: str
    is_added_to: bool


_OUTCOMES: Final = """target text not null, key text not null, value text not null, number double precision,
loaded timestamptz not null default now(), primary key (target, key)"""
_QUALITY: Final = """"at" timestamptz not null, model text not null, variant text, image text, measure text not null,
detail text, since timestamptz not null, until timestamptz not null, value double precision, low double precision,
high double precision, "rows" bigint not null, note text, alert boolean"""
_BASELINES: Final = """model text not null, since timestamptz not null, until timestamptz not null,
name text not null, kind text not null, path json not null, edges double precision[], levels json,
counts bigint[] not null, missing bigint not null, primary key (model, since, until, name)"""
_ALERTS: Final = """model text not null, began timestamptz not null, variant text, metric text not null,
threshold double precision not null, value double precision not null, "rows" bigint not null,
since timestamptz not null, until timestamptz not null, recovered timestamptz, better double precision,
told text[] not null default [], told_recovery text[] not null default [], job text, claimed timestamptz,
done boolean not null default false, primary key (model, began)"""
KEPT: Final = {
    "outcomes": Kept(_OUTCOMES, False),
    "quality": Kept(_QUALITY, True),
    "baselines": Kept(_BASELINES, True),
    "alerts": Kept(_ALERTS, False),
    "silences": Kept("model text primary key, until timestamptz", False),
}


def stamp(moment: datetime) -> str:
    """Return what the name of a file begins with that a run adds at a time, in UTC."""
    return f"{moment.astimezone(UTC):{_NAMED}}"


def _recent(files: list[str]) -> list[str]:
    """Return the files of the last runs: who changes something asks whether a later run has come, and of no year."""
    first = stamp(datetime.now(UTC) - RECENT)
    return [each for each in files if each.rpartition("/")[2] >= first]


class Tables:
    """The tables beside a log, for one connection. written: those that the work changes."""

    def __init__(self, connection: Connection, folder: Folder, table: str, written: Collection[str]) -> None:
        self._connection = connection
        self._folder = folder
        self._table = table
        self._written = written
        self._before: dict[str, int] = {}

    def load(self, address: str) -> None:
        """Make the tables. address: what the connection calls the folder. Raises FilesError and Unreachable."""
        for name, kept in KEPT.items():
            full, is_written = f"{self._table}_{name}", name in self._written
            self._connection.execute(f'create table "{full}" ({kept.columns})')
            is_keyed = "primary key" in kept.columns
            files = [] if is_written and not is_keyed else self._folder.files(full)  # nobody reads it meanwhile
            if name == "quality" and self._written:
                files = _recent(files)
            if files:
                listed = ", ".join(f"'{address}/{each}'" for each in files)
                read = f"select * from read_parquet([{listed}], union_by_name = true)"  # noqa: S608 - names of ours
                if is_written or name not in _LARGE:
                    ignoring = "or ignore " if is_keyed else ""
                    self._connection.execute(f'insert {ignoring}into "{full}" by name {read}')
                else:
                    self._connection.execute(f'drop table "{full}"')
                    self._connection.execute(f'create view "{full}" as {read}')
            if is_written:
                self._before[name] = self._count(full)

    def _count(self, full: str) -> int:
        found = self._connection.execute(f'select count(*) from "{full}"').fetchone()  # noqa: S608 - as above
        return int(found[0]) if found else 0

    def save(self, scratch: Path) -> None:
        """Keep what the work has changed. Raises FilesError and Unreachable."""
        for name in self._written:
            full, path = f"{self._table}_{name}", scratch / f"{name}.parquet"
            added = KEPT[name].is_added_to
            if added and self._count(full) == self._before[name]:
                continue
            query = f'select * from "{full}" order by rowid'  # noqa: S608 - names of ours
            if added:
                query += f" offset {self._before[name]}"
            self._connection.execute(f"copy ({query}) to '{path}' (format parquet, compression zstd)")
            own = f"{stamp(datetime.now(UTC))}-{secrets.token_hex(4)}.parquet" if added else WHOLE
            self._folder.put(path, f"{full}/{own}")
