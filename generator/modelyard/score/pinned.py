"""What a running model has said of itself, as a lock pins it; and what a lock has pinned, as scoring takes it."""

from typing import Final

from modelyard.models import contract as pinned
from modelyard.models.contract import Column, ColumnType
from modelyard.score.contract import Contract, Input, Kind, of_sizes
from modelyard.score.options import Runtime
from modelyard.targets.workloads.contracts.named import named
from modelyard.targets.workloads.contracts.tensors import typed

ORIGIN: Final = "the running model"
_KINDS: Final[dict[ColumnType, Kind]] = {"number": "number", "integer": "integer", "boolean": "boolean"}
_TYPES: Final[dict[str, ColumnType]] = {
    "number": "number", "integer": "integer", "boolean": "boolean", "string": "string", "base64": "string",
    "json": "any", "array": "array", "object": "object",
}  # fmt: skip


def pin(found: Contract) -> pinned.Contract:
    """Return what a lock has of a model that has described itself. Raises NoContract."""
    inputs = {each.name: _column(each, found.runtime) for each in found.inputs}
    outputs = {each.name: _column(each, found.runtime) for each in found.gives}
    return named(ORIGIN, inputs, outputs, signature=found.signature)


def _column(each: Input, runtime: Runtime) -> Column:
    if runtime == "tensorflow":
        kind, form = typed(each.declared)
        form = "byte" if each.kind == "base64" else form
        shape = None if each.shape is None else [max(size, -1) for size in each.shape]
        return Column(type=kind, format=form, required=each.required, shape=shape)
    kind = _TYPES.get(each.declared, _TYPES[each.kind])
    return Column(type=kind, required=each.required, nullable=True, maxLength=each.max_length)


def for_scoring(locked: pinned.Contract, runtime: str) -> Contract:
    """Return a pinned contract as scoring takes it. runtime: of the model; what is custom takes values as SAS' do."""
    inputs = tuple(_input(name, each) for name, each in locked.inputs.items())
    gives = tuple(_input(name, each) for name, each in locked.outputs.items())
    known: Runtime = "tensorflow" if runtime == "tensorflow" else "pcr" if runtime == "pcr" else "scr"
    names, kinds = tuple(locked.outputs), tuple(each.kind for each in gives)
    return Contract(known, inputs, names, kinds, locked.signature or "", gives)


def _input(name: str, column: Column) -> Input:
    text: Kind = "base64" if column.format == "byte" and column.shape is not None else "string"
    kind = text if column.type == "string" else _KINDS.get(column.type, "json")
    if column.shape is not None:
        return of_sizes(name, kind, column.shape[1:])
    return Input(name, kind, column.required, column.maxLength)
