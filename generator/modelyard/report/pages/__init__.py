"""Pages for people who are no users of a terminal: HTML that asks nobody for anything, with drawings in SVG.

A figure is a drawing with its numbers beside it, as a table and as CSV. What is drawn is computed here; the templates
in `templates/pages/` place it.
"""

from modelyard.report.pages.bars import Bar, Interval, Pair, bars, intervals, pairs
from modelyard.report.pages.drawing import Drawing
from modelyard.report.pages.figure import Figure, Table, number, when
from modelyard.report.pages.lines import Event, Line, Point, lines

__all__ = [
    "Bar",
    "Drawing",
    "Event",
    "Figure",
    "Interval",
    "Line",
    "Pair",
    "Point",
    "Table",
    "bars",
    "intervals",
    "lines",
    "number",
    "pairs",
    "when",
]
