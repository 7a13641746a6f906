"""Tolerant reading of foreign YAML: all documents of a stream, with the place of each value.

What kustomize 5.8.1 reads is read: a byte order mark, CRLF, anchors, aliases and merge keys, tags, several documents.
"""

import codecs
import re
from collections.abc import Callable
from functools import partial
from math import isfinite
from typing import Final

from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import StreamEndEvent

from modelyard.files.yaml.alike import Alike, Part
from modelyard.files.yaml.document import Document
from modelyard.files.yaml.flow import parsed
from modelyard.files.yaml.frames import Frame, ListFrame, Root
from modelyard.files.yaml.marks import COLUMN_BITS, ListMarks, MapMarks, Sources
from modelyard.files.yaml.merges import MERGING, Anchored, StreamMap
from modelyard.files.yaml.parser import Event, Parser, with_editor_lines
from modelyard.files.yaml.reader import Reader
from modelyard.files.yaml.readings import Scalars, types_of_tag
from modelyard.files.yaml.scalars import quote
from modelyard.files.yaml.source import MAX_BYTES, Source, StopReadingError, check_encoding, first_of, name_of, shown
from modelyard.files.yaml.syntax import report_syntax
from modelyard.files.yaml.templates import stop_at_braces, template_instead

MAX_EVENTS: Final = 4_000_000  # 16 MiB of `a: b` lines
MAX_ODD: Final = 20_000  # scalars that readers disagree about which are kept: more than are reported
MAX_ALIASED: Final = 100_000  # values that all aliases of a stream may expand to; a billion laughs has 10**9
MAX_ALIASED_TEXT: Final = 4 * 1024 * 1024  # characters of them: what follows is looked for in each value
_MERGE: Final = "<<"
# What go-yaml takes for not printable (gopkg.in/yaml.v3, yamlprivateh.go and readerc.go); U+FEFF only starts a file.
_FORBIDDEN: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")


def read_all(
    content: bytes, sources: Sources, file: str, *, start: int | None = None, yaml_1_1: bool = False
) -> list[Document]:
    """Read all documents of a stream that others wrote; empty ones are left out.

    content: the bytes, UTF-8. sources, file: where the marks' places come from. start: the mark of the first
    character, when the content is a part of a file; lines and columns count from there. yaml_1_1: yes, no, on, off,
    y and n are booleans, as kustomize reads its own files and JSON patches (sigs.k8s.io/yaml); else they are text, as
    it reads objects (gopkg.in/yaml.v3).

    A key that stands twice is a problem of its document, and the last value is kept. After a syntax error, or beyond
    a limit, reading ends: the last document then has the problem, and no data.
    """
    source = Source(content.removeprefix(codecs.BOM_UTF8), sources, file, start=start)
    scalars = Scalars(yaml_1_1=yaml_1_1)
    readers: list[StreamReader] = []

    def read_by(parser: Parser) -> None:
        source.problems.clear()
        readers.append(StreamReader(source, scalars))
        readers[-1].run(parser)

    try:
        _check_text(source)
        alike = Alike(source.base, scalars, partial(_part, sources, file, scalars))
        if alike.run(source.text, MAX_EVENTS):
            return alike.documents
        try:
            parsed(source.content, read_by)
        except YAMLError as error:
            report_syntax(source, error)
            template_instead(source)
            raise StopReadingError from None
    except StopReadingError:
        documents = readers[-1].documents if readers else []
        reported = readers[-1].reported if readers else 0
        return [*documents, Document(marks=source.base, problems=source.problems[reported:])]
    return readers[-1].documents


def _part(sources: Sources, file: str, scalars: Scalars, text: str, mark: int) -> Part | None:
    """Read some lines of a stream from a mark on; None where reading them is not all that there is to do."""
    source = Source(text.encode(), sources, file, start=mark)

    def read_by(parser: Parser) -> StreamReader:
        reader = StreamReader(source, scalars)
        reader.run(parser)
        return reader

    try:
        reader = parsed(source.content, read_by)
    except (YAMLError, StopReadingError):
        return None
    is_alone = not source.problems and reader.left == MAX_ALIASED
    return Part(reader.documents, reader.handled) if is_alone else None


