"""Where rows go: a file (see journal), a stream, or columns for a DataFrame."""

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple, Protocol

from modelyard.problems import problem
from modelyard.score import formats
from modelyard.score.bodies import Number
from modelyard.score.contract import Contract
from modelyard.score.options import Row, Stopped
from modelyard.score.part_file import Csv, Part, Records, unwritten
from modelyard.score.table import Table

_UNSENT: Final = "not scored: the run ended before this row"


class Position(NamedTuple):
    """How far an earlier run came: rows, of them failed, and the digest of their cells."""

    rows: int = 0
    failed: int = 0
    digest: str = ""


class Output(Protocol):
    """Takes rows in order."""

    def write(self, row: Row) -> None:
        """Take the next row."""

    def flush(self) -> None:
        """Bring what came so far to where it outlasts this process."""

    def checkpoint(self) -> None:
        """Bring what came so far to its place."""

    def finish(self) -> None:
        """Take no more rows."""

    def close(self) -> None:
        """Let go of what is open, however the run went."""


class Digest:
    """Digest of the cells of rows, to tell the same input from another."""

    def __init__(self) -> None:
        self._hash = hashlib.blake2b(digest_size=16)

    def add(self, row: Row) -> None:
        """Take the next row."""
        self._hash.update(("\x1f".join(row.cells) + "\x1e").encode("utf-8", "surrogatepass"))

    def text(self) -> str:
        """Return the digest of all rows so far."""
        return self._hash.hexdigest()


class Columns:
    """The columns of scored rows, of failed rows, and of a DataFrame, which keeps both.

    A column of ours that has the name of one of the input gets `_out` behind it, for both are kept. taken: names that
    still stand twice.
    """

    def __init__(self, header: Sequence[str], contract: Contract) -> None:
        names = frozenset(header)
        self.outputs = [_free(name, names) for name in contract.outputs]
        self.scored = [*header, *self.outputs]
        self.failed = [_free("row", names), _free("line", names), *header, _free("error", names)]
        self.error = _free("error", names | frozenset(self.outputs))
        tables = (self.failed, [*self.scored, self.error])
        self.taken = sorted({name for table in tables for name, count in Counter(table).items() if count > 1})


def _free(name: str, taken: Collection[str]) -> str:
    return f"{name}_out" if name in taken else name


def scored_cells(row: Row) -> list[str]:
    """Return the cells of a row among the scored ones."""
    return row.cells + row.outputs


def _with_commas(row: Row) -> list[str]:
    return row.cells + [text.replace(".", ",") if isinstance(text, Number) else text for text in row.outputs]


def failed_cells(row: Row) -> list[str]:
    """Return the cells of a row among the failed ones."""
    return [str(row.number), str(row.line or ""), *row.cells, row.error]


@dataclass(frozen=True, slots=True)
class Shape:
    """What the files of a run hold, in each of their formats."""

    columns: Columns
    table: Table
    contract: Contract
    decimal: str = "."

    def scored(self, path: Path | None = None) -> Records:
        """Return the scored rows as a file has them, or a stream. Raises Stopped MY817."""
        cells = _with_commas if self.decimal == "," else scored_cells
        return self._records(path, self.columns.scored, cells)

    def failed(self, path: Path) -> Records:
        """Return the failed rows as a file has them. Raises Stopped MY817."""
        return self._records(path, self.columns.failed, failed_cells)

    def _records(self, path: Path | None, names: list[str], cells: Callable[[Row], list[str]]) -> Records:
        if path is not None and formats.is_parquet(path):
            from modelyard.score import parquet

            return parquet.Records(names, self.table, self.contract, failed=names is self.columns.failed)
        return Csv(names, cells, self.table.delimiter, formats.packing(path) if path is not None else "")


class StreamOutput:
    """Standard output: rows go out as they come, and cannot be taken back. failed: the file of failed rows, if any."""

    def __init__(self, stream: BinaryIO, scored: Records, failed: Part | None) -> None:
        self._stream = stream
        self._failed = failed
        self._any_failed = False
        self._scored = scored
        self._scored.begin()
        if failed is not None:
            self._try(failed, failed.open, failed.begin)

    def write(self, row: Row) -> None:
        """Take the next row."""
        if not row.error:
            self._scored.add(row)
        elif self._failed is not None:
            self._any_failed = True
            self._failed.add(row)

    def flush(self) -> None:
        """Do nothing: what has gone out cannot be gone on with."""

    def checkpoint(self) -> None:
        """Send what came so far. Raises Stopped MY809."""
        try:
            self._stream.write(self._scored.take())
            self._stream.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            message = f"cannot write the output: {error.strerror or error}"
            raise Stopped(problem("MY809", message, hint="free some space, or name a file")) from error
        if self._failed is not None:
            self._try(self._failed, self._failed.bring)

    def finish(self) -> None:
        """Send the rest."""
        self.checkpoint()

    def close(self) -> None:
        """Put the failed rows in their place: those that went out with them stay scored, however the run ended."""
        if self._failed is not None:
            self._failed.close()
            self._try(self._failed, self._failed.publish if self._any_failed else self._failed.discard)

    def _try(self, part: Part, *steps: Callable[[], object]) -> None:
        try:
            for step in steps:
                step()
        except OSError as error:
            raise Stopped(unwritten(error, part.path)) from error


class FrameOutput:
    """Columns of values, for a DataFrame."""

    def __init__(self, columns: Columns) -> None:
        self.columns = columns
        self.values: dict[str, list[str | float | None]] = {name: [] for name in (*columns.outputs, columns.error)}

    def write(self, row: Row) -> None:
        """Take the next row."""
        texts = [""] * len(self.columns.outputs) if row.error else row.outputs
        for name, text in zip(self.columns.outputs, texts, strict=True):
            self.values[name].append(_value(text))
        self.values[self.columns.error].append(row.error or None)

    def fill(self, count: int) -> None:
        """Add the rows that a run which ended early has not come to."""
        for name, values in self.values.items():
            values.extend([_UNSENT if name == self.columns.error else None] * (count - len(values)))

    def flush(self) -> None:
        """Do nothing: values are lost with this process."""

    def checkpoint(self) -> None:
        """Do nothing: values are in their place."""

    def finish(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


def _value(text: str) -> str | float | None:
    return text.value if isinstance(text, Number) else text or None
