"""Lists and mappings that are written between brackets."""

import re
from typing import Final

from modelyard.files.yaml.edit.text import (
    NoPlaceError,
    Splice,
    break_at,
    line_end,
    line_start,
    next_line,
    spelled,
)
from modelyard.files.yaml.nodes import Node, Tree

_COMMA: Final = re.compile(r"#[^\r\n]*|(,)")
_SEPARATOR: Final = re.compile(r"[ \t]*,[ \t]*(?:(?:\r\n|\n|\r)[ \t]*)?")
_COLON: Final = re.compile(r"[ \t]*:[ \t]*")

Span = tuple[int, int]


def insert(text: str, items: Node, item: str) -> list[Splice]:
    """Add a spelled item behind the last one."""
    return _insert(text, _spans(items), items, item)


def remove(text: str, items: Node, index: int) -> list[Splice]:
    """Take out an item and its comma; the last one leaves empty brackets."""
    return _remove(text, _spans(items), items, index)


def make(tree: Tree, root: Node, key: str, item: str) -> list[Splice]:
    """Add a key with a list of one item to the mapping that the file is; `is_made` knows it again."""
    keys = root.children[::2]
    colon = ": "
    if keys and (found := _COLON.fullmatch(tree.text, keys[-1].end, root.children[-1].start)):
        colon = found[0]
    name = spelled(key, keys)
    if not name.startswith('"') and not colon.endswith((" ", "\t")):
        colon = ": "
    return _insert(tree.text, _pairs(root), root, f"{name}{colon}[ {spelled(item, keys)} ]")


def pair(text: str, mapping: Node, key: str, value: str) -> list[Splice]:
    """Add a spelled key and value behind the last pair."""
    return _insert(text, _pairs(mapping), mapping, f"{key}: {value}")


def is_made(text: str, items: Node) -> bool:
    """Tell whether a list has the form that `make` gives it, with one item."""
    spans = _spans(items)
    return len(spans) == 1 and text[items.start : items.end] == f"[ {text[slice(*spans[0])]} ]"


def remove_pair(text: str, root: Node, index: int) -> list[Splice]:
    """Take out a key with its value."""
    return _remove(text, _pairs(root), root, index)


def _spans(items: Node) -> list[Span]:
    return [(each.start, each.end) for each in items.children]


def _pairs(root: Node) -> list[Span]:
    return [(key.start, max(key.end, value.end)) for key, value in root.pairs()]


def _insert(text: str, spans: list[Span], around: Node, new: str) -> list[Splice]:
    if not spans:
        return [Splice(around.start + 1, around.start + 1, new)]
    start, end = spans[-1]
    closing = around.end - 1
    rest = text[end : min(line_end(text, end), closing)]
    newline = break_at(text, end) + _indent(text, start)
    if "#" not in rest:
        return [Splice(end, end, _separator(text, spans, newline) + new)]
    # A comment stays in the line of the item that it is about.
    comma, below = _comma(text, end, closing), end + len(rest)
    if comma is None:
        return [Splice(end, end, ","), Splice(below, below, newline + new)]
    if comma >= below:
        raise NoPlaceError("a comma in a line of its own", comma)
    return [Splice(below, below, f"{newline}{new},")]


def _separator(text: str, spans: list[Span], newline: str) -> str:
    """Return what stands between the last two, if that is no comment."""
    start = spans[-1][0]
    if len(spans) > 1:
        found = _SEPARATOR.fullmatch(text, spans[-2][1], start)
        if found:
            return found[0]
    return f",{newline}" if _has_own_line(text, start) else ", "


def _remove(text: str, spans: list[Span], around: Node, index: int) -> list[Splice]:
    start, end = spans[index]
    is_last = index == len(spans) - 1
    following = around.end - 1 if is_last else spans[index + 1][0]
    comma = _comma(text, end, following)
    behind = end if comma is None else comma + 1
    if is_last and index:
        before = spans[index - 1][1]
        if "#" not in text[before:start]:
            return [Splice(before, end)]
        return _remove_line(text, before, start, behind, is_comma_left=comma is None)
    if is_last:
        line = line_start(text, start)
        return [Splice(line - len(break_at(text, start)) if _has_own_line(text, start) else start, behind)]
    if "#" not in text[end:following]:
        return [Splice(start, following)]
    if _has_own_line(text, start) and line_end(text, behind) < following:
        return [Splice(line_start(text, start), next_line(text, behind))]
    return [Splice(start, behind)]


def _remove_line(text: str, before: int, start: int, behind: int, *, is_comma_left: bool) -> list[Splice]:
    """Take out the last one with its line, which follows a comment; its comma may stand above that."""
    line = line_start(text, start)
    splices = [Splice(line - len(break_at(text, start)), behind)]
    comma = _comma(text, before, start)
    return [Splice(comma, comma + 1), *splices] if is_comma_left and comma is not None else splices


def _comma(text: str, start: int, end: int) -> int | None:
    return next((found.start() for found in _COMMA.finditer(text, start, end) if found[1]), None)


def _has_own_line(text: str, start: int) -> bool:
    return not text[line_start(text, start) : start].strip(" \t") and line_start(text, start) > 0


def _indent(text: str, start: int) -> str:
    """Return the indent of a new line below this place: as its own line, or deeper than the key's."""
    line = line_start(text, start)
    blanks = text[line:start][: len(text[line:start]) - len(text[line:start].lstrip(" \t"))]
    return blanks if _has_own_line(text, start) else f"{blanks}  "
