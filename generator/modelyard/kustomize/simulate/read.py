"""Reads hand-written files once, with the place of each value, and keeps what is wrong with them."""

import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TypeVar

from modelyard.files import regular
from modelyard.files.yaml import MAX_BYTES, Document, Sources
from modelyard.files.yaml.marked import (
    MarkedDict,
    MarkedInt,
    MarkedList,
    MarkedText,
    mark_of,
    marked,
    with_mark,
)
from modelyard.files.yaml.stream import read_all
from modelyard.manifests.names import nearest
from modelyard.problems import Place, Problem, Related, problem

T = TypeVar("T")

# What SAS' examples leave to be filled in: {{ VOLUME-ATTRIBUTES }}. Templates of other tools have dots, quotes, signs.
_PLACEHOLDER: Final = re.compile(r"\{\{\s*[A-Za-z][A-Za-z0-9_ -]*\}\}")
VENDOR: Final = "sas-bases"  # the folder that SAS delivers; nobody edits it
_EXAMPLES: Final = "examples"
_FILL_IN: Final = "put the value there"


class Reading:
    """The files of one run, and the problems found so far."""

    def __init__(self, deploy: Path) -> None:
        """Start with no files; deploy: the folder of the deployment."""
        self.deploy = deploy
        self.sources = Sources()
        self.problems: list[Problem] = []
        self.lines: dict[str, list[str]] = {}
        self.unfilled: set[str] = set()  # files with placeholders: whatever else is wrong there may follow from one

    def report(
        self,
        code: str,
        message: str,
        at_: object = None,
        *,
        hint: str = "",
        related: tuple[tuple[object, str], ...] = (),
    ) -> None:
        """Add a problem. at_: a value or key with a mark, or a mark. related: the same, with what is there."""
        places = [Related(place, text) for each, text in related if (place := self.place(each)) is not None]
        self.problems.append(problem(code, message, hint=hint, place=self.place(at_), related=tuple(places)))

    def place(self, value: object) -> Place | None:
        """Return the place of a marked value or a mark; None for what a base's object holds."""
        mark = value if type(value) is int else mark_of(value)
        return None if mark is None else self.sources.place(mark)

    def content(self, path: Path, listed: object) -> bytes | None:
        """Return the bytes of a file; None, and a problem where it is listed, if it cannot be read."""
        try:
            content = regular.content(path, MAX_BYTES + 1)
        except OSError as error:
            self.report("MY602", f"{shown(path)} cannot be read: {error.strerror}", listed, hint=_near(path))
            return None
        if len(content) <= MAX_BYTES:
            return content
        self.report("MY602", f"{shown(path)} has more than {MAX_BYTES} bytes", listed, hint="an object holds 1 MB")
        return None

    def documents(self, path: Path, listed: object, *, yaml_1_1: bool = False) -> list[Any]:
        """Return the documents of a file, marked; where it cannot be read there is a problem."""
        content = self.content(path, listed)
        if content is None:
            return []
        name = shown(path)
        if name in self.lines:  # listed twice: its problems are known
            again = read_all(content, self.sources, name, yaml_1_1=yaml_1_1)
            return [marked(each.data, each.marks) for each in again if each.data is not None]
        self.look_for_placeholders(content, path)
        return self._kept(read_all(content, self.sources, name, yaml_1_1=yaml_1_1), name)

    def inner(self, text: str, *, yaml_1_1: bool = False) -> list[Any]:
        """Return the documents of a YAML text that stands in a file as one value, with their places there."""
        place = self.place(text)
        if place is None:
            raise ValueError("a text without a place")
        start = self._block(text, place)
        found = read_all(text.encode(), self.sources, place.file, start=start, yaml_1_1=yaml_1_1)
        if start is not None:
            return self._kept(found, place.file)
        for each in found:  # quoted or folded: its lines are none of the file's
            each.problems = [replace(wrong, place=place, related=()) for wrong in each.problems]
        own = self.sources.mark(place)
        return [remarked(each, lambda _: own) for each in self._kept(found, place.file)]

    def is_vendors(self, path: Path) -> bool:
        """Tell whether a file belongs to what SAS delivers."""
        return Path(os.path.relpath(path, self.deploy)).parts[:1] == (VENDOR,)

    def look_for_placeholders(self, content: bytes, path: Path) -> None:
        """Report placeholders in a file, except in comments; in what SAS delivers only in an example that is listed.

        Their text is not shown: a credential may stand there.
        """
        name = shown(path)
        lines = content.decode("utf-8", "replace").splitlines()
        self.lines[name] = lines
        if self.is_vendors(path) and _EXAMPLES not in path.parts:
            return
        for number, line in enumerate(lines, 1):
            if "{{" not in line or line.lstrip().startswith("#"):
                continue
            for found in _PLACEHOLDER.finditer(line):
                self.unfilled.add(name)
                place = Place(name, number, found.start() + 1)
                self.problems.append(problem("MY607", "a placeholder is left in", hint=_FILL_IN, place=place))

    def _kept(self, documents: list[Document], name: str) -> list[Any]:
        if name not in self.unfilled:
            self.problems += [wrong for each in documents for wrong in each.problems]
        return [marked(each.data, each.marks) for each in documents if each.data is not None]

    def _block(self, text: str, place: Place) -> int | None:
        """Return the mark of the first character of a literal block; None if the text is written otherwise."""
        lines = self.lines.get(place.file, [])
        if place.line > len(lines) or not lines[place.line - 1][place.column - 1 :].startswith("|"):
            return None
        inside = next((line for line in text.splitlines() if line.strip()), "")
        outside = next((line for line in lines[place.line :] if line.strip()), "")
        indent = len(outside.rstrip()) - len(inside.rstrip())
        return self.sources.mark(Place(place.file, place.line + 1, max(indent, 0) + 1))


