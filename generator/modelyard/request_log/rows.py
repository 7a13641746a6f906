"""A call as rows of the log: what went in and what came out, for each row that was scored.

Bodies have the forms of SAS Container Runtime, SAS Python Container Runtime and TensorFlow Serving, or are a list of
objects, or one object. A body that is none of these gives one row without inputs, or without outputs. PostgreSQL's
jsonb takes neither NaN nor U+0000: they are written as texts and as U+FFFD.
"""

import csv
import gzip
import io
import json
import math
import re
import zlib
from typing import Any, Final, NamedTuple

from modelyard.request_log.columns import Columns
from modelyard.request_log.records import Record

MAX_ROWS: Final = 100_000  # of a call
MAX_BODY: Final = 16 << 20  # bytes, when it is no longer packed
_BAD: Final = re.compile("[\x00\ud800-\udfff]")
_ENCODE: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


class Row(NamedTuple):
    """A scored row. key: what outcomes are joined by. score: the output that is measured, where it is a number."""

    id: str
    row: int
    at: int
    key: str
    path: str
    status: int
    latency: int
    inputs: str | None
    outputs: str | None
    score: float | None


class NotRead(Exception):  # noqa: N818 - a finding about a body
    """A body of no form that is known. It has no text: a body's content stands in no message."""


def rows(record: Record, columns: Columns, key: str | None, score: str | None) -> tuple[list[Row], int]:
    """Return the rows of a call, and how many of its two bodies could not be read. key, score: names of columns."""
    unread = 0
    inputs: list[object] = []
    outputs: list[object] = []
    try:
        inputs = _inputs(_body(record.inputs, record.input_encoding), record.input_type)
    except NotRead:
        unread += 1
    if 200 <= record.status < 300:
        try:
            outputs = _outputs(_body(record.outputs, record.output_encoding))
        except NotRead:
            unread += 1
    count = max(len(inputs), 1)
    if len(outputs) > count and not inputs:
        count = len(outputs)
    elif outputs and len(outputs) != count:
        outputs = [outputs]  # no row of its own for each: they stand whole in the first
    return [_row(record, i, inputs, outputs, columns, (key, score)) for i in range(count)], unread


def _row(
    record: Record,
    i: int,
    inputs: list[object],
    outputs: list[object],
    columns: Columns,
    names: tuple[str | None, str | None],
) -> Row:
    given = inputs[i] if i < len(inputs) else None
    came = outputs[i] if i < len(outputs) else None
    known = columns.of(given, names[0]) if names[0] else None
    return Row(
        record.id,
        i,
        record.at,
        known or (record.id if i == 0 else f"{record.id}/{i}"),
        record.path,
        record.status,
        record.latency,
        _json(columns.kept(given)),
        _json(columns.kept(came, outer=True)),
        _number(came, names[1]),
    )


def _json(value: object) -> str | None:
    if value is None:
        return None
    try:
        return _ENCODE(value)
    except ValueError:
        return _ENCODE(_sound(value))


def _sound(value: object) -> object:
    """Return a value as jsonb takes it."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, str):
        return _BAD.sub("\ufffd", value)
    if isinstance(value, list):
        return [_sound(each) for each in value]
    if isinstance(value, dict):
        return {_BAD.sub("\ufffd", key): _sound(each) for key, each in value.items()}
    return value


def _number(row: object, name: str | None) -> float | None:
    """Return the measured output as a number."""
    value = row.get(name) if isinstance(row, dict) and name else row if name else None
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def _body(content: bytes, encoding: str) -> bytes:
    """Return a body that is no longer packed. Raises NotRead."""
    if encoding in ("", "identity"):
        return content
    try:
        if encoding in ("gzip", "x-gzip"):
            with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
                plain = file.read(MAX_BODY + 1)
        elif encoding == "deflate":
            plain = zlib.decompressobj().decompress(content, MAX_BODY + 1)
        else:
            raise NotRead
    except (OSError, EOFError, zlib.error):
        raise NotRead from None
    if len(plain) > MAX_BODY:
        raise NotRead
    return plain


def _parsed(content: bytes) -> Any:
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        raise NotRead from None
    if b"\\u" in content or b"NaN" in content or b"Infinity" in content or b"e" in content or b"E" in content:
        try:
            return _sound(value)
        except RecursionError:
            raise NotRead from None
    return value


def _inputs(content: bytes, content_type: str) -> list[object]:
    """Return the rows of a body that was sent."""
    if content_type == "text/csv":
        return _csv(content)
    return _bounded(_of_inputs(_parsed(content)))


def _bounded(found: list[object]) -> list[object]:
    if len(found) > MAX_ROWS:
        raise NotRead
    return found


def _of_inputs(body: Any) -> list[object]:
    if not isinstance(body, dict):
        return body if isinstance(body, list) else [body]
    for name in ("instances", "examples"):
        if isinstance(body.get(name), list):
            return list(body[name])
    if "data" in body:
        return _data(body["data"])
    if "inputs" in body:
        return _named(body["inputs"])
    return [body]


def _outputs(content: bytes) -> list[object]:
    """Return the rows of an answer."""
    body = _parsed(content)
    if not isinstance(body, dict):
        return _bounded(body if isinstance(body, list) else [body])
    for name in ("predictions", "results"):
        if isinstance(body.get(name), list):
            return _bounded(list(body[name]))
    if "data" in body and body["data"] is not None:
        return _bounded(_data(body["data"]))
    if "outputs" in body:
        return _bounded(_named(body["outputs"]))
    return [body]


def _data(data: Any) -> list[object]:
    """Return the rows of `data`: of SCR one object, of PCR columns or a list of objects."""
    if isinstance(data, list):
        return list(data)
    return _columns(data) if isinstance(data, dict) else [data]


def _columns(data: dict[str, Any]) -> list[object]:
    lengths = {len(each) if isinstance(each, list) else -1 for each in data.values()}
    if len(lengths) != 1 or -1 in lengths:
        return [data]
    return [dict(zip(data, values, strict=True)) for values in zip(*data.values(), strict=True)]


def _named(given: Any) -> list[object]:
    """Return the rows of `inputs` or `outputs`: of SCR a list of names with values, of TensorFlow Serving columns."""
    if isinstance(given, dict):
        return _columns(given)
    if not isinstance(given, list):
        return [given]
    if given and all(isinstance(each, dict) and isinstance(each.get("name"), str) for each in given):
        return [{each["name"]: each.get("value") for each in given}]
    return list(given)


def _csv(content: bytes) -> list[object]:
    """Return the rows of CSV with a header, as SAS Python Container Runtime takes it."""
    try:
        lines = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
        header = next(lines, [])
        return _bounded([dict(zip(header, each, strict=True)) for each in lines if each])
    except (ValueError, csv.Error):
        raise NotRead from None
