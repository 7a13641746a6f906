"""A YAML text as a tree of its nodes, each with where it stands, for edits that keep every other byte."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceStartEvent,
    StreamEndEvent,
    StreamStartEvent,
)

from modelyard.files.yaml.directives import without_directives
from modelyard.files.yaml.flow import parsed
from modelyard.files.yaml.marks import Sources
from modelyard.files.yaml.parser import Parser
from modelyard.files.yaml.reader import MAX_DEPTH
from modelyard.files.yaml.source import Source, StopReadingError, check_text
from modelyard.files.yaml.syntax import NO_TAGS, report_syntax
from modelyard.problems import Problem

Kind: TypeAlias = Literal["scalar", "sequence", "mapping", "alias"]
Shape: TypeAlias = tuple[object, ...]
_KINDS: Final[dict[type, Kind]] = {
    ScalarEvent: "scalar",
    SequenceStartEvent: "sequence",
    MappingStartEvent: "mapping",
    AliasEvent: "alias",
}
_STARTS: Final[tuple[type, ...]] = (StreamStartEvent, DocumentStartEvent)
_ENDS: Final[tuple[type, ...]] = (DocumentEndEvent, StreamEndEvent)


@dataclass(slots=True)
class Node:
    """A value where it stands; start and end count characters of the text, with anchor and tag.

    A block sequence starts at its first dash. What is written without brackets ends where the next thing
    starts, and a block scalar behind the blank lines that follow it. style: the quote of a scalar, `|` or
    `>`; "" if it is plain. flow: a collection between brackets. anchor: also the name of an alias. children:
    the items of a sequence; of a mapping keys and values in turn.
    """

    kind: Kind
    start: int
    end: int
    value: str = ""
    style: str = ""
    flow: bool = False
    anchor: str | None = None
    tag: str | None = None
    children: list["Node"] = field(default_factory=list)

    def pairs(self) -> Iterator[tuple["Node", "Node"]]:
        """Yield the keys and values of a mapping."""
        yield from zip(self.children[::2], self.children[1::2], strict=True)

    def shape(self) -> Shape:
        """Return all that a reader can see of the node: equal for texts that differ in places, comments and quotes."""
        own = (self.kind, self.anchor, self.tag, self.value, self.kind == "scalar" and not self.style)
        return (*own, *(child.shape() for child in self.children))


class Tree(NamedTuple):
    """The first document of a text. root: None if the text holds none. end: where `...`, `---` or nothing follows."""

    text: str
    root: Node | None
    end: int


def parse(content: bytes, sources: Sources, file: str) -> tuple[Tree | None, list[Problem]]:
    """Return the tree of the first document, or None with the problem that forbids it; file: as messages show it.

    content: UTF-8 without a byte order mark. Anchors, tags and keys that repeat are left to who asks; what
    follows the first document is not read. Refused are syntax errors, directives, raw control characters,
    and what exceeds the limits of this package.
    """
    source = Source(content, sources, file)
    try:
        length = check_text(source)
        plain = without_directives(source)
        if source.problems:
            return None, source.problems
        return parsed(plain, lambda parser: _compose(source, parser, length)), []
    except YAMLError as error:
        report_syntax(source, error)
    except UnicodeDecodeError:  # from the parser, for a tag with escapes that are no UTF-8, such as !%ED%A0%80
        source.report("MY006", "a tag", source.mark(max(source.text.find("!"), 0)), hint=NO_TAGS)
    except StopReadingError:
        pass
    return None, source.problems


def _compose(source: Source, parser: Parser, length: int) -> Tree:
    """Build the tree without recursion."""
    get = parser.get_event
    top = Node("sequence", 0, 0)
    stack: list[Node] = []
    while True:
        event: Any = get()
        what: type = type(event)
        start, end = min(event.start_mark.index, length), min(event.end_mark.index, length)
        if what in _ENDS:
            return Tree(source.text, top.children[0] if top.children else None, start)
        if what in _KINDS:
            node = _node(_KINDS[what], start, end, event)
            top.children.append(node)
            if node.kind in {"sequence", "mapping"}:
                stack.append(top)
                top = node
                if len(stack) > MAX_DEPTH:
                    message = f"more than {MAX_DEPTH} levels inside each other"
                    source.stop("MY009", message, source.mark(start), hint="flatten it")
        elif what not in _STARTS:
            top.end = end
            top = stack.pop()


def _node(kind: Kind, start: int, end: int, event: Any) -> Node:
    if kind == "alias":
        return Node(kind, start, end, anchor=event.anchor)
    tag = None if event.ctag is None else str(event.ctag)
    if kind == "scalar":
        return Node(kind, start, end, event.value, event.style or "", anchor=event.anchor, tag=tag)
    return Node(kind, start, end, flow=bool(event.flow_style), anchor=event.anchor, tag=tag)
