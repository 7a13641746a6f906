"""The C parser of PyYAML, for what the older one of ruamel.yaml does not read: colons inside text in flow style.

Both are libyaml. That of ruamel.yaml.clib 0.2.15 is 0.1.7, which stops at {image: churn:1}; that of PyYAML is 0.2.5 or
later, and gives the same events, with the same places, for all else of the YAML test suite
(tests/files/test_yaml_suite.py).
"""

from collections.abc import Callable
from typing import Any, Final, TypeVar

from ruamel.yaml import events
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from modelyard.files.yaml.parser import CParser, Event, Parser

T = TypeVar("T")

COLON: Final = "found unexpected ':'"
QUESTION: Final = "found unexpected '?'"


def parsed(content: bytes, read: Callable[[Parser], T]) -> T:
    """Return what `read` makes of the events of a text; it is called again, to start anew, where a colon stops it.

    Raises YAMLError.
    """
    try:
        return read(CParser(content))
    except YAMLError as error:
        if COLON not in str(error) or (parser := later(content)) is None:
            raise
    return read(parser)


def later(content: bytes) -> Parser | None:
    """Return the parser of PyYAML for a text; None where PyYAML was built without it."""
    try:
        import yaml.cyaml  # few files need it, and it takes 20 ms to load
    except ImportError:  # PyYAML can be built without libyaml
        return None
    return _Later(yaml.cyaml.CParser(content))  # type: ignore[attr-defined]


class _Later:
    """A parser of PyYAML whose events and errors are those of ruamel.yaml."""

    def __init__(self, parser: Any) -> None:
        """Start before the first event."""
        from yaml.error import MarkedYAMLError as Failed

        self._get = parser.get_event
        self._failed = Failed
        self._depth = 0  # of collections between brackets

    def get_event(self) -> Event:
        """Return the next event. Raises YAMLError."""
        try:
            event = self._get()
        except self._failed as error:
            places = error.context, error.context_mark, error.problem, error.problem_mark
            raise MarkedYAMLError(*places) from None
        made: Event = _EVENTS[type(event).__name__](event, event.start_mark, event.end_mark)
        self._check(made)
        return made

    def _check(self, event: Event) -> None:
        """Refuse what go-yaml and PyYAML's own parser refuse between brackets, as the older libyaml does."""
        what = type(event).__name__
        if what in ("SequenceStartEvent", "MappingStartEvent"):
            self._depth += bool(self._depth or getattr(event, "flow_style", False))
        elif what in ("SequenceEndEvent", "MappingEndEvent"):
            self._depth -= bool(self._depth)
        elif self._depth and what == "ScalarEvent" and not event.style and "?" in event.value:
            raise MarkedYAMLError("while scanning a plain scalar", None, QUESTION, event.start_mark)


_EVENTS: Final[dict[str, Callable[[Any, Any, Any], Any]]] = {
    "StreamStartEvent": lambda _, start, end: events.StreamStartEvent(start, end),
    "StreamEndEvent": lambda _, start, end: events.StreamEndEvent(start, end),
    "DocumentStartEvent": lambda each, start, end: events.DocumentStartEvent(start, end, each.explicit),
    "DocumentEndEvent": lambda each, start, end: events.DocumentEndEvent(start, end, each.explicit),
    "AliasEvent": lambda each, start, end: events.AliasEvent(each.anchor, start, end),
    "ScalarEvent": lambda each, start, end: events.ScalarEvent(
        each.anchor, each.tag, each.implicit, each.value, start, end, each.style
    ),
    "SequenceStartEvent": lambda each, start, end: events.SequenceStartEvent(
        each.anchor, each.tag, each.implicit, start, end, each.flow_style
    ),
    "SequenceEndEvent": lambda _, start, end: events.SequenceEndEvent(start, end),
    "MappingStartEvent": lambda each, start, end: events.MappingStartEvent(
        each.anchor, each.tag, each.implicit, start, end, each.flow_style
    ),
    "MappingEndEvent": lambda _, start, end: events.MappingEndEvent(start, end),
}
