"""The one door to ruamel.yaml: guarded reading with places, and one style of writing.

Reading uses the events of ruamel.yaml's C parser and a stack of its own. The parser's own tree builder
ends in a segmentation fault at 30,000 nested brackets (measured with ruamel.yaml.clib 0.2.15), and a
recursive one ends in RecursionError; events with a depth limit end in a problem with a place.

A plain scalar becomes a value only when YAML 1.1, YAML 1.2 and Go's readers agree on it. All others
become Plain, so that whoever knows the wanted type can say how to write it.
"""

import codecs
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from _ruamel_yaml import CParser
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from modelyard.problem import Place, Problem, problem

MAX_BYTES: Final = 16 * 1024 * 1024
MAX_DEPTH: Final = 64  # mappings and lists inside each other
MAX_VALUES: Final = 500_000  # 10,000 models of 50 values; read in about 1 s
MAX_PROBLEMS: Final = 100  # of one file: a reader does not mend more in one go
INT_LIMIT: Final = 2**63  # Kubernetes' integers are int64; kustomize turns larger ones into floats

_LINE_BITS: Final = 24
_COLUMN_BITS: Final = 24
_COLUMN_MAX: Final = (1 << _COLUMN_BITS) - 1

# Places in the shape of the data: an int for a scalar (see Sources), else a node with its children.
Marks: TypeAlias = "int | MapMarks | ListMarks"


class Plain:
    """A plain scalar that some reader takes for another type than the others: `1.10`, `no`, `2024-01-02`."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        """Keep the scalar's text as it stands in the file."""
        self.text = text

    def __repr__(self) -> str:
        """Return the text, unquoted as in the file."""
        return self.text


class MapMarks:
    """Where a mapping starts, and for each of its keys where the key is and the marks of its value."""

    __slots__ = ("at", "entries")

    def __init__(self, at: int) -> None:
        """Start with no entries."""
        self.at = at
        self.entries: dict[str, tuple[int, Marks]] = {}


class ListMarks:
    """Where a list starts, and the marks of its items."""

    __slots__ = ("at", "items")

    def __init__(self, at: int) -> None:
        """Start with no items."""
        self.at = at
        self.items: list[Marks] = []


class Sources:
    """The files of one run. A mark is an int that names file, line and column; this turns it into a Place.

    Ints, because a set of 10,000 models has half a million of them.
    """

    def __init__(self) -> None:
        """Start with no files."""
        self.files: list[str] = []

    def add(self, file: str) -> int:
        """Register a file under the name that messages show; return the mark of its first character."""
        self.files.append(file)
        return (len(self.files) - 1) << (_LINE_BITS + _COLUMN_BITS)

    def place(self, mark: int) -> Place:
        """Return the Place of a mark."""
        line = (mark >> _COLUMN_BITS) & ((1 << _LINE_BITS) - 1)
        return Place(self.files[mark >> (_LINE_BITS + _COLUMN_BITS)], line + 1, (mark & _COLUMN_MAX) + 1)


@dataclass(slots=True)
class Document:
    """What a file holds: data (None if it cannot be read at all), its marks, and the problems met."""

    data: object = None
    marks: Marks = 0
    problems: list[Problem] = field(default_factory=list)


def at(marks: Marks) -> int:
    """Return the mark of a value, whatever its shape."""
    return marks if isinstance(marks, int) else marks.at


# ---------------------------------------------------------------- scalars

_INT: Final = re.compile(r"-?(?:0|[1-9][0-9]*)")
_FLOAT: Final = re.compile(r"-?(?:0|[1-9][0-9]*)\.[0-9]+")
# The union of what PyYAML (YAML 1.1), ruamel.yaml (1.2) and go-yaml v2 and v3 take for numbers and dates.
_NUMBER_LIKE: Final = re.compile(
    r"""[-+]?(?:
        0[bB][01_]+ | 0[oO][0-7_]+ | 0[xX][0-9a-fA-F_]+
      | [0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?
      | (?=[._]*[0-9])[0-9_]*\.?[0-9_]*(?:[eE][-+]?[0-9_]+)?
      | \.(?:inf|Inf|INF)
    )
  | \.(?:nan|NaN|NAN)
  | [0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}.*)?
    """,
    re.VERBOSE,
)
_WORDS: Final = frozenset(
    ["y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf", "infinity"]
)
_CONSTANTS: Final[dict[str, object]] = {"": None, "~": None, "null": None, "true": True, "false": False}


