"""The C parser of ruamel.yaml, and the form of its events and marks."""

from typing import Protocol

from _ruamel_yaml import CParser
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import StreamEndEvent

__all__ = ["CParser", "Event", "Position", "is_empty"]


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


def is_empty(content: bytes) -> bool:
    """Tell whether there is nothing but blank lines and comments."""
    parser = CParser(content)
    try:
        parser.get_event()
        return type(parser.get_event()) is StreamEndEvent
    except YAMLError:
        return False
