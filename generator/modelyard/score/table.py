"""Tables as rows: CSV files and streams (RFC 4180), and DataFrames; see parquet for the rest."""

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

from modelyard.problems import Place, problem
from modelyard.score import formats
from modelyard.score.options import Frame, Options, Row, Stopped
from modelyard.score.packing import Damaged, unpacked
from modelyard.score.part_file import DELIMITERS

STANDARD_INPUT: Final = "standard input"


@dataclass(slots=True)
class Table:
    """Column names, and rows that are read once, in order. A ragged row has an error; others have their cells.

    shown: what messages call it; delimiter: of the input, and so of the output; close: lets go of the source.
    count: of its rows, where it is known before they are read; schema: of a Parquet file (pyarrow).
    """

    header: list[str]
    rows: Iterator[Row]
    shown: str
    delimiter: str = ","
    close: Callable[[], object] = lambda: None
    count: int | None = None
    schema: Any = None

    def place(self, row: Row) -> Place | None:
        """Return where a row stands; a DataFrame has no file."""
        return Place(self.shown, row.line, 1) if row.line else None

    def called(self, row: Row) -> str:
        """Return what messages call a row; a Parquet file has no lines, so its name is said."""
        return f"row {row.number}" if self.schema is None else f"row {row.number} of {self.shown}"


def open_csv(source: BinaryIO, shown: str, options: Options) -> Table:
    """Read the header of a CSV stream. Raises Stopped."""
    try:
        encoding = formats.codec(options.encoding)
    except LookupError as error:
        raise Stopped(
            problem("MY805", f"{options.encoding} is not a known encoding", hint="such as latin-1")
        ) from error
    text = io.TextIOWrapper(source, encoding=encoding, newline="")
    try:
        lines = _Lines(text, shown)
        first = next(lines, "")
        delimiter = options.delimiter or _sniffed(first)
        reader = csv.reader(lines.after(first), delimiter=delimiter, strict=True)
        header = _header(reader, shown)
    except BaseException:
        text.detach()
        raise
    return Table(header, _rows(reader, len(header), shown), shown, delimiter, text.detach)


def _header(reader: Any, shown: str) -> list[str]:
    try:
        header: list[str] = next(reader, [])
    except csv.Error as error:
        raise _broken(shown, reader.line_num, error) from error
    if not any(header):
        raise Stopped(problem("MY805", f"{shown} has no header", place=Place(shown, 1, 1)))
    if len(header) > len(set(header)):
        twice = sorted(name for name, count in Counter(header).items() if count > 1)
        message = f"columns have the same name: {', '.join(repr(name) for name in twice[:5])}"
        raise Stopped(problem("MY805", message, hint="rename one of each", place=Place(shown, 1, 1)))
    return header


def open_file(path: Path, options: Options) -> Table:
    """Open a CSV file, packed or not. Raises Stopped, also for a file that cannot be read."""
    try:
        source = path.open("rb")
    except OSError as error:
        raise Stopped(problem("MY805", f"cannot read {path}: {error.strerror}")) from error
    return open_packed(source, path, str(path), options)


def open_packed(source: BinaryIO, path: Path, shown: str, options: Options) -> Table:
    """Return a table of CSV that may be packed, as the name of its file says; it closes its source with itself.

    Raises what `open_csv` raises; then the source is closed.
    """
    packing = formats.packing(path)
    try:
        table = open_csv(unpacked(source, packing) if packing else source, shown, options)
    except BaseException:
        source.close()
        raise
    detach = table.close

    def close() -> None:
        detach()
        source.close()

    table.close = close
    return table


def of_frame(frame: Frame, decimal: str) -> Table:
    """Return a DataFrame as a table; missing cells are empty. decimal: the mark of numbers that are text in it."""
    header = [str(name) for name in cast("Iterable[object]", frame.columns)]
    values = cast("Iterable[tuple[Any, ...]]", frame.itertuples(index=False, name=None))
    missing = cast("Iterable[tuple[bool, ...]]", frame.isna().itertuples(index=False, name=None))
    pairs = zip(values, missing, strict=True)
    rows = (
        Row(i, 0, ["" if absent else _text(cell, decimal) for cell, absent in zip(*pair, strict=True)])
        for i, pair in enumerate(pairs, 1)
    )
    return Table(header, rows, "the DataFrame")


def _text(cell: object, decimal: str) -> str:
    return str(cell) if isinstance(cell, str) or decimal == "." else str(cell).replace(".", decimal)


class _Lines:
    """Lines of a text, guarded: what csv would pass on silently is an error here."""

    def __init__(self, text: io.TextIOWrapper, shown: str) -> None:
        self._text = text
        self._shown = shown
        self._number = 0
        self._first: str | None = None

    def after(self, first: str) -> "_Lines":
        """Give a line back, to be read again."""
        self._first = first or None
        return self

    def __iter__(self) -> "_Lines":
        """Return the lines themselves."""
        return self

    def __next__(self) -> str:
        """Return the next line. Raises Stopped for NUL and for what is not in the encoding."""
        if self._first is not None:
            line, self._first = self._first, None
            return line
        self._number += 1
        try:
            line = self._text.readline(_MAX_LINE)
        except UnicodeError as error:
            raise self._no_text(error) from error
        except Damaged as damaged:
            raise self._bad(f"cannot be unpacked: {damaged}", "compress the original file again") from damaged
        if not line:
            raise StopIteration
        if "\0" in line:
            raise self._bad("holds a NUL character", "export it as text again")
        if len(line) >= _MAX_LINE:
            raise self._bad(f"has a line of more than {_MAX_LINE} characters", "is it a CSV file?")
        return line

    def _no_text(self, error: UnicodeError) -> Stopped:
        content = error.object if isinstance(error, UnicodeDecodeError) and self._number == 1 else b""
        if ending := formats.ending(content):
            return self._bad("is not text", f"a file of this kind is read if its name ends with {ending}")
        hint = "name its --encoding, such as latin-1"
        return self._bad(f"is not {formats.shown(self._text.encoding)} text", hint)

    def _bad(self, what: str, hint: str) -> Stopped:
        # The decoder reads ahead, so the line of a wrong byte is not known exactly.
        return Stopped(problem("MY805", f"{self._shown} {what}", hint=hint, place=Place(self._shown, self._number, 1)))


_MAX_LINE: Final = 16 * 1024 * 1024


def _rows(reader: Any, width: int, shown: str) -> Iterator[Row]:
    number = 0
    while True:
        start = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise _broken(shown, start, error) from error
        if cells is None:
            return
        if not cells:
            if width > 1:
                continue  # a blank line; of a single column it is a missing value
            cells = [""]
        number += 1
        row = Row(number, start, cells)
        if len(cells) != width:
            row.error = f"has {len(cells)} cells, the header has {width}"
            row.cells = (cells + [""] * width)[:width]
        yield row


def _broken(shown: str, line: int, error: csv.Error) -> Stopped:
    text = str(error)
    if "unexpected end of data" in text:
        text = "a quote is opened and never closed"
    elif "field larger" in text:
        text = f"a cell has more than {csv.field_size_limit()} characters, or a quote is never closed"
    return Stopped(problem("MY805", text, hint="quotes inside quotes are doubled", place=Place(shown, line, 1)))


def _sniffed(header: str) -> str:
    """Return the delimiter that stands most often in the header, outside quotes; a comma if there is none."""
    outside = "".join(header.split('"')[::2])
    return max(DELIMITERS, key=outside.count)
