"""The line of a source that a problem is about, with a caret below its column. A credential is never shown.

Shown are keys, and the values of those that the format of the document knows, unless they look like a credential.
"""

import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from modelyard.files import regular
from modelyard.files.yaml import MAX_BYTES, ListMarks, MapMarks, Marks, Sources
from modelyard.files.yaml.stream import read_all
from modelyard.problems import Place, printable
from modelyard.problems.credentials import (
    HIDDEN,
    is_credential,
    is_credential_name,
    is_credential_value,
    item_names,
    key_name,
)
from modelyard.problems.patterns import pattern
from modelyard.report.known import Position, of_object
from modelyard.report.known import start as top

MAX_EXCERPTS: Final = 1000  # of one report: each document of a stream is read once more for them
_HIDDEN: Final = f"{HIDDEN} "
_WIDTH: Final = 100  # characters of a line that are shown
_BEFORE: Final = 60  # of them before the caret, at most
_LINES: Final = pattern("\r\n|\n|\r")
_OTHER_BREAKS: Final = pattern("[\x85\u2028\u2029]")  # lines to libyaml, not to editors: what to hide is not sure
_WORD: Final = pattern(r"[\w.-]+")
# A setting with its value on the same line; a mapping or a list has names of its own inside.
_SETTING: Final = pattern(r"(?<![\w.-])([\w.-]++)[\"']?+\s*+[:=]\s*+(?![{\[<])")
_SECRET: Final = pattern(r"\bkind[\"']?\s*:\s*[\"']?Secret\b")
_MARKUP: Final = pattern(r"[\s\-{}\[\],?:]*")
_PLAIN_KEY: Final = pattern(r"[^\s:=@]{1,317}")  # as long as the key of an annotation may be
_KEY: Final = pattern(r"[ \t]*(?:- +)*[A-Za-z$][\w./-]*:(?:\s+|$)")


class _Node(NamedTuple):
    """A part of a document with its marks, what it is called, and what the format says about it."""

    data: object
    marks: Marks
    name: str
    position: Position
    is_hidden: bool


class _Shown(NamedTuple):
    """A line as it may be shown, and where its parts went."""

    text: str
    starts: list[int]  # the column of each part in the source, and of the line's end
    moved: list[int]  # the same in the text
    is_hidden: list[bool]

    def column(self, column: int) -> int:
        """Return where a column of the source is in the text."""
        part = bisect_right(self.starts, column) - 1
        if part < 0:
            return column
        return self.moved[part] + (0 if self.is_hidden[part] else column - self.starts[part])


class Excerpts:
    """Excerpts of the sources of one report; each document of a source is read once."""

    def __init__(self, contents: Mapping[str, bytes]) -> None:
        """Take the bytes of what is no file, by the name that places have."""
        self._contents = contents
        self._lines: dict[str, list[str]] = {}
        self._documents: dict[tuple[str, int], _Document] = {}
        self._left = MAX_EXCERPTS

    def __call__(self, place: Place) -> list[str]:
        """Return the source line and the caret line of a place; nothing where that cannot be shown safely.

        Nothing either after MAX_EXCERPTS.
        """
        if not self._left:
            return []
        self._left -= 1
        if place.file not in self._lines:
            self._lines[place.file] = self._read(place.file)
        lines = self._lines[place.file]
        if place.line > len(lines) or not lines[place.line - 1].strip():
            return []
        first, end = _document(lines, place.line - 1)
        key = (place.file, first)
        if key not in self._documents:
            self._documents[key] = _Document(lines[first:end], place.file)
        found = self._documents[key].shown(place.line - 1 - first, place.column - 1)
        return [] if found is None else _drawn(place.line, *found)

    def _read(self, file: str) -> list[str]:
        """Return the lines of a source; none if it is no file, is too large, or is not text."""
        content, path = self._contents.get(file), Path(file)
        try:
            if content is None and regular.is_file(path):
                content = regular.content(path, MAX_BYTES + 1)
            text = "" if content is None or len(content) > MAX_BYTES else content.decode("utf-8-sig")
        except (OSError, ValueError):
            return []
        return [] if _OTHER_BREAKS.search(text) else _LINES.split(text)


