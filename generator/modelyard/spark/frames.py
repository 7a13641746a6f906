"""A DataFrame in, the DataFrame with scores out: what is known on the driver before a task runs."""

import json
import uuid
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from modelyard.api.addresses import found
from modelyard.cluster import Connection
from modelyard.problems import has_errors, problem
from modelyard.score import loops
from modelyard.score.asking import asked, check_names, matched, understood, unusable
from modelyard.score.contract import Kind
from modelyard.score.http import Address
from modelyard.score.job import Job, ScoringError
from modelyard.score.options import Options, Route, Stopped
from modelyard.targets.spark_operator.beside import ADDRESS as BESIDE

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

ERROR: Final = "error"
_TYPES: Final[dict[Kind, str]] = {
    "number": "double", "integer": "bigint", "boolean": "boolean", "string": "string", "json": "string",
    "base64": "string",
}  # fmt: skip


def score(
    frame: "DataFrame",
    model: str,
    *,
    models: str | Path = ".",
    route: Route | None = None,
    options: Options | None = None,
    where: Connection | None = None,
) -> "DataFrame":
    """Return a DataFrame with all columns and rows of `frame`, the outputs of a model, and a column `error`.

    model: a URL, or a name in the models file (`models`, a file or folder) or in a cluster (`where`). An output has the
    type that the model declares, and is null where the row failed; `error` says why, and is null where it was scored.
    A model with an output `error` has the reason in `error_out`.

    The model is asked at once which inputs and outputs it has: on the driver, or by a task if `model` is the setting
    spark.modelyard.beside, the address of a model beside each executor. Scoring is lazy, as Spark is, and is
    done anew by each action: write the result, or persist it. `options.concurrency` is the number of calls at once of
    each host, whatever runs there for this DataFrame; `on_error`, `delimiter` and `encoding` have no meaning here.

    Raises ScoringError with its problems for a model that is not found or not understood, and for columns that are
    missing or have the name of one of ours. A task raises it when the server has died; Spark then tries again.
    """
    return prepared(frame, model, models, route or Route(), options or Options(), where)[1]


def prepared(
    frame: "DataFrame", model: str, models: str | Path, route: Route, options: Options, where: Connection | None
) -> tuple[Job, "DataFrame"]:
    """Return what the executors are told, and what `score` returns; raises what it does."""
    if (options.on_error, options.delimiter, options.encoding.lower()) != ("skip", "", "utf-8"):
        raise ValueError("on_error, delimiter and encoding have no meaning for a DataFrame of Spark: leave them out")
    try:
        job = _job(frame, _server(model, models, route, where), route, options)
    except Stopped as stopped:
        raise ScoringError(stopped.problems) from None
    # A name with a dot would be taken for a field of a struct.
    numbered = frame.toDF(*(f"c{i}" for i in range(len(job.header))))
    return job, numbered.mapInArrow(_scoring(job), _schema(frame, job))


def _server(model: str, models: str | Path, route: Route, where: Connection | None) -> Address:
    """Return where the executors find the model. Raises Stopped."""
    if find_spec("pyarrow") is None or find_spec("pandas") is None:
        hint = "install modelyard[spark], as with pip install 'modelyard[spark]', here and on the executors"
        raise Stopped(problem("MY817", "a DataFrame of Spark needs pyarrow and pandas", hint=hint))
    with ExitStack() as tunnels:
        server, problems = found(model, models, route, where, tunnels)
        if server is None:
            raise Stopped(*(each for each in problems if has_errors([each])))
        for each in problems:
            warnings.warn(f"{each.message}; {each.hint}", stacklevel=3)
        if server.socket:
            message = f"{model} has no address outside its cluster, and a tunnel of the driver leads no executor there"
            raise Stopped(problem("MY818", message, hint="give it a domain, an ingress or a route, or --url"))
    return server


def _job(frame: "DataFrame", server: Address, route: Route, options: Options) -> Job:
    """Return what the executors are told. Raises Stopped."""
    try:
        authorities = Path(route.ca_file).read_text("ascii") if route.ca_file else ""
    except (OSError, UnicodeError):
        raise Stopped(unusable(route)) from None
    if server.url == frame.sparkSession.conf.get(BESIDE, ""):
        description = _asked_beside(frame, server, route, options, authorities)
    else:
        description = loops.run(asked(server, route, options, authorities))
    contract = understood(description, server, route.step, route.signature)
    header = tuple(frame.columns)
    matched(contract, header, "the DataFrame", options)
    names = (*header, *contract.outputs, f"{ERROR}_out" if ERROR in contract.outputs else ERROR)
    check_names(_alike(frame, names))
    return Job(uuid.uuid4().hex, server, route.step, contract, header, names, options, authorities)


def _asked_beside(frame: "DataFrame", server: Address, route: Route, options: Options, authorities: str) -> bytes:
    """Return the description of a model beside each executor, which the driver cannot call. Raises Stopped."""

    def ask(batches: Iterable[Any]) -> Iterator[Any]:
        from modelyard.score.asking import asked

        for batch in batches:
            description, wrong = b"", []
            try:
                description = loops.run(asked(server, route, options, authorities))
            except Stopped as stopped:
                wrong = [(each.code, each.message, each.hint) for each in stopped.problems]
            yield type(batch).from_pydict({"description": [description], "wrong": [json.dumps(wrong)]})

    only = frame.sparkSession.range(0, 1, 1, 1)
    ((description, wrong),) = only.mapInArrow(ask, "description binary, wrong string").collect()
    if found := json.loads(wrong):
        raise Stopped(*(problem(code, message, hint=hint) for code, message, hint in found))
    return bytes(description)


def _alike(frame: "DataFrame", names: Sequence[str]) -> list[str]:
    """Return the names that Spark cannot tell from one another."""
    differs = frame.sparkSession.conf.get("spark.sql.caseSensitive") == "true"
    folded = [name if differs else name.lower() for name in names]
    counts = Counter(folded)
    return sorted({name for name, fold in zip(names, folded, strict=True) if counts[fold] > 1})


def _schema(frame: "DataFrame", job: Job) -> Any:
    from pyspark.sql.types import StructType

    kinds = [_TYPES[kind] for kind in job.contract.kinds]
    result = StructType(list(frame.schema.fields))
    for name, kind in zip(job.names[len(job.header) :], [*kinds, "string"], strict=True):
        result = result.add(name, kind, nullable=True)
    return result


def _scoring(job: Job) -> Callable[[Iterable[Any]], Iterator[Any]]:
    """Return what each task does; it is pickled, so that executors load no more than this room's floor needs."""
    from modelyard.score.batches import score_batches

    def modelyard_score(batches: Iterable[Any]) -> Iterator[Any]:
        return score_batches(job, batches)

    return modelyard_score
