"""monitor: the request log's tables, outcomes, and what is to be forgotten."""

from pathlib import Path
from typing import Annotated

import typer

from modelyard.cli.messages import stop_on_errors, tell
from modelyard.cli.options import File, Outside
from modelyard.cli.together import Commands

commands = Commands(
    name="monitor",
    help="Keep the request log: its tables, outcomes, and what is to be forgotten.\n\n"
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
    login, to be granted to those who log in. It is safe beside older sidecars, and can be repeated.
    """
    from modelyard.api import monitor

    outcome = monitor.migrate(file)
    stop_on_errors(outcome.problems)
    done = f"versions {', '.join(map(str, outcome.versions))} are new" if outcome.versions else "nothing was to be done"
    tell(f"{outcome.table}: {done}; the roles are {outcome.table}_writer and {outcome.table}_reader")


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
