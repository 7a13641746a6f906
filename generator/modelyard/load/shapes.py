"""From pydantic's errors to problems with places, and on with what is left when the wrong parts are taken out."""

import itertools
import types
from collections.abc import Iterator
from typing import Annotated, Any, Final, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from modelyard import names
from modelyard.credentials import is_credential
from modelyard.load.merge import Tree, removals, settled
from modelyard.models.shape import Later
from modelyard.problem import Place, Problem, problem
from modelyard.yamlio import MapMarks, Marks, Plain, Sources, at, spellings

S = TypeVar("S", bound=BaseModel)

# Runtimes and sections that the format knows and this version does not have; nothing offers them.
_PLANNED_RUNTIMES: Final = frozenset(["spark", "tensorflow"])
_PLANNED_SECTIONS: Final = {
    "requestLog": "the request log of TensorFlow Serving",
    "monitor": "performance monitoring",
    "spark": "Spark on Dataproc",
}


def validate(shape: type[S], tree: Tree, sources: Sources) -> tuple[S | None, list[Problem]]:
    """Check data, which may have removals, against a shape.

    Returns the instance, made without the parts that are wrong where that is possible, and all problems.
    """
    instance, problems = _validate(shape, settled(tree), sources)
    return instance, [*problems, *_unknown_removals(shape, tree, sources)]


def _validate(shape: type[S], tree: Tree, sources: Sources) -> tuple[S | None, list[Problem]]:
    problems: list[Problem] = []
    data = tree.data
    while True:
        try:
            return shape.model_validate(data), problems
        except ValidationError as error:
            faults = [_Fault(shape, detail, tree, sources) for detail in error.errors(include_url=False)]
        # What only the cutting brings about is not the user's mistake.
        problems = problems or [each.problem() for each in faults]
        cuts = [each.cut for each in faults]
        rest = _without(data, cuts) if all(cuts) else data
        if rest == data:
            return None, problems
        data = rest


def _without(data: dict[str, object], paths: list[list[str]]) -> dict[str, object]:
    """Return a copy of the data without what stands at the paths."""
    here = {path[0] for path in paths if len(path) == 1}
    rest = {key: value for key, value in data.items() if key not in here}
    for key in {path[0] for path in paths} - here:
        value = rest.get(key)
        if isinstance(value, dict):
            rest[key] = _without(value, [path[1:] for path in paths if path[0] == key])
    return rest


class _Fault:
    """One error of pydantic, with where it stands in the data."""

    def __init__(self, shape: type[BaseModel], detail: ErrorDetails, tree: Tree, sources: Sources) -> None:
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
        self.owner = _shape_at(shape, self.path if self.missing else self.path[:-1])
        self.input = detail["input"]
        self.is_key = is_key
        self.shape = shape

    @property
    def cut(self) -> list[str]:
        """Where to take out what is wrong. A list goes whole: its items are known to places by their index."""
        return [str(part) for part in itertools.takewhile(lambda part: isinstance(part, str), self.path)]

    @property
    def key(self) -> str:
        return next((str(part) for part in reversed(self.path) if isinstance(part, str)), "")

    def problem(self) -> Problem:
        kind = self.detail["type"]
        if kind == "extra_forbidden":
            return self.unknown_key()
        if kind == "missing":
            return self.make("MY102", f"{self.missing} is missing", f"add {self.missing}:", self.value_mark)
        if kind in _WANTED:
            return self.wrong_type(_WANTED[kind])
        if kind == "literal_error":
            return self.not_allowed()
        if kind == "invalid-json-value":
            return self.wrong_type("a value that all YAML readers agree on")
        if kind == "value_error":
            message = f"{self.shown()} {self.detail['ctx']['error']}"
            return self.make("MY105", message, "", self.value_mark)
        return self.make("MY104", _lowered(self.detail["msg"]), "", self.value_mark)

    def make(self, code: str, message: str, hint: str, mark: int) -> Problem:
        return problem(code, message, hint=hint, place=self.sources.place(mark))

    def shown(self) -> str:
        """Return the value for a message, unless its name says that it may be a credential."""
        text = str(self.input) if isinstance(self.input, str | Plain) else str(self.input).lower()
        if (isinstance(self.input, str) and self.is_free) or any(is_credential(str(part), text) for part in self.path):
            return _HIDDEN
        return text if len(text) <= 60 else f"{text[:57]}…"

    @property
    def is_free(self) -> bool:
        """Whether the user alone decides what stands here, so that it may be a credential whatever it is called."""
        path = list(self.path)
        while path and isinstance(path[-1], int):
            path.pop()
        owner = _shape_at(self.shape, path[:-1])
        known = (*(owner.model_fields if owner else ()), *names.RESOURCES)
        return not self.is_key and str(path[-1] if path else "") not in known

    def unknown_key(self) -> Problem:
        return unknown_key(str(self.path[-1]), self.owner, self.sources.place(self.key_mark))

    def wrong_type(self, wanted: str) -> Problem:
        value, shown = self.input, self.shown()
        if isinstance(value, Plain):
            hint = spellings(shown) if wanted == "text" else f"{spellings(shown)}, or {wanted} in plain form"
            return self.make(
                "MY010", f"{shown} is text to some YAML readers and something else to others", hint, self.value_mark
            )
        if wanted == "text" and isinstance(value, bool | int | float):
            what = "true or false" if isinstance(value, bool) else "a number"
            hint = "write it between quotes" if shown == _HIDDEN else f'write "{shown}"'
            return self.make("MY010", f"{shown} is {what} to YAML, and text is wanted", hint, self.value_mark)
        if isinstance(value, str) and wanted in ("an integer", "true or false"):
            return self.make(
                "MY103", f"{self.key} wants {wanted}, not text", "write it without quotes", self.value_mark
            )
        return self.make("MY103", f"{self.key} wants {wanted}, not {_kind(value)}", "", self.value_mark)

    def not_allowed(self) -> Problem:
        allowed = _literals(self.detail["ctx"]["expected"])
        if isinstance(self.input, Plain) or (isinstance(self.input, bool | int | float) and allowed != ["False"]):
            return self.wrong_type("text")
        if self.key == "runtime" and isinstance(self.input, str) and self.input in _PLANNED_RUNTIMES:
            message, hint = (
                f"runtime {self.input} is not available in this version",
                f"there are {names.one_of(allowed)}",
            )
            return self.make("MY107", message, hint, self.value_mark)
        meant = names.nearest(str(self.input), allowed)
        hint = f"did you mean {meant}? " if meant else ""
        words = names.one_of(word.lower() if word in ("True", "False") else word for word in allowed)
        is_field = self.owner is not None and self.path[-1:] == [self.key]
        where = f"is not a {self.key}" if is_field else f"is not allowed in {self.key}"
        return self.make("MY104", f"{self.shown()} {where}", f"{hint}Allowed: {words}".strip(), self.value_mark)


