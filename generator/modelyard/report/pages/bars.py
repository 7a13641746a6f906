"""Shares beside each other, the longest of many, and intervals around zero."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from modelyard.report.pages.drawing import WIDTH, Drawing, Key, Scale, around, share, short, ticks
from modelyard.report.pages.figure import number

_LEFT: Final = 52.0
_RIGHT: Final = 14.0
_ROW: Final = 46.0  # a name, and below it what it is of
_NAME: Final = 44  # characters of it that are seen in a drawing


class Pair(NamedTuple):
    """Two shares of one bin."""

    name: str
    then: float
    now: float


class Bar(NamedTuple):
    """A number with a name."""

    name: str
    value: float
    style: str


class Interval(NamedTuple):
    """A number and its interval."""

    name: str
    value: float
    low: float
    high: float


def pairs(text: str, drawn: Sequence[Pair], then: str, now: str) -> Drawing:
    """Return a drawing of two distributions over the same bins, which are numbered. then, now: what they are called."""
    top, bottom, height = 14.0, 196.0, 240.0
    drawing = Drawing(text, height, keys=[Key("bar s5", then), Key("bar s0", now)])
    up = around([each for pair in drawn for each in (pair.then, pair.now)], bottom, top, zero=True)
    for value in ticks(up.low, up.high):
        drawing.line((_LEFT, up(value)), (WIDTH - _RIGHT, up(value)), "grid")
        drawing.label((_LEFT - 7, up(value) + 5), share(value))
    each = (WIDTH - _LEFT - _RIGHT) / max(len(drawn), 1)
    for i, pair in enumerate(drawn):
        x = _LEFT + i * each
        half = each * 0.38
        for at, part, style, name in ((0.12, pair.then, "s5", then), (0.5, pair.now, "s0", now)):
            title = f"{pair.name}, {name}: {number(part * 100)}%"
            drawing.box((x + each * at, up(part)), (half, bottom - up(part)), f"bar {style}", title)
        drawing.label((x + each / 2, bottom + 19), str(i + 1), "middle")
    drawing.line((_LEFT, bottom), (WIDTH - _RIGHT, bottom), "axis")
    drawing.label(((WIDTH + _LEFT) / 2, height - 4), "bin of the score", "middle")
    return drawing


def bars(text: str, drawn: Sequence[Bar], limits: Sequence[float], keys: Sequence[tuple[str, str]]) -> Drawing:
    """Return a drawing of bars that lie below each other. limits: lines at values. keys: styles, and what they say."""
    bottom = _ROW * len(drawn)
    drawing = Drawing(text, bottom + 8, keys=[Key(f"bar {style}", told) for style, told in keys])
    across = around([*(each.value for each in drawn), *limits], 1, WIDTH - 62, zero=True)
    for value in limits:
        drawing.line((across(value), 2), (across(value), bottom + 4), "limit")
    for i, each in enumerate(drawn):
        y = i * _ROW
        title = f"{each.name}: {number(each.value)}"
        drawing.label((1, y + 16), _short(each.name), "start halo")
        drawing.box((1, y + 23), (across(each.value) - 1, 14), f"bar {each.style}", title)
        drawing.label((across(each.value) + 6, y + 35), number(each.value), "start halo")
    drawing.line((1, 2), (1, bottom + 4), "axis")
    return drawing


def intervals(text: str, drawn: Sequence[Interval], *, less_is_better: bool = False) -> Drawing:
    """Return a drawing of intervals beside zero."""
    bottom = 10 + _ROW * len(drawn)
    drawing = Drawing(text, bottom + 28)
    ends = [each for one in drawn for each in (one.low, one.high)]
    low, high = min([0.0, *ends]), max([0.0, *ends])
    room = (high - low) * 0.1 or 1.0
    across = Scale(low - room, high + room, _RIGHT, WIDTH - _RIGHT)
    for value in ticks(across.low, across.high, 4):
        drawing.line((across(value), 4), (across(value), bottom), "axis" if value == 0 else "grid")
        drawing.label((across(value), bottom + 18), short(value), "middle")
    for i, each in enumerate(drawn):
        y = 10 + i * _ROW + _ROW * 0.7
        beyond = (each.low > 0) - (each.high < 0)
        style = "s5" if beyond == 0 else "bad" if (beyond > 0) == less_is_better else "good"
        title = f"{each.name}: {number(each.value)}, {number(each.low)} to {number(each.high)}"
        drawing.label((_RIGHT, y - 13), _short(each.name), "start halo")
        drawing.line((across(each.low), y), (across(each.high), y), f"whisker {style}")
        drawing.mark((across(each.value), y), f"mark {style}", title, 6.0)
    return drawing


def _short(name: str) -> str:
    return name if len(name) <= _NAME else f"{name[: _NAME - 1]}…"
