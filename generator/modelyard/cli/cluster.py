"""list, status, delete and logs: what a cluster serves."""

import sys
import time
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from modelyard.cli.connection import Context, Kubeconfig, Namespace, Timeout, Yes, beside, confirming, connected
from modelyard.cli.durations import Seconds, duration
from modelyard.cli.messages import stop_on_errors, tell
from modelyard.cli.options import File, Outside

if TYPE_CHECKING:
    from modelyard.cluster import Client

_WATCH_SECONDS: Final = 2.0
_A_MINUTE: Final = Seconds(60)


def list_models(
    file: File = Path(),
    _outside: Outside = None,
    *,
    namespace: Namespace = "",
    context: Context = "",
    kubeconfig: Kubeconfig = "",
    revisions: Annotated[bool, typer.Option("--revisions", help="List the revisions of Knative Services.")] = False,
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="json|yaml", help="Print data in place of a table.")
    ] = "",
    watch: Annotated[
        bool, typer.Option("--watch", "-w", help="Print it again when it changes, until interrupted.")
    ] = False,
) -> None:
    """List the models of a namespace: variants, their share of the calls, readiness, address, image and age.

    Knative Services that other tools deployed are listed too, with a star.
    """
    if output not in ("", "json", "yaml"):
        raise typer.BadParameter("-o takes json or yaml")
    with connected(beside(file, namespace, context, kubeconfig)) as client:
        before = None
        while True:
            found = _found(client, revisions=revisions)
            if found != before:
                typer.echo(_as_text(found, output, client.namespace), nl=False)
                sys.stdout.flush()
            before = found
            if not watch:
                return
            time.sleep(_WATCH_SECONDS)


def status(
    name: Annotated[str, typer.Argument(help="Name of the model.")],
    file: File = Path(),
    _outside: Outside = None,
    *,
    namespace: Namespace = "",
    context: Context = "",
    kubeconfig: Kubeconfig = "",
) -> None:
    """Say how a model is served, and why it is not ready: its objects' conditions in words, and its pods.

    Exits with 1 if it is not ready.
    """
    from modelyard.api import cluster
    from modelyard.cli import tables
    from modelyard.problems import printable, problem

    with connected(beside(file, namespace, context, kubeconfig)) as client:
        found = [each for each in cluster.models(client) if each.name == name]
        if not found:
            message = f"there is no model {name} in the namespace {client.namespace}"
            stop_on_errors([problem("MY710", message, hint="`modelyard list` names what is there")])
        lines = [*cluster.conditions(client, name), *cluster.waiting(client, name)]
    text = tables.of_status(found, lines, tables.now())
    typer.echo("".join(f"{printable(line)}\n" for line in text.splitlines()), nl=False)
    if not all(each.ready for each in found):
        raise typer.Exit(1)


def delete(  # noqa: PLR0913 - typer's way to declare options
    names: Annotated[list[str] | None, typer.Argument(metavar="NAME...", help="Names of models.")] = None,
    file: File = Path(),
    _outside: Outside = None,
    *,
    namespace: Namespace = "",
    context: Context = "",
    kubeconfig: Kubeconfig = "",
    revision: Annotated[str, typer.Option("--revision", metavar="NAME", help="Delete one revision instead.")] = "",
    force: Annotated[bool, typer.Option("--force", help="Also delete what modelyard did not deploy.")] = False,
    yes: Yes = False,
    timeout: Timeout = _A_MINUTE,
) -> None:
    """Delete models, or a revision that gets no calls, after showing what will be deleted; waits until it is gone."""
    from modelyard.api import commands
    from modelyard.api.cluster import called
    from modelyard.problems import printable

    if bool(names) == bool(revision):
        raise typer.BadParameter("name models, or one --revision")
    outcome = commands.delete(
        *(names or []), revision=revision, where=beside(file, namespace, context, kubeconfig), force=force,
        seconds=timeout, confirm=confirming(yes=yes),
    )  # fmt: skip
    stop_on_errors(outcome.problems)
    typer.echo("\n".join(printable(f"deleted {called(each)}") for each in outcome.removed))


def logs(  # noqa: PLR0913 - typer's way to declare options
    name: Annotated[str, typer.Argument(help="Name of the model.")],
    file: File = Path(),
    _outside: Outside = None,
    *,
    variant: Annotated[str, typer.Option("--variant", help="Only pods of this variant.")] = "",
    follow: Annotated[bool, typer.Option("--follow", help="Follow the log until interrupted.")] = False,
    tail: Annotated[
        int | None, typer.Option("--tail", metavar="LINES", help="Only this many of the last lines.", min=0)
    ] = None,
    since: Annotated[
        float | None,
        typer.Option(
            "--since", parser=duration, metavar="DURATION", help="Only lines from the last 10m, 1h or the like."
        ),
    ] = None,
    previous: Annotated[
        bool, typer.Option("--previous", help="The log of the container before its last restart.")
    ] = False,
    container: Annotated[str, typer.Option("--container", help="Container to read, if not the model's own.")] = "",
    namespace: Namespace = "",
    context: Context = "",
    kubeconfig: Kubeconfig = "",
) -> None:
    """Print the log of a model's pods; with several pods each line begins with the pod's name."""
    from modelyard.api import cluster
    from modelyard.problems import printable

    wanted = cluster.Wanted(variant, container, tail, ceil(since) if since else None, previous, follow)
    with connected(beside(file, namespace, context, kubeconfig)) as client:
        found, problems = cluster.sources(client, name, wanted)
        stop_on_errors(problems)
        for each in cluster.read(client, found, wanted, skipped=lambda problem: tell(printable(problem.message))):
            typer.echo(printable(f"{each.source.pod}: {each.text}" if len(found) > 1 else each.text))


def _found(client: "Client", *, revisions: bool) -> list[Any]:
    from modelyard.api import cluster

    return [*(cluster.revisions(client) if revisions else cluster.models(client))]


def _as_text(found: list[Any], output: str, namespace: str) -> str:
    from dataclasses import asdict

    from modelyard.cli import tables
    from modelyard.problems import printable

    if output == "json":
        import json

        return json.dumps([asdict(each) for each in found], indent=2) + "\n"
    if output == "yaml":
        from modelyard.files.yaml import write_all

        return write_all(asdict(each) for each in found)
    if not found:
        tell(f"nothing is served in the namespace {namespace}")
        return ""
    of = tables.of_revisions if hasattr(found[0], "service") else tables.of_models
    return "".join(printable(line) + "\n" for line in of(found, tables.now()).splitlines())
