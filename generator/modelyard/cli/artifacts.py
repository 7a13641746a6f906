"""push and pull: what a models file renders, in a registry."""

from pathlib import Path
from typing import Annotated

import typer

from modelyard.cli.messages import counted, stop_on_errors, tell
from modelyard.cli.options import File, Outside

Address = Annotated[str, typer.Argument(metavar="oci://REGISTRY/NAME:TAG", help="Where the artifact is.")]


def push(address: Address, file: File = Path(), _outside: Outside = None) -> None:
    """Write what a models file renders to a registry, as the artifact that Flux reads; print its address.

    The address has the digest, and the same content gives the same one. Annotations name git's source and revision.
    Credentials are those of `docker login`.
    """
    from modelyard.api import artifacts

    pushed = artifacts.push(file, address)
    stop_on_errors(pushed.problems)
    typer.echo(pushed.address)
    tell(f"pushed {address}{f' of {pushed.revision}' if pushed.revision else ''}{counted(pushed.problems)}")


def pull(
    address: Address,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Folder to write.")],
) -> None:
    """Write the files of an artifact that `modelyard push` wrote into a folder, all or nothing."""
    from modelyard.api import artifacts

    stop_on_errors(artifacts.pull(address, output))
    tell(f"wrote {output}")
