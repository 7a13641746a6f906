"""plugin: the legacy plugin's place for kubectl."""

import os
import textwrap
from pathlib import Path
from typing import Annotated

import typer

from modelyard.cli.messages import printable_lines, stop_on_errors, tell
from modelyard.cli.together import Commands
from modelyard.plugin import install as plugin

WIDTH = 80  # columns; what people see in a terminal and paste into an issue

commands = Commands(
    name="plugin",
    help="Install modelyard-fn as a kustomize plugin, and find out why a host does not run it.",
    no_args_is_help=True,
)


@commands.command()
def install() -> None:
    """Link modelyard-fn to where kubectl and kustomize look for legacy plugins."""
    made, problems = plugin.install(os.environ)
    stop_on_errors(problems)
    for link in made:
        tell(f"linked {link}")
    tell("Next: kubectl kustomize --enable-alpha-plugins DIR | kubectl apply -f -")


@commands.command()
def uninstall() -> None:
    """Take the links out again."""
    gone, problems = plugin.uninstall(os.environ)
    for link in gone:
        tell(f"removed {link}")
    stop_on_errors(problems)
    if not gone:
        tell("there was nothing to remove")


@commands.command()
def status(
    folder: Annotated[Path, typer.Option("--file", "-f", metavar="DIR", help="Folder of the kustomization.")] = Path(),
) -> None:
    """Say whether kustomize and kubectl would run the plugin, and name the cases in which they skip it silently.

    Exits with 1 if something is wrong.
    """
    from modelyard.plugin.status import status as found

    lines = found(os.environ, folder)
    for line in lines:
        typer.echo(printable_lines(_laid_out(line.level, line.text, line.command)))
    if any(line.level == "problem" for line in lines):
        raise typer.Exit(1)


def _laid_out(level: str, text: str, command: str) -> str:
    """Return a finding in a column beside its level; a command keeps a line of its own, so that it can be copied."""
    indent = " " * 9
    lines = [
        part
        for line in text.split("\n")
        for part in textwrap.wrap(line, WIDTH - len(indent), break_long_words=False, break_on_hyphens=False)
    ]
    lines += [f"  {command}"] if command else []
    return textwrap.indent("\n".join(lines), indent).replace(indent, f"{level:<9}", 1)


@commands.command()
def configurations() -> None:
    """Print the kustomizeconfig.yaml that a kustomization with the plugin names under `configurations:`."""
    from modelyard.render.component import kustomizeconfig

    typer.echo(kustomizeconfig(), nl=False)


@commands.command()
def argocd() -> None:
    """Print the objects that an Application of Argo CD asks for: what its config management plugin calls.

    Its parameters are `environment`, the folder of a models file below this one, and `images`, from a model, or a
    model/variant, to a tag or digest.
    """
    from modelyard.api import argocd_plugin
    from modelyard.files.yaml import write_all

    rendering = argocd_plugin.generate(os.environ)
    stop_on_errors(rendering.problems)
    typer.echo(write_all(each.body for each in rendering.objects), nl=False)
