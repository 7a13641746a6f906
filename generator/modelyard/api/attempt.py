"""A model without a cluster: its container, started, asked until it is ready, and stopped; or as a compose file."""

import os
import socket
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from modelyard.api import containers, probing
from modelyard.api.image import Named
from modelyard.files import disk, trees
from modelyard.manifests.template import Templates
from modelyard.problems import Problem, problem
from modelyard.targets.sagemaker_proxy.caddy import IMAGE as CADDY
from modelyard.targets.workloads import compose as composed
from modelyard.targets.workloads.local import Local, local
from modelyard.targets.workloads.pods import url_path

_TICK: Final = 0.2  # seconds between two probes
_HERE: Final = "127.0.0.1"


class Attempt(NamedTuple):
    """A container that runs. ports: of it -> of this machine."""

    own: Local
    running: containers.Running
    ports: Mapping[int, int]

    @property
    def address(self) -> str:
        """The scheme and address of the model."""
        return f"{self.own.scheme}://{_HERE}:{self.ports[self.own.ports[0]]}"


def prepare(found: Named, environment: Mapping[str, str] = os.environ) -> tuple[Local | None, list[Problem]]:
    """Return what is to be started, and what it lacks. environment: where variables come from that a cluster has."""
    if problems := _check(found):
        return None, problems
    own = local(found.models, found.model, found.served, Templates())
    missing = [
        problem("MY118", f"{name} comes from {origin} in a cluster", hint=f"set {name} in this shell's environment")
        for name, origin in own.given.items()
        if name not in environment
    ]
    return (None if missing else own), [*missing, *_lacking(own)]


def _check(found: Named) -> list[Problem]:
    place = found.models.place(found.served.name_mark)
    if not found.model.targets:
        hint = "add one under targets:, such as deployment: {}"
        return [
            problem(
                "MY117", f"{found.model.name} has no target, so it is not known how to run it", hint=hint, place=place
            )
        ]
    if not found.served.model.image:
        hint = "add image: to the model"
        return [problem("MY117", f"{found.model.name} has no image to start", hint=hint, place=place)]
    return []


def _lacking(own: Local) -> list[Problem]:
    return [problem("MY119", f"{own.name} is tried without {each}") for each in own.lacking]


def compose(found: Named, output: Path) -> tuple[list[str], list[Problem]]:
    """Write compose.yaml and what belongs to it; return the names of the files, none if there is an error."""
    if problems := _check(found):
        return [], problems
    made, every = composed.compose(found.models, found.model, Templates(), found.models.locked(CADDY))
    problems = [*(each for own in every for each in _lacking(own)), *_made(output.parent)]
    written = [*problems, *disk.exchange(output, made, composed.HEADER)]
    return sorted(made), written


def _made(folder: Path) -> list[Problem]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return [disk.refused(error, folder, doing="make")]
    return []


@contextmanager
def started(program: containers.Program, own: Local, *, port: int | None = None) -> Iterator[Attempt]:
    """Start a container, and stop it at the end. port: of this machine; the container's own or a free one if absent."""
    with tempfile.TemporaryDirectory(prefix="modelyard-try-", ignore_cleanup_errors=True) as folder:
        for path, content in own.files.items():
            (Path(folder) / path.rpartition("/")[2]).write_text(content, "utf-8")
        trees.readable(Path(folder))
        ports = dict(_ports(own.ports, port))
        words = arguments(own, ports, Path(folder))
        running = containers.Running(program, f"modelyard-try-{own.name}-{os.getpid()}", words, Path(folder))
        try:
            yield Attempt(own, running, ports)
        finally:
            running.stop()


def _ports(inside: Sequence[int], first: int | None) -> Iterator[tuple[int, int]]:
    for number, each in enumerate(inside):
        yield each, first if first is not None and number == 0 else _free(each)


def _free(wanted: int) -> int:
    """Return a port of this machine that nobody listens at: the wanted one, or any."""
    for each in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((_HERE, each))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    return wanted


def arguments(own: Local, ports: Mapping[int, int], folder: Path) -> list[str]:
    """Return the words behind `run`, for podman and docker. folder: where its files are.

    A value that the cluster has is named and not written: arguments can be read by everybody on this machine.
    """
    words = ["--label", f"modelyard.dev/try={own.name}", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"]
    for inside, outside in ports.items():
        words += ["--publish", f"{_HERE}:{outside}:{inside}"]
    for name, value in own.env.items():
        words += ["--env", f"{name}={value}"]
    for name in own.given:
        words += ["--env", name]
    for path in own.writable:
        words += ["--tmpfs", f"{path}:exec,mode=1777"]
    words += ["--read-only"] if own.read_only else []
    words += ["--user", own.user] if own.user is not None else []
    words += ["--memory", str(own.memory)] if own.memory is not None else []
    words += ["--cpus", str(own.cpus)] if own.cpus is not None else []
    words += ["--volume", f"{folder}:{own.folder}:ro,z"] if own.files else []
    words += ["--entrypoint", own.command[0]] if own.command else []
    return [*words, own.image, *own.command[1:], *own.args]


def ready(attempt: Attempt, *, tick: Callable[[float], None] = time.sleep) -> list[Problem]:
    """Wait until the container's readiness probe succeeds; return why it never will."""
    own = attempt.own
    deadline = time.monotonic() + own.patience
    asked = probing.Asked.of(own.readiness, own.ports[0], attempt.ports, own.scheme)
    while time.monotonic() < deadline:
        if (code := attempt.running.code()) is not None:
            hint = "see its log above"
            return [problem("MY120", f"the container of {own.name} has ended with {code}", hint=hint)]
        if probing.succeeds(asked):
            return []
        tick(_TICK)
    hint = "see its log above; `probes.startup` of the model gives it more time"
    return [problem("MY120", f"{own.name} is not ready after {own.patience} s", hint=hint)]


def ended(attempt: Attempt) -> list[Problem]:
    """Wait until the container ends by itself, and return what is wrong with that."""
    code = attempt.running.wait()
    message = f"the container of {attempt.own.name} has ended with {code}"
    return [problem("MY120", message, hint="see its log above")]


def sample(found: Named, attempt: Attempt) -> str | None:
    """Return a call of the model as a command, made of what it says of itself; None if it says nothing."""
    return probing.sample(attempt.address, path(found), attempt.ports[attempt.own.ports[0]])


def description(found: Named, attempt: Attempt) -> bytes | None:
    """Return what a model says of itself; None if it says nothing."""
    return probing.description(attempt.address, path(found), attempt.ports[attempt.own.ports[0]])


def path(found: Named) -> str:
    """Return where the model answers."""
    return url_path(found.model)
