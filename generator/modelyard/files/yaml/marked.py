"""Values that know where they come from.

pydantic drops subclasses of str and int, so places never travel through it. When a finding needs its place,
the model is copied with marks on its values and rendered once more; what the templates do not compute keeps
its mark all the way into the object.
"""

from collections.abc import Mapping
from typing import Any, Final, TypeVar, cast

from pydantic import BaseModel

from modelyard.files.yaml import ListMarks, MapMarks, Marks, at

T = TypeVar("T")


class MarkedText(str):
    """A text with its mark."""

    __slots__ = ("mark",)
    mark: int

    def __deepcopy__(self, memo: object) -> "MarkedText":
        """Return itself: patches copy values, and the mark goes with them."""
        return self


class MarkedInt(int):
    """An integer with its mark."""

    mark: int

    def __deepcopy__(self, memo: object) -> "MarkedInt":
        """Return itself."""
        return self


class MarkedDict(dict[str, object]):
    """A mapping with the mark of its key."""

    mark: int


class MarkedList(list[object]):
    """A list with the mark of its key."""

    mark: int


_KEY_MARKS: Final = "key marks"  # no name of a field has a blank


def marked(value: T, marks: Marks, key: int | None = None) -> T:
    """Return a copy of a shape, or of plain data, whose texts, integers and collections carry their marks.

    marks: of the same shape as the data. key: the mark of the key that the value stands under.
    """
    return _marked(value, marks, at(marks) if key is None else key)  # type: ignore[return-value]


def _marked(value: object, marks: Marks, key: int) -> object:
    if isinstance(value, BaseModel):
        entries = marks.entries if isinstance(marks, MapMarks) else {}
        fields: dict[str, Any] = {
            name: _marked(item, entries[alias][1], entries[alias][0]) if alias in entries else item
            for name, item in value.__dict__.items()
            if name in type(value).model_fields
            for alias in (type(value).model_fields[name].alias or name,)
        }
        shape = type(value).model_construct(**fields)
        # true, false and null cannot carry a mark: the keys keep theirs, for `key_marks`.
        shape.__dict__[_KEY_MARKS] = {name: entries[name][0] for name in fields if name in entries}
        return shape
    if isinstance(value, dict):
        return _marked_dict(value, marks, key)
    if isinstance(value, list):
        items = marks.items if isinstance(marks, ListMarks) else []
        copied = [_marked(item, m, at(m)) for item, m in zip(value, items, strict=False)]
        return with_mark(MarkedList([*copied, *value[len(copied) :]]), key)
    return _leaf(value, at(marks))


def key_marks(shape: BaseModel) -> Mapping[str, int]:
    """Return the marks of a marked shape's keys; nothing for any other."""
    found: Mapping[str, int] = shape.__dict__.get(_KEY_MARKS, {})
    return found


def _marked_dict(value: dict[str, object], marks: Marks, key: int) -> object:
    entries = marks.entries if isinstance(marks, MapMarks) else {}
    copied = MarkedDict()
    for name, item in value.items():
        if name in entries:
            item_key, item_marks = entries[name]
            copied[with_mark(MarkedText(name), item_key)] = _marked(item, item_marks, item_key)
        else:
            copied[name] = item
    return with_mark(copied, key)


def _leaf(value: object, mark: int) -> object:
    if isinstance(value, str):
        return with_mark(MarkedText(value), mark)
    if isinstance(value, int) and not isinstance(value, bool):
        return with_mark(MarkedInt(value), mark)
    return value


def with_mark(value: T, mark: int) -> T:
    """Set the mark of a marked value, and return it."""
    value.mark = mark  # type: ignore[attr-defined]
    return value


def mark_of(value: object) -> int | None:
    """Return the mark of a value, or None if it has none."""
    return getattr(value, "mark", None)


def derived(value: T, origin: object) -> T:
    """Give a computed text, integer or collection the mark of what it was computed from."""
    mark = mark_of(origin)
    if mark is None:
        return value
    if isinstance(value, dict):
        return with_mark(MarkedDict(value), mark)  # type: ignore[return-value]
    if isinstance(value, list):
        return with_mark(MarkedList(value), mark)  # type: ignore[return-value]
    return _leaf(value, mark)  # type: ignore[return-value]


def find(marks: Marks, *path: str | int) -> tuple[int, int]:
    """Return the marks of the key and of the value at a path, or of the nearest that exists above it."""
    key = value = at(marks)
    for part in path:
        if isinstance(marks, MapMarks) and part in marks.entries:
            key, marks = marks.entries[str(part)]
            value = at(marks)
        elif isinstance(marks, ListMarks) and isinstance(part, int) and part < len(marks.items):
            marks = marks.items[part]
            key = value = at(marks)
        else:
            break
    return key, value


def in_order(data: T) -> T:
    """Return plain data with the keys of all mappings sorted, so that the order in the file changes nothing."""
    return cast("T", _sorted(data))


def _sorted(data: object) -> object:
    if isinstance(data, dict):
        sorted_ = {key: _sorted(data[key]) for key in sorted(data)}
        mark = mark_of(data)
        return sorted_ if mark is None else with_mark(MarkedDict(sorted_), mark)
    if isinstance(data, list):
        return derived([_sorted(item) for item in data], data)
    return data


def plain(shape: BaseModel) -> dict[str, Any]:
    """Return a shape as plain data without what is absent; marks stay on the values and keys."""
    marks = key_marks(shape)
    fields = {name: _plain(value) for name in type(shape).model_fields if (value := getattr(shape, name)) is not None}
    if not marks:
        return fields
    return {with_mark(MarkedText(name), marks[name]) if name in marks else name: each for name, each in fields.items()}


def _plain(value: object) -> object:
    if isinstance(value, BaseModel):
        return plain(value)
    if isinstance(value, list):
        return derived([_plain(item) for item in value], value)
    return value
