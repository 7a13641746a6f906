"""What a model says about itself: its runtime, inputs and outputs.

SAS Container Runtime: OpenAPI 3 (sassoftware/sas-score-mcp-serverjs, src/toolHelpers/_scrDescribe.js). SAS Python
Container Runtime: Swagger 2 (its Flask application, 2021). TensorFlow Serving: model metadata (tensorflow/serving,
g3doc/api_rest.md).
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from modelyard.manifests.names import SERVING_DEFAULT, TENSORFLOW_PATH, one_of
from modelyard.score.options import Runtime

Kind = Literal["number", "integer", "boolean", "string", "json", "base64"]
BYTES: Final = "_bytes"  # ends the name of a tensor whose values are bytes (g3doc/api_rest.md)
_KINDS: Final[dict[str, Kind]] = {
    "number": "number", "double": "number", "float": "number", "decimal": "number",
    "integer": "integer", "int": "integer", "long": "integer",
    "boolean": "boolean", "string": "string", "array": "json", "object": "json",
}  # fmt: skip
_SIZE: Final = re.compile(r"-?[0-9]{1,19}")
_MAX_DEPTH: Final = 16  # references that point to references


@dataclass(frozen=True, slots=True)
class Input:
    """One input. max_length: characters of a text; width: of a tensor with a fixed length, 0 for a single value.

    declared: the type as the description has it; shape: of a tensor, rows first, None where it is not known.
    """

    name: str
    kind: Kind
    required: bool = True
    max_length: int | None = None
    width: int = 0
    declared: str = ""
    shape: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Contract:
    """What a model takes and gives. kinds: of the outputs. signature: of a SavedModel, where it is not the default.

    gives: the outputs in full, where the model itself has said them.
    """

    runtime: Runtime
    inputs: tuple[Input, ...]
    outputs: tuple[str, ...]
    kinds: tuple[Kind, ...]
    signature: str = ""
    gives: tuple[Input, ...] = ()


class NotUnderstood(Exception):  # noqa: N818 - a finding about the server, reported as MY803
    """A description that says no inputs or outputs; the text says what is missing."""


def document_path(path: str) -> str:
    """Return where a model at this path describes itself."""
    return f"{path}/metadata" if TENSORFLOW_PATH in path else f"{path}/apiMeta/api"


def read(content: bytes, signature: str = "") -> Contract:
    """Read a description. signature: of a SavedModel, the default one if empty. Raises NotUnderstood."""
    try:
        document = json.loads(content)
        json.dumps(document, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise NotUnderstood("it holds half of a surrogate pair, which is not valid text") from None
    except (ValueError, RecursionError):
        raise NotUnderstood("it is not JSON") from None
    if not isinstance(document, dict):
        raise NotUnderstood("it is not a JSON object")
    if "model_spec" in document:
        return _tensorflow(document, signature)
    if "swagger" in document or "definitions" in document:
        return _open_api(document, "pcr", document.get("definitions"))
    components = document.get("components")
    return _open_api(document, "scr", components.get("schemas") if isinstance(components, dict) else None)


def _open_api(document: dict[str, Any], runtime: Runtime, schemas: object) -> Contract:
    prefix = runtime.upper()
    found = _properties(document, schemas, f"{prefix}Input")
    required = found[1]
    inputs = tuple(_input(name, each, runtime, required) for name, each in found[0])
    outputs = [_input(name, each, runtime, None) for name, each in _properties(document, schemas, f"{prefix}Output")[0]]
    return _sound(runtime, inputs, outputs)


def _sound(runtime: Runtime, inputs: tuple[Input, ...], outputs: list[Input]) -> Contract:
    if not inputs or not outputs:
        raise NotUnderstood(f"it names no {'outputs' if inputs else 'inputs'}")
    names, kinds = tuple(each.name for each in outputs), tuple(each.kind for each in outputs)
    return Contract(runtime, inputs, names, kinds, gives=tuple(outputs))


def _properties(
    document: dict[str, Any], schemas: object, name: str
) -> tuple[list[tuple[str, Mapping[str, Any]]], set[str] | None]:
    """Return the properties of `data` in a schema, and which of them are required, None if it does not say."""
    schema = _mapping(schemas).get(name)
    if schema is None:
        raise NotUnderstood(f"it has no {name}")
    data = _resolved(document, _mapping(_resolved(document, schema).get("properties")).get("data"))
    if data.get("type") == "array":  # records
        data = _resolved(document, data.get("items"))
    entries = [(key, _resolved(document, each)) for key, each in _mapping(data.get("properties")).items()]
    required = data.get("required")
    return entries, {each for each in required if isinstance(each, str)} if isinstance(required, list) else None


def _resolved(document: dict[str, Any], schema: object) -> Mapping[str, Any]:
    """Follow references inside the document; what cannot be followed is empty."""
    for _ in range(_MAX_DEPTH):
        reference = _mapping(schema).get("$ref")
        if not isinstance(reference, str):
            return _mapping(schema)
        schema = document
        for part in reference.removeprefix("#/").split("/"):
            schema = _mapping(schema).get(part)
    return {}


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _input(name: str, schema: Mapping[str, Any], runtime: Runtime, required: set[str] | None) -> Input:
    if runtime == "pcr" and schema.get("type") == "array":  # a column of values
        schema = _mapping(schema.get("items"))
    declared = str(schema.get("type", "string")).lower()
    length = schema.get("maxLength")
    return Input(
        name,
        _KINDS.get(declared, "string"),
        required is None or name in required,
        length if isinstance(length, int) and length > 0 else None,
        declared=declared,
    )


def _tensorflow(document: dict[str, Any], wanted: str) -> Contract:
    metadata = _mapping(_mapping(document.get("metadata")).get("signature_def"))
    signatures = _mapping(metadata.get("signature_def"))
    if wanted and wanted not in signatures:
        known = [name for name in signatures if not name.startswith("__")]
        raise NotUnderstood(f"it has no signature {wanted}; it has {one_of(known) if known else 'none'}")
    signature = _mapping(signatures.get(wanted or SERVING_DEFAULT))
    inputs = tuple(_tensors(_mapping(signature.get("inputs"))))
    found = _sound("tensorflow", inputs, [*_tensors(_mapping(signature.get("outputs")))])
    return replace(found, signature=wanted) if wanted != SERVING_DEFAULT else found


def _tensors(tensors: dict[str, Any]) -> Iterator[Input]:
    for name, tensor in sorted(tensors.items()):
        dtype = str(_mapping(tensor).get("dtype", ""))
        kind: Kind = "number"
        if dtype.startswith(("DT_INT", "DT_UINT")):
            kind = "integer"
        elif dtype in ("DT_STRING", "DT_BOOL"):
            kind = "boolean" if dtype == "DT_BOOL" else "base64" if name.endswith(BYTES) else "string"
        dimensions = _mapping(_mapping(tensor).get("tensor_shape")).get("dim")
        sizes = [_mapping(each).get("size") for each in dimensions] if isinstance(dimensions, list) else []
        inner = [_size(size, name) for size in sizes[1:] if size is not None]
        rows = [_size(size, name) for size in sizes[:1] if size is not None]
        yield replace(of_sizes(name, kind, inner), declared=dtype, shape=(*rows, *inner) if sizes else None)


def of_sizes(name: str, kind: Kind, inner: Sequence[int]) -> Input:
    """Return the input of a tensor. inner: sizes of what one row has."""
    if len(inner) > 1:
        return Input(name, "json")
    if inner and inner[0] != 1:
        return Input(name, "json", width=max(inner[0], 0))
    return Input(name, kind, width=len(inner))


def _size(value: object, name: str) -> int:
    """Return a size, which TensorFlow Serving writes as text (64 bits; protobuf's JSON mapping)."""
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if not _SIZE.fullmatch(text):
        raise NotUnderstood(f"the input {name} has a dimension of no size")
    return int(text)
