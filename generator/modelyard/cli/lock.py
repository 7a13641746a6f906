"""lock: the digests of images, beside the models file."""

from pathlib import Path
from typing import Annotated

import typer

from modelyard.cli.messages import counted, stop_on_errors, tell
from modelyard.cli.options import File, Outside


def lock(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="Models; all if absent.")] = None,
    file: File = Path(),
    _outside: Outside = None,
    *,
    update: Annotated[
        bool, typer.Option("--update", help="Ask for all digests again, and take those that moved.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing: exit with 1 if a tag has moved, or the lock does not fit.")
    ] = False,
) -> None:
    """Write models.lock.yaml beside the models file: the digests of its images, asked of their registries.

    While it is there, all that is rendered names them: `name:tag@sha256:…`. A digest that is in it stays until
    --update. Credentials are those of `docker login`. On any error the old lock stands.
    """
    from modelyard.api import locking

    if check:
        outcome = locking.check(file, names or [])
        stop_on_errors(outcome.problems)
        tell(
            f"{locking.lock_file(file)} is what the registries have: {outcome.images} images{counted(outcome.problems)}"
        )
        return
    outcome = locking.lock(file, names or [], update=update)
    stop_on_errors(outcome.problems)
    for image, before, after in outcome.changes:
        typer.echo(f"{image} {f'{before} -> {after}' if before and after else after or 'is gone'}")
    verb = "wrote" if outcome.written else "nothing has changed in"
    tell(f"{verb} {locking.lock_file(file)}: {outcome.images} images{counted(outcome.problems)}")
    if outcome.written:
        tell(f"Next: modelyard render -f {file}, and commit both")
