"""What the commands of a cluster share: which cluster, and asking before anything goes."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from modelyard import api
from modelyard.cli.durations import Seconds, duration
from modelyard.cli.messages import stop_on_errors, tell
from modelyard.files import regular

if TYPE_CHECKING:
    from modelyard.cluster import Client, Connection

Namespace = Annotated[str, typer.Option("--namespace", "-n", help="Namespace, if not that of the file or context.")]
Context = Annotated[str, typer.Option("--context", help="Context of the kubeconfig, if not its current one.")]
Kubeconfig = Annotated[str, typer.Option("--kubeconfig", metavar="FILE", help="Kubeconfig, if not $KUBECONFIG.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do it without asking, as in CI.")]
Wait = Annotated[bool, typer.Option("--wait", help="Wait until all is ready.")]
Timeout = Annotated[float, typer.Option("--timeout", parser=duration, metavar="DURATION", help="Longest time to wait.")]
FIVE_MINUTES: Final = Seconds(300)
Apply = Annotated[bool, typer.Option("--apply", help="Also apply the models file; --wait waits until all is ready.")]
ForceConflicts = Annotated[bool, typer.Option("--force-conflicts", help="Take over fields that other programs set.")]


def connection(namespace: str, context: str, kubeconfig: str) -> "Connection":
    """Return which cluster the options name."""
    from modelyard.cluster import Connection

    path = Path(kubeconfig) if kubeconfig else None
    return Connection(kubeconfig=path, context=context or None, namespace=namespace or None)


def beside(file: Path, namespace: str, context: str, kubeconfig: str) -> "Connection":
    """Return the same; the namespace is that of the models file where no option names one.

    A models file that is named must be there; the current folder may be without one.
    """
    if file != Path() or regular.is_file(api.models_file(file)):
        loaded = api.load(file)
        if loaded.models is None:
            stop_on_errors(loaded.problems)
        namespace = namespace or (loaded.models.spec.namespace if loaded.models else None) or ""
    return connection(namespace, context, kubeconfig)


@contextmanager
def connected(where: "Connection") -> "Iterator[Client]":
    """Give a client of the cluster; its problems end the command with exit code 1."""
    from modelyard.cluster import ClusterProblem, connect

    try:
        with connect(where) as client:
            yield client
    except ClusterProblem as error:
        stop_on_errors([error.problem])


def confirming(*, yes: bool) -> Callable[[Sequence[dict[str, Any]]], bool]:
    """Return a function that shows what goes, and asks; a no ends the command with exit code 1."""
    from modelyard.api.cluster import called

    def confirm(doomed: Sequence[dict[str, Any]]) -> bool:
        tell("this will be removed:")
        for each in doomed:
            tell(f"  {called(each)}")
        if yes:
            return True
        if not sys.stdin.isatty():
            raise typer.BadParameter("cannot ask for confirmation here: add --yes")
        if not typer.confirm("Remove these objects?", err=True):
            tell("nothing was changed")
            raise typer.Exit(1)
        return True

    return confirm