def resolve(text: str) -> object:
    """Return the value of a plain scalar: None, bool, int, float or str where all readers agree, else Plain.

    Sources: YAML 1.1 type repository; YAML 1.2.2 chapter 10.3; gopkg.in/yaml.v2 and v3 `resolve.go`.
    """
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    first = text[0]
    if first in "-+.0123456789":
        return _resolve_number(text)
    if text.lower() in _WORDS or text in ("=", "<<"):
        return Plain(text)
    return text


def _resolve_number(text: str) -> object:
    if _INT.fullmatch(text):
        # Longer texts are out of range whatever they say, and int() refuses more than 4,300 digits.
        return int(text) if len(text) <= 19 or abs(int(text[:25])) < INT_LIMIT else Plain(text)
    if _FLOAT.fullmatch(text) and repr(float(text)) == text:
        return float(text)
    return Plain(text) if _NUMBER_LIKE.fullmatch(text) else text


def spellings(text: str) -> str:
    """Return how to write an ambiguous plain scalar: quoted for text, and the plain forms that all agree on."""
    if text.lower() in ("yes", "y", "on", "true"):
        return f'write "{text}" for text, or true'
    if text.lower() in ("no", "n", "off", "false"):
        return f'write "{text}" for text, or false'
    return f'write "{text}"'


# ---------------------------------------------------------------- reading

_BOMS: Final = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
    (codecs.BOM_UTF8, "UTF-8 with a byte order mark"),
)
# Raw control characters, and the characters that libyaml takes for line breaks while editors do not.
_RAW_FORBIDDEN: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
# kustomize 5.8.1 stops at these or turns them into a blank, however they are quoted.
_VALUE_FORBIDDEN: Final = re.compile("[\x00\x7f-\x9f\ufffe\uffff]")
_BREAK: Final = re.compile("\r\n|\r|\n")


def read(content: bytes, sources: Sources, file: str, *, keep_plain: bool = False) -> Document:
    """Read one YAML document.

    content: the file's bytes. sources, file: where the marks' places come from. keep_plain: leave every
    plain scalar a Plain with its text, for data that is passed on and not interpreted.

    Never raises for what the content holds; a syntax error ends reading, everything else is reported and
    read over. Refused are duplicate keys, anchors, aliases, merge keys, tags, directives, several documents,
    a top level that is no mapping, keys that are no strings, and what exceeds the limits above.
    """
    document = Document()
    base = sources.add(file)
    text = _decode(content, sources, base, document)
    if text is not None:
        _Reader(document, sources, base, keep_plain=keep_plain).run(text)
    return document


def _decode(content: bytes, sources: Sources, base: int, document: Document) -> str | None:
    def refuse(code: str, message: str, hint: str, before: str = "") -> None:
        lines = _BREAK.split(before)
        mark = base + ((len(lines) - 1) << _COLUMN_BITS) + min(len(lines[-1]), _COLUMN_MAX)
        document.problems.append(problem(code, message, hint=hint, place=sources.place(mark)))

    if len(content) > MAX_BYTES:
        refuse("MY009", f"the file has {len(content)} bytes", f"at most {MAX_BYTES} are read; split the set")
        return None
    for bom, name in _BOMS:
        if content.startswith(bom):
            refuse("MY002", f"the file is {name}", "save it as UTF-8 without a byte order mark")
            return None
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        byte = content[error.start]
        good = content[: error.start].decode("utf-8")
        refuse("MY002", f"the byte 0x{byte:02x} is not UTF-8", "save the file as UTF-8", good)
        return None
    if found := _RAW_FORBIDDEN.search(text):
        refuse("MY003", f"the character {_name(found[0])} is not allowed", _raw_hint(found[0]), text[: found.start()])
        return None
    return text


def _name(character: str) -> str:
    return f"U+{ord(character):04X}"


def _raw_hint(character: str) -> str:
    if _VALUE_FORBIDDEN.fullmatch(character):
        return "remove it"
    return f'remove it, or write it as "\\u{ord(character):04x}" between double quotes'