class StreamReader(Reader):
    """One pass over the events of a stream."""

    max_depth = 200  # CustomResourceDefinitions in real streams have up to 90

    def __init__(self, source: Source, scalars: Scalars) -> None:
        """Start before the first event."""
        super().__init__(source, len(source.text), keep_plain=False)
        self.documents: list[Document] = []
        self.reported = 0  # problems that belong to documents already
        self.odd: dict[int, str] = {}
        self.kept_odd = 0
        self.scalars = scalars
        self.handled = 0  # events, when all are
        self.left = MAX_ALIASED
        self.left_text = MAX_ALIASED_TEXT
        self.anchors: dict[str, Anchored] = {}
        self.open_anchors: list[tuple[str | None, Anchored]] = []
        self.handlers[StreamEndEvent] = lambda _: True

    def run(self, parser: Parser) -> None:
        """Read a stream into `documents`. Raises YAMLError, and StopReadingError when it cannot be read to its end."""
        self.events(with_editor_lines(parser, self.source.text).get_event)

    def events(self, get: Callable[[], Event]) -> None:
        """Handle the events of the stream; raises StopReadingError at MAX_EVENTS."""
        handlers = self.handlers
        event = get()
        for number in range(MAX_EVENTS):
            if handlers[type(event)](event):
                self.handled = number
                return
            event = get()
        self.source.stop("MY009", f"more than {MAX_EVENTS} values", self.mark(event), hint="split the file")

    def begin(self, event: Event) -> None:
        """Start a document, with no anchors."""
        self.start = self.mark(event)
        self.top = self.root = Root(self.start)
        self.anchors.clear()
        self.odd = {}

    def end(self, _: Event) -> bool:
        """End a document, and go on."""
        problems = self.source.problems[self.reported :]
        self.reported += len(problems)
        if self.root.data is not None or problems:
            self.documents.append(Document(self.root.data, self.root.marks, problems, self.odd))
        return False

    def mapping(self, event: Event) -> None:
        """Start a mapping."""
        marks = MapMarks(self.mark(event))
        frame = StreamMap(marks)
        self.open(event, frame, frame.data, marks)

    def sequence(self, event: Event) -> None:
        """Start a list."""
        marks = ListMarks(self.mark(event))
        frame = ListFrame(marks)
        self.open(event, frame, frame.data, marks)

    def open(self, event: Event, frame: Frame, data: object, marks: MapMarks | ListMarks) -> None:
        """Give what starts to what it is in, and go on inside it."""
        if self.top.key is None:
            stop_at_braces(self.source, event.start_mark.index, marks.at)
        super().open(event, frame, data, marks)
        self.open_anchors.append((event.anchor, Anchored(data, marks)))

    def close(self, event: Event) -> None:
        """End a mapping or a list; only then can an alias name it."""
        if isinstance(self.top, StreamMap) and self.top.merges:
            self.top.finish()
        super().close(event)
        anchor, anchored = self.open_anchors.pop()
        if anchor is not None:
            self.anchors[anchor] = anchored

    def properties(self, event: Event, mark: int) -> None:
        """Allow anchors and tags."""

    def scalar(self, event: Event) -> None:
        """Take a key or a value."""
        start = event.start_mark
        mark = self.base + (start.line << COLUMN_BITS) + start.column
        text = event.value
        top = self.top
        if top.key is None:
            if text == _MERGE and not event.style:
                top.key, top.kept = MERGING, True
            else:
                self.named(top, text, mark, is_plain=not event.style and event.ctag is None)
            value: object = text
        else:
            value = text if event.style else self.scalars.value(text)
            if event.ctag is not None:
                value = self.tagged(str(event.ctag), text, mark)
            elif text in self.scalars.odd_values and not event.style:
                value = self.odd_value(text, value, mark)
            top.add(value, mark)
        if event.anchor is not None:
            self.anchors[event.anchor] = Anchored(value, mark)

    def tagged(self, tag: str, text: str, mark: int) -> object:
        """Return a scalar with a tag of the core schema; with any other it is text."""
        name, types = types_of_tag(tag)
        if types is None:
            return text
        value = self.scalars.value(text)
        if type(value) not in types:
            message = f"a value that is not of the type of its tag, !!{name}"
            self.source.report("MY006", message, mark, hint="take the tag off: kustomize and kubectl stop at it")
        return value

    def odd_value(self, text: str, value: object, mark: int) -> object:
        """Keep a value that readers disagree about, and return it; None if kubectl stops at it."""
        if isinstance(value, float) and not isfinite(value):
            self.source.report(
                "MY011", f"{text} is no number of JSON", mark, hint="put it between quotes if it is text"
            )
            return None
        self.disagree(text, mark)
        return value

    def disagree(self, text: str, mark: int) -> None:
        """Keep a scalar that readers disagree about."""
        if self.kept_odd < MAX_ODD:
            self.kept_odd += 1
            self.odd[mark] = text

    def named(self, top: Frame, text: str, mark: int, *, is_plain: bool) -> None:
        """Take a key as it is written, or what kubectl makes of it."""
        key = self.scalars.key(text) if is_plain else text
        if is_plain and text in self.scalars.odd_keys:
            self.disagree(text, mark)
        if key is None:
            self.source.report(
                "MY012", f"the key {shown(text)} is no text to kubectl", mark, hint=f"write {quote(text)}:"
            )
            top.drop()
        else:
            self.name(top, key, mark)

    def name(self, top: Frame, text: str, mark: int) -> None:
        """Take a key; the last of the same name wins."""
        if text in top.entries:
            first = top.entries[text][0]
            line = self.source.sources.place(first).line
            self.source.report(
                "MY004", f"the key '{shown(text)}' is repeated here", mark,
                hint=f"keep one; the first is in line {line}", related=self.source.related(first, "the first one"),
            )  # fmt: skip
        top.key, top.key_mark, top.kept = text, mark, True

    def alias(self, event: Event) -> None:
        """Put a copy of what the alias names."""
        mark, top = self.mark(event), self.top
        found = self.anchors.get(event.anchor or "")
        if found is None:
            hint = "define it above with &, in the same document; put text that starts with * between quotes"
            self.source.report("MY001", f"the alias *{shown(event.anchor or '')} has no anchor", mark, hint=hint)
            found = Anchored(None, mark)
        if top.key is None:
            if isinstance(found.data, str):
                self.name(top, found.data, mark)
            else:
                self.source.report("MY012", "an alias as a key that is not text", mark, hint="write the key itself")
                top.drop()
        else:
            top.add(self.copied(found.data, mark, len(self.stack)), found.marks)

    def copied(self, data: object, mark: int, depth: int) -> object:
        """Return a copy of what an alias names; raises StopReadingError at the limits."""
        self.left -= 1
        if isinstance(data, str):
            self.left_text -= len(data)
        elif isinstance(data, dict):
            self.left_text -= sum(map(len, data))
        if self.left < 0 or self.left_text < 0 or depth > self.max_depth:
            most = f"{MAX_ALIASED} values" if self.left_text >= 0 else f"{MAX_ALIASED_TEXT} characters"
            message = f"the aliases of this stream stand for more than {most}"
            self.source.stop("MY009", message, mark, hint="write the values out")
        if isinstance(data, dict):
            return {key: self.copied(each, mark, depth + 1) for key, each in data.items()}
        if isinstance(data, list):
            return [self.copied(each, mark, depth + 1) for each in data]
        return data


def _check_text(source: Source) -> None:
    """Check size, encoding and characters. Raises StopReadingError after the first problem."""
    if len(source.content) > MAX_BYTES:
        source.stop("MY009", f"{len(source.content)} bytes", source.base, hint=f"at most {MAX_BYTES} are read")
    check_encoding(source)
    if found := first_of(_FORBIDDEN, source.content, source.text):
        message = f"the character {name_of(found[0])} is not allowed"
        source.stop("MY003", message, source.mark(found.start()), hint="remove it: kustomize stops at it")
