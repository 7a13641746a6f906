"""From pydantic's errors to problems with places. Loaded with the first mistake of a file."""

import itertools
from collections.abc import Iterator, Sequence
from typing import Final

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from modelyard.files.yaml import MapMarks, Marks, Plain, Sources, at
from modelyard.manifests import names
from modelyard.modelsfile import owners, values
from modelyard.modelsfile.keys import unknown_key
from modelyard.modelsfile.merge import Tree, removals
from modelyard.problems import Problem, problem
from modelyard.problems.credentials import is_credential


class Fault:
    """One error of pydantic, with where it stands in the data."""

    def __init__(self, shape: type[BaseModel], detail: ErrorDetails, tree: Tree, sources: Sources) -> None:
        self.shape = shape
        self.tree = tree
        self.detail = detail
        self.sources = sources
        self.path: list[str | int] = []
        self.key_mark = self.value_mark = at(tree.marks)
        marks: Marks = tree.marks
        is_key = detail["loc"][-1:] == ("[key]",)
        self.missing = detail["loc"][-1] if detail["type"] == "missing" else None
        for part in detail["loc"] if self.missing is None else detail["loc"][:-1]:
            step = _step(marks, part)
            if step is None:
                continue  # the tag of a union
            self.key_mark, marks = step
            self.path.append(part)
            self.value_mark = at(marks)
        if is_key:
            self.value_mark = self.key_mark
        self.owner = owners.shape_at(shape, self.path if self.missing else self.path[:-1])
        self.input = detail["input"]
        self.is_key = is_key

    @property
    def cut(self) -> list[str]:
        """Where to take out what is wrong. A list goes whole: its items are known to places by their index."""
        return [str(part) for part in itertools.takewhile(lambda part: isinstance(part, str), self.path)]

    @property
    def _key(self) -> str:
        return next((str(part) for part in reversed(self.path) if isinstance(part, str)), "")

    def problem(self) -> Problem:
        """Return it as a problem with its place."""
        kind = self.detail["type"]
        if kind == "extra_forbidden":
            return self._unknown_key()
        if kind == "missing":
            return self._make("MY102", f"{self.missing} is missing", self._to_add(), self.value_mark)
        if kind in _WANTED:
            return self._wrong_type(_WANTED[kind])
        if kind == "literal_error":
            return self._not_allowed()
        if kind == "invalid-json-value":
            return self._wrong_type(values.ANY)
        if kind == "value_error":
            message = f"{self._shown()} {self.detail['ctx']['error']}"
            return self._make("MY105", message, "", self.value_mark)
        return self._make("MY104", _lowered(self.detail["msg"]), "", self.value_mark)

    def _make(self, code: str, message: str, hint: str, mark: int) -> Problem:
        return problem(code, message, hint=hint, place=self.sources.place(mark))

    def _shown(self) -> str:
        """Return the value for a message, unless its name says that it may be a credential."""
        text = str(self.input) if isinstance(self.input, str | Plain) else str(self.input).lower()
        if values.is_file_mode(self.path, text):
            return text
        if (isinstance(self.input, str) and self._is_free) or any(is_credential(str(part), text) for part in self.path):
            return _HIDDEN
        return text if len(text) <= 60 else f"{text[:57]}…"

    @property
    def _is_free(self) -> bool:
        """Whether the user alone decides what stands here, so that it may be a credential whatever it is called."""
        path = list(self.path)
        while path and isinstance(path[-1], int):
            path.pop()
        owner = owners.shape_at(self.shape, path[:-1])
        known = (*owners.keys(owner), *names.RESOURCES)
        return not self.is_key and str(path[-1] if path else "") not in known

    def _unknown_key(self) -> Problem:
        present, targets = _keys_at(self.tree.data, self.path[:-1]), _keys_at(self.tree.data, ["targets"])
        place = self.sources.place(self.key_mark)
        return unknown_key(str(self.path[-1]), owners.keys(self.owner), place, present, targets)

    def _to_add(self) -> str:
        """Return the hint for a key that is missing: with its words, where there are but a few."""
        words = owners.words(self.owner, str(self.missing))
        return f"add {self.missing}: {names.one_of(words) if words else ''}".strip()

    def _wrong_type(self, wanted: str) -> Problem:
        value, shown = self.input, self._shown()
        hint = self._spelling(wanted)
        if isinstance(value, Plain) and wanted not in (values.LIST, values.MAPPING):
            message = f"{shown} is text to some YAML readers, but not to others"
            return self._make("MY010", message, hint, self.value_mark)
        if wanted == values.TEXT and isinstance(value, bool | int | float):
            what = "true or false" if isinstance(value, bool) else "a number"
            return self._make("MY010", f"{shown} is {what} to YAML, and text is wanted", hint, self.value_mark)
        return self._make("MY103", f"{self._key} wants {wanted}, not {_kind(value)}", hint, self.value_mark)

    def _spelling(self, wanted: str) -> str:
        """Return the hint that says what to write in place of a value of the wrong type."""
        hidden = self._shown() == _HIDDEN
        if hint := values.spelling(self.shape, self.path, self.input, wanted):
            return _UNSEEN.get(wanted, "") if hidden else hint
        if wanted != values.TEXT or not isinstance(self.input, Plain | bool | int | float):
            return ""
        refused = values.refusal(self.shape, self.path, str(self.input).lower())
        return f"write another text: this one {refused}" if refused and not hidden else ""

    def _not_allowed(self) -> Problem:
        allowed = [
            word.lower() if word in ("True", "False") else word for word in _literals(self.detail["ctx"]["expected"])
        ]
        for wanted in (values.TEXT, values.BOOLEAN) if isinstance(self.input, bool | int | float | Plain) else ():
            if values.spelling(self.shape, self.path, self.input, wanted):
                return self._wrong_type(wanted)
        meant = names.nearest(str(self.input), allowed)
        hint = f"did you mean {meant}? " if meant else ""
        words = names.one_of(allowed)
        is_field = self.owner is not None and self.path[-1:] == [self._key]
        where = f"is not a {self._key}" if is_field else f"is not allowed in {self._key}"
        return self._make("MY104", f"{self._shown()} {where}", f"{hint}Allowed: {words}".strip(), self.value_mark)


