"""The fields of the models file, from its schema: what stands where, and where a name lives.

For `explain`, and for hints: the schema is read when a file has a mistake, not before.
"""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

Node = dict[str, Any]

FILE: Final = "models.schema.json"
PATH: Final = Path(__file__).parent / FILE
# Parts that repeat what stands elsewhere: defaults and variants have the fields of a model.
_REPEATING: Final = (("spec", "defaults"), ("spec", "models", "variants"))


def shipped() -> str:
    """Return the schema's text as it is shipped."""
    return PATH.read_text("utf-8")


@cache
def schema() -> Node:
    """Return the schema; nobody may change it."""
    found: Node = json.loads(shipped())
    return found


def fields(node: Node) -> dict[str, Node]:
    """Return the fields of what a node of the schema describes, or of the items of its list."""
    found: dict[str, Node] = {}
    for each in alternatives(node):
        found |= each.get("properties", {})
    return found


def alternatives(node: Node) -> list[Node]:
    """Return a node with references followed, lists entered and alternatives spread out."""
    if "$ref" in node:
        return alternatives(schema()["$defs"][node["$ref"].rpartition("/")[2]])
    if "items" in node:
        return alternatives(node["items"])
    options = [*node.get("anyOf", ()), *node.get("oneOf", ())]
    spread = [each for option in options if option != {"type": "null"} for each in alternatives(option)]
    return spread or [node]


def below(node: Node, key: str) -> Node:
    """Return the node under a key: of a field, or of a mapping with keys of any name; empty if there is none."""
    known = fields(node)
    if key in known:
        return known[key]
    free = (each.get("additionalProperties") for each in alternatives(node))
    return next((each for each in free if isinstance(each, dict)), {})


def homes(key: str) -> list[tuple[str, ...]]:
    """Return the paths of the mappings that have a field, those next to the top first."""
    return list(_homes().get(key, ()))


def all_names() -> list[str]:
    """Return the names of all fields, wherever they stand."""
    return sorted(_homes())


@cache
def _homes() -> dict[str, list[tuple[str, ...]]]:
    found: dict[str, list[tuple[str, ...]]] = {}
    for path in _walk(schema(), ()):
        found.setdefault(path[-1], []).append(path[:-1])
    return {key: sorted(paths, key=lambda path: (len(path), path)) for key, paths in found.items()}


def _walk(node: Node, above: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for key, below_ in fields(node).items():
        path = (*above, key)
        repeats = any(path[: len(each)] == each and len(path) > len(each) for each in _REPEATING)
        if not repeats or key not in fields(_model()):
            yield path
            yield from _walk(below_, path)


def _model() -> Node:
    return below(below(schema(), "spec"), "models")