def unknown_key(key: str, owner: type[BaseModel] | None, place: Place) -> Problem:
    """Return the problem of a key that a shape does not have."""
    if key in _PLANNED_SECTIONS:
        message = f"{key}: {_PLANNED_SECTIONS[key]} is not available in this version"
        return problem("MY107", message, hint="take it out; `modelyard targets` lists what exists", place=place)
    hint = _key_hint(key, set(owner.model_fields) if owner else set())
    return problem("MY101", f"unknown key {key}", hint=hint, place=place)


def _unknown_removals(shape: type[BaseModel], tree: Tree, sources: Sources) -> Iterator[Problem]:
    """Yield the problems of null under keys that a shape does not have: it would remove nothing, without a word."""
    for path, mark in removals(*tree):
        owner = _shape_at(shape, list(path[:-1]))
        if owner is not None and path[-1] not in owner.model_fields:
            yield unknown_key(str(path[-1]), owner, sources.place(mark))


_HIDDEN: Final = "the value"
_WANTED: Final = {
    "string_type": "text",
    "int_type": "an integer",
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "list_type": "a list",
}


def _step(marks: Marks, part: str | int) -> tuple[int, Marks] | None:
    if isinstance(marks, MapMarks) and isinstance(part, str):
        return marks.entries.get(part)
    if not isinstance(marks, int | MapMarks) and isinstance(part, int) and part < len(marks.items):
        return at(marks.items[part]), marks.items[part]
    return None


def _key_hint(key: str, known: set[str]) -> str:
    if key.endswith("Seconds") and key.removesuffix("Seconds") in known:
        return f"write {key.removesuffix('Seconds')} with a unit, such as 60s"
    if meant := names.nearest(key, known):
        return f"did you mean {meant}?"
    return f"known here: {', '.join(sorted(known))}" if known else ""


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


def _shape_at(shape: type[BaseModel], path: list[str | int]) -> type[BaseModel] | None:
    """Return the shape that a path leads to: its fields are the keys that are known there."""
    current: object = shape
    for part in path:
        step = next(_inside(current, part), None)
        if step is None:
            return None
        current = step
    return next(_shapes(current), None)


def _inside(annotation: object, part: str | int) -> Iterator[object]:
    for each in _flat(annotation):
        if isinstance(each, type) and issubclass(each, BaseModel):
            if part in each.model_fields:
                yield each.model_fields[str(part)].annotation
        elif get_origin(each) in (dict, list):
            yield get_args(each)[-1]


def _shapes(annotation: object) -> Iterator[type[BaseModel]]:
    return (each for each in _flat(annotation) if isinstance(each, type) and issubclass(each, BaseModel))


def _flat(annotation: Any) -> Iterator[object]:
    """Yield the members of unions, what Annotated annotates, and shapes that are built later."""
    origin = get_origin(annotation)
    if origin is Annotated:
        own, *notes = get_args(annotation)
        yield from (note.shape() for note in notes if isinstance(note, Later))
        yield from _flat(own)
    elif origin is Union or origin is types.UnionType:
        for member in get_args(annotation):
            yield from _flat(member)
    else:
        yield annotation
