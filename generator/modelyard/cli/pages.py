"""monitor report, monitor demo, catalog: pages about models."""

import signal
import webbrowser
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from modelyard.cli.messages import stop_on_errors, tell
from modelyard.cli.options import File, Files, Outside, named


def report(
    models: Annotated[list[str] | None, typer.Argument(metavar="NAME", help="Models; all that are monitored.")] = None,
    file: File = Path(),
    _outside: Outside = None,
    *,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The page, such as report.html.")],
    since: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], help="First day (UTC); 90 days before the newest run if absent."),
    ] = None,
) -> None:
    """Write what was measured as a page: quality, alerts, drift, traffic, and challengers over time.

    The page is one file that asks nobody for anything; it holds numbers and names, and no row of the log. It measures
    nothing: `monitor run` does. Promotions are marked where the models file is in Git.
    """
    from modelyard.api import pages

    outcome = pages.report(file, models or (), output=output, since=since.replace(tzinfo=UTC) if since else None)
    stop_on_errors(outcome.problems)
    for each in outcome.models:
        tell(f"{each.name}: {each.word}, {each.told}")
    tell(f"wrote {outcome.path}")


def demo(
    *,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The report.")] = Path("report.html"),
    show: Annotated[bool, typer.Option("--open", help="Open the report in the browser.")] = False,
) -> None:
    """Try it in a minute: a database, a model, its sidecars, three weeks of made calls, an alert, and the report.

    It runs on this machine alone, with the PostgreSQL of modelyard[demo], and leaves nothing but the report, also when
    it is interrupted. It is the same story each time: in the third week the customers change, and the champion falls.
    """
    from modelyard.api import demo as api

    ended: list[int] = []
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, lambda number, _: ended.append(number))
    outcome = api.run(output, tell=tell, stop=lambda: bool(ended))
    stop_on_errors(outcome.problems)
    tell(f"the report is {outcome.path}")
    if show and outcome.path is not None:
        webbrowser.open(outcome.path.as_uri())


def catalog(
    file: Files = None,
    _outside: Outside = None,
    *,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Folder of the site, such as site/.")],
) -> None:
    """Write the models of all models files as a static site: what runs where, approved by whom, and how good it is.

    The site asks nobody for anything. Approvals are those of Git's history, contracts those of the lock; quality is
    what `monitor run` has kept, where MODELYARD_DATABASE names the database. DIR then holds the site and nothing else.
    """
    from modelyard.api import catalog as api

    outcome = api.write(named(file), output=output)
    stop_on_errors(outcome.problems)
    tell(f"wrote {outcome.path}: {outcome.models} models, {outcome.files} pages")
