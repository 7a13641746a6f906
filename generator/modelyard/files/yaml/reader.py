"""From the parser's events to data and marks.

Uses the events of ruamel.yaml's C parser and a stack of its own. The parser's own tree builder ends in a
segmentation fault at 30,000 nested brackets (measured with ruamel.yaml.clib 0.2.15), and a recursive one ends in
RecursionError; events with a depth limit end in a problem with a place.
"""

import re
from collections.abc import Callable
from typing import Final

from ruamel.yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
    StreamStartEvent,
)

from modelyard.files.yaml.frames import Frame, ListFrame, MapFrame, Root
from modelyard.files.yaml.marks import COLUMN_BITS, ListMarks, MapMarks, at
from modelyard.files.yaml.parser import Event, Parser
from modelyard.files.yaml.scalars import INTEGER, SURE_DIGITS, SURE_KEY, Plain, is_key, quote, resolve
from modelyard.files.yaml.source import SHOWN, VALUE_FORBIDDEN, Source, name_of, shown
from modelyard.files.yaml.syntax import NO_DIRECTIVES, NO_SHARING, NO_TAGS

MAX_DEPTH: Final = 64  # mappings and lists inside each other
MAX_VALUES: Final = 500_000  # a mapping or list counts twice, keys do not: 10,000 models in 5 MB have 430,000
_MAX_MEMO: Final = 10_000  # plain scalars whose value is remembered
_MERGE: Final = "<<"
_TOP_LEVEL: Final = "write a mapping with apiVersion and kind"
# The second of two properties of a node; the events only say where the first is.
_SECOND: Final = re.compile(r"\s[&!]")
# What follows a document: neither blank nor a comment nor another end marker.
_MORE: Final = re.compile(r"(?:\A|[\r\n](?:\.\.\.(?!\S))?+)[ \t]*+([^\s#])")


