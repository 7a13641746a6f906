"""Figures as tables of Markdown: medians, ratios, and what a model more takes beside the start-up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.peers.measure import Measured

Cells = Mapping[int, Measured | str]  # by size; a string says why there is no figure


@dataclass(frozen=True)
class Row:
    """A program, what stands beside its name, and its figures."""

    name: str
    version: str
    remark: str
    cells: Cells


@dataclass(frozen=True)
class Line:
    """What a program takes: seconds before the first, and milliseconds for each one more."""

    start_up: float
    each: float


def measured(cells: Cells) -> dict[int, Measured]:
    """Return the sizes that have figures, from the smallest."""
    return {size: cell for size, cell in sorted(cells.items()) if isinstance(cell, Measured)}


def line(cells: Cells) -> Line | None:
    """Return the straight line through the smallest and the largest size, if there are two and it rises."""
    found = measured(cells)
    if len(found) < 2:
        return None
    small, large = min(found), max(found)
    each = (found[large].wall - found[small].wall) / (large - small)
    if each <= 0:
        return None
    return Line(found[small].wall - each * small, each * 1000)


def growth(cells: Cells) -> float | None:
    """Return how many times longer the largest size took than the next smaller one, for each time that it is larger.

    1 is linear, less has a start-up in it, 10 is quadratic where sizes grow tenfold.
    """
    found = measured(cells)
    if len(found) < 2:
        return None
    before, last = list(found)[-2:]
    return (found[last].wall / found[before].wall) / (last / before)


def ratio(cells: Cells, base: Cells) -> tuple[float, int] | None:
    """Return the times of a program as multiples of another's at the largest size that both have, and that size."""
    a, b = measured(cells), measured(base)
    size = max(a.keys() & b.keys(), default=None)
    return None if size is None else (a[size].wall / b[size].wall, size)


def markdown(rows: Sequence[Row], unit: str, remark: str) -> str:
    """Return a table: the first row is what the others are compared with. Wall seconds, CPU seconds in brackets."""
    sizes = sorted({size for row in rows for size in row.cells})
    head = ["", remark, *(f"{size:,}" for size in sizes)]
    head += ["start-up", f"a {unit} more", "growth", "compared", "memory"]
    lines = [head, ["---"] * 2 + ["--:"] * (len(head) - 2)]
    lines += [_row(row, sizes, rows[0]) for row in rows]
    return "".join(f"| {' | '.join(each)} |\n" for each in lines) + _reasons(rows)


def _row(row: Row, sizes: Sequence[int], base: Row) -> list[str]:
    cells = [_cell(row.cells.get(size)) for size in sizes]
    fitted, grown, compared = line(row.cells), growth(row.cells), ratio(row.cells, base.cells)
    peak = next((each.peak for each in reversed(measured(row.cells).values())), None)
    return [
        f"{row.name} {row.version}".strip(),
        row.remark,
        *cells,
        f"{max(fitted.start_up, 0):.2f} s" if fitted else "",
        f"{fitted.each:.2f} ms" if fitted else "",
        f"{grown:.2f}" if grown else "",
        f"{compared[0]:.2f} at {compared[1]:,}" if compared else "",
        f"{peak.largest:.0f} / {peak.together:.0f} MiB" if peak else "",
    ]


def _cell(cell: Measured | str | None) -> str:
    if isinstance(cell, Measured):
        return f"{cell.wall:.2f} ({cell.cpu:.2f})"
    return "—" if cell else ""


def _reasons(rows: Sequence[Row]) -> str:
    """Say of each cell without a figure why, once for a program and reason."""
    said: dict[tuple[str, str], list[int]] = {}
    for row in rows:
        for size, cell in sorted(row.cells.items()):
            if isinstance(cell, str):
                said.setdefault((row.name, cell), []).append(size)
    lines = [f"* {name} at {', '.join(f'{each:,}' for each in at)}: {why}.\n" for (name, why), at in said.items()]
    return "\n" + "".join(lines) if lines else ""
