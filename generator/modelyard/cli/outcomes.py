"""What a command did in a cluster and in a models file, as a closing text."""

from typing import TYPE_CHECKING

import typer

from modelyard.cli.messages import counted, report, stop_on_errors, tell
from modelyard.problems import printable

if TYPE_CHECKING:
    from modelyard.api.commands import Outcome


def finish(outcome: "Outcome", *, waited: bool) -> None:
    """Say what was applied and written, or end with the problems and exit code 1."""
    from modelyard.api.cluster import counted as counts
    from modelyard.render.changes import shown

    again = "run the command again"
    if outcome.written:
        tell(f"wrote {outcome.written}")
        again = f"go on with: modelyard apply -f {outcome.written}"
    if outcome.failed:
        if outcome.applied or outcome.written:
            tell(f"stopped after: {counts(outcome.applied)}; what was done stays, {again}")
        stop_on_errors(outcome.problems)
    report(outcome.problems)
    if outcome.removed:
        tell(f"removed {len(outcome.removed)} objects")
    typer.echo(shown(outcome.differences, "text"), nl=False)
    if outcome.applied:
        typer.echo(printable(f"{outcome.namespace}: {counts(outcome.applied)}{counted(outcome.problems)}"))
        if not waited:
            tell(f"Next: modelyard list -n {outcome.namespace} says what is ready")
