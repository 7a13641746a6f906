"""The shapes inside a shape: which one stands at a path, and which keys it knows."""

import types
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from modelyard.models.base import Later
from modelyard.models.model import Model
from modelyard.models.model_set import Spec

# Keys that are merged and checked apart from the shapes.
_APART: Final[dict[type[BaseModel], tuple[str, ...]]] = {
    Spec: ("base", "defaults", "include", "models"),
    Model: ("variants",),
}


def shape_at(shape: type[BaseModel], path: Sequence[str | int]) -> type[BaseModel] | None:
    """Return the shape that a path leads to: its fields are the keys that are known there."""
    current: object = shape
    for part in path:
        step = next(_inside(current, part), None)
        if step is None:
            return None
        current = step
    return next(_shapes(current), None)


def keys(shape: type[BaseModel] | None) -> set[str]:
    """Return the keys that a shape knows, as they are written; none for no shape."""
    if shape is None:
        return set()
    return {*_fields(shape), *_APART.get(shape, ())}


def words(shape: type[BaseModel] | None, key: str) -> list[str]:
    """Return the words that a key of a shape takes; none if it takes others too."""
    field = _fields(shape).get(key) if shape else None
    literals = [each for each in _flat(field.annotation) if get_origin(each) is Literal] if field else []
    return [str(word) for each in literals for word in get_args(each)]


def _fields(shape: type[BaseModel]) -> dict[str, FieldInfo]:
    """Return key -> field: `async` and `from` have other names in Python."""
    return {field.alias or name: field for name, field in shape.model_fields.items()}


def _inside(annotation: object, part: str | int) -> Iterator[object]:
    for each in _flat(annotation):
        if isinstance(each, type) and issubclass(each, BaseModel):
            if part in (fields := _fields(each)):
                yield fields[str(part)].annotation
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
