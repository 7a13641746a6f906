"""plugin: the legacy plugin's place for kubectl."""

import os
from pathlib import Path
from typing import Annotated

import typer

from modelyard import plugin
from modelyard.cli.app import app, stop_on_errors, tell

commands = typer.Typer(
    help="Install modelyard-fn as a kustomize plugin, and find out why a host does not run it.", no_args_is_help=True
)
app.add_typer(commands, name="plugin")


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
    gone = plugin.uninstall(os.environ)
    for link in gone:
        tell(f"removed {link}")
    if not gone:
        tell("there was nothing to remove")


@commands.command()
def status(
    folder: Annotated[Path, typer.Option("--file", "-f", metavar="DIR", help="Folder of the kustomization.")] = Path(),
) -> None:
    """Say whether kustomize, kubectl and kpt would run the plugin, and name the cases in which they skip it silently.

    Exits with 1 if something is wrong.
    """
    lines = plugin.status(os.environ, folder)
    typer.echo("\n".join(lines))
    if any(line.startswith("problem") for line in lines):
        raise typer.Exit(1)


@commands.command()
def configurations() -> None:
    """Print the kustomizeconfig.yaml that a kustomization with the plugin names under `configurations:`."""
    from modelyard.compose import kustomizeconfig

    typer.echo(kustomizeconfig(), nl=False)
