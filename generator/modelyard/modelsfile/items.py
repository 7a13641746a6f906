"""The models of a file as pieces of its text: where each begins and ends, and the file without some of them.

Each model is an item of a block sequence (YAML 1.2.2, chapter 8.2.1) and stands in lines of its own. Once a parser has
found the items where their text begins, the same text stands for the same item wherever it stands in that sequence: a
parser of YAML reads from left to right, and is between two items where it was before. What the items share, such as
limits of the whole file, is none of their text.
"""

import re
from collections.abc import Collection
from hashlib import blake2b
from typing import Final, NamedTuple

from modelyard.files.yaml import MAX_BYTES, ListMarks, at
from modelyard.models.declared import DeclaredSet, find_marks

_DASH: Final = re.compile(rb"( *)-(?: |$)", re.MULTILINE)
# What changes how the whole file is read: tabs, and line breaks that are not LF.
_PECULIAR: Final = (b"\t", b"\r")
_STANDS_FOR: Final = b"#\n"  # a line that was left out: a comment ends block scalars too, which an empty line would not


class Item(NamedTuple):
    """The text of a model. line: its first, counted from 1. lines: how many line breaks it has."""

    text: bytes
    line: int
    lines: int

    @property
    def digest(self) -> str:
        """What the text is known by."""
        return blake2b(self.text, digest_size=16).hexdigest()


class Pieces(NamedTuple):
    """A models file. indent: of the items, in spaces."""

    head: bytes
    items: list[Item]
    tail: bytes
    indent: int

    @property
    def tail_line(self) -> int:
        """The first line of the tail, counted from 1."""
        return self.items[-1].line + self.items[-1].lines

    def with_only(self, wanted: Collection[int]) -> bytes:
        """Return the file with comments in place of all items but these; what stays keeps its lines."""
        kept = (each.text if i in wanted else _STANDS_FOR * each.lines for i, each in enumerate(self.items))
        return b"".join([self.head, *kept, self.tail])


def pieces(content: bytes, head: int, indent: int) -> Pieces | None:
    """Take a file apart; None where it is not of items in lines of their own. head: bytes before the first item."""
    if len(content) > MAX_BYTES or any(each in content for each in _PECULIAR):
        return None
    starts, end = [], len(content)
    # Lines of an item are further in, but for blank ones and comments.
    for found in re.compile(rb"^ {0,%d}(?=[^ \n#])" % indent, re.MULTILINE).finditer(content, head):
        dash = _DASH.match(content, found.start())
        if dash is None or len(dash[1]) != indent:
            end = found.start()
            break
        starts.append(found.start())
    if not starts or starts[0] != head:
        return None
    items = []
    line = content.count(b"\n", 0, head) + 1
    for start, stop in zip(starts, [*starts[1:], end], strict=True):
        items.append(Item(content[start:stop], line, content.count(b"\n", start, stop)))
        line += items[-1].lines
    return Pieces(content[:head], items, content[end:], indent)


def parsed_pieces(content: bytes, models: DeclaredSet) -> Pieces | None:
    """Return the pieces of a file that has been read without a problem; None unless its items stand where they say."""
    marks = find_marks(models.marks, "spec").entries.get("models", (0, 0))[1]
    places = [models.place(at(each)) for each in marks.items] if isinstance(marks, ListMarks) else []
    if not places or any(each.file != models.files[0] for each in places):
        return None
    head = _offset(content, places[0].line)
    dash = _DASH.match(content, head)
    found = pieces(content, head, len(dash[1])) if dash else None
    if found is None or [each.line for each in found.items] != [each.line for each in places]:
        return None
    return found if not found.tail or _begins(models, found) else None


def _begins(models: DeclaredSet, found: Pieces) -> bool:
    """Tell whether the tail begins with a key of the file, and is not the rest of a text in its last item."""
    keys = [(), ("spec",)]
    marks = [mark for path in keys for mark, _ in find_marks(models.marks, *path).entries.values()]
    return found.tail_line in {each.line for each in map(models.place, marks) if each.file == models.files[0]}


def _offset(content: bytes, line: int) -> int:
    """Return where a line begins."""
    start = 0
    for _ in range(line - 1):
        start = content.index(b"\n", start) + 1
    return start
