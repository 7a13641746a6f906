"""replay: what a champion has answered, asked of a challenger."""

from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

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
from modelyard.cli.connection import Context, Kubeconfig, Namespace, connection
from modelyard.cli.durations import Seconds, duration
from modelyard.cli.messages import stop_on_errors, tell
from modelyard.cli.moments import At
from modelyard.cli.options import File, Outside
from modelyard.problems import has_errors

if TYPE_CHECKING:
    from modelyard.api.replay import Replayed
    from modelyard.problems import Problem

_DAY: Final = Seconds(86_400)
_FORMATS: Final = ("text", "json", "markdown", "junit")
_ENDINGS: Final = ".txt, .json, .md or .xml (JUnit)"

Source = Annotated[
    str,
    typer.Option(
        "--from",
        metavar="log|FILE",
        help="The request log, whose database is in MODELYARD_DATABASE; or what `score` has written: CSV or Parquet.",
    ),
]
Against = Annotated[
    str,
    typer.Option(
        metavar="VARIANT|IMAGE|URL", help="The challenger; an image is started on this machine, by podman or docker."
    ),
]
Window = Annotated[
    float, typer.Option(parser=duration, metavar="DURATION", help="How much of the log, up to now or to --at.")
]
Most = Annotated[int | None, typer.Option("--limit", min=1, metavar="ROWS", help="Only the newest rows of the log.")]
Key = Annotated[
    str | None, typer.Option("--id", metavar="COLUMN", help="Column of FILE with ids; requestLog.id if it has that.")
]
Tolerance = Annotated[
    float, typer.Option(min=0.0, help="Numbers no farther apart agree; beyond 1, as a share of the larger one.")
]
Differences = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Write the rows that differ there, as CSV, each by its id.")
]
Format = Annotated[str, typer.Option("--format", metavar="|".join(_FORMATS), help="Form of what is printed.")]
Output = Annotated[
    list[Path] | None,
    typer.Option("--output", "-o", metavar="FILE", help=f"Write it to a file too, by its ending: {_ENDINGS}."),
]


def replay(  # noqa: PLR0913 - a command has the options that it has
    name: Annotated[str, typer.Argument(help="Name of the model.")],
    file: File = Path(),
    _outside: Outside = None,
    *,
    source: Source = "log", against: Against = "challenger", window: Window = _DAY, at: At = None, most: Most = None,
    key: Key = None, tolerance: Tolerance = 1e-9, differences: Differences = None, form: Format = "text",
    output: Output = None,
    ingress: Ingress = "", domain: Domain = "", namespace: Namespace = "", context: Context = "",
    kubeconfig: Kubeconfig = "", step: Step = "", signature: Signature = "", header: Header = None,
    token_file: TokenFile = None, ca_file: CaFile = "", concurrency: Concurrency = 4, batch: Batch = 1,
) -> None:  # fmt: skip
    """Ask a challenger what the champion has answered, before it gets a call, and compare.

    Told are the share of rows that agree, the largest difference of each output, how far the scores' distributions are
    apart (PSI, KS), latency and errors. The exit code is 1 if the model's `gate` is not met, or has too few rows. The
    calls are in no request log. Only FILE of --differences has values and ids of rows.
    """
    from modelyard.api import replay as api
    from modelyard.api.scoring import Options, Route

    outputs = _outputs(form, output or [])
    _check_files(source, differences, [*outputs])
    where = (namespace, context, kubeconfig)
    _check(source, against, (window, at, most), key, (domain, *where))
    rows = api.Rows(source, key, window, at.replace(tzinfo=UTC) if at else None, most)
    outcome = api.run(
        name, against, rows, file=file, differences=differences, tolerance=tolerance,
        route=Route("", ingress, domain, None, step, signature, headers_of(header or [], token_file), ca_file),
        options=Options(concurrency=concurrency, batch=batch), where=connection(*where) if any(where) else None,
    )  # fmt: skip
    if outcome.replayed is None:
        stop_on_errors(outcome.problems)
        return
    problems = [*outcome.problems, *_told(outcome.replayed, form, outputs)]
    if differences is not None and not has_errors([each for each in problems if each.code.startswith("MY4")]):
        tell(f"wrote {differences}")
    if not outcome.replayed.limits:
        tell(f"{outcome.replayed.model} has no gate: nothing is demanded")
    stop_on_errors(problems)


def _check(
    source: str, against: str, of_log: tuple[object, object, object], key: str | None, named: tuple[str, ...]
) -> None:
    """Leave with wrong usage for options that have no effect."""
    if source == "log" and key is not None:
        raise typer.BadParameter("--id is for a FILE: the log has its ids")
    if source != "log" and of_log != (_DAY, None, None):
        raise typer.BadParameter("--window, --at and --limit are for --from log")
    if "://" in against and any(named):
        raise typer.BadParameter("a URL says itself where the challenger is: leave out --domain and the cluster")


def _check_files(source: str, differences: Path | None, outputs: list[Path]) -> None:
    """Leave with wrong usage if one file is to have two contents."""
    named = [Path(source)] if source != "log" else []
    named += [*([differences] if differences else []), *outputs]
    if len({each.resolve() for each in named}) < len(named):
        raise typer.BadParameter("--from, --differences and --output: one file is named twice")


def _outputs(form: str, files: list[Path]) -> dict[Path, str]:
    from modelyard.api.replay_report import ENDINGS

    if form not in _FORMATS:
        raise typer.BadParameter(f"there is no format {form}; there are {', '.join(_FORMATS)}")
    found = {each: ENDINGS.get(each.suffix, "") for each in files}
    if unknown := [each for each, its in found.items() if not its]:
        raise typer.BadParameter(f"--output: {unknown[0]} does not end with {_ENDINGS}")
    return found


def _told(replayed: "Replayed", form: str, outputs: dict[Path, str]) -> "list[Problem]":
    """Print the report, and write it to files; return what could not be written."""
    from modelyard.api.replay_report import shown
    from modelyard.files.disk import write

    typer.echo(shown(replayed, form), nl=False)
    unwritten: list[Problem] = []
    for path, its in outputs.items():
        unwritten += write(path, shown(replayed, its).encode())
    return unwritten
