"""How values come together: base file, then this file; then defaults, the model, the variant.

Mappings merge key by key; models, variants and volumes merge by name; all other lists are replaced; null
removes a value, `$remove: true` an item. Data and marks are merged together, and share what did not change.
"""

from typing import Final, NamedTuple

from modelyard.yamlio import ListMarks, MapMarks, Marks

BY_NAME: Final = frozenset(["models", "variants", "volumes"])
REMOVE: Final = "$remove"


class Tree(NamedTuple):
    """A mapping of the models file, with its marks."""

    data: dict[str, object]
    marks: MapMarks


def merge(lower: Tree, upper: Tree) -> Tree:
    """Return lower with upper laid over it.

    An item to remove that is not below stays, for the next merge may find it; see `leftovers`.
    """
    data = dict(lower.data)
    marks = MapMarks(upper.marks.at)
    marks.entries = dict(lower.marks.entries)
    for key, given in upper.data.items():
        value = given
        key_mark, value_marks = upper.marks.entries[key]
        if value is None:
            data.pop(key, None)
            marks.entries.pop(key, None)
            continue
        below = data.get(key)
        if isinstance(value, dict) and isinstance(value_marks, MapMarks):
            under = Tree({}, MapMarks(value_marks.at))
            if isinstance(below, dict):
                lower_marks = marks.entries[key][1]
                under = Tree(below, lower_marks) if isinstance(lower_marks, MapMarks) else under
            value, value_marks = merge(under, Tree(value, value_marks))
        elif key in BY_NAME and isinstance(value, list) and isinstance(value_marks, ListMarks):
            lower_list = marks.entries[key][1] if isinstance(below, list) else ListMarks(value_marks.at)
            under_list = below if isinstance(below, list) else []
            if isinstance(lower_list, ListMarks):
                value, value_marks = _merge_items(under_list, lower_list, value, value_marks)
        data[key] = value
        marks.entries[key] = (key_mark, value_marks)
    return Tree(data, marks)


def _merge_items(
    lower: list[object], lower_marks: ListMarks, upper: list[object], upper_marks: ListMarks
) -> tuple[list[object], ListMarks]:
    items: list[object] = list(lower)
    marks = ListMarks(upper_marks.at)
    marks.items = list(lower_marks.items)
    index = {name: i for i, item in enumerate(lower) if (name := _name(item)) is not None}
    for item, item_marks in zip(upper, upper_marks.items, strict=True):
        name = _name(item)
        if isinstance(item, dict) and isinstance(item_marks, MapMarks):
            if item.get(REMOVE) is True and name in index:
                items[index.pop(name)] = None
                continue
            below: object = items[index[name]] if name in index else {}
            below_marks: Marks = marks.items[index[name]] if name in index else MapMarks(item_marks.at)
            if isinstance(below, dict) and isinstance(below_marks, MapMarks):
                item, item_marks = merge(Tree(below, below_marks), Tree(item, item_marks))  # noqa: PLW2901
        # A name that stands twice in the same file stays twice: that is a problem, not a merge.
        if name in index:
            items[index[name]], marks.items[index[name]] = item, item_marks
            del index[name]
        else:
            items.append(item)
            marks.items.append(item_marks)
    kept = [i for i, item in enumerate(items) if item is not None]
    marks.items = [marks.items[i] for i in kept]
    return [items[i] for i in kept], marks


def leftovers(items: list[object], marks: list[Marks]) -> tuple[list[object], list[Marks], list[tuple[int, str]]]:
    """Take the items to remove that no merge has found out of a list.

    Returns the items and marks that stay, and for each that goes the mark of `$remove` and the name.
    """
    stay, stay_marks, gone = [], [], []
    for item, item_marks in zip(items, marks, strict=True):
        if isinstance(item, dict) and item.get(REMOVE) is True and isinstance(item_marks, MapMarks):
            gone.append((item_marks.entries[REMOVE][0], _name(item) or ""))
        else:
            stay.append(item)
            stay_marks.append(item_marks)
    return stay, stay_marks, gone


def _name(item: object) -> str | None:
    name = item.get("name") if isinstance(item, dict) else None
    return name if isinstance(name, str) else None
