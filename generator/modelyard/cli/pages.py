"""monitor report: pages about models."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from modelyard.cli.messages import stop_on_errors, tell
from modelyard.cli.options import File, Outside


def report(
    models: Annotated[list[str] | None, typer.Argument(metavar="NAME", help="Models; all that are monitored.")] = None,
    file: File = Path(),
    _outside: Outside = None,
    *,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The page, such as report.html.")],
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="First day (UTC); 90 days before the newest run if absent."),
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
