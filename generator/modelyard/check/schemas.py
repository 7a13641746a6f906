"""Objects against the schemas of their kinds: those of Kubernetes, and those of custom resource definitions.

Origins, versions and licences: modelyard/schemas/index.json. The schemas are made by schemas/make.py and are strict:
what the API server would drop without a word is refused. Rules written in CEL are not in them.
"""

import gzip
import json
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

from modelyard.check.finding import Finding, Path
from modelyard.manifest import Manifest
from modelyard.names import nearest, one_of

if TYPE_CHECKING:
    from jsonschema_rs import ValidationError, Validator

_CRDS: Final = "crds"
_SHOWN: Final = 5  # words of an enumeration in a message
_LIMITS: Final = {
    "maximum": "is more than {limit}",
    "minimum": "is less than {limit}",
    "maxItems": "has more than {limit} items",
    "minItems": "has fewer than {limit} items",
    "maxLength": "has more than {limit} characters",
    "minLength": "has fewer than {limit} characters",
    "maxProperties": "has more than {limit} fields",
    "minProperties": "has fewer than {limit} fields",
    "uniqueItems": "has an item twice",
    "pattern": "does not have the form that is wanted",
    "multipleOf": "is no multiple of {multiple_of}",
}


def _index() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(_read("index.json"))
    return content


def _read(path: str) -> bytes:
    return (resources.files("modelyard") / "schemas").joinpath(*path.split("/")).read_bytes()


@cache
def _files(kubernetes: str) -> dict[str, str]:
    """Return `apiVersion kind` -> file of all kinds that there are schemas of."""
    sets = _index()["sets"]
    if kubernetes not in sets or kubernetes == _CRDS:
        raise ValueError(kubernetes)
    return {**sets[kubernetes], **sets[_CRDS]}


@cache
def versions() -> tuple[str, ...]:
    """Return the minor versions of Kubernetes that there are schemas of, the newest last."""
    return tuple(_index()["kubernetes"])


NEWEST: Final = "1.37"


@cache
def _validator(path: str) -> "Validator":
    # Here, because the exec plugin starts for each build, and most streams have a few kinds.
    import jsonschema_rs

    return jsonschema_rs.validator_for(json.loads(gzip.decompress(_read(path))))


def by_schema(manifests: Sequence[Manifest], kubernetes: str) -> list[Finding]:
    """Return what the schemas of a minor version of Kubernetes find. Raises ValueError if there are none for it."""
    files = _files(kubernetes)
    findings: list[Finding] = []
    for index, manifest in enumerate(manifests):
        path = files.get(f"{manifest.body['apiVersion']} {manifest.kind}")
        if path is None:
            message = f"there is no schema for {manifest.kind} of {manifest.body['apiVersion']}, so it is unchecked"
            hint = _other_version(manifest, files)
            findings.append(Finding("MY391", message, hint, index, ("kind",)))
        else:
            findings += _by_schema(index, manifest, path)
    return findings


def _by_schema(index: int, manifest: Manifest, path: str) -> Iterator[Finding]:
    try:
        if _validator(path).is_valid(manifest.body):
            return
        errors = list(_validator(path).iter_errors(manifest.body))
    except ValueError:
        hint = "write texts, numbers, true, false, lists and mappings with texts as keys"
        yield Finding("MY390", "the object holds a value that JSON cannot hold", hint, index, ())
        return
    for error in errors:
        where = tuple(error.instance_path)
        for at, message, hint in _words(where, error, path):
            yield Finding("MY390", message, hint, index, at)


def _words(path: Path, error: "ValidationError", file: str) -> Iterator[tuple[Path, str, str]]:
    """Yield path, message and hint; values stay out of them, for they may be credentials."""
    kind, field = error.kind.name, _field(path)
    details = error.kind.as_dict()
    match kind:
        case "additionalProperties":
            known = _known(error, file)
            for each in details["unexpected"]:
                meant = nearest(each, known)
                hint = (
                    f"did you mean {meant}?" if meant else "the API server drops it or refuses the object; take it out"
                )
                yield (*path, each), f"unknown field {each}", hint
        case "required":
            missing = details["property"]
            yield path, f"{field} lacks {missing}", f"add {missing}:"
        case "type":
            wanted = one_of(_article(each) for each in details["types"])
            given = _type(error.instance)
            hint = "put it between quotes" if "string" in details["types"] else f"write {wanted}"
            hint = (
                "take the quotes off" if given == "string" and hint.endswith(("integer", "number", "boolean")) else hint
            )
            yield path, f"{field} is {_article(given)}, not {wanted}", hint
        case "enum" | "const":
            options = details.get("options") or [details.get("expected_value")]
            words = [str(each) for each in options if each is not None]
            hint = f"write {one_of(words)}" if len(words) <= _SHOWN else f"write one of {', '.join(sorted(words))}"
            yield path, f"{field} has an unknown value", hint
        case _ if kind in _LIMITS:
            yield path, f"{field} {_LIMITS[kind].format(**details)}", "change it"
        case _:
            yield path, f"{field} is not what the schema wants", "compare it with the documentation of the kind"


def _known(error: "ValidationError", file: str) -> list[str]:
    """Return the fields that the schema knows at the place of an error."""
    node: Any = json.loads(gzip.decompress(_read(file)))
    for part in error.schema_path[:-1]:
        node = node[part]
    return list(node.get("properties", ()))


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


def _other_version(manifest: Manifest, files: dict[str, str]) -> str:
    """Return the hint for an object whose kind is known in other versions, or not at all."""
    versions_ = [name.split(" ")[0] for name in files if name.endswith(f" {manifest.kind}")]
    known = [each for each in versions_ if each.rpartition("/")[0] == manifest.group]
    return f"there are schemas for {', '.join(sorted(known))}" if known else "check it against its own definition"
