"""The contract of a model of SAS Model Manager: its files inputVar.json and outputVar.json.

Source: sassoftware/python-sasctl, src/sasctl/pzmm/write_json_files.py (name, level, type, length). A number of SAS may
be missing, and so may a text.
"""

import json
from typing import Any, Final

from modelyard.models.contract import Column, ColumnType, Contract
from modelyard.targets.workloads.contracts.named import NoContract, named

INPUTS: Final = "inputVar.json"
OUTPUTS: Final = "outputVar.json"
_TYPES: Final[dict[str, ColumnType]] = {
    "decimal": "number", "double": "number", "numeric": "number", "integer": "integer", "string": "string",
    "char": "string", "boolean": "boolean", "datagrid": "array",
}  # fmt: skip


def read(inputs: bytes, outputs: bytes) -> Contract:
    """Return what the two files say. Raises NoContract."""
    return named(f"{INPUTS} and {OUTPUTS}", _columns(inputs, INPUTS), _columns(outputs, OUTPUTS))


def _columns(content: bytes, file: str) -> dict[str, Column]:
    try:
        entries = json.loads(content)
    except (ValueError, RecursionError):
        raise NoContract(f"{file} is not JSON") from None
    if not isinstance(entries, list) or not all(isinstance(each, dict) and "name" in each for each in entries):
        raise NoContract(f"{file} is not a list of variables with names")
    return {str(each["name"]): _column(each) for each in entries}


def _column(entry: dict[str, Any]) -> Column:
    kind = _TYPES.get(str(entry.get("type", "")).lower(), "any")
    length = entry.get("length")
    known = kind == "string" and type(length) is int and length > 0
    return Column(type=kind, nullable=True, maxLength=length if known else None)
