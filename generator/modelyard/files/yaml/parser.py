"""The C parser of ruamel.yaml, and the form of its events and marks."""

import re
from bisect import bisect_right
from typing import Final, Protocol

from _ruamel_yaml import CParser
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import StreamEndEvent

__all__ = ["BREAK", "CParser", "Event", "Parser", "Position", "is_empty", "with_editor_lines"]

BREAK: Final = re.compile("\r\n|\n|\r")
_OTHER_BREAKS: Final = re.compile("[\x85\u2028\u2029]")  # lines to YAML 1.1, and so to its parsers; not to editors


class Position(Protocol):
    """A mark of the parser; all three count from 0, in characters."""

    index: int
    line: int
    column: int


class Event(Protocol):
    """An event of ruamel.yaml.events; each kind has some of these."""

    start_mark: Position
    end_mark: Position
    anchor: str | None
    ctag: object
    value: str
    style: str | None
    explicit: bool


class Parser(Protocol):
    """What gives the events of a stream, one after the other."""

    def get_event(self) -> Event:
        """Return the next event. Raises YAMLError."""


class _At:
    __slots__ = ("column", "index", "line")

    def __init__(self, index: int, line: int, column: int) -> None:
        self.index = index
        self.line = line
        self.column = column


class _EditorLines:
    """A parser whose events have the lines and columns of editors, which end lines by LF, CRLF and CR alone."""

    def __init__(self, parser: Parser, text: str) -> None:
        self._parser = parser
        self._starts = [0, *(each.end() for each in BREAK.finditer(text))]

    def get_event(self) -> Event:
        """Return the next event. Raises YAMLError, whose places are the parser's."""
        event = self._parser.get_event()
        event.start_mark, event.end_mark = self._at(event.start_mark.index), self._at(event.end_mark.index)
        return event

    def _at(self, index: int) -> _At:
        line = bisect_right(self._starts, index) - 1
        return _At(index, line, index - self._starts[line])


def with_editor_lines(parser: Parser, text: str) -> Parser:
    """Return the parser of a text, with the lines of editors where it has others."""
    return _EditorLines(parser, text) if _OTHER_BREAKS.search(text) else parser


def is_empty(content: bytes) -> bool:
    """Tell whether there is nothing but blank lines and comments."""
    parser = CParser(content)
    try:
        parser.get_event()
        return type(parser.get_event()) is StreamEndEvent
    except YAMLError:
        return False
