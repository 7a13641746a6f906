"""Two values of plain data, compared leaf by leaf."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from modelyard.problems.credentials import item_names

Path = tuple[str | int, ...]

NAMES: Final = ("name", "tag")  # what tells the items of a list apart; tags are those of Knative's traffic


class Leaf(NamedTuple):
    """What differs at a path; None is absent. The item of a list whose items have names stands under its name.

    named: of a word of a list of arguments, the flag before it, on each side.
    """

    path: Path
    before: object
    after: object
    named: tuple[str, ...] = ()


def changed(before: object, after: object, path: Path = (), named: tuple[str, ...] = ()) -> Iterator[Leaf]:
    """Yield the leaves that differ, in the order of their keys.

    Lists are compared by name where all their items have one, by position where they are of one length, and else as
    a whole.
    """
    if before == after:
        return
    old, new = _children(before), _children(after)
    flags: dict[str | int, tuple[str, ...]] = {}
    if isinstance(before, list) and isinstance(after, list) and (old is None or new is None):
        old = new = None
        if len(before) == len(after):
            old, new = dict(enumerate(before)), dict(enumerate(after))
            flags = dict(enumerate(zip(item_names(before), item_names(after), strict=True)))
    if (old is None and before is not None) or (new is None and after is not None) or not (old or new):
        yield Leaf(path, before, after, named)
        return
    old, new = old or {}, new or {}
    for key in sorted({*old, *new}, key=str):
        yield from changed(old.get(key), new.get(key), (*path, key), flags.get(key, ()))


def at(value: object, path: Path) -> object:
    """Return what stands at a path of a Leaf, or None."""
    for part in path:
        children = _children(value)
        if children is None and isinstance(value, list):
            children = dict(enumerate(value))
        value = (children or {}).get(part)
    return value


def indices(value: object, path: Path) -> Path:
    """Return a path of a Leaf with positions in place of the names of items."""
    found: list[str | int] = []
    for part in path:
        children = _children(value)
        position = isinstance(value, list) and children is not None
        found.append(list(children or ()).index(part) if position else part)
        value = at(value, (part,))
    return tuple(found)


def _children(value: object) -> dict[str | int, object] | None:
    """Return what stands below keys or names; None for a list whose items have none, and for a scalar."""
    if isinstance(value, dict):
        return dict(value)
    if not isinstance(value, list) or not value:
        return None
    for key in NAMES:
        names = [item[key] for item in value if isinstance(item, dict) and isinstance(item.get(key), str)]
        if len(set(names)) == len(value):
            return dict(zip(names, value, strict=True))
    return None
