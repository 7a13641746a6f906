"""sagemaker: the program for teams that run no ACK controllers."""

from pathlib import Path
from typing import Annotated

import typer

from modelyard.api import sagemaker
from modelyard.cli.messages import stop_on_errors, tell
from modelyard.cli.options import File, Outside
from modelyard.cli.together import Commands

commands = Commands(
    name="sagemaker", help="Work with the SageMaker endpoints that a models file declares.", no_args_is_help=True
)


@commands.callback()
def _group() -> None:
    pass


@commands.command()
def script(
    model: Annotated[str, typer.Argument(help="Name of the model.")], file: File = Path(), _outside: Outside = None
) -> None:
    """Print a boto3 program that creates a model's endpoint, or moves it to what is declared.

    It makes what the rendered objects make through ACK, under the same names, waits until the endpoint serves, and
    changes nothing when it is run again. With --dry-run the program says what it would do.
    """
    text, problems = sagemaker.script(file, model)
    stop_on_errors(problems)
    typer.echo(text, nl=False)
    tell("Next: save it as deploy.py, then run: python deploy.py --dry-run")
