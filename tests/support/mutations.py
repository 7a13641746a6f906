"""Objects with one thing wrong, made from sound ones."""

import pickle
from collections.abc import Iterator
from typing import Any, Final, TypeAlias

Object: TypeAlias = dict[str, Any]

VALUES: Final[dict[str, Any]] = {"text": "x y", "number": 2**40, "flag": True, "null": None, "list": [1], "map": {}}


def mutated(body: Object) -> Iterator[tuple[str, Object]]:
    """Yield copies with one value of another type, one field more, or one less."""
    whole = pickle.dumps(body)  # several times as fast to copy from as the body itself
    for path in _paths(body, ()):
        for what, value in (
            ("text", "x y"),
            ("number", 2**40),
            ("flag", True),
            ("null", None),
            ("list", [1]),
            ("map", {}),
        ):
            yield f"{path} {what}", _put(whole, path, value)
        yield f"{path} more", _put(whole, (*path, "unknownField"), 1)
        yield f"{path} less", _without(whole, path)


def _paths(node: object, path: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    items = node.items() if isinstance(node, dict) else enumerate(node[:1]) if isinstance(node, list) else ()
    for key, value in items:
        if (*path, key) not in (("apiVersion",), ("kind",)):
            yield (*path, key)
            yield from _paths(value, (*path, key))


def _put(whole: bytes, path: tuple[str | int, ...], value: object) -> Object:
    copy: Object = pickle.loads(whole)  # noqa: S301 - dumped above
    node: Any = copy
    for part in path[:-1]:
        node = node[part]
    last: Any = path[-1]
    if isinstance(node, dict) or (isinstance(node, list) and isinstance(last, int)):
        node[last] = value
    return copy


def _without(whole: bytes, path: tuple[str | int, ...]) -> Object:
    copy: Object = pickle.loads(whole)  # noqa: S301 - dumped above
    node: Any = copy
    for part in path[:-1]:
        node = node[part]
    node.pop(path[-1])
    return copy
