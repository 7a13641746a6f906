"""Schemas of OpenAPI, as Kubernetes and custom resource definitions have them, as JSON Schemas (draft 2020-12).

Fields that the API server would refuse or drop are refused; null is refused unless the field is nullable. Formats and
rules in CEL are left out. Source: structural schemas, kubernetes.io/docs/tasks/extend-kubernetes/custom-resources.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, TypeAlias

Schema: TypeAlias = dict[str, Any]

META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
_BRANCHES: Final = ("allOf", "anyOf", "oneOf")
_UNTYPED: Final = ("x-kubernetes-int-or-string", "x-kubernetes-preserve-unknown-fields")
_INT_OR_STRING: Final = ({"type": "integer"}, {"type": "string"})
_BOUNDS: Final = {"int32": 2**31, "int64": 2**63}
_KEPT: Final = (
    "enum",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "pattern",
    "uniqueItems",
)


def translate(
    node: Schema, *, crd: bool, closed: bool = True, outer: Mapping[str, object] = MappingProxyType({})
) -> Schema:
    """Return the JSON Schema of a node of OpenAPI. closed: unknown fields are refused, which branches must not do.

    outer: the defaults of fields that a branch's own node has: the API server looks at branches with these filled in.
    """
    if "$ref" in node:
        return {"$ref": f"#/$defs/{node['$ref'].rpartition('/')[2]}"}
    given = node.get("type", [])
    types = [each for each in ([given] if isinstance(given, str) else given) if each != "null"]
    either = bool(node.get("x-kubernetes-int-or-string"))
    types = ["integer", "string"] if either else types
    schema: Schema = {key: node[key] for key in _KEPT if key in node}
    filled = {
        **outer,
        **{key: each["default"] for key, each in node.get("properties", {}).items() if "default" in each},
    }
    for key in _BRANCHES:
        branches = node.get(key)
        if branches and not (either and tuple(branches) == _INT_OR_STRING):
            schema[key] = [translate(each, crd=crd, closed=False, outer=filled) for each in branches]
    if node.get("not"):
        schema["not"] = translate(node["not"], crd=crd, closed=False, outer=filled)
    if types == ["integer"] and (bound := _BOUNDS.get(node.get("format", ""))):
        schema["minimum"] = max(schema.get("minimum", -bound), -bound)
        schema["maximum"] = min(schema.get("maximum", bound - 1), bound - 1)
    if crd and node.get("x-kubernetes-list-type") == "set":
        schema["uniqueItems"] = True
    if "items" in node:
        schema["items"] = translate(node["items"], crd=crd, closed=closed)
    schema |= _fields(node, types, crd=crd, closed=closed)
    if lacking := {
        key for key, each in node.get("properties", {}).items() if key in outer and _excludes(each, outer[key])
    }:
        schema["required"] = sorted({*schema.get("required", ()), *lacking})
    if node.get("x-kubernetes-embedded-resource"):
        schema |= _embedded(schema)
    if node.get("nullable") and types:
        types = ["null", *types]
        if "enum" in schema:
            schema["enum"] = [*schema["enum"], None]
    return schema | ({"type": types[0] if len(types) == 1 else types} if types else {})


def _excludes(node: Schema, default: object) -> bool:
    """Tell whether a field that is absent, and so has its default, is not as a branch wants it."""
    if default in (node.get("not") or {}).get("enum", ()):
        return True
    return "enum" in node and default not in node["enum"]


def _fields(node: Schema, types: list[str], *, crd: bool, closed: bool) -> Schema:
    """Return what a node says of its fields: which there are, which are needed, and whether there may be others."""
    fields: Schema = node.get("properties", {})
    translated = {key: translate(each, crd=crd, closed=closed) for key, each in fields.items()}
    schema: Schema = {"properties": translated} if translated else {}
    # A default is filled in before the API server looks at what is required.
    if needed := sorted(key for key in node.get("required", ()) if "default" not in fields.get(key, {})):
        schema["required"] = needed
    others = node.get("additionalProperties")
    if isinstance(others, dict):
        schema["additionalProperties"] = translate(others, crd=crd, closed=closed)
    elif others is None and closed and types == ["object"] and (translated or crd):
        schema |= {} if node.get("x-kubernetes-preserve-unknown-fields") else {"additionalProperties": False}
    return schema


def _embedded(schema: Schema) -> Schema:
    """Return what every object inside an object has besides."""
    own = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"$ref": f"#/$defs/{META}"}}
    needed = sorted({*schema.get("required", ()), "apiVersion", "kind"})
    return {"properties": {**own, **schema.get("properties", {})}, "required": needed}


def whole(schema: Schema, api_version: str, kind: str) -> Schema:
    """Return the schema of a whole object: what every object has, and no status, which the cluster writes.

    It refers to the definition of META, which the caller adds.
    """
    metadata = {"$ref": f"#/$defs/{META}", "anyOf": [{"required": ["name"]}, {"required": ["generateName"]}]}
    head = {"apiVersion": {"const": api_version}, "kind": {"const": kind}, "metadata": metadata}
    fields = {**schema.get("properties", {}), **head, "status": {"type": "object"}}
    needed = sorted({*schema.get("required", ()), *head} - {"status"})
    return {**schema, "properties": fields, "required": needed, "additionalProperties": False}


def of_version(node: Schema, api_version: str, kind: str) -> Schema:
    """Return the schema of a whole object of a custom resource definition's version, by its openAPIV3Schema."""
    fields = {key: each for key, each in node.get("properties", {}).items() if key != "status"}
    return whole(translate({**node, "properties": fields}, crd=True), api_version, kind)


def not_structural(
    node: object, path: tuple[str | int, ...] = (), *, typed: bool = True
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield where a definition's schema is not structural, which the API server refuses, and why.

    typed: a node has a type, which those of branches need not have.
    """
    if not isinstance(node, dict):
        yield path, "the schema of a field is not a mapping"
        return
    if "$ref" in node:
        yield (*path, "$ref"), "a definition refers to no other: $ref"
    if typed and not any(node.get(key) for key in ("type", *_UNTYPED)):
        yield path, "the schema of a field has no type"
    for key, each in (node.get("properties") or {}).items():
        yield from not_structural(each, (*path, "properties", key), typed=typed)
    for key in ("items", "additionalProperties", "not"):
        if key in node and not (key == "additionalProperties" and isinstance(node[key], bool)):
            yield from not_structural(node[key], (*path, key), typed=typed and key != "not")
    for key in _BRANCHES:
        for i, each in enumerate(node.get(key) or ()):
            yield from not_structural(each, (*path, key, i), typed=False)
