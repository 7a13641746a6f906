"""The one door to jsonpatch: operations of RFC 6902 on an object, with errors a reader can act on."""

import copy
from collections.abc import Sequence
from typing import Any, Final, NamedTuple, NoReturn, TypeVar

from modelyard.files.yaml.marked import MarkedText, mark_of, with_mark
from modelyard.manifests.names import nearest

T = TypeVar("T")
OPERATIONS: Final = ("add", "remove", "replace", "move", "copy", "test")
# Of an object that is copied into itself, which doubles it each time. A cluster stores objects of less than 2 MB.
MAX_VALUES: Final = 100_000
MAX_TEXT: Final = 4 * 1024 * 1024  # characters of its texts and keys
MAX_DEPTH: Final = 200  # mappings and lists inside each other


class PatchFailed(Exception):  # noqa: N818 - says what happened
    """An operation cannot be applied: its index, what is wrong, and how to mend it."""

    def __init__(self, index: int, message: str, hint: str) -> None:
        super().__init__(message)
        self.index = index
        self.message = message
        self.hint = hint


def apply(body: dict[str, Any], operations: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return a copy of the body with the operations applied in order.

    Raises PatchFailed for the first that fails. Values never appear in its texts: they may be credentials.
    """
    # Here, because most models have no patches, and the exec plugin starts for each build.
    from jsonpatch import InvalidJsonPatch, JsonPatchException, JsonPatchTestFailed, apply_patch
    from jsonpointer import JsonPointerException

    body = copy.deepcopy(body)
    growth = _Growth()
    for index, operation in enumerate(operations):
        growth.check(body, operation, index)
        try:
            body = apply_patch(body, [operation], in_place=True)
            _mark_key(body, operation["path"])
        except JsonPatchTestFailed:
            raise PatchFailed(index, f"test of {operation['path']} fails", "the object holds another value") from None
        except (JsonPatchException, InvalidJsonPatch, JsonPointerException, TypeError, LookupError, ValueError):
            _explain(body, index, operation)
    return body


class _Growth:
    """What operations make of an object."""

    def __init__(self) -> None:
        self._held: _Weight | None = None  # counted at the first copy: few patches have one

    def check(self, body: object, operation: dict[str, Any], index: int) -> None:
        """Raise PatchFailed for an operation after which the object would be too large or too deep."""
        name, path, source = operation.get("op"), operation.get("path"), operation.get("from")
        if not isinstance(path, str):
            return
        value = operation.get("value")
        if name in ("copy", "move"):
            value = lookup(body, source) if isinstance(source, str) else None
        weight = _weight(value)
        hint = "write what is wanted into the object that is patched"
        if path.count("/") + weight.depth > MAX_DEPTH:
            raise PatchFailed(index, f"{name}: more than {MAX_DEPTH} levels inside each other", hint)
        if name == "copy":
            held = self._held or _weight(body)
            self._held = held = _Weight(held.values + weight.values, held.text + weight.text, 0)
            if held.values > MAX_VALUES or held.text > MAX_TEXT:
                message = f"copy {path}: the object would hold more than {MAX_VALUES} values or {MAX_TEXT} characters"
                raise PatchFailed(index, message, hint)


class _Weight(NamedTuple):
    """How much a value holds: values, characters of texts and keys, levels inside each other."""

    values: int
    text: int
    depth: int


def _weight(value: object) -> _Weight:
    """Weigh a value, without recursion, and no further than to the limits."""
    values = text = depth = 0
    todo: list[tuple[object, int]] = [(value, 1)]
    while todo and values <= MAX_VALUES and depth <= MAX_DEPTH:
        node, level = todo.pop()
        values += 1
        depth = max(depth, level)
        if isinstance(node, str):
            text += len(node)
        elif isinstance(node, dict):
            text += sum(map(len, node))
            todo += [(each, level + 1) for each in node.values()]
        elif isinstance(node, list):
            todo += [(each, level + 1) for each in node]
    return _Weight(values, text, depth)


def _mark_key(body: object, pointer: str) -> None:
    """Give the key that an operation wrote the operation's place: its value may be unable to carry one."""
    mark = mark_of(pointer)
    above, _, last = pointer.rpartition("/")
    parent, key = lookup(body, above), last.replace("~1", "/").replace("~0", "~")
    if mark is not None and isinstance(parent, dict) and key in parent:
        parent[with_mark(MarkedText(key), mark)] = parent.pop(key)


def _explain(body: dict[str, Any], index: int, operation: dict[str, Any]) -> NoReturn:
    if operation.get("op") not in OPERATIONS:
        raise PatchFailed(index, "there is no such operation", f"write one of {', '.join(OPERATIONS)} after op:")
    wanted = ["path", *(["from"] if operation["op"] in ("move", "copy") else [])]
    for member in wanted:
        if not isinstance(operation.get(member), str):
            raise PatchFailed(index, f"{operation['op']}: there is no {member}", f"add {member}: and a JSON pointer")
    pointer = operation["path"]
    source = operation.get("from", pointer)
    if operation["op"] in ("move", "copy") and reached(body, source) != source:
        pointer = source
    there = reached(body, pointer)
    missing = pointer[len(there) + 1 :].partition("/")[0]
    node = lookup(body, there)
    if isinstance(node, dict) and node:
        meant = nearest(missing, node)
        hint = f"did you mean {meant}?" if meant else f"{there or 'the object'} holds {', '.join(sorted(node))}"
    elif isinstance(node, list):
        hint = f"{there} is a list of {len(node)}; - appends to it"
    else:
        hint = f"{there or 'the object'} is neither a mapping nor a list"
    raise PatchFailed(index, f"{operation['op']} {pointer}: there is no {missing} in {there or 'the object'}", hint)


def apply_as_kustomize(body: dict[str, Any], operation: dict[str, Any]) -> None:
    """Apply one operation to the body itself, as lenient as kustomize: RFC 6902 refuses some of what works there.

    `replace` and a `copy` from nowhere make what is missing, an index counts from the end if it is negative, a
    missing value is null, and what stands before the first / of a pointer is ignored. Raises PatchFailed, and leaves
    the body as it was except for a `move` whose destination is missing.

    Source: gopkg.in/evanphx/json-patch.v4 4.13.0, patch.go, which kustomize 5.8.1 uses.
    """
    name, path = operation.get("op"), operation.get("path")
    if not isinstance(path, str):
        raise PatchFailed(0, f"{name}: there is no path", "add path: and a JSON pointer")
    _Growth().check(body, operation, 0)
    value = operation.get("value")
    match name:
        case "add":
            _put(body, path, value, name)
        case "replace":
            _put(body, path, value, name)
        case "remove":
            _take(body, path, name)
        case "test":
            if not _same(_get(body, path, name), value):
                raise PatchFailed(0, f"test of {path} fails", "the object holds another value")
        case "move":
            _put(body, path, _take(body, _from(operation), name), "add")
        case "copy":
            _put(body, path, copy.deepcopy(_get(body, _from(operation), name)), "add")
        case _:
            raise PatchFailed(0, "there is no such operation", f"write one of {', '.join(OPERATIONS)} after op:")


def _from(operation: dict[str, Any]) -> str:
    source = operation.get("from")
    if not isinstance(source, str):
        raise PatchFailed(0, f"{operation['op']}: there is no from", "add from: and a JSON pointer")
    return source


def _put(body: dict[str, Any], path: str, value: object, name: str) -> None:
    parent, key = _parent(body, path, name)
    if isinstance(parent, dict):
        mark = mark_of(path)
        parent.pop(key, None)  # so that the new key carries its own mark
        parent[key if mark is None else with_mark(MarkedText(key), mark)] = value
    elif key == "-" and name == "add":
        parent.append(value)
    elif name == "add":
        index = _index(key, len(parent) + 1)
        if index is None:
            _missing(body, path, name)
        parent.insert(index, value)
    else:
        index = _index(key, len(parent))
        if index is None:
            _missing(body, path, name)
        parent[index] = value


def _take(body: dict[str, Any], path: str, name: str) -> object:
    parent, key = _parent(body, path, name)
    if isinstance(parent, dict) and key in parent:
        return parent.pop(key)
    index = None if isinstance(parent, dict) else _index(key, len(parent))
    if index is None:
        _missing(body, path, name)
    return parent.pop(index)


def _get(body: dict[str, Any], path: str, name: str) -> object:
    if not path and name == "test":
        return body
    parent, key = _parent(body, path, name)
    if isinstance(parent, dict):
        return parent.get(key)
    index = _index(key, len(parent))
    if index is None:
        _missing(body, path, name)
    return parent[index]


def _parent(body: dict[str, Any], path: str, name: str) -> tuple[Any, str]:
    """Return the mapping or list that a pointer's last part belongs to, and that part."""
    parts = [part.replace("~1", "/").replace("~0", "~") for part in path.split("/")[1:]]
    node: Any = body
    for part in parts[:-1]:
        if isinstance(node, dict):
            node = node.get(part)
        else:
            index = _index(part, len(node))
            node = None if index is None else node[index]
        if not isinstance(node, dict | list):
            _missing(body, path, name)
    if not parts:
        raise PatchFailed(0, f"{name}: {path or 'an empty path'} is not a JSON pointer", "start it with /")
    return node, parts[-1]


def _index(key: str, length: int) -> int | None:
    """Return the index that a key means in a list of this length, or None (Go's strconv.Atoi)."""
    digits = key[1:] if key[:1] in ("+", "-") else key
    if not (digits.isascii() and digits.isdecimal() and len(digits) < 20):
        return None
    index = int(key)
    index = index + length if index < 0 else index
    return index if 0 <= index < length else None


def _same(left: object, right: object) -> bool:
    """Tell whether two values are one in JSON: true is not 1, and 1 is not 1.0."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_same(each, right[key]) for key, each in left.items())
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_same, left, right))
    kinds = (bool, int, float, str, type(None), dict, list)
    return left == right and [isinstance(left, each) for each in kinds] == [isinstance(right, each) for each in kinds]


def _missing(body: dict[str, Any], path: str, name: str) -> NoReturn:
    _explain(body, 0, {"op": name, "path": path})


def reached(body: object, pointer: str) -> str:
    """Return the longest part of a JSON pointer that exists in the body."""
    there = ""
    for part in pointer.split("/")[1:]:
        if lookup(body, f"{there}/{part}") is None:
            break
        there = f"{there}/{part}"
    return there


def lookup(body: Any, pointer: str) -> Any:
    """Return what stands at a JSON pointer, or None."""
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(body, dict) and key in body:
            body = body[key]
        elif isinstance(body, list) and "0" <= key[:1] <= "9" and (index := _index(key, len(body))) is not None:
            body = body[index]
        else:
            return None
    return body


def pointer_of(*parts: str | int) -> str:
    """Return the JSON pointer of a path (RFC 6901 chapter 3)."""
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in parts)
