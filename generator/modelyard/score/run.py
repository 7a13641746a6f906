"""One run: learn what the model takes, check the table, score it, leave a whole output or one to go on with."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Protocol, cast, runtime_checkable

from modelyard.files import regular
from modelyard.problems import Problem, problem
from modelyard.problems.credentials import hide
from modelyard.score import formats
from modelyard.score.addresses import secrets
from modelyard.score.asking import MAX_NAMED, check_names, learned, matched
from modelyard.score.bodies import Form
from modelyard.score.calls import Calls
from modelyard.score.cells import Column
from modelyard.score.concurrency import Pace
from modelyard.score.contract import Contract
from modelyard.score.engine import Engine
from modelyard.score.health import PATIENCE, Dead, Health
from modelyard.score.http import Address, Client, Fault
from modelyard.score.options import Frame, Options, Row, Stopped, mended, passing_over
from modelyard.score.output import Columns, Digest, FrameOutput, Output, Shape, StreamOutput
from modelyard.score.output_file import FileOutput
from modelyard.score.part_file import Part, check_foreign, errors_path
from modelyard.score.reader import Feed, ready, units
from modelyard.score.statistics import Measures
from modelyard.score.table import STANDARD_INPUT, Table, of_frame, open_csv, open_file

Report = Callable[[Measures], None]


@dataclass(slots=True)
class Scored:
    """What a run gives. frame: the scored copy of a DataFrame; problems: none if each row was scored; url: if found."""

    problems: list[Problem] = field(default_factory=list)
    measures: Measures | None = None
    frame: Frame | None = None
    url: str = ""


@runtime_checkable
class Source(Protocol):
    """Rows of any origin, which are read once."""

    def table(self, options: Options) -> Table:
        """Open them from their beginning. Raises Stopped."""


@dataclass(slots=True)
class Run:
    """The things of one run. data: a file, a stream of CSV, a DataFrame, or rows; output: a file, a stream or neither.

    errors: file of the failed rows, of a stream; a file has its own. step, signature: of a model that has several.
    pinned: what the lock has of the model, which the table is held against before the first call.
    """

    data: Path | BinaryIO | Frame | Source
    output: Path | BinaryIO | None
    options: Options
    errors: Path | None = None
    step: str = ""
    signature: str = ""
    resume: bool = False
    report: Report | None = None
    pinned: Contract | None = None
    measures: Measures = field(default_factory=Measures)
    files: ExitStack = field(default_factory=ExitStack)

    def tell(self) -> None:
        """Report the progress."""
        if self.report is not None:
            self.report(self.measures)

    def table(self) -> Table:
        """Open the data from its beginning. Raises Stopped."""
        if isinstance(self.data, Path):
            table = file_table(self.data, self.options)
        elif hasattr(self.data, "itertuples"):
            table = of_frame(cast("Frame", self.data), self.options.decimal)
        elif isinstance(self.data, Source):
            table = self.data.table(self.options)
        else:
            table = open_csv(self.data, STANDARD_INPUT, self.options)
        self.files.callback(table.close)
        return table

    @property
    def reads_twice(self) -> bool:
        """Tell whether the data can be read before it is scored: a plain file or a DataFrame."""
        if isinstance(self.data, Path):
            return regular.is_file(self.data)
        return hasattr(self.data, "itertuples")


def file_table(path: Path, options: Options) -> Table:
    """Open a CSV file, packed or not, or a Parquet file. Raises Stopped."""
    if not formats.is_parquet(path):
        return open_file(path, options)
    from modelyard.score import parquet

    return parquet.open_parquet(path, options)


async def score(server: Address, run: Run, *, ca_file: str = "") -> Scored:
    """Score a table by the model at an address. Problems come in the result; rows that failed are among them."""
    options = run.options
    health = Health(options.concurrency, min(PATIENCE, options.total / 2))
    calls = Calls(Pace(options.concurrency), health, options, run.measures, partial(hide, secrets=secrets(server)))
    client = Client(server, limits=options.limits, connections=options.concurrency, ca_file=ca_file)
    try:
        with run.files:
            table = _agreed(run.pinned, run) if run.pinned else None
            async with client:
                contract = await learned(client, calls, run.step, run.signature)
                run.measures.forget()
                return await _scored(client, calls, contract, table or run.table(), run)
    except Stopped as stopped:
        return Scored(stopped.problems, run.measures)
    except Fault as fault:  # of opening the client; those of calls are reasons of rows
        return Scored([problem("MY802", str(fault), hint="name a PEM file")], run.measures)


def _agreed(pinned: Contract, run: Run) -> Table:
    """Return the table, if its columns and first rows are what callers of the model rely on. Raises Stopped.

    Rows that do not fit are passed over where that is wanted, unless all of them are so: then a column is wrong.
    """
    table = run.table()
    found = matched(pinned, table.header, table.shown, run.options)
    if run.reads_twice:
        rows = list(islice(run.table().rows, MAX_NAMED))
        for row in rows:
            ready(row, found)
        wrong = [_misfit(table, row, run) for row in rows if row.error]
        if wrong and (run.options.on_error == "stop" or len(wrong) == len(rows)):
            raise Stopped(*wrong)
    return table


async def _scored(client: Client, calls: Calls, contract: Contract, table: Table, run: Run) -> Scored:
    found = matched(contract, table.header, table.shown, run.options)
    shape = Shape(Columns(table.header, contract), table, contract, run.options.decimal)
    check_names(shape.columns.taken)
    if run.reads_twice:
        run.measures.total = _survey(run.table(), found, run)
    typed = isinstance(run.output, Path) and formats.is_parquet(run.output)
    form = Form(contract, tuple(each.name for each in found), run.options.escape_formulas, typed)
    output = _output(run, shape)
    engine = Engine(client, form.path(client.server.path, run.step), form, calls, output)
    try:
        await engine.run(Feed(units(table.rows, found, form, run.options.batch)), run.tell)
    except Dead as dead:
        return _ended(run, output, calls.hide(str(dead)))
    if engine.failed is not None and run.options.on_error == "stop":
        raise Stopped(_failed_row(table, engine.failed, run))
    output.finish()
    return _result(run, output, table, engine.failed)


def _survey(table: Table, found: list[Column], run: Run) -> int:
    """Return the number of rows. Raises Stopped for rows that do not fit, unless they are to be skipped."""
    if table.count is not None and run.options.on_error == "skip":
        return table.count
    problems: list[Problem] = []
    count = wrong = 0
    for row in table.rows:
        count += 1
        if run.options.on_error == "skip":
            continue
        ready(row, found)
        if row.error:
            wrong += 1
            if wrong <= MAX_NAMED:
                problems.append(_misfit(table, row, run))
    if wrong > MAX_NAMED:
        hint = mended(run.output, run.errors)
        problems.append(problem("MY806", f"{wrong - MAX_NAMED} more rows do not fit", hint=hint))
    if problems:
        raise Stopped(*problems)
    return count


def _misfit(table: Table, row: Row, run: Run) -> Problem:
    code = "MY806" if row.error.startswith("column ") else "MY805"
    hint = mended(run.output, run.errors)
    return problem(code, f"{table.called(row)}: {row.error}", hint=hint, place=table.place(row))


def _output(run: Run, shape: Shape) -> Output:
    """Return where rows go, and pass over those of the table that an earlier run has done. Raises Stopped."""
    output: Output
    if run.output is None:
        output = FrameOutput(shape.columns)
    elif isinstance(run.output, Path):
        _refuse_input(run, run.output, errors_path(run.output))
        check_foreign(errors_path(run.output))
        output = _file(run, run.output, shape)
    else:
        if run.errors is not None:
            _refuse_input(run, run.errors)
            check_foreign(run.errors)
        failed = Part(run.errors, shape.failed(run.errors)) if run.errors is not None else None
        output = StreamOutput(run.output, shape.scored(), failed)
        run.files.callback(output.close)
    return output


def _refuse_input(run: Run, *outputs: Path) -> None:
    for path in outputs:
        if path.name in ("", ".."):
            raise Stopped(problem("MY809", f"{path} is a folder", hint="name a file"))
        if isinstance(run.data, Path) and regular.exists(path) and regular.exists(run.data) and path.samefile(run.data):
            raise Stopped(problem("MY809", f"{path} is the input", hint="name another output"))


def _identity(options: Options, shape: Shape) -> dict[str, object]:
    contract = shape.contract
    inputs = [[each.name, each.kind] for each in contract.inputs]
    outputs = [*map(list, zip(contract.outputs, contract.kinds, strict=True))]
    encoding = formats.codec(options.encoding) if shape.table.schema is None else ""  # utf8 goes on with UTF-8
    return {
        "format": 3,
        "columns": shape.columns.scored,
        "types": [str(each.type) for each in shape.table.schema or ()],
        "delimiter": shape.table.delimiter,
        "model": [contract.runtime, inputs, outputs],
        "options": [options.escape_formulas, list(options.missing), encoding, options.decimal],
    }


def _file(run: Run, path: Path, shape: Shape) -> FileOutput:
    digest = Digest()
    table = shape.table
    output = FileOutput(path, shape, digest).open(_identity(run.options, shape), resume=run.resume)
    run.files.callback(output.close)
    done = output.position
    for row in islice(table.rows, done.rows):
        digest.add(row)
    differ = f"its first {done.rows} rows differ" if done.rows and digest.text() != done.digest else ""
    if not differ and output.whole and next(table.rows, None) is not None:
        differ = f"it had {done.rows} rows"
    if differ:
        message = f"the unfinished {path} belongs to another input: {differ}"
        raise Stopped(problem("MY811", message, hint="give the input that the run began with"))
    run.measures.before = done.rows
    run.measures.failed = done.failed
    run.measures.scored = done.rows - done.failed
    return output


def _failed_row(table: Table, row: Row, run: Run) -> Problem:
    if not row.sent:
        return _misfit(table, row, run)
    hint = f"{_kept(run)}; {passing_over(run.output, run.errors)}"
    return problem("MY807", f"{table.called(row)}: {row.error}", hint=hint, place=table.place(row))


def _kept(run: Run) -> str:
    if isinstance(run.output, Path):
        return f"{run.measures.done} rows are kept: go on with --resume"
    return f"{run.measures.done} rows are done"


def _ended(run: Run, output: Output, reason: str) -> Scored:
    """Return what is left of a run whose server has died."""
    frame = None
    if isinstance(output, FrameOutput):
        output.fill(run.measures.total or 0)
        frame = _framed(run, output)
    found = problem("MY815", f"the server no longer answers: {reason}", hint=_kept(run))
    return Scored([found], run.measures, frame)


def _framed(run: Run, output: FrameOutput) -> Frame:
    return cast("Frame", run.data).assign(**output.values)


def _result(run: Run, output: Output, table: Table, first: Row | None) -> Scored:
    measures = run.measures
    problems: list[Problem] = []
    if measures.failed:
        said = f", the first in {table.called(first)}: {first.error}" if first and not measures.before else ""
        where = f"the column {output.columns.error}" if isinstance(output, FrameOutput) else str(_errors(run))
        message = f"{measures.failed} of {measures.done} rows failed{said}"
        place = table.place(first) if first and not measures.before else None
        problems.append(problem("MY808", message, hint=f"{where} says why", place=place))
    return Scored(problems, measures, _framed(run, output) if isinstance(output, FrameOutput) else None)


def _errors(run: Run) -> Path | None:
    return errors_path(run.output) if isinstance(run.output, Path) else run.errors
