"""site-config: what a models file gives a SAS Viya deployment, placed into it and taken out again."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modelyard import api
from modelyard.cli.messages import printable_lines, report, stop_on_errors, tell
from modelyard.cli.options import File, Outside
from modelyard.cli.together import Commands
from modelyard.files import regular
from modelyard.problems import printable

if TYPE_CHECKING:
    from modelyard.kustomize.site_config import Change, Installed

commands = Commands(
    name="site-config",
    help="Place the site-config of a models file into a SAS Viya deployment, and take it out again.",
    no_args_is_help=True,
)

Deploy = Annotated[Path, typer.Argument(metavar="DEPLOY", help="Folder of the deployment's kustomization.yaml.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do it without asking, as in CI.")]


@commands.command()
def install(
    deploy: Deploy,
    file: File = Path(),
    _outside: Outside = None,
    *,
    yes: Yes = False,
    no_check: Annotated[bool, typer.Option("--no-check", help="Do not build the base to prove the effect.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing: print what would change, and exit with 1 if anything would.")
    ] = False,
    restore: Annotated[
        bool, typer.Option("--restore", help="Also a restore that `remove --restore` took out.")
    ] = False,
) -> None:
    """Copy the site-config into DEPLOY and list it in its kustomization.yaml, after showing what changes.

    Nothing is changed if the proof of `modelyard check --base DEPLOY` finds an error.
    """
    from modelyard.api import site_config

    if check and (yes or no_check):
        raise typer.BadParameter("--check neither asks nor proves: leave out --yes and --no-check")
    result = api.overlay(file)
    stop_on_errors(result.problems if no_check or check else site_config.proof(result, deploy, progress=tell))
    change, problems = site_config.installation(file, deploy, result, restore=restore)
    stop_on_errors(problems)
    if check and change is not None and change.diff:
        typer.echo(change.diff, nl=False)
        tell(f"{deploy} differs from what {api.models_file(file)} gives")
        raise typer.Exit(1)
    built = f"kustomize build {shlex.quote(str(deploy))} | modelyard check -f {shlex.quote(str(file))} --built -"
    _do(change, yes=yes, done=f"{deploy} has the site-config of {api.models_file(file)}", after=built)


@commands.command()
def remove(
    deploy: Deploy,
    file: File = Path(),
    _outside: Outside = None,
    *,
    restore: Annotated[bool, typer.Option("--restore", help="Take out the restore alone.")] = False,
    yes: Yes = False,
) -> None:
    """Take the site-config out of DEPLOY; its kustomization.yaml is as it was before `install`.

    Without -f it is the one that `status` shows; of several, that of the models file in the current folder.
    """
    from modelyard.api import site_config
    from modelyard.kustomize.site_config import installed

    is_named = file != Path() or (len(installed(deploy)[0]) > 1 and regular.is_file(api.models_file(file)))
    change, problems = site_config.removal(file if is_named else None, deploy, restore=restore)
    stop_on_errors(problems)
    whose = api.models_file(file) if is_named else "modelyard"
    _do(change, yes=yes, done=f"{deploy} has no {'restore' if restore else 'site-config'} of {whose}")
    if restore and (place := site_config.restore_declared(file if is_named else None, deploy)):
        tell(f"{place}: this restore is still declared; take it out of the file, `install` refuses it until then")


@commands.command()
def status(deploy: Deploy) -> None:
    """Say what is installed from which models file, and whether restore mode is on.

    Exits with 1 if something is wrong, such as a site-config that its models file does not give.
    """
    from modelyard.api.site_config import installed

    found, problems = installed(deploy)
    for each in found:
        typer.echo(printable_lines(_described(each)))
    if not found and not problems:
        typer.echo(printable(f"{deploy} has no site-config of modelyard"))
    report(problems)
    if problems:
        raise typer.Exit(1)


def _described(each: "Installed") -> str:
    from modelyard.kustomize.site_config import BREADCRUMB

    lines = [f"set {each.set_name}, from {each.models_file or 'an unknown models file'}"]
    if each.start_mode:
        lines += [
            f"restore mode is on: SAS_DEPLOYMENT_START_MODE is {each.start_mode}",
            f"to restore once more, delete {BREADCRUMB} in the service's pod and start it again",
        ]
    else:
        lines.append("restore mode is off")
    return "\n  ".join(lines)


def _do(change: "Change | None", *, yes: bool, done: str, after: str = "") -> None:
    """Show a change, ask, and carry it out."""
    from modelyard.kustomize.site_config import apply

    if change is None or not change.diff:
        tell(f"nothing to do: {done}")
        return
    if not yes:
        if not sys.stdin.isatty():
            raise typer.BadParameter("cannot ask for confirmation here: add --yes")
        typer.echo(printable_lines(change.diff), nl=False, err=True)
        if not typer.confirm("Change these files?", err=True):
            tell("nothing was changed")
            raise typer.Exit(1)
    stop_on_errors(apply(change))
    if yes:
        typer.echo(printable_lines(change.diff), nl=False)  # only now: on an error standard output is empty
    tell(done)
    if after:
        tell(f"Next: {after}")
