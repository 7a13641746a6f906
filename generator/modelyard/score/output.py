"""Where scored rows go: a file (see journal), a stream, or columns for a DataFrame."""

import csv
import hashlib
import io
from collections.abc import Sequence
from typing import BinaryIO, NamedTuple, Protocol

from modelyard.score.contract import Contract
from modelyard.score.forms import Number
from modelyard.score.options import Row


class Position(NamedTuple):
    """How far an earlier run came: rows, of them with an error, and the digest of their cells."""

    rows: int = 0
    failed: int = 0
    digest: str = ""


class Output(Protocol):
    """Takes rows in order."""

    def write(self, row: Row) -> None:
        """Take the next row."""

    def checkpoint(self) -> None:
        """Bring what came so far to its place."""

    def finish(self) -> None:
        """Take no more rows."""


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
    """The columns of the output: those of the input, the outputs, the error column.

    An output that has the name of an input column gets `_out` behind it, for both are kept. taken: names that
    still stand twice.
    """

    def __init__(self, header: Sequence[str], contract: Contract, error: str) -> None:
        self.outputs = [f"{name}_out" if name in header else name for name in contract.outputs]
        self.error = error
        self.all = [*header, *self.outputs, error]
        self.taken = sorted({name for name in self.all if self.all.count(name) > 1})
        self._empty = [""] * len(self.outputs)

    def cells(self, row: Row) -> list[str]:
        """Return the cells of a row in the output."""
        return [*row.cells, *(self._empty if row.error else row.outputs), row.error]


class _Lines(io.StringIO):
    """Takes rows that end with CRLF, and keeps them ending with LF."""

    def write(self, row: str) -> int:
        """Take one row."""
        return super().write(row[:-2] + "\n")


class Text:
    """CSV text that grows in memory until it is taken."""

    def __init__(self, delimiter: str) -> None:
        self._buffer = _Lines()
        # Python before 3.13 quotes of CR and LF only what it ends a line with, and every reader ends lines at both.
        self._writer = csv.writer(self._buffer, delimiter=delimiter, lineterminator="\r\n")

    def add(self, cells: Sequence[str]) -> None:
        """Write one row."""
        self._writer.writerow(cells)

    def take(self) -> bytes:
        """Return what was written since the last time."""
        content = self._buffer.getvalue().encode("utf-8")
        self._buffer.seek(0)
        self._buffer.truncate()
        return content


class StreamOutput:
    """Standard output: rows go out as they come, and cannot be taken back."""

    def __init__(self, stream: BinaryIO, columns: Columns, delimiter: str) -> None:
        self._stream = stream
        self._columns = columns
        self._text = Text(delimiter)
        self._text.add(columns.all)

    def write(self, row: Row) -> None:
        """Take the next row."""
        self._text.add(self._columns.cells(row))

    def checkpoint(self) -> None:
        """Send what came so far."""
        self._stream.write(self._text.take())
        self._stream.flush()

    def finish(self) -> None:
        """Send the rest."""
        self.checkpoint()


class FrameOutput:
    """Columns of values, for a DataFrame that has as many rows."""

    def __init__(self, columns: Columns) -> None:
        self.columns = columns
        self.values: dict[str, list[str | float | None]] = {name: [] for name in (*columns.outputs, columns.error)}

    def write(self, row: Row) -> None:
        """Take the next row."""
        texts = [""] * len(self.columns.outputs) if row.error else row.outputs
        for name, text in zip(self.columns.outputs, texts, strict=True):
            self.values[name].append(_value(text))
        self.values[self.columns.error].append(row.error or None)

    def checkpoint(self) -> None:
        """Do nothing: values are in their place."""

    def finish(self) -> None:
        """Do nothing."""


def _value(text: str) -> str | float | None:
    return text.value if isinstance(text, Number) else text or None
