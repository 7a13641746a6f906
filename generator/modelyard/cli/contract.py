"""contract: what a model takes and gives, for those who call it."""

from pathlib import Path
from typing import Annotated

import typer

from modelyard.cli.messages import stop_on_errors
from modelyard.cli.options import File, Outside

_FORMATS = "openapi|json-schema|csv|sample"


def contract(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the model.")],
    output: Annotated[str, typer.Option("--output", "-o", metavar=_FORMATS, help="What to print.")],
    file: File = Path(),
    _outside: Outside = None,
    *,
    variant: Annotated[
        str | None, typer.Option(help="Variant whose contract is meant, in place of the one that callers rely on.")
    ] = None,
) -> None:
    """Print what a model takes and gives, as the lock has pinned it, for those who call it.

    openapi: an OpenAPI 3.1 document with the model's own paths. json-schema: draft 2020-12 of what is sent. csv: the
    header of a table for `score`. sample: a call that is valid by the schema.
    """
    from modelyard.api import contracts

    if output not in contracts.FORMATS:
        raise typer.BadParameter(f"-o is one of {', '.join(contracts.FORMATS)}")
    text, problems = contracts.written(file, name, output, variant=variant)
    stop_on_errors(problems)
    typer.echo(text, nl=False)
