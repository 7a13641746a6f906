"""image: the command that writes the build context of a SageMaker image."""

from pathlib import Path
from typing import Annotated

import typer

from modelyard.api import image as api
from modelyard.cli.messages import counted, stop_on_errors, tell
from modelyard.cli.options import File, Outside


def image(
    model: Annotated[str, typer.Argument(help="Name of the model.")],
    file: File = Path(),
    _outside: Outside = None,
    *,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Folder to write.")],
    variant: Annotated[str | None, typer.Option(help="Variant, if their images differ.")] = None,
) -> None:
    """Write the build context of the image that SageMaker runs: the model's image with a proxy in front of it.

    The folder belongs to modelyard: it is exchanged whole, and only if there is no error. Its README says how to
    build, try and push the image.
    """
    made, problems = api.context(file, model, variant=variant)
    stop_on_errors(problems)
    stop_on_errors(api.write(output, made))
    tell(f"wrote {output}: {len(made)} files{counted(problems)}")
    tell(f"Next: docker build -f {output / 'Containerfile'} {output}; {output / 'README.md'} has the rest")
