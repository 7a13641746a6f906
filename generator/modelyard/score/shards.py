"""A shard of a table: every so many-th row group of its Parquet files, or of its CSV files every so many-th file."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from modelyard.problems import problem
from modelyard.score import formats, parquet
from modelyard.score.options import Options, Row, Stopped
from modelyard.score.stores import Store
from modelyard.score.table import Table, open_packed


@dataclass(frozen=True, slots=True)
class Shard:
    """A shard of so many; the first has the index 0."""

    index: int
    count: int

    def takes(self, number: int) -> bool:
        """Tell whether a row group or file of this number, from 0, is in the shard."""
        return number % self.count == self.index


@dataclass(frozen=True, slots=True)
class Slice:
    """The rows of a shard. ending: of the names of its files, and so of its part."""

    store: Store
    paths: tuple[str, ...]
    shard: Shard
    ending: str

    def table(self, options: Options) -> Table:
        """Open the rows from their beginning. Raises Stopped MY805."""
        if self.ending == formats.PARQUET:
            return parquet.open_shard(self.store, self.paths, self.shard.takes, options)
        taken = [path for number, path in enumerate(self.paths) if self.shard.takes(number)]
        first = _csv(self.store, self.paths[0], options)  # an empty shard, too, has the columns of all others
        first.close()
        settled = replace(options, delimiter=first.delimiter)
        files = _Files(self.store, taken, first.header, settled)
        return Table(first.header, files.rows(), self.store.shown, first.delimiter, files.close)


def sliced(store: Store, shard: Shard) -> Slice:
    """Return a shard of the files of a table. Raises Stopped MY805."""
    paths = tuple(store.files())
    endings = sorted({_ending(path) for path in paths})
    if len(endings) > 1 and formats.PARQUET in endings:
        hint = "name a folder with files of one format"
        raise Stopped(
            problem("MY805", f"{store.shown} holds files of several formats: {', '.join(endings)}", hint=hint)
        )
    return Slice(store, paths, shard, formats.PARQUET if endings == [formats.PARQUET] else ".csv")


def _ending(path: str) -> str:
    return formats.PARQUET if path.lower().endswith(formats.PARQUET) else ".csv"


class _Files:
    """CSV files, one after the other; at most one is open."""

    def __init__(self, store: Store, paths: list[str], header: list[str], options: Options) -> None:
        self._store, self._paths, self._header, self._options = store, paths, header, options
        self._table: Table | None = None

    def rows(self) -> Iterator[Row]:
        """Yield the rows of all files. Raises Stopped MY805."""
        for path in self._paths:
            self._table = _csv(self._store, path, self._options)
            if self._table.header != self._header:
                hint = "give all files the same header"
                raise Stopped(problem("MY805", f"{path} has other columns than the first file", hint=hint))
            yield from self._table.rows
            self.close()

    def close(self) -> None:
        """Let go of the file that is open."""
        if self._table is not None:
            self._table.close()
        self._table = None


def _csv(store: Store, path: str, options: Options) -> Table:
    try:
        source: Any = store.stream(path)
    except OSError as error:
        raise Stopped(problem("MY805", f"cannot read {path}: {error.strerror or error}")) from error
    return open_packed(source, Path(path), path, options)
