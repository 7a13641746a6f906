"""Documents of a stream that differ in their scalars alone: a few of them are parsed, and the others follow from those.

What a cluster gets is thousands of documents of a few shapes. A document is taken apart into its skeleton and the
scalars that end its lines; of a skeleton that is known, only those are looked at. That they are scalars, whole and
each of them a value, is proven once by parsing the skeleton with others in their places.
"""

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import chain
from sys import maxsize
from typing import Any, Final, NamedTuple, TypeAlias

from modelyard.files.yaml.document import Document
from modelyard.files.yaml.marks import COLUMN_BITS, MapMarks, at
from modelyard.files.yaml.readings import Scalars

_BETWEEN: Final = "\n---\n"
_FEWEST: Final = 20  # documents: fewer are read as soon as they are compared
_TRIED: Final = 100  # documents, of which half must be alike for this to go on
# A scalar that ends its line and is the same to the parser whatever its letters: plain without blanks, or between
# quotes without escapes.
_SCALAR: Final = re.compile(
    r"""(?<=[:-])[ ]([A-Za-z0-9/][A-Za-z0-9_./:-]*+(?<!:)|"[ !#-\[\]-~]*+"|'[ -&(-~]*+')$""", re.MULTILINE
)
# Directives, whose documents cannot be told apart here, and what changes how lines are counted.
_PECULIAR: Final = ("\n%", "\r", "\x85", "\u2028", "\u2029", "\ufeff")
_SHARING: Final = re.compile("[&*!]|<<")  # anchors, aliases, tags and merge keys
_STAND_IN: Final = "value/:._-"  # what stands in for a scalar, with a number: all that a plain one may have
_ODD: Final = object()  # a scalar that readers disagree about: its document is read by itself

Make: TypeAlias = Callable[[Sequence[object]], Any]


class Part(NamedTuple):
    """What reading some lines of a stream gave. events: how many there were."""

    documents: list[Document]
    events: int


# The lines, and the mark of the first; None where they are not well, or what follows depends on them.
ReadPart: TypeAlias = Callable[[str, int], Part | None]


class _Shape(NamedTuple):
    """make: from the scalars to the data. at: the mark of the data, counted from the document's first character."""

    make: Make
    at: int
    events: int


class _LaterMarks(MapMarks):
    """Marks that are read when they are asked for, which is where something was found."""

    __slots__ = ("_read",)

    def __init__(self, mark: int, read: Callable[[], Part | None]) -> None:
        """Start with the mark of the mapping alone."""
        self.at = mark
        self.over = False
        self._read = read

    def __getattr__(self, name: str) -> Any:
        """Return the entries, which are not there yet."""
        part = self._read() if name == "entries" else None
        if part is None or not isinstance(marks := part.documents[0].marks, MapMarks):
            raise AttributeError(name)
        self.entries = marks.entries
        return self.entries


class _Values(dict[str, object]):
    """From scalars as they are written to their values, each worked out once."""

    def __init__(self, scalars: Scalars) -> None:
        super().__init__()
        self._scalars = scalars

    def __missing__(self, text: str) -> object:
        value: object = text[1:-1]
        if text[0] not in "\"'":
            value = self._scalars.value(text)
            if text in self._scalars.odd_values:
                value = _ODD
        self[text] = value
        return value


