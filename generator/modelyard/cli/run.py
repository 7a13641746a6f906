"""run: one run of a model's job."""

from pathlib import Path
from typing import Annotated

import typer

from modelyard.cli.connection import Context, Kubeconfig, Namespace, connection
from modelyard.cli.durations import Seconds, duration
from modelyard.cli.messages import stop_on_errors, tell
from modelyard.cli.options import File, Outside
from modelyard.problems import printable

_DAY = Seconds(86_400)


def run(  # noqa: PLR0913 - typer's way to declare options
    name: Annotated[str, typer.Argument(help="Name of the model.")],
    job: Annotated[str, typer.Argument(metavar="train|score", help="The job.")],
    file: File = Path(),
    _outside: Outside = None,
    *,
    target: Annotated[str, typer.Option("--target", help="Where to run it, if the model has several targets.")] = "",
    wait: Annotated[bool, typer.Option("--wait", help="Follow it to its end; then nothing of it is left.")] = False,
    timeout: Annotated[
        float, typer.Option("--timeout", parser=duration, metavar="DURATION", help="Longest time to wait.")
    ] = _DAY,
    namespace: Namespace = "",
    context: Context = "",
    kubeconfig: Kubeconfig = "",
) -> None:
    """Run a job of Spark once, on a cluster with the Spark operator; for Dataproc print the command of gcloud.

    With --wait the run is followed: its stages, tasks and rows; when it fails, the end of the driver's log. Interrupt
    it, and the run is ended. Without --wait the operator takes it away an hour after its end.
    """
    from modelyard.api import spark_runs

    done = spark_runs.run(
        name,
        job,
        file=file,
        target=target,
        wait=wait,
        seconds=timeout,
        where=connection(namespace, context, kubeconfig),
        began=lambda each: tell(f"began {each}"),
        progress=lambda each: tell(str(each)),
    )
    for line in done.log:
        tell(printable(line))
    stop_on_errors(done.problems)
    if done.command:
        typer.echo(done.command)
    elif wait:
        typer.echo(f"{done.name} succeeded")
    else:
        typer.echo(done.name)
        tell(f"Next: kubectl get sparkapplication {done.name} -n {done.namespace} --watch")
