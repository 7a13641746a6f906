"""Programs that build and run containers: buildah, podman and docker, whichever is there and answers."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from modelyard.problems import Problem, printable, problem

BUILDERS: Final = ("buildah", "podman", "docker")
RUNNERS: Final = ("podman", "docker")
# What only answers when images can be built or run: docker is a client, and its server may not be there.
_ASK: Final = {"buildah": ("info",), "podman": ("info",), "docker": ("version", "--format", "{{.Server.Version}}")}
_STDERR: Final = 2  # the descriptor: in a notebook sys.stderr is no file
_ASKING: Final = 30.0  # seconds until a program must have answered
_SHOWN: Final = 300  # characters of what a program said
_GRACE: Final = 30  # seconds from SIGTERM to SIGKILL; Kubernetes' own
# Runs a container until it ends, or until standard input does: then it gets SIGTERM, which podman and docker hand on,
# and is removed if it has not ended in time. At last the folder that it has read from goes.
_KEEPER: Final = """
folder=$1 name=$2 left=$3
shift 3
exec 3<&0
"$@" </dev/null 3<&- & run=$!
{
    read -r _ <&3
    kill -TERM "$run" 2>/dev/null
    while [ "$left" -gt 0 ]; do sleep 1; left=$((left - 1)); done
    "$1" rm --force "$name" >/dev/null 2>&1
} & reads=$!
exec 3<&-
wait "$run"; code=$?
kill "$reads" 2>/dev/null
rm -rf -- "$folder"
exit "$code"
"""
_INSTALL: Final = (
    "install podman (https://podman.io/docs/installation) or docker (https://docs.docker.com/engine/install)"
)


class Program(NamedTuple):
    """A program that answers."""

    name: str
    path: str


def find(wanted: Sequence[str]) -> tuple[Program | None, list[Problem]]:
    """Return the first of these programs that is on PATH and answers, and why there is none."""
    silent = []
    for name in wanted:
        if path := shutil.which(name):
            if (said := _refusal([path, *_ASK[name]])) is None:
                return Program(name, path), []
            silent.append(f"{name} does not answer: {said}")
    if silent:
        hint = f"start it, or {_INSTALL}"
        return None, [problem("MY115", "; ".join(silent), hint=hint)]
    return None, [problem("MY115", f"none of {', '.join(wanted)} is on PATH", hint=_INSTALL)]


def _refusal(argv: list[str]) -> str | None:
    """Return why a program does not answer, None if it does."""
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=_ASKING)
    except subprocess.TimeoutExpired:
        return f"nothing in {_ASKING:.0f} s"
    except OSError as error:
        return error.strerror or str(error)
    if done.returncode == 0:
        return None
    return said(done.stderr) or f"it ends with {done.returncode}"


def said(err: bytes) -> str:
    """Return the last line that a program wrote to stderr."""
    lines = [each.strip() for each in err.decode("utf-8", "replace").splitlines() if each.strip()]
    text = printable(lines[-1]) if lines else ""
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def build(program: Program, context: Path, image: str) -> list[Problem]:
    """Build the image of a build context; what the program says goes to standard error."""
    words = ["build", "--file", str(context / "Containerfile"), "--tag", image, str(context)]
    return _run(program, words, "build")


def push(program: Program, image: str) -> list[Problem]:
    """Push an image to the registry that its reference names."""
    return _run(program, ["push", image], "push")


class Running:
    """A container in the foreground of its own program, which removes it when it ends (--rm).

    What it says goes to standard error. The program is stopped when this process ends, however that is: a shell
    beside it reads from a pipe whose other end is here. folder: a temporary one with the container's files, which
    goes with it.
    """

    def __init__(self, program: Program, name: str, words: Sequence[str], folder: Path) -> None:
        keeper = ["sh", "-c", _KEEPER, "sh", str(folder), name, str(_GRACE)]
        command = [*keeper, program.path, "run", "--rm", "--name", name, *words]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=_STDERR, start_new_session=True)

    def code(self) -> int | None:
        """Return the exit code of the container's program; None while it runs."""
        return self._process.poll()

    def wait(self) -> int:
        """Wait until it ends, and return its exit code."""
        return self._process.wait()

    def stop(self) -> None:
        """Stop the container as a cluster does: SIGTERM, and SIGKILL after a while. It is removed."""
        if self._process.stdin:
            self._process.stdin.close()
        self._process.wait()


def _run(program: Program, words: list[str], what: str) -> list[Problem]:
    try:
        done = subprocess.run([program.path, *words], stdin=subprocess.DEVNULL, stdout=_STDERR, check=False)
    except OSError as error:
        return [problem("MY116", f"{program.name} cannot be run: {error.strerror}", hint=_INSTALL)]
    if done.returncode:
        hint = "fix what it names; if a registry refuses, use `podman login` or `docker login`"
        return [problem("MY116", f"{program.name} {what} ends with {done.returncode}", hint=hint)]
    return []
