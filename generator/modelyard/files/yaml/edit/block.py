"""Lists that are written with dashes."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from modelyard.files.yaml.edit.text import (
    BLANKS,
    NoPlaceError,
    Splice,
    break_at,
    indent,
    line_end,
    line_start,
    lines_in,
    lines_out,
    next_line,
    spelled,
)
from modelyard.files.yaml.nodes import Node, Tree
from modelyard.files.yaml.parser import BREAK

MARK: Final = "# list added by modelyard"

_MARKED: Final = re.compile(rf"[ \t]+{MARK}[ \t]*(?=[\r\n]|\Z)")
_COLON: Final = re.compile(r"[ \t]*:")
_GAP: Final = re.compile(r"(?:[ \t\r\n]|#[^\r\n]*)*")
_COMMENT: Final = re.compile(r"(?<!\S)#[^\r\n]*")
_NULL: Final = re.compile(r"# (?=(?:null|Null|NULL|~)(?!\S))")
_ALONE: Final = re.compile(r"[ \t]*(?:\r\n|\n|\r) *")
_DASH: Final = re.compile(r"- +")
_HEADER: Final = re.compile(r"[|>][0-9]?([-+]?)[0-9]?[ \t]*(?:#.*)?\Z")

Pair = tuple[Node, Node]


def append(tree: Tree, items: Node, item: str) -> list[Splice]:
    """Add a spelled item, which may have several lines, below the last one: above the comments of what follows."""
    text, last = tree.text, items.children[-1]
    dashes = list(_dashes(tree, items))
    lead = text[dashes[-1] : last.start]
    start = indent(text, dashes[-1]) + (lead if _DASH.fullmatch(lead) else "- ")
    first, *more = item.split("\n")
    lines = [start + first, *(" " * len(start) + each for each in more)]
    if any(_is_marked(text, each) for each in items.children):
        lines[-1] = f"{lines[-1]} {MARK}"
    if not _is_open(tree, last):
        return [lines_in(text, next_line(text, _end(text, last)), lines)]
    floor = _end(text, items.children[-2]) if len(dashes) > 1 else items.start
    return [lines_in(text, _above_comments(text, line_start(text, dashes[-1]), floor), lines)]


def pair(tree: Tree, beside: Pair, key: str, value: str) -> list[Splice]:
    """Add a spelled key and value, in one line, below the pair of a mapping that is one line too."""
    text, (name, scalar) = tree.text, beside
    column = name.start - line_start(text, name.start)
    if BREAK.search(text, name.start, scalar.end):
        raise NoPlaceError(f"the value of {name.value} in a line of its own", name.start)
    return [lines_in(text, next_line(text, scalar.end), [f"{' ' * column}{key}: {value}"])]


def put(tree: Tree, mapping: Node, key: str, lines: Sequence[str], beside: str) -> list[Splice]:
    """Give a key a value of several lines: in place of the one it has, else below another pair."""
    text, pairs = tree.text, {str(name.value): (name, value) for name, value in mapping.pairs()}
    start, below = pairs[beside]
    column = indent(text, start.start)
    written = [f"{column}  {each}" for each in lines]
    if key not in pairs:
        return [lines_in(text, next_line(text, _end(text, below)), [f"{column}{spelled(key, [])}:", *written])]
    found = pairs[key][1]
    if found.flow or not found.children:
        raise NoPlaceError(f"the value of {key} in one line", found.start)
    indent(text, found.start)
    newline = break_at(text, found.start)
    return [Splice(line_start(text, found.start), _end(text, found), newline.join(written))]


def unpaired(tree: Tree, pair: Pair) -> list[Splice]:
    """Take out a pair of a mapping that has its line for itself."""
    text, (name, value) = tree.text, pair
    indent(text, name.start)
    if BREAK.search(text, name.start, value.end):
        raise NoPlaceError(f"the value of {name.value} in a line of its own", name.start)
    return [lines_out(text, line_start(text, name.start), value.end)]


def fill(tree: Tree, root: Node, pair: Pair, item: str) -> list[Splice]:
    """Add the first item below a key whose value is null: not written, or turned into a comment."""
    text, (key, value) = tree.text, pair
    line = f"{indent(text, key.start)}{_offset(tree, root)}- {spelled(item, [])}"
    if value.start == value.end:
        return [lines_in(text, next_line(text, _colon(text, key)), [line])]
    return [Splice(value.start, value.start, "# "), lines_in(text, next_line(text, value.end), [f"{line} {MARK}"])]


def make(tree: Tree, root: Node, key: str, item: str) -> list[Splice]:
    """Add a key with a list of one item: at the end, but in front of blank lines there."""
    text = tree.text
    before = indent(text, root.start)
    lines = [f"{before}{spelled(key, [])}:", f"{before}{_offset(tree, root)}- {spelled(item, [])} {MARK}"]
    last = _last_scalar(root)
    if last is None or not _is_open(tree, last):
        return [lines_in(text, next_line(text, len(text[: tree.end].rstrip(BLANKS))), lines)]
    *earlier, (name, _) = root.pairs()
    indent(text, name.start)
    start = line_start(text, name.start)
    if earlier:
        start = _above_comments(text, start, _tail(text, _last_scalar(earlier[-1][1]) or earlier[-1][1]))
    return [lines_in(text, start, lines)]


def remove(tree: Tree, pair: Pair, index: int) -> list[Splice]:
    """Take out an item's lines; where MARK says so, the key above it too, or the comment around a null."""
    text, (key, items) = tree.text, pair
    dash = list(_dashes(tree, items))[index]
    indent(text, dash)
    item = items.children[index]
    start, last = line_start(text, dash), _tail(text, item)
    if len(items.children) > 1 or not _is_marked(text, item):
        return [lines_out(text, start, last)]
    colon = _colon(text, key)
    between = text[colon:dash]
    if _ALONE.fullmatch(between):
        indent(text, key.start)
        return [lines_out(text, line_start(text, key.start), last)]
    comments = list(_COMMENT.finditer(between))
    found = _NULL.match(comments[-1][0]) if comments else None
    nulls = [Splice(at := colon + comments[-1].start(), at + found.end())] if found else []
    return [*nulls, lines_out(text, start, last)]


