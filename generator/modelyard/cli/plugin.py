"""plugin: the places of the legacy plugin of kubectl, and of the plugins of Helm."""

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
    help="Install the plugins of kustomize and Helm, and find out why a host does not run them.",
    no_args_is_help=True,
)


@commands.command()
def install(
    *,
    helm: Annotated[
        bool, typer.Option("--helm", help="Install `helm modelyard`, in place of the link; for Helm 3 and 4.")
    ] = False,
    helm_post_renderer: Annotated[
        bool,
        typer.Option(
            "--helm-post-renderer",
            help="Install the post-renderer of Helm 4; refused where a Helm 3 looks into the same folder.",
        ),
    ] = False,
) -> None:
    """Link modelyard-fn to where kubectl and kustomize look for legacy plugins, or install a plugin of Helm.

    A plugin of Helm goes where each Helm on PATH looks for it, as `helm env HELM_PLUGINS` says.
    """
    if helm or helm_post_renderer:
        _install_for_helm(commands_=helm, post_renderer=helm_post_renderer)
        return
    made, problems = plugin.install(os.environ)
    stop_on_errors(problems)
    for link in made:
        tell(f"linked {link}")
    tell("Next: kubectl kustomize --enable-alpha-plugins DIR | kubectl apply -f -")


def _install_for_helm(*, commands_: bool, post_renderer: bool) -> None:
    from modelyard.plugin.helm import folders
    from modelyard.plugin.helm.post_renderer import POST_RENDERER

    next_steps = {
        False: "helm modelyard upgrade --install RELEASE CHART --models models.yaml",
        True: f"helm upgrade --install RELEASE CHART --post-renderer {POST_RENDERER} "
        "--post-renderer-args --models=models.yaml",
    }
    wanted = [each for each, is_wanted in ((True, post_renderer), (False, commands_)) if is_wanted]
    for each in wanted:
        made, problems = folders.install(os.environ, post_renderer=each)
        stop_on_errors(problems)
        for path in made:
            tell(f"installed {path}")
    for each in wanted:
        tell(f"Next: {next_steps[each]}")


@commands.command()
def uninstall() -> None:
    """Take the links, and the plugins of Helm, out again."""
    from modelyard.plugin.helm import folders

    gone, problems = plugin.uninstall(os.environ)
    of_helm, further = folders.uninstall(os.environ)
    for path in (*gone, *of_helm):
        tell(f"removed {path}")
    stop_on_errors([*problems, *further])
    if not (gone or of_helm):
        tell("there was nothing to remove")


@commands.command()
def status(
    folder: Annotated[Path, typer.Option("--file", "-f", metavar="DIR", help="Folder of the kustomization.")] = Path(),
) -> None:
    """Say whether kustomize, kubectl and Helm would run the plugin, and name the cases in which they skip it silently.

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