class _Frame:
    """A mapping or list being read; `key` waits for its value, `skip` is set while that value is dropped."""

    __slots__ = ("data", "key", "key_mark", "marks", "skip")

    def __init__(self, data: dict[str, object] | list[object], marks: MapMarks | ListMarks) -> None:
        self.data = data
        self.marks = marks
        self.key: str | None = None
        self.key_mark = 0
        self.skip = False


class _Stop(Exception):
    """Reading cannot go on; the reason is among the problems."""


class _Reader:
    def __init__(self, document: Document, sources: Sources, base: int, *, keep_plain: bool) -> None:
        self.document = document
        self.sources = sources
        self.base = base
        self.keep_plain = keep_plain
        self.stack: list[_Frame] = []
        self.documents = 0
        self.values = 0
        self.memo: dict[str, object] = {}

    def run(self, text: str) -> None:
        try:
            self.events(CParser(text).get_event)
        except _Stop:
            self.document.data = None
        except YAMLError as error:
            self.syntax(error)
            self.document.data = None

    def events(self, get: Callable[[], object]) -> None:
        while True:
            event = get()
            kind = type(event)
            if kind is ScalarEvent:
                self.scalar(event)
            elif kind is MappingStartEvent:
                self.open(event, {}, MapMarks(self.mark(event)))
            elif kind is SequenceStartEvent:
                self.open(event, [], ListMarks(self.mark(event)))
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                self.close()
            elif kind is AliasEvent:
                self.alias(event)
            elif kind is DocumentStartEvent:
                self.start(event)
            elif kind is StreamEndEvent:
                break
        if not self.documents:
            self.report("MY008", "the file is empty", self.base, "write a mapping with apiVersion and kind")

    # Events of the C parser carry no types of their own; `event` below is one of ruamel.yaml.events.

    def mark(self, event: object) -> int:
        start = event.start_mark  # type: ignore[attr-defined]
        return self.base + (start.line << _COLUMN_BITS) + min(start.column, _COLUMN_MAX)

    def report(self, code: str, message: str, mark: int, hint: str = "") -> None:
        place = self.sources.place(mark)
        self.document.problems.append(problem(code, message, hint=hint, place=place))
        if len(self.document.problems) >= MAX_PROBLEMS:
            raise _Stop

    def start(self, event: object) -> None:
        self.documents += 1
        mark = self.mark(event)
        if self.documents > 1:
            self.report("MY007", "a second document starts here", mark, "keep one document in a file")
            raise _Stop
        if event.version or event.tags:  # type: ignore[attr-defined]
            self.report("MY014", "a YAML directive", self.base, "remove the lines that start with %")

    def scalar(self, event: object) -> None:
        text: str = event.value  # type: ignore[attr-defined]
        style = event.style  # type: ignore[attr-defined]
        plain = style is None or style == ""
        frame = self.stack[-1] if self.stack else None
        if event.anchor is not None or event.tag is not None:  # type: ignore[attr-defined]
            self.property(event)
        if frame is not None and frame.key is None and type(frame.data) is dict:
            self.key(frame, text, event, plain=plain)
            return
        value: object = text
        if plain:
            value = self.plain(text, event)
        elif style == '"':
            self.characters(text, event)
        self.add(value, self.mark(event))

    def plain(self, text: str, event: object) -> object:
        if self.keep_plain:
            return Plain(text)
        try:
            value = self.memo[text]
        except KeyError:
            value = self.memo[text] = resolve(text)
        if type(value) is Plain and _INT.fullmatch(text):
            self.report(
                "MY011", "an integer beyond 64 bits", self.mark(event), "between quotes it is text of any length"
            )
        return value

    def characters(self, text: str, event: object) -> None:
        if found := _VALUE_FORBIDDEN.search(text):
            message = f"the character {_name(found[0])} is not allowed"
            self.report("MY003", message, self.mark(event), "remove it: kustomize cannot carry it")

    def key(self, frame: _Frame, text: str, event: object, *, plain: bool) -> None:
        mark = self.mark(event)
        frame.key, frame.key_mark, frame.skip = text, mark, False
        if plain and text == "<<" and not self.keep_plain:
            self.report("MY005", "a merge key", mark, "say it once in spec.defaults, or in a base file")
            frame.skip = True
        elif plain and not self.keep_plain and type(value := resolve(text)) is not str:
            shown = text or "an empty key"
            what = "is read as no string by some readers" if type(value) is Plain else "is not a string"
            self.report("MY012", f"the key {shown} {what}", mark, f'write "{text}":')
        elif not plain:
            self.characters(text, event)
        if text in frame.data:
            first = self.sources.place(frame.marks.entries[text][0])  # type: ignore[union-attr]
            self.report(
                "MY004", f"the key {text!r} stands here a second time", mark, f"keep one; the first is in line {first.line}"
            )
            frame.skip = True

    def property(self, event: object) -> None:
        if event.anchor is not None:  # type: ignore[attr-defined]
            self.report(
                "MY005", f"an anchor (&{event.anchor})", self.mark(event),  # type: ignore[attr-defined]
                "say it once in spec.defaults, or in a base file",
            )
        if event.tag is not None:  # type: ignore[attr-defined]
            self.report(
                "MY006", f"a tag ({event.tag})", self.mark(event),  # type: ignore[attr-defined]
                "write the value without a tag; text goes between quotes",
            )

    def alias(self, event: object) -> None:
        mark = self.mark(event)
        self.report(
            "MY005", f"an alias (*{event.anchor})", mark,  # type: ignore[attr-defined]
            "say it once in spec.defaults, or in a base file",
        )
        frame = self.stack[-1] if self.stack else None
        if frame is not None and frame.key is None and type(frame.data) is dict:
            frame.key, frame.key_mark, frame.skip = "", mark, True
        else:
            self.add(None, mark)

    def open(self, event: object, data: dict[str, object] | list[object], marks: MapMarks | ListMarks) -> None:
        frame = self.stack[-1] if self.stack else None
        if frame is not None and frame.key is None and type(frame.data) is dict:
            self.report("MY012", "a mapping or a list as a key", marks.at, "write a string")
            raise _Stop
        if event.anchor is not None or event.tag is not None:  # type: ignore[attr-defined]
            self.property(event)
        if frame is None and type(data) is list:
            self.report("MY008", "the top level is a list", marks.at, "write a mapping with apiVersion and kind")
            raise _Stop
        if len(self.stack) >= MAX_DEPTH:
            self.report("MY009", f"more than {MAX_DEPTH} levels inside each other", marks.at, "flatten it")
            raise _Stop
        self.add(data, marks)
        self.stack.append(_Frame(data, marks))

    def close(self) -> None:
        self.stack.pop()

    def add(self, value: object, marks: Marks) -> None:
        self.values += 1
        if self.values > MAX_VALUES:
            self.report("MY009", f"more than {MAX_VALUES} values", at(marks), "split the set")
            raise _Stop
        if not self.stack:
            self.document.data, self.document.marks = value, marks
            if type(value) is not dict:
                what = "empty" if value is None else "not a mapping"
                self.report("MY008", f"the document is {what}", at(marks), "write a mapping with apiVersion and kind")
            return
        frame = self.stack[-1]
        if type(frame.data) is list:
            frame.data.append(value)
            frame.marks.items.append(marks)  # type: ignore[union-attr]
        elif frame.key is not None:
            if not frame.skip:
                frame.data[frame.key] = value  # type: ignore[call-overload]
                frame.marks.entries[frame.key] = (frame.key_mark, marks)  # type: ignore[union-attr]
            frame.key = None

    def syntax(self, error: YAMLError) -> None:
        mark, message = self.base, "not YAML"
        if isinstance(error, MarkedYAMLError):
            found = error.problem_mark or error.context_mark
            if found is not None:
                mark = self.base + (found.line << _COLUMN_BITS) + min(found.column, _COLUMN_MAX)
            message = ", ".join(part for part in (error.context, error.problem) if part) or message
        if "undefined alias" in message:
            hint = "anchors and aliases are not used here; say it once in spec.defaults, or in a base file"
        elif "cannot start any token" in message:
            hint = "indent with spaces, not tabs; put text that starts with @, ` or % between quotes"
        elif "mapping values" in message:
            hint = "put text that holds a colon and a blank between quotes"
        else:
            hint = "check indents, quotes and brackets at this place and just before it"
        self.document.problems.append(problem("MY001", message, hint=hint, place=self.sources.place(mark)))


