"""Objects with one thing wrong, made from sound ones."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any, Final, TypeAlias

Object: TypeAlias = dict[str, Any]

VALUES: Final[dict[str, Any]] = {"text": "x y", "number": 2**40, "flag": True, "null": None, "list": [1], "map": {}}


def mutated(body: Object) -> Iterator[tuple[str, Object]]:
    """Yield copies with one value of another type, one field more, or one less."""
    for path in _paths(body, ()):
        for what, value in (
            ("text", "x y"),
            ("number", 2**40),
            ("flag", True),
            ("null", None),
            ("list", [1]),
            ("map", {}),
        ):
            yield f"{path} {what}", _put(body, path, value)
        yield f"{path} more", _put(body, (*path, "unknownField"), 1)
        yield f"{path} less", _without(body, path)


def _paths(node: object, path: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    items = node.items() if isinstance(node, dict) else enumerate(node[:1]) if isinstance(node, list) else ()
    for key, value in items:
        if (*path, key) not in (("apiVersion",), ("kind",)):
            yield (*path, key)
            yield from _paths(value, (*path, key))


def _put(body: Object, path: tuple[str | int, ...], value: object) -> Object:
    copy = deepcopy(body)
    node: Any = copy
    for part in path[:-1]:
        node = node[part]
    last: Any = path[-1]
    if isinstance(node, dict) or (isinstance(node, list) and isinstance(last, int)):
        node[last] = value
    return copy


def _without(body: Object, path: tuple[str | int, ...]) -> Object:
    copy = deepcopy(body)
    node: Any = copy
    for part in path[:-1]:
        node = node[part]
    node.pop(path[-1])
    return copy
