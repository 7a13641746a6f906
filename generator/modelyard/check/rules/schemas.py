"""Objects against the schemas of their kinds. Rules written in CEL are not in them. Origins: those of `kinds`."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from modelyard.check.finding import Cluster, Finding, Path, mapping
from modelyard.check.pods import KNATIVE, KNATIVE_FLAGS, pod_templates
from modelyard.check.schemas.kinds import Definition, Kinds
from modelyard.check.schemas.lives import is_gone
from modelyard.check.schemas.openapi import Schema
from modelyard.files.yaml.scalars import INTEGER, core
from modelyard.manifests.manifest import Manifest
from modelyard.manifests.names import nearest, one_of
from modelyard.problems import MAX_FINDINGS
from modelyard.problems.patterns import pattern

if TYPE_CHECKING:
    from jsonschema_rs import ValidationError

_SHOWN: Final = 5  # words of an enumeration in a message
_OCTAL: Final = pattern("0[oO]?([0-7]{1,4})")
_LIMITS: Final = {
    "maximum": "is more than {limit}",
    "minimum": "is less than {limit}",
    "maxItems": "has more than {limit} items",
    "minItems": "has fewer than {limit} items",
    "maxLength": "has more than {limit} characters",
    "minLength": "has fewer than {limit} characters",
    "maxProperties": "has more than {limit} fields",
    "minProperties": "has fewer than {limit} fields",
    "uniqueItems": "has a duplicate item",
    "pattern": "does not have the required form",
    "multipleOf": "is not a multiple of {multiple_of}",
}


def by_schema(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Return what the schemas of the cluster's kinds find."""
    for index, manifest in enumerate(manifests):
        definition = cluster.kinds.find(manifest.body["apiVersion"], manifest.kind)
        if definition is None and is_gone(manifest.body["apiVersion"], manifest.kind, cluster.kinds.minor):
            continue  # another rule says so
        if definition is None:
            message = f"there is no schema for {manifest.kind} of {manifest.body['apiVersion']}, so it is unchecked"
            yield Finding("MY391", message, _hint(manifest, cluster.kinds), index, ("kind",))
        else:
            yield from _by_schema(index, manifest, definition)
            if manifest.group == KNATIVE:
                yield from _behind_features(index, manifest, cluster)


def _behind_features(index: int, manifest: Manifest, cluster: Cluster) -> Iterator[Finding]:
    """Find fields behind features that are not as a pod has them: Knative's definition leaves them open.

    Its webhook reads them into Kubernetes' own types.
    """
    definition = cluster.kinds.find("v1", "Pod")
    for template in pod_templates(manifest) if definition else ():
        spec = {key: value for key, value in template.spec.items() if key in KNATIVE_FLAGS}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {**spec, "containers": []}}
        for each in _by_schema(index, Manifest(pod, ""), definition) if spec and definition else ():
            yield each._replace(path=(*template.spec_path, *each.path[1:]))


def _by_schema(index: int, manifest: Manifest, definition: Definition) -> Iterator[Finding]:
    try:
        validator = definition.validator
    except ValueError as wrong:  # of a definition in a cluster; those of files are tried when they are read
        message = f"the schema for {manifest.kind} of {manifest.body['apiVersion']} cannot be used, so it is unchecked"
        yield Finding("MY391", message, str(wrong), index, ("kind",))
        return
    try:
        if validator.is_valid(manifest.body):
            return
        errors = list(islice(validator.iter_errors(manifest.body), MAX_FINDINGS + 1))
    except ValueError:
        hint = "write strings, numbers, true, false, lists and mappings with strings as keys"
        yield Finding("MY390", "the object holds a value that JSON cannot hold", hint, index, ())
        return
    for error in errors:
        where = tuple(error.instance_path)
        for at, message, hint in _words(where, error, definition.schema):
            yield Finding("MY390", message, hint, index, at)


def _words(path: Path, error: "ValidationError", schema: Schema) -> Iterator[tuple[Path, str, str]]:
    """Yield path, message and hint; values stay out of them, for they may be credentials."""
    kind, field = error.kind.name, _field(path)
    details = error.kind.as_dict()
    match kind:
        case "additionalProperties":
            known = _known(error, schema)
            for each in details["unexpected"]:
                meant = nearest(each, known)
                hint = (
                    f"did you mean {meant}?" if meant else "the API server drops it or refuses the object; take it out"
                )
                yield (*path, each), f"unknown field {each}", hint
        case "required":
            missing = details["property"]
            if _may_be_null(error, schema, missing):
                return  # it may have been given as null, which was taken out
            yield path, f"{field} lacks {missing}", f"add {missing}:"
        case "type":
            types = details["types"]
            wanted = one_of(_article(each) for each in types)
            given = _type(error.instance)
            hint = _spelling(path, error.instance, types) or f"write {wanted}"
            yield path, f"{field} is {_article(given)}, not {wanted}", hint
        case "enum" | "const":
            options = details.get("options") or [details.get("expected_value")]
            words = [str(each) for each in options if each is not None]
            hint = f"write {one_of(words)}" if len(words) <= _SHOWN else f"write one of {', '.join(sorted(words))}"
            yield path, f"{field} has an unknown value", hint
        case "anyOf" | "oneOf" if details.get("context"):
            yield _closest(path, details["context"])
        case "not":
            yield path, f"{field} has a value that is not allowed here", _forbidden(details.get("schema"))
        case _ if kind in _LIMITS:
            yield path, f"{field} {_LIMITS[kind].format(**details)}", "change it"
        case _:
            yield path, f"{field} is not what the schema wants", "compare it with the documentation of the kind"


