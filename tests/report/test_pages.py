"""Drawings of pages: what is drawn lies inside, whatever the numbers are, and texts are cleaned."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from modelyard.report.pages import (
    Bar,
    Drawing,
    Event,
    Interval,
    Line,
    Pair,
    Point,
    Table,
    bars,
    intervals,
    lines,
    number,
    pairs,
    when,
)
from modelyard.report.pages.figure import NONE

START: Final = datetime(2026, 11, 1, tzinfo=UTC)


def _at(days: float) -> datetime:
    return START + timedelta(days=days)


def _line(*values: float | None, apart: float = 1.0) -> Line:
    return Line("v7", [Point(_at(i * apart), each) for i, each in enumerate(values)])


def _inside(drawing: Drawing) -> bool:
    """Tell whether all that is drawn has a place in the drawing."""
    for each in drawing.shapes:
        for name, most in (
            ("x", 480),
            ("x1", 480),
            ("x2", 480),
            ("cx", 480),
            ("y", 0),
            ("y1", 0),
            ("y2", 0),
            ("cy", 0),
        ):
            if name in each.attributes and not 0 <= float(each.attributes[name]) <= (most or drawing.height):
                return False
    return True


@pytest.mark.parametrize(
    "values",
    [
        (0.5,),
        (0.5, 0.5),
        (0.0, 0.0),
        (1e-9, 2e-9),
        (-5.0, 5.0),
        (1e15, 3e15),
        (None, 0.4, None, 0.6, None),
        (None,),
        (),
    ],
)
@pytest.mark.parametrize("apart", [0.01, 1.0, 400.0])
@pytest.mark.parametrize("threshold", [None, 0.7, -3.0])
def test_lines_lie_inside_whatever_the_numbers_are(
    values: tuple[float | None, ...], apart: float, threshold: float | None
) -> None:
    for zero in (False, True):
        drawing = lines("", [_line(*values, apart=apart)], threshold=threshold, zero=zero)
        assert _inside(drawing)
        marks = [each for each in drawing.shapes if each.attributes["class"] == "mark s0"]
        assert len(marks) == sum(1 for each in values if each is not None)


def test_a_line_is_broken_where_a_number_is_missing() -> None:
    drawing = lines("", [_line(0.1, 0.2, None, 0.3, 0.4, 0.5)])
    paths = [each.attributes["d"].count("L") for each in drawing.shapes if each.attributes["class"] == "line s0"]
    assert paths == [1, 2]


def test_a_line_of_many_points_has_marks_for_its_alerts_alone() -> None:
    points = [Point(_at(i), 0.5, alert=i == 7) for i in range(500)]
    drawing = lines("", [Line("v7", points)])
    assert [each.attributes["class"] for each in drawing.shapes if each.title] == ["alert"]
    assert _inside(drawing)


def test_events_that_lie_together_share_a_mark() -> None:
    events = [Event(_at(each), "") for each in (1, 1.1, 1.2, 15, 29)]
    drawing = lines("", [_line(*[0.5] * 30)], events=events)
    assert [each.text for each in drawing.shapes if "event-label" in each.attributes["class"]] == [
        f"1{NONE}3",
        "4",
        "5",
    ]


def test_a_time_has_few_names_on_its_axis() -> None:
    for days in (0.1, 1.5, 3, 20, 90, 400, 3000):
        drawing = lines("", [_line(1.0, 2.0, apart=days)])
        names = [each.text for each in drawing.shapes if each.attributes["class"] == "middle"]
        assert 1 <= len(names) <= 6, days
        assert [each for each in names if each.startswith((":", " "))] == [], days
        assert len(set(names)) == len(names) or days < 2, days


def test_bars_and_intervals_lie_inside_and_say_what_is_better() -> None:
    drawn = [Bar(f"{i}{'x' * i * 9}", each, "s0") for i, each in enumerate((0.0, 0.05, 12.5))]
    assert _inside(bars("", drawn, (0.1, 0.25), ()))
    assert _inside(pairs("", [Pair("a", 0.0, 1.0), Pair("b", 1.0, 0.0)], "then", "now"))
    for less, wanted in ((False, ["good", "bad", "s5"]), (True, ["bad", "good", "s5"])):
        drawing = intervals(
            "", [Interval("a", 2, 1, 3), Interval("b", -2, -3, -1), Interval("c", 0, -1, 1)], less_is_better=less
        )
        assert _inside(drawing)
        styles = [style for each in drawing.shapes if (style := each.attributes["class"]).startswith("whisker")]
        assert [each.removeprefix("whisker ") for each in styles] == wanted


def test_numbers_are_short_in_a_table_and_whole_in_csv() -> None:
    moment = datetime(2026, 11, 1, 6, 30, tzinfo=UTC)
    table = Table("x.csv", ("a", "b"), [(1 / 3, moment), (None, "=1+1"), (True, "\x1b[31m"), (12345.678, "-")])
    assert table.shown == [
        [("0.3333", True), ("2026-11-01 06:30", False)],
        [(NONE, False), ("=1+1", False)],
        [("yes", False), ("\x1b[31m", False)],
        [("12,346", True), ("-", False)],
    ]
    content = base64.b64decode(table.link.partition(",")[2]).decode()
    assert content == (
        "a,b\r\n0.3333333333333333,2026-11-01T06:30:00+00:00\r\n,'=1+1\r\ntrue,\\u001b[31m\r\n12345.678,'-\r\n"
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, NONE), (0.0, "0"), (1200.0, "1,200"), (0.00012345, "0.0001234"), (float("nan"), "nan"), (1e300, "1e+300")],
)
def test_a_number_has_at_most_four_digits(value: float | None, text: str) -> None:
    assert number(value) == text


def test_a_time_at_midnight_is_a_day() -> None:
    assert when(START) == "2026-11-01"