# ---------------------------------------------------------------- writing

# Escapes beyond JSON's: a reader may take these for line breaks, drop them, or refuse them raw.
_ESCAPED: Final = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
# A key that every reader takes for a string. All other keys are quoted.
_PLAIN_KEY: Final = re.compile(r"[A-Za-z_/$][A-Za-z0-9_./-]*")
# A literal block keeps these lines as they are in every reader that was tried.
_BLOCK: Final = re.compile(r"(?! )[^\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\t]*[^\s]\n?")
_TRAILING_SPACE: Final = re.compile(r"[ ]\n|[ ]$")
_EXPLICIT_KEY_AT: Final = 120  # characters; YAML ends implicit keys at 1,024 bytes, emitters at 128 characters


def quote(text: str) -> str:
    """Return the text between double quotes, read back as this string by YAML 1.1, YAML 1.2 and Go."""
    return _ESCAPED.sub(lambda m: f"\\u{ord(m[0]):04x}", json.dumps(text, ensure_ascii=False))


def write(value: object) -> str:
    """Return a document in block style.

    value: dict, list, str, int, float, bool, None; a Plain is written with its text as it was read. Strings
    are double-quoted (keys only where a reader could mistake them), text of several lines is a literal
    block, keys stay in their order. Raises TypeError for other types.

    Written here, because a library's emitter is 10 to 50 times slower (385 microseconds an object with
    ruamel.yaml's C emitter against 12) and none quotes strings for all three kinds of readers.
    """
    return "".join(_Writer().document(value))


