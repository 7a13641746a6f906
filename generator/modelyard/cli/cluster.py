"""apply, list, status and delete: the commands that speak to a cluster."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modelyard.cli.app import File, app, counted, stop_on_errors, tell

if TYPE_CHECKING:
    from modelyard.cluster import Client

Namespace = Annotated[str, typer.Option("--namespace", "-n", help="Namespace, if not that of the file or context.")]
Context = Annotated[str, typer.Option("--context", help="Context of the kubeconfig, if not its current one.")]
Kubeconfig = Annotated[str, typer.Option("--kubeconfig", metavar="FILE", help="Kubeconfig, if not $KUBECONFIG.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do it without asking, as in CI.")]
_WATCH_SECONDS = 2.0


@contextmanager
def connected(namespace: str, context: str, kubeconfig: str) -> "Iterator[Client]":
    """Give a client of the cluster; its problems end the command with exit code 1."""
    from modelyard.api import cluster

    path = Path(kubeconfig) if kubeconfig else None
    where = cluster.Connection(kubeconfig=path, context=context or None, namespace=namespace or None)
    try:
        with cluster.connect(where) as client:
            yield client
    except cluster.ClusterProblem as error:
        stop_on_errors([error.problem])


@app.command()
def apply(  # noqa: PLR0913 - typer's way to declare options
    file: File = Path(),
    *,
    namespace: Namespace = "",
    context: Context = "",
    kubeconfig: Kubeconfig = "",
    wait: Annotated[bool, typer.Option("--wait", help="Wait until all is ready.")] = False,
    timeout: Annotated[float, typer.Option("--timeout", metavar="SECONDS", help="How long --wait waits.", min=1)] = 300,
    prune: Annotated[bool, typer.Option("--prune", help="Remove what this set no longer declares.")] = False,
    yes: Yes = False,
    force_conflicts: Annotated[
        bool, typer.Option("--force-conflicts", help="Take over fields that other programs have set.")
    ] = False,
) -> None:
    """Render a models file and apply it to the cluster, server-side and strictly.

    Every object is tried on the server first: if one would be refused, nothing is applied. What a kustomization adds
    is not applied; use `kubectl apply -k` for that.
    """
    from modelyard.api import cluster

    with connected(namespace, context, kubeconfig) as client:
        planned = cluster.plan(client, file, namespace=namespace or None, prune=prune, force=force_conflicts)
        stop_on_errors(planned.problems)
        if planned.doomed:
            _confirm(planned.doomed, yes=yes)
        done, problems = cluster.apply(client, planned, force=force_conflicts, progress=tell)
        if problems:
            tell(f"stopped after: {cluster.counted(done)}; what was applied stays, run the command again")
        stop_on_errors(problems)
        if wait:
            stop_on_errors(cluster.wait(client, planned.objects, seconds=timeout, progress=tell))
        if planned.doomed:
            stop_on_errors(cluster.remove(client, planned.doomed, seconds=timeout))
            tell(f"removed {len(planned.doomed)} objects")
    typer.echo(f"{client.namespace}: {cluster.counted(done)}{counted(planned.problems)}")


@app.command("list")
def list_models(
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
    with connected(namespace, context, kubeconfig) as client:
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


@app.command()
def status(
    name: Annotated[str, typer.Argument(help="Name of the model.")],
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
    from modelyard.problem import problem
    from modelyard.report import printable

    with connected(namespace, context, kubeconfig) as client:
        found = [each for each in cluster.models(client) if each.name == name]
        if not found:
            message = f"there is no model {name} in the namespace {client.namespace}"
            stop_on_errors([problem("MY710", message, hint="`modelyard list` names what is there")])
        lines = [*cluster.conditions(client, name), *cluster.waiting(client, name)]
    text = tables.of_models(found, tables.now()) + "".join(f"{line}\n" for line in lines)
    typer.echo("".join(f"{printable(line)}\n" for line in text.splitlines()), nl=False)
    if not all(each.ready for each in found):
        raise typer.Exit(1)


@app.command()
def delete(  # noqa: PLR0913 - typer's way to declare options
    names: Annotated[list[str] | None, typer.Argument(metavar="NAME...", help="Names of models.")] = None,
    *,
    namespace: Namespace = "",
    context: Context = "",
    kubeconfig: Kubeconfig = "",
    revision: Annotated[str, typer.Option("--revision", metavar="NAME", help="Delete one revision instead.")] = "",
    force: Annotated[bool, typer.Option("--force", help="Also what modelyard did not deploy.")] = False,
    yes: Yes = False,
    timeout: Annotated[float, typer.Option("--timeout", metavar="SECONDS", help="How long it waits.", min=1)] = 60,
) -> None:
    """Delete models, or a revision that gets no calls, after showing what goes; waits until it is gone."""
    from modelyard.api import cluster

    if bool(names) == bool(revision):
        raise typer.BadParameter("name models, or one --revision")
    with connected(namespace, context, kubeconfig) as client:
        doomed, problems = cluster.revision_of(client, revision) if revision else ([], [])
        for name in names or []:
            objects, found = cluster.objects_of(client, name, force=force)
            doomed += objects
            problems += found
        stop_on_errors(problems)
        _confirm(doomed, yes=yes)
        stop_on_errors(cluster.remove(client, doomed, seconds=timeout))
    typer.echo("\n".join(f"deleted {cluster.called(each)}" for each in doomed))


def _confirm(doomed: list[dict[str, Any]], *, yes: bool) -> None:
    """Show what goes, and ask."""
    from modelyard.api import cluster

    tell("this will be removed:")
    for each in doomed:
        tell(f"  {cluster.called(each)}")
    if yes:
        return
    if not sys.stdin.isatty():
        raise typer.BadParameter("there is nobody to ask: add --yes")
    if not typer.confirm("Remove these objects?", err=True):
        tell("nothing was changed")
        raise typer.Exit(1)


def _found(client: "Client", *, revisions: bool) -> list[Any]:
    from modelyard.api import cluster

    return [*(cluster.revisions(client) if revisions else cluster.models(client))]


def _as_text(found: list[Any], output: str, namespace: str) -> str:
    from dataclasses import asdict

    from modelyard.cli import tables
    from modelyard.report import printable

    if output == "json":
        import json

        return json.dumps([asdict(each) for each in found], indent=2) + "\n"
    if output == "yaml":
        from modelyard.yamlio import write_all

        return write_all(asdict(each) for each in found)
    if not found:
        tell(f"nothing is served in the namespace {namespace}")
        return ""
    of = tables.of_revisions if hasattr(found[0], "service") else tables.of_models
    return "".join(printable(line) + "\n" for line in of(found, tables.now()).splitlines())
