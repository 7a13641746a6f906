"""The figures of a table as an SVG: seconds over size, both on logarithmic scales, where a power is a straight line."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Final
from xml.sax.saxutils import escape

from bench.peers.tables import Row, measured

WIDTH, HEIGHT = 760, 440
LEFT, RIGHT, TOP, BOTTOM = 64, 190, 34, 48
# Told apart by people who see colours otherwise: Okabe and Ito's, and dashes beside.
COLOURS: Final = ("#000000", "#0072b2", "#56b4e9", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#7a7a7a", "#5d3a9b")
DASHES: Final = ("", "6 3", "2 3")
LABEL: Final = 15  # pixels between the names at the right


def svg(rows: Sequence[Row], title: str, unit: str) -> str:
    """Return the drawing; rows without figures are left out. Raises ValueError if there are no figures at all."""
    drawn = [(row, found) for row in rows if (found := {n: each.wall for n, each in measured(row.cells).items()})]
    if not drawn:
        raise ValueError("no figures")
    sizes = sorted({size for _, found in drawn for size in found})
    seconds = [each for _, found in drawn for each in found.values()]
    low, high = math.floor(math.log10(min(seconds))), math.ceil(math.log10(max(seconds)) + 1e-9)
    first, last = math.log10(sizes[0]), math.log10(sizes[-1])

    def x(size: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * ((math.log10(size) - first) / (last - first) if last > first else 0.5)

    def y(value: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (math.log10(value) - low) / (high - low)

    parts = [_text(LEFT, 20, title, "start", 15)]
    for power in range(low, high + 1):
        at = y(10.0**power)
        parts.append(f'<path d="M{LEFT} {at:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>')
        parts.append(_text(LEFT - 8, at + 4, f"{10.0**power:g} s", "end"))
    for size in sizes:
        parts.append(f'<path d="M{x(size):.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="#ddd"/>')
        parts.append(_text(x(size), HEIGHT - BOTTOM + 18, f"{size:,}", "middle"))
    parts.append(_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, unit, "middle"))
    ends = _spread([y(found[max(found)]) for _, found in drawn])
    for number, ((row, found), end) in enumerate(zip(drawn, ends, strict=True)):
        colour = COLOURS[number % len(COLOURS)]
        points = " ".join(f"{x(size):.1f},{y(value):.1f}" for size, value in found.items())
        stroke = f'stroke="{colour}" stroke-width="{2.5 if number == 0 else 1.5}"'
        parts.append(f'<polyline points="{points}" fill="none" {stroke} stroke-dasharray="{DASHES[number % 3]}"/>')
        parts += [f'<circle cx="{x(n):.1f}" cy="{y(each):.1f}" r="3" fill="{colour}"/>' for n, each in found.items()]
        own = max(found)
        lead = f"M{x(own) + 4:.1f} {y(found[own]):.1f}L{WIDTH - RIGHT + 14} {end:.1f}"
        parts.append(f'<path d="{lead}" stroke="{colour}" stroke-width="1" fill="none"/>')
        parts.append(_text(WIDTH - RIGHT + 18, end + 4, row.name, "start"))
    shape = f'xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif"'
    white = f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>'
    return f"<svg {shape}>\n<title>{escape(title)}</title>\n{white}\n" + "\n".join(parts) + "\n</svg>\n"


def _text(x: float, y: float, text: str, anchor: str, size: int = 12) -> str:
    where = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="#222"'
    return f"<text {where}>{escape(text)}</text>"


def _spread(places: Sequence[float]) -> list[float]:
    """Return the places, moved down where two names would stand on each other, and up where the last leave the page."""
    order = sorted(range(len(places)), key=lambda i: places[i])
    moved = list(places)
    for before, after in pairwise(order):
        moved[after] = max(moved[after], moved[before] + LABEL)
    over = max(0.0, moved[order[-1]] - (HEIGHT - BOTTOM))
    return [each - over for each in moved]
