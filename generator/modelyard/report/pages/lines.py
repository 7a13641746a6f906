"""Numbers over time as lines: with intervals, a threshold, alerts, and events that are numbered."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from modelyard.report.pages.drawing import STYLES, WIDTH, Drawing, Key, Scale, around, share, short, ticks
from modelyard.report.pages.figure import number, when

_LEFT: Final = 52.0
_RIGHT: Final = 26.0  # half a day's name
_TOP: Final = 30.0
_BOTTOM: Final = 200.0
_HEIGHT: Final = 226.0
_APART: Final = 18.0  # events that are nearer share a mark
_MARKED: Final = 120  # points of a line that have a mark each
_DAYS: Final = (1, 2, 3, 7, 14, 30, 61, 91, 183, 366, 731, 1827, 3653)
_HOURS: Final = (1, 2, 3, 6, 12)
_TICKS: Final = 5


class Point(NamedTuple):
    """A number at a time. low, high: of its interval."""

    at: datetime
    value: float | None
    low: float | None = None
    high: float | None = None
    alert: bool = False


class Line(NamedTuple):
    """Numbers of one thing over time, in their order."""

    name: str
    points: Sequence[Point]


class Event(NamedTuple):
    """What happened at a time; it is numbered in the drawing, and told below it."""

    at: datetime
    text: str


def lines(
    text: str,
    drawn: Sequence[Line],
    *,
    threshold: float | None = None,
    events: Sequence[Event] = (),
    zero: bool = False,
    percent: bool = False,
) -> Drawing:
    """Return a drawing of lines. zero: whether the scale begins at zero. percent: whether the numbers are shares."""
    drawing = Drawing(text, _HEIGHT)
    points = [each for line in drawn for each in line.points]
    values = [each for point in points for each in (point.value, point.low, point.high) if each is not None]
    values += [threshold] if threshold is not None else []
    up = around(values, _BOTTOM, _TOP, zero=zero)
    moments = [each.at.timestamp() for each in points] + [each.at.timestamp() for each in events] or [0.0]
    low, high = min(moments), max(moments)
    room = (high - low) * 0.02 or 43_200
    across = Scale(low - room, high + room, _LEFT, WIDTH - _RIGHT)
    _axes(drawing, across, up, share if percent else short)
    _events(drawing, across, events)
    if threshold is not None:
        drawing.line((_LEFT, up(threshold)), (WIDTH - _RIGHT, up(threshold)), "threshold")
        drawing.keys.append(Key("threshold", f"threshold {number(threshold)}"))
    for i, line in enumerate(drawn):
        style = f"s{i % STYLES}"
        _line(drawing, line, style, across, up)
        drawing.keys.append(Key(style, line.name))
    if any(each.alert for each in points):
        drawing.keys.append(Key("alert", "alert"))
    return drawing


def _axes(drawing: Drawing, across: Scale, up: Scale, form: Callable[[float], str]) -> None:
    for value in ticks(up.low, up.high):
        drawing.line((_LEFT, up(value)), (WIDTH - _RIGHT, up(value)), "grid")
        drawing.label((_LEFT - 7, up(value) + 5), form(value))
    for moment, text in _times(across):
        drawing.line((across(moment), _BOTTOM), (across(moment), _BOTTOM + 5), "axis")
        drawing.label((across(moment), _HEIGHT - 5), text, "middle")
    drawing.line((_LEFT, _BOTTOM), (WIDTH - _RIGHT, _BOTTOM), "axis")


def _times(across: Scale) -> Iterator[tuple[float, str]]:
    """Yield round times between the ends of a scale, and what they are called."""
    seconds = across.high - across.low
    days = seconds / 86_400
    if days < 2:
        step = next((each for each in _HOURS if each * _TICKS >= days * 24), _HOURS[-1]) * 3600
        form = ""
    else:
        step = next((each for each in _DAYS if each * _TICKS >= days), _DAYS[-1]) * 86_400
        form = "%d %b" if days < 300 else "%b %Y"
    moment = -(-across.low // step) * step
    while moment <= across.high:
        yield moment, _name(_time(moment), form)
        moment += step


def _name(moment: datetime, form: str) -> str:
    """Return what a time is called. form: of a day or month; without one it is an hour, at midnight the day."""
    if not form and moment.hour:
        return f"{moment:%H:%M}"
    return f"{moment:{form or '%d %b'}}".lstrip("0")


def _time(seconds: float) -> datetime:
    return datetime.fromisoformat("1970-01-01T00:00:00+00:00") + timedelta(seconds=seconds)


def _events(drawing: Drawing, across: Scale, events: Sequence[Event]) -> None:
    """Draw events as numbered marks; those that lie close together share one."""
    groups: list[list[int]] = []
    for i, each in enumerate(events):
        at = across(each.at.timestamp())
        if groups and at - across(events[groups[-1][0]].at.timestamp()) < _APART:
            groups[-1].append(i)
        else:
            groups.append([i])
    for group in groups:
        at = across(events[group[0]].at.timestamp())
        text = str(group[0] + 1) if len(group) == 1 else f"{group[0] + 1}\N{EN DASH}{group[-1] + 1}"
        drawing.line((at, _TOP - 8), (at, _BOTTOM), "event")
        drawing.label((at, _TOP - 13), text, "middle event-label")


def _line(drawing: Drawing, line: Line, style: str, across: Scale, up: Scale) -> None:
    for run in _runs(line.points):
        wide = [each for each in run if each.low is not None and each.high is not None]
        if len(wide) > 1 and len(wide) == len(run):
            there = [(across(each.at.timestamp()), up(each.high or 0.0)) for each in wide]
            back = [(across(each.at.timestamp()), up(each.low or 0.0)) for each in reversed(wide)]
            drawing.path([*there, *back], f"band {style}", closed=True)
        if len(run) > 1:
            drawing.path([(across(each.at.timestamp()), up(each.value or 0.0)) for each in run], f"line {style}")
        for each in run if len(line.points) <= _MARKED else [each for each in run if each.alert]:
            title = f"{line.name}, {when(each.at)}: {number(each.value)}"
            mark = "alert" if each.alert else f"mark {style}"
            drawing.mark((across(each.at.timestamp()), up(each.value or 0.0)), mark, title)


def _runs(points: Sequence[Point]) -> Iterator[list[Point]]:
    """Yield points that follow each other with values."""
    run: list[Point] = []
    for each in points:
        if each.value is None:
            if run:
                yield run
            run = []
        else:
            run.append(each)
    if run:
        yield run
