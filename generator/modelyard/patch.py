"""The one door to jsonpatch: operations of RFC 6902 on an object, with errors a reader can act on."""

import copy
from collections.abc import Sequence
from typing import Any, NoReturn, TypeVar

from modelyard.names import nearest
from modelyard.places import MarkedText, mark_of, with_mark

T = TypeVar("T")


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
    from jsonpatch import InvalidJsonPatch, JsonPatchConflict, JsonPatchException, JsonPatchTestFailed, apply_patch
    from jsonpointer import JsonPointerException

    body = copy.deepcopy(body)
    for index, operation in enumerate(operations):
        try:
            body = apply_patch(body, [operation], in_place=True)
            _mark_key(body, operation["path"])
        except JsonPatchTestFailed:
            raise PatchFailed(index, f"test of {operation['path']} fails", "the object holds another value") from None
        except (JsonPatchConflict, JsonPatchException, InvalidJsonPatch, JsonPointerException, TypeError, KeyError):
            _explain(body, index, operation)
    return body


def _mark_key(body: object, pointer: str) -> None:
    """Give the key that an operation wrote the operation's place: its value may be unable to carry one."""
    mark = mark_of(pointer)
    above, _, last = pointer.rpartition("/")
    parent, key = lookup(body, above), last.replace("~1", "/").replace("~0", "~")
    if mark is not None and isinstance(parent, dict) and key in parent:
        parent[with_mark(MarkedText(key), mark)] = parent.pop(key)


def _explain(body: dict[str, Any], index: int, operation: dict[str, Any]) -> NoReturn:
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
        hint = f"{there or 'the object'} is no mapping and no list"
    raise PatchFailed(index, f"{operation['op']} {pointer}: there is no {missing} in {there or 'the object'}", hint)


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
        elif isinstance(body, list) and key.isdecimal() and int(key) < len(body):
            body = body[int(key)]
        else:
            return None
    return body


def pointer_of(*parts: str | int) -> str:
    """Return the JSON pointer of a path (RFC 6901 chapter 3)."""
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in parts)