def shown(path: Path) -> str:
    """Return a path as messages call it."""
    return os.path.normpath(path)


def remarked(value: Any, mark: Callable[[object], int | None]) -> Any:
    """Return a copy of plain data with the mark that a function gives for each value and key."""
    own = mark(value)
    result: Any = value
    if isinstance(value, dict):
        result = MarkedDict({remarked(key, mark): remarked(each, mark) for key, each in value.items()})
    elif isinstance(value, list):
        result = MarkedList([remarked(each, mark) for each in value])
    elif isinstance(value, str):
        result = MarkedText(value)
    elif isinstance(value, int) and not isinstance(value, bool):
        result = MarkedInt(value)
    return result if own is None or result is value else with_mark(result, own)


def fresh(value: T) -> T:
    """Return a copy of marked data: a patch's value goes into several objects, which later patches change."""
    if isinstance(value, MarkedDict):
        return with_mark(MarkedDict({key: fresh(each) for key, each in value.items()}), value.mark)  # type: ignore[return-value]
    if isinstance(value, MarkedList):
        return with_mark(MarkedList([fresh(each) for each in value]), value.mark)  # type: ignore[return-value]
    if isinstance(value, dict):
        return {key: fresh(each) for key, each in value.items()}  # type: ignore[return-value]
    if isinstance(value, list):
        return [fresh(each) for each in value]  # type: ignore[return-value]
    return value


def mappings(value: object) -> list[dict[str, Any]]:
    """Return the mappings of a list; nothing for what is none."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def key_of(mapping: dict[str, Any], name: str) -> object:
    """Return the key of a mapping with its mark, or the mapping itself if it has no such key."""
    return next((key for key in mapping if key == name), mapping)


def first_mark(value: Any) -> int | None:
    """Return the mark of a value, or of the first inside it that has one."""
    mark = mark_of(value)
    if mark is None and isinstance(value, dict | list):
        inside = [*value, *value.values()] if isinstance(value, dict) else value
        mark = next((found for each in inside if (found := first_mark(each)) is not None), None)
    return mark


def _near(path: Path) -> str:
    try:
        names = [each.name for each in path.parent.iterdir()]
    except OSError:
        return f"there is no folder {shown(path.parent)}"
    meant = nearest(path.name, names)
    return f"did you mean {meant}?" if meant else "take it out of the list, or make the file"
