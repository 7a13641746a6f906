"""score: a table through a model."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, Final, Literal

import typer

from modelyard.cli import jobs, spark
from modelyard.cli.calling import (
    Batch,
    CaFile,
    Concurrency,
    Domain,
    Header,
    Ingress,
    Signature,
    Step,
    TokenFile,
    headers_of,
)
from modelyard.cli.connection import FIVE_MINUTES, Context, Kubeconfig, Namespace, connection
from modelyard.cli.durations import Seconds, duration
from modelyard.cli.jobs import Claim, ManifestFile, Parallel, ShardOf, Shards, Stdout
from modelyard.cli.messages import stop_on_errors, tell
from modelyard.cli.options import File, Outside
from modelyard.cli.spark import FORMATS

if TYPE_CHECKING:
    from modelyard.api.scoring import Measures, Options, Route

CONNECT: Final = Seconds(5)
ANSWER: Final = Seconds(60)
CLEAR = "\r\x1b[2K"  # to the beginning of the line, and erase it

ModelOrUrl = Annotated[
    str,
    typer.Argument(
        metavar="MODEL|URL", help="Name in the models file or a cluster (credit_risk finds credit-risk), or a URL."
    ),
]
Table = Annotated[
    str,
    typer.Argument(
        metavar="INPUT", help="CSV file with a header, also .gz or .zst, or .parquet; - is standard input, a CSV."
    ),
]
Output = Annotated[
    str,
    typer.Option(
        "--output",
        "-o",
        metavar="OUTPUT",
        help="CSV file, .gz, .zst or .parquet, replaced when it is whole; - streams CSV.",
    ),
]
Resume = Annotated[bool, typer.Option("--resume", help="Continue a run to the same output that was stopped or killed.")]
OnError = Annotated[
    str,
    typer.Option(metavar="skip|stop", help="After a row that fails, go on (default; exit code 1 at the end) or stop."),
]
Errors = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="With -o -: file for rows that fail; without it, the first of them ends the run."
    ),
]
Url = Annotated[str, typer.Option(help="Server of the model, or the model on it, in place of what the file says.")]
Variant = Annotated[str | None, typer.Option(help="Score with this variant, whatever its percent.")]
NoLog = Annotated[
    bool, typer.Option("--no-log", help="Mark the calls, so that the model's request log leaves them out.")
]
Retries = Annotated[int, typer.Option(min=0, max=100, help="Retries of a call that fails; 0 for none.")]
NoRetry = Annotated[bool, typer.Option("--no-retry", help="For a model that must not see a row twice: --retries 0.")]
ConnectTimeout = Annotated[
    float, typer.Option(parser=duration, metavar="DURATION", help="Time to connect, TLS included.")
]
HeadersTimeout = Annotated[
    float, typer.Option(parser=duration, metavar="DURATION", help="Time after that until an answer begins.")
]
BodyTimeout = Annotated[
    float, typer.Option(parser=duration, metavar="DURATION", help="Time after that until the answer is complete.")
]
TotalTimeout = Annotated[
    float, typer.Option(parser=duration, metavar="DURATION", help="Time for one row, with all waits and retries.")
]
Delimiter = Annotated[
    str, typer.Option(help="One character; if absent, the one that the header has most of: , ; | or tab.")
]
Encoding = Annotated[str, typer.Option(help="Encoding of a CSV input; the output is UTF-8.")]
Decimal = Annotated[
    str, typer.Option(metavar=".|,", help="Decimal mark of numbers in text, read and written; , in much of Europe.")
]
Missing = Annotated[
    list[str] | None, typer.Option(metavar="TEXT", help="Text that also means a missing value, such as NA.")
]
Escape = Annotated[
    bool, typer.Option("--escape-formulas", help="Put ' before scored texts that a spreadsheet would run.")
]
Engine = Annotated[
    str,
    typer.Option(
        metavar="spark|jobs",
        help="Let Spark read, score and write, in the session of spark-submit or here; or a Job of Kubernetes.",
    ),
]
InputFormat = Annotated[
    str, typer.Option(metavar=FORMATS, help="Format of INPUT in Spark; by its name csv, else parquet.")
]
OutputFormat = Annotated[str, typer.Option(metavar=FORMATS, help="Format of OUTPUT in Spark; likewise.")]


def score(  # noqa: PLR0913 - a command has the options that it has
    model: ModelOrUrl,
    table: Table,
    output: Output = "-",
    file: File = Path(),
    _outside: Outside = None,
    *,
    resume: Resume = False, on_error: OnError = "", errors: Errors = None,
    url: Url = "", ingress: Ingress = "", domain: Domain = "",
    namespace: Namespace = "", context: Context = "", kubeconfig: Kubeconfig = "",
    variant: Variant = None, step: Step = "", signature: Signature = "",
    header: Header = None, token_file: TokenFile = None, ca_file: CaFile = "", no_log: NoLog = False,
    concurrency: Concurrency = 16, batch: Batch = 500, retries: Retries = 4, no_retry: NoRetry = False,
    connect_timeout: ConnectTimeout = CONNECT, headers_timeout: HeadersTimeout = ANSWER,
    body_timeout: BodyTimeout = ANSWER, total_timeout: TotalTimeout = FIVE_MINUTES,
    delimiter: Delimiter = "", encoding: Encoding = "UTF-8",
    decimal: Decimal = ".", missing: Missing = None, escape_formulas: Escape = False,
    engine: Engine = "", input_format: InputFormat = "", output_format: OutputFormat = "",
    shards: Shards = None, parallel: Parallel = None, claim: Claim = "", stdout: Stdout = False,
    shard: ShardOf = "", manifest: ManifestFile = None,
) -> None:  # fmt: skip
    """Score a table with a model: each row exactly once, in order; rows that fail go to OUTPUT.errors.csv."""
    from modelyard.api.scoring import UNLOGGED, Limits, Options, Route

    forms = (input_format, output_format)
    _check_ends(engine, shard, table, output, forms, decimal, on_error, errors, resume)
    _check_url(model, file, url, domain, *(where := (namespace, context, kubeconfig)))
    _check_formats(table, output, delimiter, encoding)
    options = Options(
        Limits(connect_timeout, headers_timeout, body_timeout), concurrency, batch, 0 if no_retry else retries,
        total_timeout, _action(on_error), _character(delimiter), _encoding(encoding), tuple(missing or ()),
        escape_formulas, _decimal(decimal),
    )  # fmt: skip
    headers = (*headers_of(header or [], token_file), *((UNLOGGED,) if no_log else ()))
    route = Route(url, ingress, domain, variant, step, signature, headers, ca_file)
    if engine == "jobs":
        told, counts = bool(header or token_file), (shards, parallel)
        jobs.score(model, (table, output), counts, claim, file, route, options, where, stdout=stdout, told=told)
    elif engine:
        spark.score(model, table, output, forms, file, route, options, where)
    elif shard:
        jobs.score_shard(model, (table, output), shard, file, route, options, where, manifest)
    else:
        _score(model, table, output, file, route, options, errors, where, resume)


def _check_ends(  # noqa: PLR0913 - what the command has
    engine: str,
    shard: str,
    table: str,
    output: str,
    forms: tuple[str, str],
    decimal: str,
    on_error: str,
    errors: Path | None,
    resume: bool,  # noqa: FBT001
) -> None:
    """Leave with wrong usage if input and output, and what is done with rows that fail, do not go together."""
    if engine:
        spark.check(engine, table, output, forms, decimal)
    elif not shard:
        _check_together(output, on_error, errors, resume)


def _action(on_error: str) -> Literal["skip", "stop"]:
    return "stop" if on_error == "stop" else "skip"


def _check_together(output: str, on_error: str, errors: Path | None, resume: bool) -> None:  # noqa: FBT001
    if on_error not in ("", "skip", "stop"):
        raise typer.BadParameter("--on-error is skip or stop")
    if resume and output == "-":
        raise typer.BadParameter("--resume needs an output file")
    if errors is not None and output != "-":
        raise typer.BadParameter("--errors is for -o -; an output file has its failed rows beside it")
    if on_error == "skip" and output == "-" and errors is None:
        raise typer.BadParameter("--on-error skip with -o - needs --errors FILE for the rows that fail")


def _check_url(model: str, file: Path, *named: str) -> None:
    """Leave with wrong usage if an option says where a model is whose URL says it."""
    options = ("url", "domain", "namespace", "context", "kubeconfig", "file")
    values = (*named, "" if file == Path() else str(file))
    found = [option for option, value in zip(options, values, strict=True) if value]
    if found and "://" in model:
        raise typer.BadParameter(f"--{found[0]} needs the model's name: a URL says itself where the model is")


def _decimal(mark: str) -> Literal[".", ","]:
    if mark not in (".", ","):
        raise typer.BadParameter("--decimal is . or ,")
    return "," if mark == "," else "."


def _check_formats(table: str, output: str, delimiter: str, encoding: str) -> None:
    from_parquet, to_parquet = (each.lower().endswith(".parquet") for each in (table, output))
    if from_parquet and encoding.upper() != "UTF-8":
        raise typer.BadParameter("--encoding is for a CSV input: a Parquet file says its own")
    if from_parquet and to_parquet and delimiter:
        raise typer.BadParameter("--delimiter is for CSV: neither the input nor the output is one")


def _score(  # noqa: PLR0913 - what the command has
    model: str,
    table: str,
    output: str,
    file: Path,
    route: "Route",
    options: "Options",
    errors: Path | None,
    where: tuple[str, str, str],
    resume: bool,  # noqa: FBT001
) -> None:
    from modelyard.api.scoring import score as scored_by

    data: Path | BinaryIO = sys.stdin.buffer if table == "-" else Path(table)
    sink: Path | BinaryIO = sys.stdout.buffer if output == "-" else Path(output)
    shows = sys.stderr.isatty()
    try:
        scored = scored_by(
            model, data, sink, errors=errors, file=file, route=route, options=options, resume=resume,
            where=connection(*where) if any(where) else None, report=_progress if shows else None,
        )  # fmt: skip
    finally:
        if shows:
            sys.stderr.write(CLEAR)
            sys.stderr.flush()
    if scored.measures is not None and scored.measures.done:
        for line in scored.measures.summary().splitlines():
            tell(line)
        if "://" not in model:  # a URL may hold a password
            tell(f"{model} is {scored.url}")
    stop_on_errors(scored.problems)


def _progress(measures: "Measures") -> None:
    sys.stderr.write(CLEAR + measures.line())
    sys.stderr.flush()


def _character(text: str) -> str:
    text = {"tab": "\t", "\\t": "\t"}.get(text, text)
    if text and (len(text) > 1 or text in '"\r\n\0'):
        raise typer.BadParameter("--delimiter is one character, or tab")
    return text


def _encoding(name: str) -> str:
    from modelyard.score.formats import codec

    try:
        return codec(name)
    except (LookupError, ValueError):
        raise typer.BadParameter(f"--encoding {name} is not known") from None
