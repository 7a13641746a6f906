"""Rows of the log as they were asked and answered, to be asked again; read as they are needed, the newest first."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain, islice
from typing import Any, Final, NamedTuple

from psycopg import Connection, Error, sql

from modelyard.problems import problem
from modelyard.request_log.database.connecting import Shown, said
from modelyard.request_log.dialect import INPUTS, OUTPUTS
from modelyard.score.bodies import only, plain_text
from modelyard.score.cells import Column
from modelyard.score.contract import Contract, Input
from modelyard.score.options import Options, Row, Stopped
from modelyard.score.replay.comparison import Answer, Identity
from modelyard.score.replay.sources import Asked, is_numeric
from modelyard.score.table import Table

_LOOKED_AT: Final = 200  # rows, to see what the log has of inputs and outputs
_AT_ONCE: Final = 2_000  # rows that the server sends
_SHOWN: Final = 5
_NAMES: Final = ("id", "call", "row")
_NUMBERS: Final = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}  # texts in the log
# Of one version: answers of an earlier one are no answers of the champion.
_ROWS: Final = sql.SQL(
    'select key, id, "row", {inputs}, {outputs} from {log}'
    " where model = {model} and variant is not distinct from {variant}"
    " and image is not distinct from (select image from {log} where model = {model}"
    ' and variant is not distinct from {variant} and "at" < {until} order by "at" desc limit 1)'
    ' and "at" >= {since} and "at" < {until} and status between 200 and 299'
    ' order by "at" desc, id, "row" limit {most}'
)


class Logged(NamedTuple):
    """A row: its names, and what was asked and answered as the log has them."""

    key: str
    call: str
    row: int
    inputs: Any
    outputs: Any


class Window(NamedTuple):
    """Which rows: those that a variant of a model has answered well. most: how many, None for all."""

    table: str
    model: str
    variant: str | None
    since: datetime
    until: datetime
    most: int | None = None


@dataclass
class LogSource:
    """The rows of a window. left_out: columns that the log has not, or only hashes of, in lower case.

    begin: connects to the log.
    """

    begin: Callable[[], Connection] = field(repr=False)
    window: Window
    left_out: frozenset[str] = frozenset()
    skipped: int = 0

    def asked(self, contract: Contract, options: Options) -> Asked:  # noqa: ARG002 - rows of a log need no options
        """Begin to read. Raises Stopped."""
        try:
            connection = self.begin()
        except Error as error:
            raise _refused(error) from None
        try:
            return self._asked(connection, contract)
        except BaseException:
            connection.close()
            raise

    def _asked(self, connection: Connection, contract: Contract) -> Asked:
        if wanted := [each.name for each in contract.inputs if each.name.casefold() in self.left_out]:
            hint = "replay a file: what the log leaves out or hashes cannot be asked again"
            raise Stopped(problem("MY842", f"requestLog.columns keeps {', '.join(wanted)} out of the log", hint=hint))
        rows = _read(connection, self.window)
        first = list(islice(rows, _LOOKED_AT))
        _check_inputs(first, contract)
        answers = self._answers(first, contract)
        width = len(contract.inputs)
        inputs = [Column(each.name, place, str) for place, each in enumerate(contract.inputs)]
        header = [*(each.name for each in contract.inputs), *(each.name for each in answers), *_NAMES]
        table = Table(header, self._rows(chain(first, rows), contract, answers), "the log", close=connection.close)
        placed = [each._replace(cell=width + place) for place, each in enumerate(answers)]
        return Asked(table, inputs, placed, lambda row: Identity(*row.cells[-len(_NAMES) :]), lambda: self.skipped)

    def _answers(self, first: Sequence[Logged], contract: Contract) -> list[Answer]:
        known = {name.casefold() for each in first for name in _named(each.outputs, contract.outputs)}
        found = [
            Answer(name, 0, place, is_numeric(kind))
            for place, (name, kind) in enumerate(zip(contract.outputs, contract.kinds, strict=True))
            if name.casefold() in known - self.left_out
        ]
        if first and not found:
            message = f"the log has no answer to compare: none of its rows has {', '.join(contract.outputs[:_SHOWN])}"
            raise Stopped(problem("MY841", message, hint="is this a version of the same model?"))
        return found

    def _rows(self, rows: Iterable[Logged], contract: Contract, answers: Sequence[Answer]) -> Iterator[Row]:
        number = 0
        for each in rows:
            cells = _cells(each, contract, answers)
            if cells is None:
                self.skipped += 1
                continue
            number += 1
            yield Row(number, 0, cells)


def _read(connection: Connection, window: Window) -> Iterator[Logged]:
    """Yield the rows of a window. Raises Stopped."""
    query = _ROWS.format(
        inputs=INPUTS,
        outputs=OUTPUTS,
        log=sql.Identifier(window.table),
        **{name: sql.Literal(getattr(window, name)) for name in ("model", "variant", "since", "until", "most")},
    )
    try:
        with connection.transaction(), closing(connection.cursor("replay")) as cursor:
            cursor.execute(query)
            while found := cursor.fetchmany(_AT_ONCE):
                yield from (Logged(*row) for row in found)
    except Error as error:
        raise _refused(error) from None


def _refused(error: Error) -> Stopped:
    if isinstance(error, Shown):
        hint = "look at the folder of requestLog.files, and at the login of this process"
        return Stopped(problem("MY823", f"the log in files cannot be used: {error}", hint=hint))
    hint = "it needs a login that may read the log: grant it the role TABLE_reader"
    return Stopped(problem("MY823", f"the database refuses: {said(error)}", hint=hint))


def _check_inputs(first: Sequence[Logged], contract: Contract) -> None:
    """Raise Stopped MY804 for inputs that a model needs, and no row has."""
    whole = [each.inputs for each in first if each.inputs is not None]
    if not whole or any(not isinstance(each, dict) for each in whole):
        return
    known = {name.casefold() for each in whole for name in each}
    lacking = [each.name for each in contract.inputs if each.required and each.name.casefold() not in known]
    if lacking:
        hint = "replay a file that has them"
        raise Stopped(*(problem("MY804", f"the log has no input {each}", hint=hint) for each in lacking[:_SHOWN]))


def _cells(row: Logged, contract: Contract, answers: Sequence[Answer]) -> list[str] | None:
    """Return the inputs as JSON, the answers as texts, and the names of a row; None if it cannot be asked again."""
    if row.inputs is None or row.outputs is None:
        return None  # its body could not be read
    given = _named(row.inputs, [each.name for each in contract.inputs])
    came = _named(row.outputs, contract.outputs)
    if not given or not came:
        return None  # rows and answers of the call were not as many
    asked = [_json(_of(given, each.name), each) for each in contract.inputs]
    answered = [plain_text(only(_of(came, each.name))) for each in answers]
    return [*asked, *answered, row.key, row.call, str(row.row)]


def _named(value: Any, names: Sequence[str]) -> dict[str, Any]:
    """Return the values of a row by their names: TensorFlow Serving leaves out the name of a single tensor."""
    if isinstance(value, dict):
        return value
    return {names[0]: value} if len(names) == 1 and value is not None else {}


def _of(row: dict[str, Any], name: str) -> Any:
    """Return a value by its name, whose case does not count where it is not that of the model."""
    if name in row:
        return row[name]
    return next((value for each, value in row.items() if each.casefold() == name.casefold()), None)


def _json(value: Any, own: Input) -> str:
    return json.dumps(value if own.kind in ("string", "base64") else _numbers(value))


def _numbers(value: Any) -> Any:
    """Return a value with the numbers that jsonb does not have."""
    if isinstance(value, list):
        return [_numbers(each) for each in value]
    return _NUMBERS.get(value, value) if isinstance(value, str) else value
