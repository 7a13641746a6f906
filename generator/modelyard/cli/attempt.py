"""try: the command that starts a model without a cluster."""

import shlex
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modelyard.cli.messages import counted, report, stop_on_errors, tell
from modelyard.cli.options import File, Outside
from modelyard.problems import has_errors

if TYPE_CHECKING:  # they load with the command
    from modelyard.api.attempt import Attempt
    from modelyard.api.image import Named


def attempt(
    model: Annotated[str, typer.Argument(help="Name of the model.")],
    file: File = Path(),
    _outside: Outside = None,
    *,
    variant: Annotated[str | None, typer.Option(help="Variant, if their images differ.")] = None,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port of this machine; the model's own if it is free.")
    ] = None,
    compose: Annotated[
        bool, typer.Option("--compose", help="Write a compose file instead, with all variants.")
    ] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="DIR", help="Folder of that file.")] = None,
) -> None:
    """Start a model on this machine, with podman or docker.

    It has the environment, ports, rights and limits of its pod in a cluster. When it is ready its address and a
    sample call are printed; its log goes to standard error, until Ctrl-C stops and removes it. Values of Secrets and
    ConfigMaps come from the environment, by the variables' names.
    """
    from modelyard.api import image as images

    found, problems = images.named(file, model, variant=variant, every=compose)
    if found is None or has_errors(problems):
        stop_on_errors(problems)
        return
    report(problems)
    if not compose:
        _start(found, port)
    elif output is None:
        raise typer.BadParameter("--compose needs a folder: -o DIR")
    else:
        _compose(found, output)


def _compose(found: "Named", output: Path) -> None:
    from modelyard.api import attempt as api

    made, problems = api.compose(found, output)
    stop_on_errors(problems)
    tell(f"wrote {output}: {', '.join(made)}{counted(problems)}")
    tell(f"Next: {shlex.join(['docker', 'compose', '-f', str(output / 'compose.yaml'), 'up'])}")


def _start(found: "Named", port: int | None) -> None:
    from modelyard.api import attempt as api
    from modelyard.api import containers

    program, problems = containers.find(containers.RUNNERS)
    own, more = api.prepare(found)
    stop_on_errors([*problems, *more])
    if program is None or own is None:
        return
    with _interrupted(), api.started(program, own, port=port) as running:
        tell(f"starting {own.image} with {program.name}; Ctrl-C stops it")
        problems = api.ready(running)
        if not problems:
            _say(found, running)
            problems = api.ended(running)
    stop_on_errors(problems)


def _say(found: "Named", running: "Attempt") -> None:
    from modelyard.api import attempt as api

    typer.echo(f"{running.address}{api.path(found)}")
    if call := api.sample(found, running):
        typer.echo(call)
    sys.stdout.flush()


@contextmanager
def _interrupted() -> Iterator[None]:
    """Let what asks this process to end interrupt it as Ctrl-C does, so that the container is stopped."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    wanted = (signal.SIGTERM, signal.SIGHUP)
    before = {each: signal.signal(each, interrupt) for each in wanted}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
