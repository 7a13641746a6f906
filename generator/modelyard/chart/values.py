"""What an operator changes at install time, as values of a chart.

A value is offered where the models file has the field, and kept where it reaches an object.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from modelyard.targets.workloads.objects import RESERVED_LABELS

Path: TypeAlias = tuple[str | int, ...]  # below .Values
Schema: TypeAlias = dict[str, Any]
Kind: TypeAlias = Literal["number", "text", "image", "resources", "labels", "secrets"]

_HOST: Final = r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)+$"
_NAME: Final = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
_LABEL: Final = r"^(([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9])?$"
_LABEL_KEY: Final = r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]$"
_QUANTITY: Final = r"^[0-9]+(\.[0-9]+)?([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?$"
_REGISTRY: Final = r"^([a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?(:[0-9]+)?(/[a-z0-9]+(([._]|__|-+)[a-z0-9]+)*)*)?$"
_TAG: Final = r"^([A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?$"
_DIGEST: Final = r"^([a-z0-9]+:[0-9a-fA-F]{32,})?$"
_IMAGE: Final = r"^[a-zA-Z0-9]+([._:@/-]+[a-zA-Z0-9_]+)*$"

FLAG: Final[Schema] = {"type": "boolean"}
HOST: Final[Schema] = {"type": "string", "maxLength": 253, "pattern": _HOST}
IMAGE: Final[Schema] = {"type": "string", "pattern": _IMAGE}
LABELS: Final[Schema] = {
    "type": "object",
    "propertyNames": {"pattern": _LABEL_KEY, "not": {"enum": sorted(RESERVED_LABELS)}},
    "additionalProperties": {"type": "string", "pattern": _LABEL},
}
PERCENT: Final[Schema] = {"type": "integer", "minimum": 0, "maximum": 100}
REGISTRY: Final[Schema] = {"type": "string", "pattern": _REGISTRY}
SECRETS: Final[Schema] = {
    "type": "array",
    "uniqueItems": True,
    "items": {"type": "string", "maxLength": 253, "pattern": _NAME},
}
TAG: Final[Schema] = {"type": "string", "pattern": _TAG}
DIGEST: Final[Schema] = {"type": "string", "pattern": _DIGEST}
_QUANTITIES: Final[Schema] = {
    "type": "object",
    "additionalProperties": {"type": ["string", "integer"], "pattern": _QUANTITY, "minimum": 0},
}
RESOURCES: Final[Schema] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {"requests": _QUANTITIES, "limits": _QUANTITIES},
}


def number(minimum: int, *, optional: bool = False) -> Schema:
    """Return the schema of a whole number; optional: or null."""
    return {"type": ["integer", "null"] if optional else "integer", "minimum": minimum, "maximum": 2**31 - 1}


def hosts(count: int) -> Schema:
    """Return the schema of as many hosts as there are."""
    return {"type": "array", "items": HOST, "minItems": count, "maxItems": count}


class Value(NamedTuple):
    """A value of values.yaml. default: plain data."""

    path: tuple[str, ...]
    default: Any
    schema: Schema
    comment: str


class Reach(NamedTuple):
    """What stands behind a mark in rendered objects.

    path: of the value, or of the image that values name. placed: what stands in the objects. values: those of
    values.yaml that it comes from.
    """

    mark: int
    kind: Kind
    path: Path
    placed: Any
    values: tuple[Value, ...]

    @property
    def default(self) -> Any:
        """What is there when nobody changes a value."""
        return self.values[0].default


def tree(values: Iterable[Value]) -> dict[str, Any]:
    """Return values as nested mappings, with the values at the leaves."""
    found: dict[str, Any] = {}
    for each in values:
        node = found
        for key in each.path[:-1]:
            node = node.setdefault(key, {})
        node[each.path[-1]] = each
    return found


def defaults(node: Mapping[str, Any]) -> dict[str, Any]:
    """Return what values.yaml holds. node: of `tree`."""
    return {key: each.default if isinstance(each, Value) else defaults(each) for key, each in node.items()}
