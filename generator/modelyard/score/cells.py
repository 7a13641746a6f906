"""Cells of a table as the JSON texts that a model takes, each by its declared type."""

import json
import math
import re
from base64 import b64decode
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Final

from modelyard.manifests.names import nearest
from modelyard.score.contract import Contract, Input

_JSON_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,5})?")
_WHOLE: Final = re.compile(r"[+-]?[0-9]{1,30}(?:\.0*)?")
_INT64: Final = 2**63
_MISSING: Final = frozenset(["", "."])  # a SAS data set written as CSV has either for a missing number
_TRUTH: Final = {"true": "true", "1": "true", "false": "false", "0": "false"}
_COMPARED: Final = 20  # missing columns that another name is looked for: each is compared with the whole header
_SHOWN: Final = 30  # characters of a cell in a message

Convert = Callable[[str], str]


class Misfit(Exception):  # noqa: N818 - a finding about a cell, reported as MY806
    """A cell that is not of the declared type; the text says why."""


@dataclass(frozen=True, slots=True)
class Column:
    """Where an input comes from: its place in a row, and what makes JSON of the cell."""

    name: str
    index: int
    convert: Convert


def columns(
    contract: Contract, header: Sequence[str], missing: Sequence[str], decimal: str = "."
) -> tuple[list[Column], list[str]]:
    """Return a column per input that the table has, and a message for each required one that it lacks.

    SAS's names have no case: another spelling is taken where it is the only one. decimal: the mark of numbers.
    """
    places = {name: index for index, name in enumerate(header)}
    folded: dict[str, list[int]] = {}
    for place, name in enumerate(header):
        folded.setdefault(name.casefold(), []).append(place)
    found: list[Column] = []
    lacking: list[str] = []
    for each in contract.inputs:
        alike = folded.get(each.name.casefold(), [])
        other = alike[0] if len(alike) == 1 else None
        index = places.get(each.name, other)
        if index is not None:
            found.append(Column(each.name, index, converter(each, contract, missing, decimal)))
        elif each.required:
            meant = nearest(each.name, header) if len(lacking) < _COMPARED else None
            lacking.append(f"{each.name} ({each.kind}){f', nearest is {meant}' if meant else ''}")
    return found, lacking


def converter(each: Input, contract: Contract, missing: Sequence[str], decimal: str = ".") -> Convert:
    """Return what makes JSON of a cell, and raises Misfit if it cannot."""
    plain = {
        "number": _marked(_number, decimal), "integer": _marked(integer, decimal), "boolean": truth,
        "string": _text(each.max_length), "json": _document(each.width), "base64": _bytes,
    }[each.kind]  # fmt: skip
    absent = frozenset(missing) | (_MISSING if each.kind in ("number", "integer", "boolean") else {""})
    if contract.runtime == "tensorflow":
        return _tensor(each, plain, absent)

    def convert(cell: str) -> str:
        return "null" if cell in absent else plain(cell)

    return convert


def _tensor(each: Input, plain: Convert, absent: frozenset[str]) -> Convert:
    listed = each.width == 1 and each.kind != "json"  # shape (-1, 1): each instance is a list of one

    def convert(cell: str) -> str:
        if cell in absent and each.kind not in ("string", "base64"):
            raise Misfit("is missing, and a tensor has no missing values")
        return f"[{plain(cell)}]" if listed else plain(cell)

    return convert


def _marked(read: Convert, mark: str) -> Convert:
    """Return what reads a number whose decimal mark is a point or a comma; a cell with the other one is no number."""
    return partial(_comma if mark == "," else _point, read)


def _point(read: Convert, cell: str) -> str:
    try:
        return read(cell)
    except Misfit as misfit:
        meant = cell.strip(" ").replace(",", ".")
        hint = ""
        if cell.count(",") == 1 and meant not in _MISSING:
            with suppress(Misfit):
                read(meant)
                hint = f"; with --decimal , it is {meant}"
        raise Misfit(f"{_shown(cell)} {misfit}{hint}") from None


def _comma(read: Convert, cell: str) -> str:
    text = cell.strip(" ")
    if text in _MISSING:
        return "null"
    if "." in text or text == ",":
        raise Misfit(f"{_shown(cell)} is not a number with a decimal comma")
    try:
        return read(text.replace(",", "."))
    except Misfit as misfit:
        raise Misfit(f"{_shown(cell)} {misfit}") from None


def _number(cell: str) -> str:
    if _JSON_NUMBER.fullmatch(cell) and len(cell) < 300:
        return cell  # as it stands: no digit is lost
    text = cell.strip(" ")
    if text in _MISSING:
        return "null"
    if not _NUMBER.fullmatch(text):
        raise Misfit("is not a number")
    value = float(text)
    if math.isinf(value):
        raise Misfit("is too large for a number")
    return repr(int(text)) if len(text) < 300 and text.isascii() and text.lstrip("+-").isdecimal() else repr(value)


def integer(cell: str) -> str:
    """Return the JSON text of a whole number of 64 bits. Raises Misfit."""
    text = cell.strip(" ")
    if text in _MISSING:
        return "null"
    if not _WHOLE.fullmatch(text):
        raise Misfit("is not an integer")
    value = int(text.partition(".")[0])
    if not -_INT64 <= value < _INT64:
        raise Misfit("is too large for an integer")
    return str(value)


def truth(cell: str) -> str:
    """Return the JSON text of true or false. Raises Misfit."""
    text = cell.strip(" ").lower()
    if text in _MISSING:
        return "null"
    if text not in _TRUTH:
        raise Misfit(f"{_shown(cell)} is not true or false")
    return _TRUTH[text]


def _text(most: int | None) -> Convert:
    def convert(cell: str) -> str:
        if most is not None and len(cell) > most:
            raise Misfit(f"{len(cell)} characters are more than {most}")
        return json.dumps(cell)

    return convert


def _bytes(cell: str) -> str:
    """Return bytes, written in base64, as TensorFlow Serving takes them (tensorflow/serving, g3doc/api_rest.md)."""
    try:
        b64decode(cell, validate=True)
    except ValueError:
        raise Misfit(f"{_shown(cell)} is not base64") from None
    return f'{{"b64":{json.dumps(cell)}}}'


def _document(width: int) -> Convert:
    """Return what takes a cell that holds JSON itself: a data grid, or a tensor with more than one value."""

    def convert(cell: str) -> str:
        try:
            value = json.loads(cell, parse_constant=_refuse)
            text = json.dumps(value)
        except (ValueError, RecursionError):
            raise Misfit(f"{_shown(cell)} is not JSON") from None
        if width > 1 and not (isinstance(value, list) and len(value) == width):
            raise Misfit(f"{_shown(cell)} is not a list of {width} values")
        return text

    return convert


def _refuse(name: str) -> object:
    raise ValueError(name)


def _shown(cell: str) -> str:
    return repr(cell if len(cell) <= _SHOWN else cell[: _SHOWN - 1] + "…")