class Reader:
    """One pass over the events of a file."""

    max_depth = MAX_DEPTH

    def __init__(self, source: Source, length: int, *, keep_plain: bool) -> None:
        """Start before the first event; length: characters of the file."""
        self.source = source
        self.base = source.base
        self.length = length
        self.keep_plain = keep_plain
        self.start = source.base
        self.keys = 0
        self.values = 0  # how many there are, when all are read
        self.root = Root(source.base)
        self.top: Frame = self.root
        self.merged: Frame | None = None
        self.stack: list[Frame] = []
        self.memo: dict[str, object] = {}
        self.handlers: dict[type, Callable[[Event], object]] = {
            StreamStartEvent: lambda _: None,
            DocumentStartEvent: self.begin,
            MappingStartEvent: self.mapping,
            SequenceStartEvent: self.sequence,
            ScalarEvent: self.scalar,
            AliasEvent: self.alias,
            MappingEndEvent: self.close,
            SequenceEndEvent: self.close,
            DocumentEndEvent: self.end,
            StreamEndEvent: self.empty,
        }

    def run(self, parser: Parser) -> None:
        """Read a document into `root`. Raises StopReadingError when it cannot be read to its end, and YAMLError."""
        self.events(parser.get_event)

    def events(self, get: Callable[[], Event]) -> None:
        """Handle the events of the document; raises StopReadingError at MAX_VALUES."""
        handlers = self.handlers
        event = get()
        read, left = 0, MAX_VALUES
        try:
            while left:
                # As many events as there could be values left; what of them was keys is given back.
                for number in range(left):
                    if handlers[type(event)](event):
                        self.values = read + number + 1 - self.keys
                        return
                    event = get()
                read += left
                left = MAX_VALUES + self.keys - read
        except UnicodeDecodeError:
            # From the parser, for a tag with escapes that are no UTF-8, such as !%ED%A0%80.
            end = event.end_mark.index
            mark = self.source.mark(max(self.source.text.find("!", end), end))
            self.source.stop("MY006", "a tag", mark, hint=NO_TAGS)
        self.source.stop("MY009", f"more than {MAX_VALUES} values", self.mark(event), hint="split the set")

    def mark(self, event: Event) -> int:
        """Return the mark of an event."""
        start = event.start_mark
        return self.base + (start.line << COLUMN_BITS) + start.column

    def begin(self, event: Event) -> None:
        """Start a document."""
        self.start = self.mark(event)

    def mapping(self, event: Event) -> None:
        """Start a mapping."""
        marks = MapMarks(self.mark(event))
        frame = MapFrame(marks)
        self.open(event, frame, frame.data, marks)

    def sequence(self, event: Event) -> None:
        """Start a list."""
        marks = ListMarks(self.mark(event))
        if not self.stack:
            self.source.stop("MY008", "the top level is a list", marks.at, hint=_TOP_LEVEL)
        frame = ListFrame(marks)
        self.open(event, frame, frame.data, marks)

    def open(self, event: Event, frame: Frame, data: object, marks: MapMarks | ListMarks) -> None:
        """Give what starts to what it is in, and go on inside it."""
        top = self.top
        if event.anchor is not None or event.ctag is not None:
            self.properties(event, marks.at)
        if top.key is not None:
            if top.key == _MERGE and not top.kept:
                self.merged = frame
            top.add(data, marks)
        else:
            hint = "write a string; put text that starts with { or [ between quotes"
            self.source.report("MY012", "a mapping or a list as a key", marks.at, hint=hint)
            top.drop()
        if len(self.stack) >= self.max_depth:
            self.source.stop(
                "MY009", f"more than {self.max_depth} levels inside each other", marks.at, hint="flatten it"
            )
        self.stack.append(top)
        self.top = frame

    def close(self, _: Event) -> None:
        """End a mapping or a list."""
        self.top = self.stack.pop()

    def scalar(self, event: Event) -> None:
        """Take a key or a value."""
        start = event.start_mark
        mark = self.base + (start.line << COLUMN_BITS) + start.column
        text = event.value
        if not text and start.index >= self.length:
            mark = self.source.mark(self.length)  # libyaml ends each file with a line of its own
        if event.anchor is not None or event.ctag is not None:
            self.properties(event, mark)
        top = self.top
        if top.key is None:
            self.key(top, event, mark)
        elif event.style:
            if event.style == '"':
                self.characters(text, mark)
            top.add(text, mark)
        else:
            if not text and ":" in top.key:
                self.without_value(top, start.index)
            top.add(Plain(text) if self.keep_plain else self.plain(text, mark), mark)

    def without_value(self, top: Frame, index: int) -> None:
        """Report {a:1}: a key `a:1` without a value to all readers, and never what was meant."""
        if self.source.text[max(0, index - 80) : index].rstrip()[-1:] not in ("", ":", '"', "'"):
            hint = "put a blank after the colon of a key, and text that holds a colon between quotes"
            self.source.report("MY001", f"the key {shown(top.key or '')} has no value", top.key_mark, hint=hint)

    def plain(self, text: str, mark: int) -> object:
        """Return the value of a plain scalar."""
        value = self.resolved(text)
        if type(value) is Plain and len(text) > SURE_DIGITS and INTEGER.fullmatch(text):
            hint = "between quotes it is text of any length"
            self.source.report("MY011", "an integer beyond 64 bits", mark, hint=hint)
        return value

    def resolved(self, text: str) -> object:
        """Return what `resolve` does; most scalars of a large file stand in it many times."""
        value = self.memo.get(text, self)
        if value is self:
            value = resolve(text)
            if len(self.memo) < _MAX_MEMO:
                self.memo[text] = value
        return value

    def characters(self, text: str, mark: int) -> None:
        """Report a character that kustomize cannot carry; raw ones are refused before, so it is an escape."""
        if found := VALUE_FORBIDDEN.search(text):
            message = f"the character {name_of(found[0])} is not allowed"
            self.source.report("MY003", message, mark, hint="remove it: kustomize cannot carry it")

    def key(self, top: Frame, event: Event, mark: int) -> None:
        """Take a key."""
        text = event.value
        self.keys += 1
        top.kept = True
        if event.style == '"':
            self.characters(text, mark)
        elif not event.style and not self.keep_plain:
            value = self.resolved(text)
            if type(value) is str:
                text = value  # the same object for each occurrence
            else:
                self.no_string(top, text, value, mark)
        if len(text) > SURE_KEY and not is_key(text):
            message, hint = f"a key of {len(text)} characters", "kustomize carries keys of up to 1,022 characters"
            self.source.report("MY009", message, mark, hint=hint)
        if text in top.entries:
            first = top.entries[text][0]
            line = self.source.sources.place(first).line
            self.source.report(
                "MY004", f"the key '{shown(text)}' is repeated here", mark,
                hint=f"keep one; the first is in line {line}", related=self.source.related(first, "the first one"),
            )  # fmt: skip
            top.kept = False
        top.key, top.key_mark = text, mark

    def no_string(self, top: Frame, text: str, value: object, mark: int) -> None:
        """Report a plain key that is not the same string to all readers."""
        if text == _MERGE:
            self.source.report("MY005", "a merge key", mark, hint=NO_SHARING)
            top.kept = False
            return
        what = "is not a string to some readers" if type(value) is Plain else "is not a string"
        hint = f"write {quote(text)}:" if len(text) < SHOWN else "put it between quotes"
        self.source.report("MY012", f"the key {shown(text)} {what}" if text else "an empty key", mark, hint=hint)

    def properties(self, event: Event, mark: int) -> None:
        """Report an anchor, a tag, or both in any order."""
        anchor, tag = mark, mark
        if event.anchor is not None and event.ctag is not None:
            text, start = self.source.text, event.start_mark.index
            found = _SECOND.search(text, start)
            second = self.source.after(mark, text[start : found.end() - 1]) if found else mark
            anchor, tag = (mark, second) if text[start] == "&" else (second, mark)
        if event.anchor is not None:
            self.source.report("MY005", f"an anchor (&{shown(event.anchor)})", anchor, hint=NO_SHARING)
        if event.ctag is not None:
            self.source.report("MY006", f"a tag ({shown(str(event.ctag))})", tag, hint=NO_TAGS)

    def alias(self, event: Event) -> None:
        """Report an alias, and go on without its value."""
        top, mark = self.top, self.mark(event)
        if not self.is_merged():
            self.source.report("MY005", f"an alias (*{shown(event.anchor or '')})", mark, hint=NO_SHARING)
        if top.key is None:
            top.drop()
        else:
            top.add(None, mark)

    def is_merged(self) -> bool:
        """Tell whether an alias is the value, or in the list, of a merge key, which is reported already."""
        return self.top is self.merged or (self.top.key == _MERGE and not self.top.kept)

    def end(self, event: Event) -> bool:
        """End the document, and reading."""
        if event.end_mark.index < self.length:
            self.rest(event)
        data = self.root.data
        if type(data) is not dict and not self.source.problems:
            empty = data is None or (isinstance(data, Plain) and not data.text)
            message = f"the document is {'empty' if empty else 'not a mapping'}"
            self.source.report("MY008", message, self.start if empty else at(self.root.marks), hint=_TOP_LEVEL)
        return True

    def rest(self, event: Event) -> None:
        """Report what follows the document, without the parser, which would read directives there."""
        text, end = self.source.text, event.end_mark.index
        if found := _MORE.search(text[end:]):
            index = end + found.start(1)
            if text.startswith("%", index):
                code, message, hint = "MY014", "a YAML directive", NO_DIRECTIVES
            elif event.explicit or text.startswith("---", index):
                code, message, hint = "MY007", "a second document starts here", "keep one document in a file"
            else:
                code, message, hint = "MY001", "text behind the end of the document", "the whole file is one mapping"
            self.source.report(code, message, self.source.mark(index), hint=hint)

    def empty(self, _: Event) -> bool:
        """End a file without a document."""
        if not self.source.problems:
            self.source.report("MY008", "the file is empty", self.base, hint=_TOP_LEVEL)
        return True
