"""Bodies of SageMaker's /invocations, as bodies of TensorFlow Serving's REST API.

What is taken is what SageMaker's own container takes: rows of CSV without a header; JSON that has `instances`, `inputs`
or `examples` already; any other JSON as one instance, or as several where it is a list of lists; and several values of
JSON, one behind the other, each as one instance. Numbers keep the digits that they were written with.

Sources: aws/sagemaker-tensorflow-serving-container da192561 (2023-09), docker/build_artifacts/sagemaker/
tensorflowServing.js and README.md. It differs where that makes JSON which is none: of quotes in CSV RFC 4180 holds, and
what cannot be read is said with its row. What TensorFlow Serving takes for a number: tensorflow/serving, g3doc/
api_rest.md, and util/json_tensor.cc for NaN and Infinity.
"""

import json
import math
import re
from collections.abc import Iterator
from itertools import islice
from typing import Final, TypeAlias

CSV: Final = "text/csv"
JSON: Final = ("application/json", "application/jsonlines", "application/jsons")
_FORM: Final = re.compile(rb'"(?:instances|inputs|examples)"\s*:')
_NESTED: Final = re.compile(r"\s*\[\s*\[")
_SPACE: Final = re.compile(r"\s*")
_DIGITS: Final = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
_NUMBER: Final = re.compile(_DIGITS)
_NUMBERS: Final = re.compile(rf"[ \t]*{_DIGITS}[ \t]*(?:,[ \t]*{_DIGITS}[ \t]*)*")
# What people write for a number and JSON does not know: +1, .5, 1., 007, nan, inf.
_LOOSE: Final = re.compile(r"[+-]?(?:[0-9]{1,400}\.?[0-9]{0,400}|\.[0-9]{1,400})(?:[eE][+-]?[0-9]{1,9})?", re.ASCII)
_ODD: Final = {"nan": "NaN", "inf": "Infinity", "infinity": "Infinity"}
_CELL: Final = re.compile(r'[ \t]*"((?:[^"]|"")*+)"[ \t]*|([^",\r\n]*)')
_AT_ONCE: Final = 1000  # rows, or cells, that are texts of their own
_ENCODE: Final = json.JSONEncoder(ensure_ascii=False).encode


def _looked_at(_: str) -> None:
    """Take a number's text: where it ends is all that is wanted."""


_DECODER: Final = json.JSONDecoder(parse_float=_looked_at, parse_int=_looked_at, parse_constant=_looked_at)

_Cell: TypeAlias = tuple[str, bool]  # its text, and whether that stood between quotes


class BadRows(Exception):  # noqa: N818 - a finding about a body, which its caller is told
    """A body that holds no rows; the text says where and why."""


def is_call(part: bytes) -> bool:
    """Tell whether a body, or its beginning, is one of TensorFlow Serving's own already."""
    return _FORM.search(part) is not None


def body(content_type: str, content: bytes) -> bytes:
    """Return the body of a call to TensorFlow Serving. content_type: CSV or one of JSON. Raises BadRows."""
    if content_type != CSV and is_call(content):
        return content
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadRows(f"the body is not UTF-8, at byte {error.start}") from None
    rows = _rows(text) if content_type == CSV else _instances(text)
    made = bytearray()
    for some in _joined(rows):
        made += b"," if made else b'{"instances":['
        made += some.encode()
    if not made:
        raise BadRows("the body has no rows")
    made += b"]}"
    return bytes(made)


def _joined(texts: Iterator[str]) -> Iterator[str]:
    """Yield texts with commas between them, some at a time."""
    while some := list(islice(texts, _AT_ONCE)):
        yield ",".join(some)


def _instances(text: str) -> Iterator[str]:
    """Yield the instances of JSON."""
    values = _values(text)
    first, second = next(values, None), next(values, None)
    if first is not None:
        yield first[1:-1] if second is None and _NESTED.match(first) else first
    if second is not None:
        yield second
        yield from values


