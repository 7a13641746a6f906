"""A table to score, from bytes that may be anything: what is sent for it, and what is written of it."""

import csv
import io
import json
import zlib
from collections.abc import Iterable
from itertools import cycle
from typing import Final, get_args

from modelyard.problems import Problem
from modelyard.score.bodies import Form
from modelyard.score.cells import columns
from modelyard.score.contract import Contract, Input, Kind
from modelyard.score.options import Options, Row, Runtime, Stopped
from modelyard.score.output import Digest, failed_cells, scored_cells
from modelyard.score.part_file import Text
from modelyard.score.reader import units
from modelyard.score.table import Table, open_csv

# The second takes every byte, so that no table ends at its encoding.
OPTIONS: Final = (Options(batch=3), Options(batch=3, encoding="latin-1", delimiter=";", missing=("NA",)))
SHOWN: Final = "input.csv"
_MAX_LENGTH: Final = 3
_WIDTH: Final = 2


def read_and_written(data: bytes) -> Iterable[Problem]:
    """Read a table as one of the runtimes takes it, and yield what is wrong with it; assert all else."""
    runtime = get_args(Runtime)[zlib.crc32(data) % 3]  # all three would take three times as long
    for options in OPTIONS:
        try:
            table = open_csv(io.BytesIO(data), SHOWN, options)
            try:
                _scored(table, runtime, options)
            finally:
                table.close()
        except Stopped as stopped:
            yield from stopped.problems


def _scored(table: Table, runtime: Runtime, options: Options) -> None:
    contract = _contract(table.header, runtime)
    found, lacking = columns(contract, table.header, options.missing)
    assert not lacking
    form = Form(contract, tuple(each.name for each in found))
    text, digest = Text(table.delimiter), Digest()
    written: list[list[str]] = []
    for unit in units(table.rows, found, form, options.batch):
        if unit.sent:
            json.loads(unit.body, parse_constant=_refused)
        for row in unit.rows:
            _whole(row, len(written) + 1, len(table.header))
            row.outputs = ["1"] * len(contract.outputs)
            digest.add(row)
            written.append(failed_cells(row) if row.error else scored_cells(row))
            text.add(written[-1])
    again = csv.reader(io.StringIO(text.take().decode(), newline=""), delimiter=table.delimiter, strict=True)
    assert [*again] == written


def _contract(header: list[str], runtime: Runtime) -> Contract:
    """Return a contract whose inputs are the columns, of all types in turn."""
    kinds = zip(header, cycle(get_args(Kind)), strict=False)
    inputs = tuple(Input(name, kind, True, _MAX_LENGTH, _WIDTH * (kind == "json")) for name, kind in kinds)
    return Contract(runtime, inputs, ("P_1", "P_0"), ("number", "number"))


def _whole(row: Row, number: int, width: int) -> None:
    """Assert that a row has its place and all its cells, and either values or a reason."""
    assert row.number == number
    assert row.line > 1
    assert len(row.cells) == width
    assert bool(row.error) != bool(row.values)


def _refused(name: str) -> object:
    raise AssertionError(name)
