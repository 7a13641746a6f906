"""show, explain, schema and targets: the commands that only read."""

from pathlib import Path
from typing import Annotated

import typer

from modelyard.cli.messages import stop_on_errors
from modelyard.cli.options import File, Outside
from modelyard.problems import problem


def show(
    model: Annotated[str, typer.Argument(help="Name of the model.")], file: File = Path(), _outside: Outside = None
) -> None:
    """Print a model after base, defaults and variants, with the file, line and column of each value."""
    from modelyard import api

    loaded = api.load(file)
    stop_on_errors([each for each in loaded.problems if loaded.models is None])
    text, hint = api.show(loaded, model)
    if text is None:
        stop_on_errors([*loaded.problems, problem("MY110", f"there is no model {model} to show", hint=hint)])
    typer.echo(text, nl=False)


def explain(
    what: Annotated[
        str, typer.Argument(help="A field, such as models.targets.knative.window, or a code, such as MY104.")
    ],
) -> None:
    """Print the documentation of a field of the models file, or of a problem's code."""
    from modelyard.modelsfile.explain import explain as explained

    text, hint = explained(what)
    if text is None:
        raise typer.BadParameter(hint)
    typer.echo(text, nl=False)


def schema() -> None:
    """Print the JSON Schema of the models file, for editors."""
    from modelyard.models.fields import shipped

    typer.echo(shipped(), nl=False)


def targets() -> None:
    """List the targets that a model can name, and the sections of spec that are rendered for the whole set."""
    from modelyard.targets import SECTIONS, TARGETS, section, target

    lines = {name: target(name).SUMMARY for name in TARGETS}
    lines |= {f"spec.{name}": section(name).SUMMARY for name in SECTIONS}
    width = max(map(len, lines)) + 2
    for name in sorted(lines):
        typer.echo(f"{name:<{width}}{lines[name]}")