def _values(text: str) -> Iterator[str]:
    """Yield the values of JSON that stand one behind the other, as they are written."""
    at, row = _past_space(text, 0), 0
    while at < len(text):
        row += 1
        try:
            _, end = _DECODER.raw_decode(text, at)
        except json.JSONDecodeError as error:
            raise BadRows(f"row {row} is not JSON: {error.msg} at character {error.pos - at + 1}") from None
        except RecursionError:
            raise BadRows(f"row {row} is nested too deep") from None
        yield text[at:end]
        at = _past_space(text, end)


def _past_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _rows(text: str) -> Iterator[str]:
    """Yield the instances of CSV: a value where rows have one cell, else a list."""
    width, texts = 0, False
    for row, (line, cells) in enumerate(_lines(text), start=1):
        if not width:
            first = cells[0] if cells else (line.partition(",")[0], False)
            # As in SageMaker's container the first cell says whether cells without quotes are texts.
            texts = not first[1] and _number(first[0]) is None
        count = len(cells) or line.count(",") + 1
        if width and count != width:
            raise BadRows(f"row {row} has {_counted(count)}, row 1 has {width}")
        width = count
        if not cells and not texts and _NUMBERS.fullmatch(line):
            yield f"[{line}]" if count > 1 else line
            continue
        values = (_value(each, texts, row, i) for i, each in enumerate(cells or _split(line), start=1))
        whole = ",".join(_joined(values))
        yield f"[{whole}]" if count > 1 else whole


def _counted(count: int) -> str:
    return f"{count} cell{'' if count == 1 else 's'}"


def _split(line: str) -> Iterator[_Cell]:
    """Yield the cells of a line without quotes, one by one: a list of all of them takes fifty times the line."""
    at = 0
    while (end := line.find(",", at)) >= 0:
        yield line[at:end], False
        at = end + 1
    yield line[at:], False


def _value(cell: _Cell, texts: bool, row: int, column: int) -> str:  # noqa: FBT001 - of this module alone
    text, quoted = cell
    if quoted or texts:
        return _ENCODE(text)
    if (number := _number(text)) is None:
        what = "is empty: write NaN" if not text.strip() else "is no number: put texts between quotes"
        raise BadRows(f"row {row}, cell {column} {what}")
    return number


def _number(text: str) -> str | None:
    """Return a number as TensorFlow Serving reads it; None if the text is none."""
    if _NUMBER.fullmatch(text):
        return text
    plain = text.strip(" \t")
    if _NUMBER.fullmatch(plain):
        return plain
    sign = "-" if plain.startswith("-") else ""
    if odd := _ODD.get(plain.lstrip("+-").lower()):
        return odd if odd == "NaN" else sign + odd
    if not _LOOSE.fullmatch(plain):
        return None
    if plain.isascii() and plain.lstrip("+-").isdigit():
        return str(int(plain))
    value = float(plain)
    return repr(value) if math.isfinite(value) else f"{sign}Infinity"


def _lines(text: str) -> Iterator[tuple[str, list[_Cell]]]:
    """Yield the lines of CSV that are not blank; with its cells what has quotes, and may go over several lines."""
    at, row = 0, 0
    while at < len(text):
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        line = text[at:end].strip()
        if not line:
            at = end + 1
            continue
        row += 1
        if '"' not in line:
            yield line, []
            at = end + 1
        else:
            cells, at = _quoted(text, at, row)
            yield "", cells


def _quoted(text: str, at: int, row: int) -> tuple[list[_Cell], int]:
    """Return the cells of the row that begins here, and where the next begins."""
    cells: list[_Cell] = []
    while found := _CELL.match(text, at):
        quoted, plain = found.groups()
        cells.append((plain, False) if quoted is None else (quoted.replace('""', '"'), True))
        at = found.end()
        if text[at : at + 1] != ",":
            break
        at += 1
    rest = text[at : at + 2]
    if rest and rest[0] != "\n" and rest not in ("\r\n", "\r"):
        raise BadRows(f"row {row}, cell {len(cells)} has a quote that does not open it, close it or stand twice")
    return cells, at + (2 if rest == "\r\n" else 1)
