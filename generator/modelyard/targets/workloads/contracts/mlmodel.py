"""The contract of a model that MLflow has saved: the signature in its file MLmodel.

Source: mlflow/mlflow 3.17.2, mlflow/types/schema.py (ColSpec, TensorSpec, and their JSON), mlflow/models/signature.py;
of missing values mlflow/models/utils.py, _enforce_mlflow_datatype: whole numbers and truth values have none.
"""

import json
from typing import Any, Final

from modelyard.files.yaml import Sources
from modelyard.files.yaml.stream import read_all
from modelyard.models.contract import Column, Contract
from modelyard.targets.workloads.contracts.named import NoContract, named
from modelyard.targets.workloads.contracts.tensors import Typed, column

FILE: Final = "MLmodel"
_TYPES: Final[dict[str, Typed]] = {
    "boolean": ("boolean", None), "integer": ("integer", "int32"), "long": ("integer", "int64"),
    "float": ("number", "float"), "double": ("number", "double"), "string": ("string", None),
    "binary": ("string", "byte"), "datetime": ("string", "date-time-local"), "array": ("array", None),
    "object": ("object", None), "map": ("object", None),
}  # fmt: skip
_MISSING: Final = frozenset(["float", "double", "string", "datetime"])
_DEEP: Final = 16  # lists and objects in one another


def read(content: bytes) -> Contract:
    """Return what a file MLmodel says. Raises NoContract."""
    documents = read_all(content, Sources(), FILE)
    data = documents[0].data if len(documents) == 1 and not documents[0].problems else None
    if not isinstance(data, dict):
        raise NoContract(f"{FILE} is not the YAML that MLflow writes")
    signature = data.get("signature")
    if not isinstance(signature, dict):
        raise NoContract(f"{FILE} has no signature; log the model with one, or with an input_example")
    return named(FILE, *(_columns(signature, what) for what in ("inputs", "outputs")))


def _columns(signature: dict[str, Any], what: str) -> dict[str, Column]:
    try:
        entries = json.loads(signature.get(what) or "[]")
    except (ValueError, TypeError, RecursionError):
        raise NoContract(f"{FILE} has {what} that are not JSON") from None
    if not isinstance(entries, list) or not all(isinstance(each, dict) for each in entries):
        raise NoContract(f"{FILE} has {what} that are not a list of columns")
    if [each.get("name", each.get("type")) for each in entries] == ["any"]:
        raise NoContract(f"{FILE} has a signature that takes anything; log the model with an input_example")
    return {_name(each, i): _column(each, 0, is_input=what == "inputs") for i, each in enumerate(entries)}


def _name(entry: dict[str, Any], place: int) -> str:
    """Return the name of a column; of one without, its place from 0, as MLflow counts them."""
    name = entry.get("name")
    return str(place) if name is None else str(name)


def _column(entry: dict[str, Any], depth: int, *, is_input: bool) -> Column:
    kind = str(entry.get("type"))
    required = entry.get("required", True) is not False
    if depth > _DEEP:
        raise NoContract(f"{FILE} has columns that are too deep")
    if kind == "tensor":
        return _tensor(entry.get("tensor-spec"), str(entry.get("name") or ""))
    if kind == "sparkml vector":
        return Column(type="array", required=required, items=Column(type="number", format="double"))
    json_type, form = _TYPES.get(kind, ("any", None))
    inner = entry.get("items") if kind == "array" else entry.get("values") if kind == "map" else None
    fields = entry.get("properties") if kind == "object" else None
    return Column(
        type=json_type,
        format=form,
        required=required,
        nullable=is_input and kind in _MISSING,
        items=_column(inner, depth + 1, is_input=is_input) if isinstance(inner, dict) else None,
        properties={
            str(name): _column(each, depth + 1, is_input=is_input)
            for name, each in fields.items()
            if isinstance(each, dict)
        }
        if isinstance(fields, dict)
        else None,
    )


def _tensor(spec: object, name: str) -> Column:
    shape = spec.get("shape") if isinstance(spec, dict) else None
    if not isinstance(spec, dict) or not isinstance(shape, list) or not all(type(each) is int for each in shape):
        raise NoContract(f"{FILE} has a tensor without a shape")
    return column(name, str(spec.get("dtype")), [max(each, -1) for each in shape])
