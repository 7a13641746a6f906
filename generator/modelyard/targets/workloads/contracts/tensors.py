"""Types of tensors as a contract has them: of TensorFlow (tensorflow, core/framework/types.proto) and of NumPy."""

from collections.abc import Sequence
from typing import Final

from modelyard.models.contract import Column, ColumnType

BYTES: Final = "_bytes"  # ends the name of a tensor whose values are bytes (tensorflow/serving, g3doc/api_rest.md)
Typed = tuple[ColumnType, str | None]  # with its format
_WIDTHS: Final = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
_TYPES: Final[dict[str, Typed]] = {
    "float": ("number", "float"), "float32": ("number", "float"),
    "double": ("number", "double"), "float64": ("number", "double"),
    "half": ("number", None), "float16": ("number", None), "bfloat16": ("number", None),
    "bool": ("boolean", None), "string": ("string", None), "str": ("string", None), "object": ("any", None),
}  # fmt: skip


def typed(dtype: str) -> Typed:
    """Return type and format of a tensor's values, such as DT_FLOAT or float32; any of what JSON has no word for."""
    name = dtype.removeprefix("DT_").removesuffix("_REF").lower()
    if name in _WIDTHS:
        return "integer", name
    if name.startswith(("<u", "|s", "bytes")):  # NumPy's texts of a fixed length
        return "string", None
    return _TYPES.get(name, ("any", None))


def column(name: str, dtype: str, shape: Sequence[int] | None, *, required: bool = True) -> Column:
    """Return the column of a tensor. shape: rows first; None if not even the number of dimensions is known."""
    kind, form = typed(dtype)
    form = "byte" if kind == "string" and name.endswith(BYTES) else form
    return Column(type=kind, format=form, required=required, shape=None if shape is None else list(shape))