def write_all(values: Iterable[object]) -> str:
    """Return a stream of documents with `---` between them."""
    return "---\n".join(write(value) for value in values)


class _Writer:
    def __init__(self) -> None:
        self.memo: dict[str, str] = {}

    def document(self, value: object) -> Iterator[str]:
        if type(value) is dict and value:
            yield from self.mapping(value, "")
        elif type(value) is list and value:
            yield from self.sequence(value, "")
        else:
            yield f"{self.scalar(value)}\n"

    def mapping(self, value: dict[str, object], indent: str, first: str | None = None) -> Iterator[str]:
        lead = indent if first is None else first
        for key, item in value.items():
            text = key if _PLAIN_KEY.fullmatch(key) and key.lower() not in _WORDS else quote(key)
            if len(text) > _EXPLICIT_KEY_AT:
                text = f"? {text}\n{indent}"
            kind = type(item)
            if kind is dict and item:
                yield f"{lead}{text}:\n"
                yield from self.mapping(item, indent + "  ")  # type: ignore[arg-type]
            elif kind is list and item:
                yield f"{lead}{text}:\n"
                yield from self.sequence(item, indent)  # type: ignore[arg-type]
            elif kind is str and "\n" in item and _is_block(item):  # type: ignore[operator, arg-type]
                yield f"{lead}{text}: "
                yield from self.block(item, indent + "  ")  # type: ignore[arg-type]
            else:
                yield f"{lead}{text}: {self.scalar(item)}\n"
            lead = indent

    def sequence(self, value: list[object], indent: str) -> Iterator[str]:
        for item in value:
            kind = type(item)
            if kind is dict and item:
                yield from self.mapping(item, indent + "  ", f"{indent}- ")  # type: ignore[arg-type]
            elif kind is list and item:
                yield f"{indent}-\n"
                yield from self.sequence(item, indent + "  ")  # type: ignore[arg-type]
            elif kind is str and "\n" in item and _is_block(item):  # type: ignore[operator, arg-type]
                yield f"{indent}- "
                yield from self.block(item, indent + "  ")  # type: ignore[arg-type]
            else:
                yield f"{indent}- {self.scalar(item)}\n"

    def block(self, text: str, indent: str) -> Iterator[str]:
        yield "|\n" if text.endswith("\n") else "|-\n"
        for line in text.removesuffix("\n").split("\n"):
            yield f"{indent}{line}\n" if line else "\n"

    def scalar(self, value: object) -> str:
        if isinstance(value, str):
            try:
                return self.memo[value]
            except KeyError:
                text = self.memo[value] = quote(value)
                return text
        if value is None:
            return "null"
        if value is True:
            return "true"
        if value is False:
            return "false"
        if isinstance(value, int | float):
            return repr(value)
        if isinstance(value, Plain):
            return value.text
        if value == {} or value == []:
            return "{}" if isinstance(value, dict) else "[]"
        raise TypeError(f"cannot write {type(value).__name__}")


def _is_block(text: str) -> bool:
    return _BLOCK.fullmatch(text) is not None and _TRAILING_SPACE.search(text) is None