class _Document:
    """One document of a source: which of its values must not be shown."""

    def __init__(self, lines: list[str], file: str) -> None:
        self.lines = lines
        text = "\n".join(lines)
        sources = Sources()
        documents = read_all(text.encode(), sources, "")
        # What cannot be read, or has repeated keys, may hold values that no mark names.
        self.is_known = len(documents) == 1 and not documents[0].problems
        self.is_harmless = not self.is_known and _is_harmless(text)
        self.marks: dict[int, list[tuple[int, bool]]] = {}  # line -> (column, whether the value there is hidden)
        for mark, is_secret in _scalars(documents[0].data, documents[0].marks, file) if self.is_known else ():
            place = sources.place(mark)
            self.marks.setdefault(place.line - 1, []).append((place.column - 1, is_secret))
        for each in self.marks.values():
            each.sort()
        # A long line is read once, however many problems it has.
        self._shown: dict[int, _Shown | None] = {}

    def shown(self, index: int, column: int) -> tuple[str, int] | None:
        """Return a line without its credentials, and the column in it; None if it is not sure what it holds."""
        if not self.is_known:
            return _keys_alone(self.lines[index], column) if self.is_harmless else None
        if index not in self._shown:
            self._shown[index] = self._line(index)
        found = self._shown[index]
        return None if found is None else (found.text, found.column(column))

    def _line(self, index: int) -> _Shown | None:
        marks = self.marks.get(index)
        if not marks or not _MARKUP.fullmatch(self.lines[index][: marks[0][0]].partition("#")[0]):
            return None  # inside a text of several lines
        shown = _masked(self.lines[index], marks)
        names = [found[1] for found in _SETTING.finditer(shown.text)]
        is_secret = is_credential_value(shown.text.replace(HIDDEN, "\n")) or any(map(is_credential_name, names))
        return None if is_secret else shown


def _document(lines: list[str], index: int) -> tuple[int, int]:
    """Return the first line, and the line behind the last, of the document that a line is in."""
    start, end = index, index + 1
    while start > 0 and not lines[start].startswith("---"):
        start -= 1
    while end < len(lines) and not lines[end].startswith("---"):
        end += 1
    return start, end


def _is_harmless(text: str) -> bool:
    """Tell whether nothing in a text looks like a credential, or like the name of one."""
    words = _WORD.findall(text)
    return not (_SECRET.search(text) or is_credential_value(text) or any(map(is_credential_name, set(words))))


def _scalars(data: object, marks: Marks, file: str) -> Iterator[tuple[int, bool]]:
    """Yield the mark of each key and of each scalar, and whether it must not be shown."""
    is_secret = isinstance(data, dict) and data.get("kind") == "Secret"
    todo: list[_Node] = [_Node(data, marks, "", top(data, file), is_hidden=False)]
    while todo:
        node = todo.pop()
        if isinstance(node.data, dict) and isinstance(node.marks, MapMarks):
            position = (of_object(node.data) if not node.position.is_known else None) or node.position
            named = isinstance(node.data.get("name"), str)
            for key, (key_mark, below) in node.marks.entries.items():
                inside = position.key(key)
                yield key_mark, not inside.is_known and not _PLAIN_KEY.fullmatch(key)
                # Of a variable, whatever its name is: a list of them is where credentials are.
                hidden = node.is_hidden or (key == "value" and named)
                hidden = hidden or (is_secret and node.data is data and key in ("data", "stringData"))
                todo.append(_Node(node.data.get(key), below, key_name(node.data, key, node.name), inside, hidden))
        elif isinstance(node.data, list) and isinstance(node.marks, ListMarks):
            inside = node.position.item()
            names = item_names(node.data, node.name)
            todo += [
                _Node(*each, inside, node.is_hidden) for each in zip(node.data, node.marks.items, names, strict=False)
            ]
        elif isinstance(node.marks, int):
            shown = node.position.shows(node.data) and not is_credential(node.name, node.data)
            yield node.marks, node.data is not None and (node.is_hidden or not shown)


def _keys_alone(line: str, column: int) -> tuple[str, int] | None:
    """Return a line that may be part of no mapping at all: its key, and no value."""
    found = _KEY.match(line)
    if found is None:
        return None
    shown = found[0] + (_HIDDEN if line[found.end() :].strip() else "")
    return shown.rstrip(), min(column, found.end())


def _masked(line: str, marks: list[tuple[int, bool]]) -> _Shown:
    """Return a line with a word in place of each hidden value and what follows it."""
    parts: list[str] = [line[: marks[0][0]]]
    starts, hidden = [start for start, _ in marks] + [len(line)], [is_secret for _, is_secret in marks] + [False]
    moved = starts[:1]
    for start, end, is_secret in zip(starts, starts[1:], hidden, strict=False):
        parts.append(_HIDDEN if is_secret and end > start else line[start:end])
        moved.append(moved[-1] + len(parts[-1]))
    return _Shown(_without_comment("".join(parts), parts[-1]), starts, moved, hidden)


def _without_comment(line: str, last: str) -> str:
    """Return a line without the comment behind its last scalar: nobody knows what it holds."""
    at = last.find(" #")
    is_comment = at >= 0 and not any(last[:at].count(quote) % 2 for quote in "\"'")
    return (line[: len(line) - len(last) + at] if is_comment else line).rstrip()


def _drawn(number: int, line: str, column: int) -> list[str]:
    """Return the two lines: the source with its number, and the caret."""
    first = max(0, column - _BEFORE)
    cut = line[first : first + _WIDTH]
    before, after = ("…" if first else ""), ("…" if first + _WIDTH < len(line) else "")
    lead = before + printable(line[first:column])
    gap = "".join("\t" if each == "\t" else " " * _width(each) for each in lead)
    return [f"{number:>5} | {before}{printable(cut)}{after}", f"{'':>5} | {gap}^"]


def _width(character: str) -> int:
    """Return how many columns a terminal gives a character (Unicode Standard Annex 11)."""
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
