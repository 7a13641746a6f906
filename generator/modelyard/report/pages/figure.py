"""A figure: what it shows, its drawing, and its numbers as a table and as CSV."""

import base64
import csv
import io
from collections.abc import Sequence
from datetime import datetime
from math import isfinite
from typing import Final, NamedTuple

from modelyard.manifests.page import Encoded, clean
from modelyard.report.pages.drawing import Drawing

NONE: Final = "\N{EN DASH}"  # where there is no number
Cell = str | int | float | bool | datetime | None
_DIGEST: Final = "sha256:"
_SEEN: Final = 19  # characters of a digest; CSV has them all
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would compute, at the beginning of a text


class Table(NamedTuple):
    """Numbers. name: of the file that they are saved as."""

    name: str
    head: tuple[str, ...]
    rows: Sequence[Sequence[Cell]]

    @property
    def shown(self) -> list[list[tuple[str, bool]]]:
        """The cells as texts, and whether each is a number."""
        return [[(shown(each), _is_number(each)) for each in row] for row in self.rows]

    @property
    def link(self) -> Encoded:
        """An address that holds the numbers as CSV, none of them rounded."""
        file = io.StringIO(newline="")
        writer = csv.writer(file)
        writer.writerow(self.head)
        writer.writerows([_exact(each) for each in row] for row in self.rows)
        return Encoded("data:text/csv;charset=utf-8;base64," + base64.b64encode(file.getvalue().encode()).decode())


class Figure(NamedTuple):
    """A figure. key: its id on the page. text: what is to be known about it. notes: a list below the drawing.

    Without a drawing the table is seen at once.
    """

    key: str
    title: str
    text: str
    table: Table
    drawing: Drawing | None = None
    notes: tuple[str, ...] = ()


def number(value: float | None) -> str:
    """Return a number in at most four digits."""
    if value is None:
        return NONE
    whole = isfinite(value) and (value == int(value) or abs(value) >= 10_000) and abs(value) < 1e15
    return f"{value:,.0f}" if whole else f"{value:.4g}"


def when(moment: datetime) -> str:
    """Return a time (UTC) to the minute; a day where it is midnight."""
    return f"{moment:%Y-%m-%d}" if moment.hour == moment.minute == 0 else f"{moment:%Y-%m-%d %H:%M}"


def shown(cell: Cell) -> str:
    """Return a cell as people read it."""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, datetime):
        return when(cell)
    if isinstance(cell, int | float):
        return number(cell)
    if cell and cell.startswith(_DIGEST) and len(cell) > _SEEN:
        return f"{cell[:_SEEN]}…"
    return cell or NONE


def _is_number(cell: Cell) -> bool:
    return isinstance(cell, int | float) and not isinstance(cell, bool)


def _exact(cell: Cell) -> str:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, datetime):
        return cell.isoformat()
    if isinstance(cell, int | float):
        return repr(cell)
    text = clean(cell or "")
    return f"'{text}" if text.startswith(_FORMULA) else text
