"""monitor: the request log's tables, outcomes, what is measured there, and what is to be forgotten."""

from collections.abc import Iterable, Iterator
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from modelyard.cli import pages
from modelyard.cli.messages import stop_on_errors, tell
from modelyard.cli.moments import At, Until
from modelyard.cli.options import File, Outside
from modelyard.cli.together import Commands
from modelyard.problems import printable

if TYPE_CHECKING:
    from modelyard.request_log.measures.plan import Measure

_INPUTS: Final = frozenset(["psi", "missing_rate", "new_levels"])
_SHOWN: Final = 10  # inputs of a version, those that drift most
_BINS: Final = frozenset(["scored", "observed", "score_share", "baseline_share"])

commands = Commands(
    name="monitor",
    help="Keep the request log, and measure how good models are by it.\n\n"
    "The address of the database is in MODELYARD_DATABASE; it is never printed.",
    no_args_is_help=True,
)


@commands.callback()
def _group() -> None:
    pass


@commands.command()
def migrate(file: File = Path(), _outside: Outside = None) -> None:
    """Make the tables and roles of the log, or bring them to this version; set how long rows are kept.

    Run it as the login that owns the tables, before sidecars write: TABLE_writer and TABLE_reader are roles without a
    login, to be granted to those who log in, and so is TABLE_monitor, which measures. It is safe beside older
    sidecars, and can be repeated. A log in files needs no tables: of it, days beyond retention are deleted.
    """
    from modelyard.api import monitor

    outcome = monitor.migrate(file)
    stop_on_errors(outcome.problems)
    if outcome.dropped is not None:
        days = f"{outcome.dropped} day{'' if outcome.dropped == 1 else 's'} of rows gone, by retention"
        tell(f"{outcome.table}: {days}; files need no tables")
        return
    done = f"versions {', '.join(map(str, outcome.versions))} are new" if outcome.versions else "nothing was to be done"
    tell(f"{outcome.table}: {done}; the roles are {outcome.table}_writer, _reader and _monitor")


@commands.command()
def actuals(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="CSV with a header, also .gz or .zst, or .parquet.")],
    file: File = Path(),
    _outside: Outside = None,
    *,
    identity: Annotated[str, typer.Option("--id", metavar="COLUMN", help="Column with the ids of the log.")],
    target: Annotated[str, typer.Option(metavar="COLUMN", help="Column with what became true.")],
) -> None:
    """Load what became true into the log's database: all of the file or nothing, and safe to repeat.

    Ids that no logged row has are listed in FILE.unknown.csv, and those whose outcome was another one before in
    FILE.changed.csv; the new one holds.
    """
    from modelyard.api import monitor

    outcome = monitor.actuals(source, key=identity, target=target, file=file)
    stop_on_errors(outcome.problems)
    counts = (
        ("new", outcome.new),
        ("as before", outcome.same),
        ("changed", outcome.changed),
        ("repeated in the file", outcome.repeated),
        ("without id or outcome", outcome.empty),
    )
    tell(f"{target}: {', '.join(f'{number} {what}' for what, number in counts if number) or 'the file has no rows'}")
    for path in outcome.files:
        tell(f"wrote {path}")


@commands.command()
def run(
    models: Annotated[list[str] | None, typer.Argument(metavar="NAME", help="Models; all that are monitored.")] = None,
    file: File = Path(),
    _outside: Outside = None,
    *,
    at: At = None,
    notify: Annotated[
        bool, typer.Option("--notify", help="Tell of alerts that began or ended, and start the retraining.")
    ] = False,
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="json", help="Print all measures as data in place of a table.")
    ] = "",
) -> None:
    """Measure how good models are, by their log: quality where outcomes are, drift, traffic, challengers.

    All is computed in the database, and kept in TABLE_quality. The exit code is 1 if a model is beyond its threshold;
    where there are too few rows, or one class is missing, that is said, and is no alert. With --notify those whom
    `notify` names hear once of each alert, and of its end; their addresses are in the environment.
    """
    from modelyard.api import measuring

    if output not in ("", "json"):
        raise typer.BadParameter("-o takes json")
    if at and notify:
        raise typer.BadParameter("--at does not go with --notify: of another time nobody is told")
    outcome = measuring.run(file, models or (), at=at.replace(tzinfo=UTC) if at else None, notify=notify)
    if not outcome.measures:
        stop_on_errors(outcome.problems)
    typer.echo(_json(outcome.measures) if output else "\n".join(_lines(outcome.measures)))
    if outcome.accepted:
        tell(f"notified: {', '.join(outcome.accepted)} accepted it")
    stop_on_errors(outcome.problems)


commands.command()(pages.report)
commands.command()(pages.demo)