def _closest(path: Path, branches: Sequence[Sequence["ValidationError"]]) -> tuple[Path, str, str]:
    """Say what the form that comes closest lacks, of several of which one is wanted."""
    lacking = [branch[0].kind.as_dict()["property"] for branch in branches if _is_required(branch)]
    if len(lacking) == len(branches):
        return path, f"{_field(path)} has no {one_of(lacking)}", "add one of them"
    if not all(branches):
        return path, f"{_field(path)} has two forms that exclude each other", "keep what belongs to one of them"
    nearest_ = min(branches, key=len)
    for error in nearest_:
        where, kind, details = tuple(error.instance_path), error.kind.name, error.kind.as_dict()
        if kind == "required":
            return where, f"{_field(where)} lacks {details['property']}", f"add {details['property']}:"
        if kind in ("anyOf", "oneOf") and details.get("context"):
            return _closest(where, details["context"])
        if kind in _LIMITS:
            return where, f"{_field(where)} {_LIMITS[kind].format(**details)}", "change it"
        if kind == "type":
            wanted = one_of(_article(each) for each in details["types"])
            return where, f"{_field(where)} is not {wanted}", f"write {wanted}"
        if kind in ("enum", "const"):
            options = details.get("options") or [details.get("expected_value")]
            return where, f"{_field(where)} has an unknown value", f"write {one_of(map(str, options))}"
    return path, f"{_field(path)} has none of the forms that are allowed", "compare it with the kind's documentation"


def _is_required(branch: Sequence["ValidationError"]) -> bool:
    return len(branch) == 1 and branch[0].kind.name == "required"


def _forbidden(schema: object) -> str:
    words = mapping(schema)
    if words.get("required"):
        return f"take {one_of(words['required'])} out"
    if words.get("enum"):
        return f"write another than {one_of(map(str, words['enum']))}"
    return "compare it with the documentation of the kind"


def _spelling(path: Path, value: object, types: Sequence[str]) -> str:
    """Return what to write in place of a value of another type, if that is sure; the value is only shown as a mode."""
    if "string" in types:
        return "put it between quotes" if isinstance(value, bool | int | float) else ""
    if not isinstance(value, str):
        return ""
    if path[-1:] in (("mode",), ("defaultMode",)) and (octal := _OCTAL.fullmatch(value)):
        return f"write {int(octal[1], 8)}, which is 0{octal[1]} in octal"
    plain = core(value, yaml_1_1=False) if value else None
    is_plain = (
        ("boolean" in types and isinstance(plain, bool))
        or ("integer" in types and INTEGER.fullmatch(value))
        or ("number" in types and isinstance(plain, int | float) and not isinstance(plain, bool))
    )
    return "take the quotes off" if is_plain else ""


def _known(error: "ValidationError", schema: Schema) -> list[str]:
    """Return the fields that the schema knows at the place of an error."""
    node: Any = schema
    for part in error.schema_path[:-1]:
        node = node[part]
    return list(node.get("properties", ()))


def _may_be_null(error: "ValidationError", schema: Schema, field: str) -> bool:
    node: Any = schema
    for part in error.schema_path[:-1]:
        node = node[part]
    return "null" in mapping(mapping(node.get("properties")).get(field)).get("type", ())


def _field(path: Path) -> str:
    words = [str(part) for part in path if isinstance(part, str)]
    return words[-1] if words else "the object"


def _article(type_: str) -> str:
    words = {"string": "a text", "object": "a mapping", "array": "a list", "integer": "an integer", "null": "nothing"}
    return words.get(type_, f"a {type_}")


def _type(value: object) -> str:
    if value is None:
        return "null"
    names: tuple[tuple[type, str], ...] = (
        (bool, "boolean"),
        (str, "string"),
        (int, "integer"),
        (float, "number"),
        (list, "array"),
    )
    return next((name for each, name in names if isinstance(value, each)), "object")


def _hint(manifest: Manifest, kinds: Kinds) -> str:
    """Return the hint for an object whose kind is known in other versions, or not at all."""
    known = kinds.versions_of(manifest.group, manifest.kind)
    return f"there are schemas for {', '.join(known)}" if known else "name its definition: --crds FILE"
