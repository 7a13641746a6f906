"""Drawings as shapes with their places. They are as wide as a phone: text in them stays readable there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil, floor, isfinite, log10
from typing import Final, NamedTuple

WIDTH: Final = 480.0
STYLES: Final = 6  # ways in which lines differ: colour, dashes and marks
_STEPS: Final = (1.0, 2.0, 2.5, 5.0, 10.0)


class Shape(NamedTuple):
    """An element of SVG. title: what a pointer on it is told."""

    tag: str
    attributes: Mapping[str, str]
    text: str = ""
    title: str = ""


class Key(NamedTuple):
    """An entry of the legend. style: classes; one of them is `bar` where it is one."""

    style: str
    text: str


@dataclass
class Drawing:
    """Shapes in the order in which they are painted. text: what is seen there, for those who do not see it."""

    text: str
    height: float
    shapes: list[Shape] = field(default_factory=list)
    keys: list[Key] = field(default_factory=list)
    width: float = WIDTH

    def line(self, start: tuple[float, float], end: tuple[float, float], style: str) -> None:
        """Add a straight line."""
        (x1, y1), (x2, y2) = start, end
        self.shapes.append(Shape("line", {"x1": f"{x1:.1f}", "y1": f"{y1:.1f}", "x2": f"{x2:.1f}", "y2": f"{y2:.1f}",
                                          "class": style}))  # fmt: skip

    def label(self, at: tuple[float, float], text: str, style: str = "end") -> None:
        """Add a text. style: start, middle or end, which says what of it stands there, and more classes."""
        self.shapes.append(Shape("text", {"x": f"{at[0]:.1f}", "y": f"{at[1]:.1f}", "class": style}, text))

    def path(self, points: Sequence[tuple[float, float]], style: str, *, closed: bool = False) -> None:
        """Add a line through points."""
        data = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) + ("Z" if closed else "")
        self.shapes.append(Shape("path", {"d": data, "class": style}))

    def box(self, at: tuple[float, float], size: tuple[float, float], style: str, title: str) -> None:
        """Add a rectangle."""
        (x, y), (width, height) = at, size
        self.shapes.append(Shape("rect", {"x": f"{x:.1f}", "y": f"{y:.1f}", "width": f"{max(width, 0):.1f}",
                                          "height": f"{max(height, 0):.1f}", "class": style}, "", title))  # fmt: skip

    def mark(self, at: tuple[float, float], style: str, title: str, size: float = 3.5) -> None:
        """Add a point; one of the class `alert` is a diamond."""
        x, y = at
        if "alert" in style.split():
            size *= 1.9
            data = f"M{x:.1f} {y - size:.1f}L{x + size:.1f} {y:.1f}L{x:.1f} {y + size:.1f}L{x - size:.1f} {y:.1f}Z"
            self.shapes.append(Shape("path", {"d": data, "class": style}, "", title))
        else:
            attributes = {"cx": f"{x:.1f}", "cy": f"{y:.1f}", "r": f"{size:.1f}", "class": style}
            self.shapes.append(Shape("circle", attributes, "", title))


class Scale(NamedTuple):
    """From values to places: low lies at start, high at end."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Return the place of a value."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)


def around(values: Sequence[float], start: float, end: float, *, zero: bool = False) -> Scale:
    """Return a scale with some room around values, from zero on if that is asked for."""
    known = [each for each in values if isfinite(each)] or [0.0]
    low, high = min(known), max(known)
    low = min(low, 0.0) if zero else low
    room = (high - low) * 0.08 or abs(high) * 0.1 or 1.0
    lower = low if zero and low == 0 else low - room
    return Scale(max(lower, 0.0) if low >= 0 else lower, high + room, start, end)


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Return round numbers between two."""
    rough = (high - low) / about
    power = 10.0 ** floor(log10(rough))
    step = next(each for each in _STEPS if each * power >= rough * 0.999) * power
    first, last = ceil(low / step - 1e-9), floor(high / step + 1e-9)
    return [round(each * step, 12) for each in range(first, last + 1)]


def share(value: float) -> str:
    """Return a share of an axis."""
    return f"{value * 100:.4g}%"


def short(value: float) -> str:
    """Return a number of an axis."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:g}{unit}"
    return f"{value:g}"