@commands.command()
def silence(
    model: Annotated[str, typer.Argument(metavar="NAME", help="Model.")],
    file: File = Path(),
    _outside: Outside = None,
    *,
    until: Until = None,
    end: Annotated[bool, typer.Option("--end", help="End it now.")] = False,
) -> None:
    """Let nobody hear of a model's alerts for a time, and start no retraining; it is measured all the same.

    An alert that still stands when the silence ends is told then. Run it as the login that owns the tables.
    """
    from modelyard.api import alerting

    if (until is None) != end:
        raise typer.BadParameter("give --until DATE or --end")
    moment = until.replace(tzinfo=UTC) if until else None
    stop_on_errors(alerting.silence(model, moment, file))
    tell(f"{model} is silent until {moment:%Y-%m-%dT%H:%M:%SZ}" if moment else f"{model} is not silent")


@commands.command()
def export(
    model: Annotated[str, typer.Argument(metavar="NAME", help="Model.")],
    file: File = Path(),
    _outside: Outside = None,
    *,
    folder: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Folder of the tables.")],
    prefix: Annotated[str, typer.Option(help="What the performance definition of Model Manager begins tables with.")],
    label: Annotated[str, typer.Option(help="What the window is called, such as Q3.")],
    at: At = None,
) -> None:
    """Write the rows that have outcomes as a table from which SAS Model Manager reports performance.

    DIR/PREFIX_NUMBER_LABEL.csv has inputs, prediction and outcome of each row of the window; load it into the CAS
    library of the performance definition. It holds rows of the log: keep it as you keep those.
    """
    from modelyard.api import measuring

    moment = at.replace(tzinfo=UTC) if at else None
    outcome = measuring.export(file, model, folder, prefix=prefix, label=label, at=moment)
    stop_on_errors(outcome.problems)
    tell(f"wrote {outcome.path}")


@commands.command()
def forget(
    file: File = Path(),
    _outside: Outside = None,
    *,
    identity: Annotated[
        list[str] | None, typer.Option("--id", metavar="VALUE", help="Id whose rows go; may be given again.")
    ] = None,
    ids: Annotated[
        Path | None, typer.Option("--ids", metavar="FILE", help="File with an id in each line, in place of --id.")
    ] = None,
) -> None:
    """Delete the logged rows and the outcomes of a person, or of whatever the ids stand for.

    VALUE is what requestLog.id names, or an X-Request-Id. Sidecars may still hold rows that came before: run it again
    after a minute.
    """
    from modelyard.api import monitor

    if bool(identity) == (ids is not None):
        raise typer.BadParameter("give --id VALUE or --ids FILE")
    found = list(identity or [])
    if ids is not None:
        found, problems = monitor.ids_of(ids)
        stop_on_errors(problems)
    outcome = monitor.forget(found, file)
    stop_on_errors(outcome.problems)
    tell(", ".join(f"{number} rows of {table}" for table, number in outcome.rows.items()) + " are gone")


def _json(found: "dict[str, list[Measure]]") -> str:
    import json

    return json.dumps({model: [_data(each) for each in measures] for model, measures in found.items()}, indent=2)


def _data(own: "Measure") -> dict[str, Any]:
    version = own.version._asdict() if own.version else {"variant": None, "image": None}
    span = {"since": own.span.since.isoformat(), "until": own.span.until.isoformat()}
    return version | span | {key: value for key, value in own._asdict().items() if key not in ("version", "span")}


def _lines(found: "dict[str, list[Measure]]") -> Iterator[str]:
    """Yield a line for each measure, below its model and version; of inputs those that drift most."""
    for model, measures in found.items():
        yield printable(model)
        for version in dict.fromkeys(each.version for each in measures):
            own = [each for each in measures if each.version == version]
            name = (version.variant or version.image or "model") if version else "model"
            yield printable(f"  {name}")
            for each in _chosen(own):
                yield printable(f"    {_line(each)}")


def _chosen(measures: "list[Measure]") -> "Iterable[Measure]":
    drifting = [each for each in measures if each.measure in _INPUTS and each.detail is not None]
    drifting.sort(key=lambda each: (-(each.value or 0.0), each.detail or "", each.measure))
    return [
        *(each for each in measures if each not in drifting and each.measure not in _BINS),
        *[each for each in drifting if each.value or each.note][:_SHOWN],
    ]


def _line(own: "Measure") -> str:
    name = f"{own.measure} {own.detail}" if own.detail else own.measure
    value = "-" if own.value is None else f"{own.value:.4g}" if own.value % 1 else f"{own.value:.0f}"
    interval = "" if own.low is None or own.high is None else f"  {own.low:.4g} to {own.high:.4g}"
    marks = [text for text in ("ALERT" if own.alert else "", own.note or "") if text]
    return f"{name:<28} {value:>10}{interval}{'  ' if marks else ''}{', '.join(marks)}"