class Alike:
    """One pass over the documents of a stream. base: the mark of its first character. read: reads some of its lines."""

    def __init__(self, base: int, scalars: Scalars, read: ReadPart) -> None:
        """Start before the first document."""
        self.documents: list[Document] = []
        self._mark = base
        self._read = read
        self._values = _Values(scalars)
        self._met: set[str] = set()  # skeletons
        self._shapes: dict[str, _Shape | None] = {}  # of those that were met twice
        self._alike = 0

    def run(self, text: str, most: int) -> bool:
        """Read a stream into `documents`; False if it has to be read as a whole, as few are alike or not all are well.

        most: events that it may have.
        """
        if text.count(_BETWEEN) < _FEWEST or text.startswith("%") or any(each in text for each in _PECULIAR):
            return False
        for number, (start, end) in enumerate(_parts(text)):
            part = text[start:end]
            most -= self._document(part, partial(_of_text, self._read, text, start, end, self._mark))
            if most < 0 or (number == _TRIED and self._alike < number // 2):
                return False
            self._mark += part.count("\n") + 1 << COLUMN_BITS
        return True

    def _document(self, text: str, read: Callable[[], Part | None]) -> int:
        """Read a document, and return how many events it has: more than there may be where it is not well."""
        pieces = _SCALAR.split(text)
        shape = self._shape(pieces)
        values = self._values
        found = [values[each] for each in pieces[1::2]] if shape else []
        if shape is not None and _ODD not in found:
            self._alike += 1
            marks = _LaterMarks(self._mark + shape.at, read)
            self.documents.append(Document(shape.make(found), marks))
            return shape.events
        part = read()
        if part is None:
            return maxsize
        self.documents += part.documents
        return part.events

    def _shape(self, pieces: Sequence[str]) -> _Shape | None:
        """Return the shape of a document, if there is one, and it is not the first of its skeleton."""
        skeleton = "\0".join(pieces[::2])
        if skeleton in self._shapes:
            return self._shapes[skeleton]
        if skeleton in self._met:
            self._shapes[skeleton] = _shape(pieces[::2], self._read)
            return self._shapes[skeleton]
        self._met.add(skeleton)
        return None


def _parts(text: str) -> Iterator[tuple[int, int]]:
    """Yield where the documents of a stream begin and end; a line break that ends one is a part of it."""
    start = 0
    while (end := text.find(_BETWEEN, start)) >= 0:
        yield start, end + 1
        start = end + len(_BETWEEN)
    yield start, len(text)


def _of_text(read: ReadPart, text: str, start: int, end: int, mark: int) -> Part | None:
    return read(text[start:end], mark)


def _shape(skeleton: Sequence[str], read: ReadPart) -> _Shape | None:
    """Return what documents of a skeleton share, if each of its scalars is a value, plain or between quotes."""
    if any(map(_SHARING.search, skeleton)) or any(_STAND_IN in each for each in skeleton):
        return None
    names = [f"{_STAND_IN}{number}." for number in range(len(skeleton) - 1)]
    shapes = [_read_shape(skeleton, [f"{quote}{name}{quote}" for name in names], names, read) for quote in ("", '"')]
    return shapes[0] if all(shapes) else None


def _read_shape(skeleton: Sequence[str], scalars: Sequence[str], names: Sequence[str], read: ReadPart) -> _Shape | None:
    """Read a skeleton with these scalars in its places, whose values are the names."""
    text = "".join(chain.from_iterable(zip(skeleton, [*(f" {each}" for each in scalars), ""], strict=True)))
    part = read(text, 0)
    if part is None or len(part.documents) != 1:
        return None
    (document,) = part.documents
    left = {name: number for number, name in enumerate(names)}
    make = _maker(document.data, left)
    is_whole = not left and isinstance(document.marks, MapMarks) and not document.odd
    return _Shape(make, at(document.marks), part.events) if is_whole else None


def _maker(data: object, left: dict[str, int]) -> Make:
    """Return what makes data from the scalars of a document. left: name in their place -> number; met ones go.

    It is compiled to displays of dictionaries and lists, as if they stood in a program: many documents are made.
    """
    constants: list[object] = []
    arguments = ast.arguments([], [ast.arg("values"), ast.arg("constants")], None, [], [], None, [])
    made = ast.Lambda(arguments, _expression(data, left, constants))
    program = compile(ast.fix_missing_locations(ast.Expression(made)), "<documents>", "eval")
    make = eval(program)  # noqa: S307 - of numbers alone: all else is a constant
    return lambda values: make(values, constants)


def _expression(node: object, left: dict[str, int], constants: list[object]) -> ast.expr:
    if isinstance(node, dict):
        below = [_expression(value, left, constants) for value in node.values()]
        return ast.Dict([_constant(key, constants) for key in node], below)
    if isinstance(node, list):
        return ast.List([_expression(value, left, constants) for value in node], ast.Load())
    if isinstance(node, str) and node in left:
        return _item("values", left.pop(node))
    return _constant(node, constants)


def _constant(value: object, constants: list[object]) -> ast.expr:
    if isinstance(value, str) and value.isascii():  # a surrogate cannot be compiled
        return ast.Constant(value)
    constants.append(value)
    return _item("constants", len(constants) - 1)


def _item(name: str, number: int) -> ast.expr:
    return ast.Subscript(ast.Name(name, ast.Load()), ast.Constant(number), ast.Load())