def unknown_removals(shape: type[BaseModel], tree: Tree, sources: Sources) -> Iterator[Problem]:
    """Yield the problems of null under keys that a shape does not have: it would remove nothing, without a word."""
    for path, mark in removals(*tree):
        owner = owners.shape_at(shape, list(path[:-1]))
        known = owners.keys(owner)
        if owner is not None and path[-1] not in known:
            yield unknown_key(str(path[-1]), known, sources.place(mark), _keys_at(tree.data, path[:-1]))


_HIDDEN: Final = "the value"
_UNSEEN: Final = {
    values.TEXT: "write it between quotes",
    values.ANY: "write it between quotes, if it is text",
    values.LIST: "write a list",
    values.MAPPING: "write a mapping",
}
_WANTED: Final = {
    "string_type": values.TEXT,
    "int_type": values.INTEGER,
    "bool_type": values.BOOLEAN,
    "dict_type": values.MAPPING,
    "model_type": values.MAPPING,
    "list_type": values.LIST,
}


def _keys_at(data: object, path: Sequence[str | int]) -> set[str]:
    """Return the keys of the mapping at a path; none if there is no mapping."""
    for part in path:
        if isinstance(data, dict):
            data = data.get(str(part))
        else:
            data = data[part] if isinstance(data, list) and isinstance(part, int) and part < len(data) else None
    return set(data) if isinstance(data, dict) else set()


def _step(marks: Marks, part: str | int) -> tuple[int, Marks] | None:
    if isinstance(marks, MapMarks) and isinstance(part, str):
        return marks.entries.get(part)
    if not isinstance(marks, int | MapMarks) and isinstance(part, int) and part < len(marks.items):
        return at(marks.items[part]), marks.items[part]
    return None


def _kind(value: object) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, bool):
        return "true or false"
    return "a number" if isinstance(value, int | float) else "text" if value is not None else "nothing"


def _lowered(message: str) -> str:
    return (
        message.replace("Input should be", "must be")
        .replace("List should", "the list must")
        .replace("String should", "the text must")
    )


def _literals(expected: str) -> list[str]:
    return [word.strip("'") for word in expected.replace(" or ", ", ").split(", ")]