def _dashes(tree: Tree, items: Node) -> Iterator[int]:
    """Yield where the dash of each item is."""
    at = items.start
    for item in items.children:
        found = _GAP.match(tree.text, at)
        dash = found.end() if found else at
        if tree.text[dash : dash + 1] != "-":
            raise NoPlaceError("a list without dashes", dash)
        yield dash
        at = _end(tree.text, item)


def _colon(text: str, key: Node) -> int:
    """Return the place behind the colon of a key. Raises NoPlaceError for a key after a question mark."""
    found = _COLON.match(text, key.end)
    if not found:
        raise NoPlaceError("a key without a colon in its line", key.start)
    return found.end()


def _end(text: str, node: Node) -> int:
    """Return the end of what is written of a value: of a block collection that of what it ends with."""
    while node.children and not node.flow:
        node = node.children[-1]
    return _tail(text, node)


def _tail(text: str, node: Node) -> int:
    """Return the end of what is written of a scalar: of a block scalar without the blank lines behind it."""
    if node.style in {"|", ">"}:
        return node.start + len(text[node.start : node.end].rstrip(BLANKS))
    return node.end


def _is_open(tree: Tree, node: Node) -> bool:
    """Tell whether a value would change with what is written below it: it ends in an open block scalar."""
    while node.children and not node.flow:
        node = node.children[-1]
    if node.style not in {"|", ">"}:
        return False
    text, tail = tree.text, _tail(tree.text, node)
    found = _HEADER.search(text[node.start : line_end(text, node.start)])
    below = text[tail : max(node.end, line_end(text, tail))]
    blanks = BREAK.split(below)
    if found is None or any(blanks[1:]):
        return True  # a line of blanks may belong to the scalar
    return found[1] == "+" or (found[1] != "-" and next_line(text, tail) == len(text) and not BREAK.search(text, tail))


def _is_marked(text: str, item: Node) -> bool:
    return _MARKED.match(text, _tail(text, item)) is not None


def _above_comments(text: str, start: int, floor: int) -> int:
    """Return the start of the lines of comment right above a line, as far as they lie behind floor."""
    while start:
        above = line_start(text, start - len(break_at(text, start)))
        if above < floor or not text[above:start].lstrip(" \t").startswith("#"):
            break
        start = above
    return start


def _last_scalar(node: Node) -> Node | None:
    """Return the last scalar of a value, which may be open."""
    while node.children:
        node = node.children[-1]
    return node if node.kind == "scalar" else None


def _offset(tree: Tree, root: Node) -> str:
    """Return how far below their keys the lists of the file are indented: as most of them, at the top if any."""
    top = [pair for pair in root.pairs() if pair[1].kind == "sequence"]
    for pairs in (top, list(_all_pairs(root))):
        found = Counter(offset for pair in pairs if (offset := _own_offset(tree.text, pair)) is not None)
        if found:
            return " " * found.most_common(1)[0][0]
    return ""


def _own_offset(text: str, pair: Pair) -> int | None:
    key, items = pair
    if items.kind != "sequence" or items.flow or text[items.start : items.start + 1] != "-":
        return None
    offset = (items.start - line_start(text, items.start)) - (key.start - line_start(text, key.start))
    return offset if offset >= 0 else None


def _all_pairs(root: Node) -> Iterator[Pair]:
    left = [root]
    for node in left:  # grows while it is read
        left += node.children
        if node.kind == "mapping":
            yield from node.pairs()
