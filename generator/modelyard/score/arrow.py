"""Columns of Arrow as cells, and scores as columns of Arrow: what Parquet files and streams of batches share."""

import base64
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

import pyarrow as pa

from modelyard.score.contract import Kind
from modelyard.score.typed import value

CELLS: Final = 1 << 17  # that are read at once
TYPES: Final[dict[Kind, Any]] = {
    "number": pa.float64(), "integer": pa.int64(), "boolean": pa.bool_(), "string": pa.string(), "json": pa.string(),
    "base64": pa.string(),
}  # fmt: skip


def cells(batch: Any, decimal: str, places: Sequence[int] | None = None) -> Iterator[list[str]]:
    """Yield the rows of a batch as a CSV file would have them; a missing cell is empty. places: of columns, or all."""
    chosen = batch.columns if places is None else [batch.column(place) for place in places]
    if not chosen:
        return ([] for _ in range(batch.num_rows))
    return map(list, zip(*(_texts(column, decimal) for column in chosen), strict=True))


def _texts(column: Any, decimal: str) -> list[str]:
    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_temporal(column.type) and not pa.types.is_interval(column.type):
        column = column.cast(pa.string())  # Python has no nanoseconds
    text = _text_of(column.type, decimal)
    return ["" if each is None else text(each) for each in column.to_pylist()]


def _text_of(kind: Any, decimal: str) -> Callable[[Any], str]:
    if pa.types.is_boolean(kind):
        return lambda each: "true" if each else "false"
    if pa.types.is_floating(kind):
        # NaN is what pandas has for a missing number.
        return lambda each: "" if each != each else repr(float(each)).replace(".", decimal)  # noqa: PLR0124
    if pa.types.is_decimal(kind):
        return lambda each: format(each, "f").replace(".", decimal)
    if pa.types.is_nested(kind):
        return lambda each: json.dumps(each, default=_plain)
    return _plain


def _plain(each: object) -> str:
    return base64.b64encode(each).decode("ascii") if isinstance(each, bytes) else str(each)


def columns(rows: Iterable[Sequence[str]], kinds: Sequence[Kind]) -> list[Any]:
    """Return the scores of rows as columns of the types that the model declares; an empty score is null."""
    found = zip(*rows, strict=True)
    return [
        pa.array([value(text, kind) for text in each], TYPES[kind]) for each, kind in zip(found, kinds, strict=True)
    ]


def texts(values: Sequence[str]) -> Any:
    """Return a column of texts, in which an empty one is null."""
    return pa.array([each or None for each in values], pa.string())


def joined(batch: Any, names: Sequence[str], added: Sequence[Any]) -> Any:
    """Return a batch with more columns behind its own, of which all are then called by `names`."""
    return pa.RecordBatch.from_arrays([*batch.columns, *added], names=list(names))
