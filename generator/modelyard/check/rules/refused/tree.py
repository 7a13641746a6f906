"""Tables of rules: the path of a value, and what the API server asks of it. An object is walked once.

Source: kubernetes v1.36.3, pkg/apis/*/validation; each table names the functions that it follows.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from modelyard.check.finding import Found, Path

Check: TypeAlias = Callable[[Path, Any], Iterable[Found]]
Rows: TypeAlias = Mapping[str, tuple[Check, ...]]
# Group and kind -> the tables of its objects; what is a pod of them stands in `pods`.
Tables: TypeAlias = Mapping[tuple[str, str], tuple[Rows, ...]]


class Tree:
    """The rows of a table by the parts of their paths, so that an object is walked once."""

    __slots__ = ("checks", "each", "fields")

    def __init__(self) -> None:
        self.checks: tuple[Check, ...] = ()
        self.fields: dict[str, Tree] = {}
        self.each: Tree | None = None

    def _add(self, parts: list[str], checks: tuple[Check, ...]) -> None:
        node = self
        for part in parts:
            if part == "*":
                node.each = node.each or Tree()
                node = node.each
            else:
                node = node.fields.setdefault(part, Tree())
        node.checks += checks

    @classmethod
    def of(cls, *tables: Rows) -> "Tree":
        """Return the tree of tables. A part of a path is a field, or * for each item of a list or value of a map."""
        tree = cls()
        for table in tables:
            for path, checks in table.items():
                tree._add([part for part in path.split("/") if part], checks)
        return tree

    def found(self, node: Any, path: Path) -> Iterator[Found]:
        """Yield what is wrong with a value and all below it. null is absent to the API server."""
        if node is None:
            return
        for check in self.checks:
            yield from check(path, node)
        if isinstance(node, dict):
            for key, tree in self.fields.items():
                if key in node:
                    yield from tree.found(node[key], (*path, key))
            if self.each:
                for key, value in node.items():
                    yield from self.each.found(value, (*path, key))
        elif self.each and isinstance(node, list):
            for i, value in enumerate(node):
                yield from self.each.found(value, (*path, i))


def under(prefix: str, rows: Rows) -> dict[str, tuple[Check, ...]]:
    """Return a table whose paths start with a prefix."""
    return {f"{prefix}/{path}".rstrip("/"): checks for path, checks in rows.items()}


def of_mapping(check: Check) -> Check:
    """Make a check of fields: it is asked about mappings alone, for the schema says what is none."""

    def guarded(path: Path, value: Any) -> Iterable[Found]:
        return check(path, value) if isinstance(value, dict) else ()

    return guarded
