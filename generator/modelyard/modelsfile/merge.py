"""How values come together: base file, then this file; then defaults, the model, the variant.

Mappings merge key by key; models, variants and volumes merge by name; all other lists are replaced; null
removes a value, `$remove: true` an item. Data and marks are merged together, and share what did not change.

What is merged may be laid over something else later, as the models of a file and its base over the defaults. So a
removal stays where it stands, and marks say what was removed or replaced below a value: then
merge(a, merge(b, c)) is merge(merge(a, b), c). `settled` takes the removals out at the end.
"""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from modelyard.files.yaml import ListMarks, MapMarks, Marks

BY_NAME: Final = frozenset(["models", "variants", "volumes"])
REMOVE: Final = "$remove"


class Tree(NamedTuple):
    """A mapping of the models file, with its marks."""

    data: dict[str, object]
    marks: MapMarks


def merge(lower: Tree, upper: Tree) -> Tree:
    """Return lower with upper laid over it; removals stay, for there may be more below."""
    if upper.marks.over or not lower.data:
        return _over(upper) if lower.marks.over else upper
    data = dict(lower.data)
    marks = MapMarks(upper.marks.at, over=lower.marks.over)
    marks.entries = dict(lower.marks.entries)
    for key, value in upper.data.items():
        key_mark, value_marks = upper.marks.entries[key]
        if key in data:
            below = data[key], marks.entries[key][1]
            data[key], merged = _laid(below, (value, value_marks), by_name=key in BY_NAME)
            marks.entries[key] = key_mark, merged
        else:
            data[key], marks.entries[key] = value, (key_mark, value_marks)
    return Tree(data, marks)


_Value = tuple[object, Marks]


def _laid(lower: _Value, upper: _Value, *, by_name: bool) -> _Value:
    """Return one value laid over another: together if both are mappings, or lists by name; else in its place."""
    (below, below_marks), (value, marks) = lower, upper
    if isinstance(value, dict) and isinstance(marks, MapMarks):
        if isinstance(below, dict) and isinstance(below_marks, MapMarks):
            return merge(Tree(below, below_marks), Tree(value, marks))
        return _over(Tree(value, marks))
    if by_name and isinstance(value, list) and isinstance(marks, ListMarks):
        if isinstance(below, list) and isinstance(below_marks, ListMarks) and not marks.over:
            return _merge_items(below, below_marks, value, marks)
        own = ListMarks(marks.at, over=True)
        own.items = marks.items
        return value, own
    return upper


def _over(tree: Tree) -> Tree:
    """Return a tree through which nothing from below shows."""
    marks = MapMarks(tree.marks.at, over=True)
    marks.entries = tree.marks.entries
    return Tree(tree.data, marks)


def _merge_items(
    lower: list[object], lower_marks: ListMarks, upper: list[object], upper_marks: ListMarks
) -> tuple[list[object], ListMarks]:
    """Lay items over those of the same name; one to remove takes the place of what it removes, and is `over` it."""
    items: list[object] = list(lower)
    marks = ListMarks(upper_marks.at, over=lower_marks.over)
    marks.items = list(lower_marks.items)
    index = {_name(item): i for i, item in enumerate(lower) if not _removes(item)}
    index.pop(None, None)
    for each in zip(upper, upper_marks.items, strict=True):
        # A name that stands twice in the same file stays twice: that is a problem, not a merge.
        at = index.pop(_name(each[0]), None)
        if at is None:
            items.append(each[0])
            marks.items.append(each[1])
        else:
            # What is removed is no mapping to merge with any more.
            below = (None, 0) if _removes(each[0]) else (items[at], marks.items[at])
            items[at], marks.items[at] = _laid(below, each, by_name=False)
    return items, marks


def settled(tree: Tree) -> Tree:
    """Return a tree without its removals, when nothing more is below it; itself if it has none."""
    data, marks = _settled(*tree, by_name=False)
    return Tree(data, marks)


def _settled(value: Any, marks: Any, *, by_name: bool) -> Any:
    """Return a value and its marks without removals: the same objects if there are none."""
    if isinstance(value, dict) and isinstance(marks, MapMarks):
        entries = marks.entries
        kept = {
            key: (item, entries[key][1])
            if not isinstance(item, dict | list)
            else _settled(item, entries[key][1], by_name=key in BY_NAME)
            for key, item in value.items()
            if item is not None
        }
        if len(kept) == len(value) and all(kept[key][0] is item for key, item in value.items()):
            return value, marks
        own = MapMarks(marks.at, over=marks.over)
        own.entries = {key: (entries[key][0], below) for key, (_, below) in kept.items()}
        return {key: item for key, (item, _) in kept.items()}, own
    if by_name and isinstance(value, list) and isinstance(marks, ListMarks):
        items = [
            _settled(item, mark, by_name=False)
            for item, mark in zip(value, marks.items, strict=True)
            if not _removes(item)
        ]
        if len(items) == len(value) and all(new is item for (new, _), item in zip(items, value, strict=True)):
            return value, marks
        alone = ListMarks(marks.at, over=marks.over)
        alone.items = [mark for _, mark in items]
        return [item for item, _ in items], alone
    return value, marks


def leftovers(items: list[object], marks: list[Marks]) -> tuple[list[object], list[Marks], list[tuple[int, str]]]:
    """Take the items to remove out of a list.

    Returns the items and marks that stay, and for each that had nothing to remove the mark of `$remove` and the name.
    """
    stay, stay_marks, gone = [], [], []
    for item, item_marks in zip(items, marks, strict=True):
        if not _removes(item):
            stay.append(item)
            stay_marks.append(item_marks)
        elif isinstance(item_marks, MapMarks) and not item_marks.over:
            gone.append((item_marks.entries[REMOVE][0], _name(item) or ""))
    return stay, stay_marks, gone


def removals(
    data: object, marks: Marks, path: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], int]]:
    """Yield the path and the key's mark of each value that null takes out."""
    if isinstance(data, dict) and isinstance(marks, MapMarks):
        for key, value in data.items():
            key_mark, below = marks.entries[key]
            if value is None:
                yield (*path, key), key_mark
            elif isinstance(value, dict) or key in BY_NAME:
                yield from removals(value, below, (*path, key))
    elif isinstance(data, list) and isinstance(marks, ListMarks):
        for i, (item, item_marks) in enumerate(zip(data, marks.items, strict=True)):
            yield from removals(item, item_marks, (*path, i))


def _removes(item: object) -> bool:
    return isinstance(item, dict) and item.get(REMOVE) is True


def _name(item: object) -> str | None:
    name = item.get("name") if isinstance(item, dict) else None
    return name if isinstance(name, str) else None
