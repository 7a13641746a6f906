"""Splices, lines, and how an item is spelled."""

import re
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from modelyard.files.yaml import quote, resolve
from modelyard.files.yaml.nodes import Node
from modelyard.files.yaml.parser import BREAK

BLANKS: Final = " \t\r\n"
_END: Final = re.compile(r"[\r\n]|\Z")
# Plain in every reader, in blocks and between brackets.
_PLAIN: Final = re.compile(r"[A-Za-z0-9_./][A-Za-z0-9_./+@=~-]*")


class Splice(NamedTuple):
    """The characters from start to end give way to text."""

    start: int
    end: int
    text: str = ""


class NoPlaceError(Exception):
    """The text is laid out in a way that cannot be edited; `index` is the character where that shows."""

    def __init__(self, message: str, index: int) -> None:
        super().__init__(message)
        self.index = index


def apply(text: str, splices: Iterable[Splice]) -> str:
    """Return the text with all splices done; they do not overlap, and their places are those of this text."""
    parts, done = [], 0
    for each in sorted(splices):
        parts += [text[done : each.start], each.text]
        done = each.end
    return "".join([*parts, text[done:]])


def line_start(text: str, index: int) -> int:
    """Return where the line of a character starts."""
    return max(text.rfind("\n", 0, index), text.rfind("\r", 0, index)) + 1


def line_end(text: str, index: int) -> int:
    """Return where the line of a character ends, before its break."""
    found = _END.search(text, index)
    return found.start() if found else len(text)


def next_line(text: str, index: int) -> int:
    """Return where the next line starts; the end of the text if there is none."""
    found = BREAK.search(text, index)
    return found.end() if found else len(text)


def break_at(text: str, index: int) -> str:
    """Return the line break that is in use at a place: the last before it, else the first of the text."""
    start = line_start(text, index)
    if start:
        return text[start - 2 : start] if text[max(start - 2, 0) : start] == "\r\n" else text[start - 1]
    found = BREAK.search(text)
    return found[0] if found else "\n"


def indent(text: str, index: int) -> str:
    """Return what stands before a character in its line. Raises NoPlaceError if that is more than blanks."""
    before = text[line_start(text, index) : index]
    if before.strip(" "):
        raise NoPlaceError(f"{before.strip()!r} in front of it in the same line", index)
    return before


def lines_in(text: str, at: int, lines: Sequence[str]) -> Splice:
    """Return the splice that puts lines in front of the line that starts here; a last line without break has none."""
    newline = break_at(text, at)
    if at == len(text) and text and text[-1] not in "\r\n":
        return Splice(at, at, "".join(newline + line for line in lines))
    return Splice(at, at, "".join(line + newline for line in lines))


def lines_out(text: str, start: int, last: int) -> Splice:
    """Return the splice that takes out the lines from the start of one to that of the character `last`."""
    end = next_line(text, last)
    if end == len(text) and start and text[-1] not in "\r\n":
        return Splice(start - len(break_at(text, start)), end)
    return Splice(start, end)


def spelled(item: str, others: Sequence[Node]) -> str:
    """Return an item as the others of its list are written, and quoted where a reader may need it."""
    styles = {each.style for each in others}
    if styles == {"'"} and item.isprintable():
        return "'" + item.replace("'", "''") + "'"
    plain = _PLAIN.fullmatch(item) and isinstance(resolve(item), str)
    return item if plain and styles != {'"'} else quote(item)
