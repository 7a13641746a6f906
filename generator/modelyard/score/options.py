"""What a caller can choose, and the words that the files of this room share."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from modelyard.problems import Problem
from modelyard.score.http import Address, Limits

Runtime = Literal["scr", "pcr", "tensorflow"]
# Finds a model in a live cluster: (the names that its objects may have, path, route) -> where it is, or why not.
Locate = Callable[[tuple[str, ...], str, "Route"], tuple[Address | None, list[Problem]]]


@dataclass(frozen=True, slots=True)
class Route:
    """How a model is reached, beyond its name or URL.

    url: of the server, or of the model on it. ingress: HOST:PORT to connect to, where no DNS knows the model's
    host. domain: Knative's own domain of the cluster. variant: scored by its tag. step: of a module with
    several. signature: of a SavedModel with several. headers: (name, value), secret. ca_file: PEM of the authorities
    that TLS trusts.
    """

    url: str = field(default="", repr=False)
    ingress: str = ""
    domain: str = ""
    variant: str | None = None
    step: str = ""
    signature: str = ""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    ca_file: str = ""


@dataclass(frozen=True, slots=True)
class Options:
    """How rows are read, sent and written.

    concurrency: calls at once, at most; fewer while the server says 429 or 503. batch: rows of a call, where the
    runtime takes more than one. retries: of a call that failed, 0 for none; 429 and 503 are waited for until
    `total`, the seconds of one row with all its waits. on_error: `skip` a row that fails, with its reason among
    the failed rows, or `stop` there. missing: texts that mean a missing value, besides the empty one.
    escape_formulas: put ' before scored texts that a spreadsheet would run. decimal: the mark of numbers in text, read
    and written.
    """

    limits: Limits = field(default_factory=Limits)
    concurrency: int = 16
    batch: int = 500
    retries: int = 4
    total: float = 300.0
    on_error: Literal["stop", "skip"] = "skip"
    delimiter: str = ""
    encoding: str = "utf-8"
    missing: tuple[str, ...] = ()
    escape_formulas: bool = False
    decimal: Literal[".", ","] = "."


@dataclass(slots=True)
class Row:
    """One row of the input. number counts from 1 without the header; line is the line of the file it ends on.

    values: JSON texts of the inputs; outputs: texts of the scores; error: why there are none;
    sent: whether a call held it. record: where a Parquet file has it with its types, a RecordBatch and the place in it.
    """

    number: int
    line: int
    cells: list[str]
    values: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    error: str = ""
    sent: bool = False
    record: tuple[Any, int] | None = None


class Stopped(Exception):  # noqa: N818 - the vehicle of problems, not an error of the program
    """Takes problems out of nested calls; who catches it reports `.problems`."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(problems[0].message)
        self.problems = list(problems)


class Frame(Protocol):
    """What is used of a pandas DataFrame, which is not imported here."""

    @property
    def columns(self) -> object:
        """Its column labels."""

    def isna(self) -> "Frame":
        """Tell which cells are missing."""

    def itertuples(self, *, index: bool, name: None) -> object:
        """Iterate over its rows."""

    def assign(self, **columns: object) -> "Frame":
        """Return a copy with more columns."""


def passing_over(output: object, errors: Path | None) -> str:
    """Return what has rows that fail passed over: a stream without a file for them ends there, whatever was asked."""
    if isinstance(output, Path | None) or errors is not None:
        return "leave out --on-error stop: rows that fail are then skipped"
    return "give --errors FILE: rows that fail then go there"


def mended(output: object, errors: Path | None) -> str:
    """Return the hint for a row that ends a run before anything is sent."""
    return f"fix the row, or {passing_over(output, errors)}"
