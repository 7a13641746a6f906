"""Where a replay has its rows from: a table that has the answers of the earlier model beside its inputs."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from modelyard.problems import problem
from modelyard.score.asking import matched
from modelyard.score.cells import Column
from modelyard.score.contract import Contract
from modelyard.score.options import Options, Row, Stopped
from modelyard.score.replay.comparison import Answer, Identity
from modelyard.score.run import file_table
from modelyard.score.table import Table


class Asked(NamedTuple):
    """Rows that are asked again. inputs: where they have what the model takes; answers: what is compared.

    identify: what a row is called. skipped: how many rows of the source could not be asked again so far.
    """

    table: Table
    inputs: list[Column]
    answers: list[Answer]
    identify: Callable[[Row], Identity]
    skipped: Callable[[], int] = lambda: 0


class Source(Protocol):
    """Rows with their answers."""

    def asked(self, contract: Contract, options: Options) -> Asked:
        """Open them, for a model that takes and gives what the contract says. Raises Stopped."""


class TableSource:
    """A file with inputs and answers, as `score` writes it.

    key: the column with ids. usual: the one that has them where none is named; else a row's number is its id.
    """

    def __init__(self, path: Path, key: str | None, usual: str | None = None) -> None:
        self._path = path
        self._key = key
        self._usual = usual

    def asked(self, contract: Contract, options: Options) -> Asked:
        """Open the file. Raises Stopped."""
        table = file_table(self._path, options)
        try:
            inputs = matched(contract, table.header, table.shown, options)
            return Asked(table, inputs, self._answers(table, contract), self._identify(table.header))
        except Stopped:
            table.close()
            raise

    def _answers(self, table: Table, contract: Contract) -> list[Answer]:
        """Return the answers in the file: `score` calls one NAME_out where NAME is a column of the input."""
        names = {each.name for each in contract.inputs}
        places = {name: place for place, name in enumerate(table.header)}
        found = []
        for place, (name, kind) in enumerate(zip(contract.outputs, contract.kinds, strict=True)):
            own = places.get(f"{name}_out", None if name in names else places.get(name))
            if own is not None:
                found.append(Answer(name, own, place, is_numeric(kind)))
        if not found:
            listed = ", ".join(contract.outputs[:5])
            hint = "score the rows with the model that serves them first: `modelyard score NAME FILE -o SCORED`"
            message = f"{table.shown} has no answer to compare: no column {listed}"
            raise Stopped(problem("MY841", message, hint=hint))
        return found

    def _identify(self, header: Sequence[str]) -> Callable[[Row], Identity]:
        if self._key is not None and self._key not in header:
            raise Stopped(problem("MY841", f"{self._path} has no column {self._key}", hint="name one that it has"))
        key = self._key or self._usual
        if key is None or key not in header:
            return lambda row: Identity(str(row.number), row=str(row.number))
        place = header.index(key)
        return lambda row: Identity(row.cells[place], row=str(row.number))


def is_numeric(kind: str) -> bool:
    """Tell whether an output of this kind is a number."""
    return kind in ("number", "integer")
