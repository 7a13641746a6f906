"""The one door to kustomize: builds a folder with the binary that is there."""

import re
import shutil
import subprocess
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from modelyard.problems import Problem, problem

TIMEOUT: Final = 900.0  # seconds; a real SAS Viya tree takes 66
_TICK: Final = 1.0  # seconds between two calls of progress
_FLAGS: Final = ("--load-restrictor", "LoadRestrictionsNone")
_SHOWN: Final = 1_500  # characters of what kustomize said
_INSTALL: Final = (
    "install kustomize (https://kubectl.docs.kubernetes.io/installation/kustomize/) or kubectl, or give the output of "
    "a finished build"
)
# What may hold a Secret's values: literals that a generator cannot use (5.8.1, api/kv/kv.go), texts of patches.
_LITERALS: Final = re.compile(r"(literal sources? ).*", re.DOTALL)
_TEXTS: Final = re.compile(r"(config: `|\[patch: \").*", re.DOTALL)


# v5.8.1; before 5 {Version:kustomize/v4.5.7 GitCommit:…}. kubectl: {…, "kustomizeVersion": "v5.5.0"}.
_OF_KUSTOMIZE: Final = re.compile(r"(?:^|Version:kustomize/)v([0-9]{1,6})\.([0-9]{1,6})\.([0-9]{1,6})")
_OF_KUBECTL: Final = re.compile(r'"kustomizeVersion": *"v([0-9]{1,6})\.([0-9]{1,6})\.([0-9]{1,6})')
_ASKING: Final = 10.0  # seconds until a program must have said its version; kubectl takes 0.06

Version = tuple[int, int, int]


class Built(NamedTuple):
    """What a build gives: the stream of objects (empty if it failed), and why it failed."""

    stream: bytes
    problems: list[Problem]


def command() -> list[str] | None:
    """Return how to build a folder: kustomize on PATH, else kubectl's, or None if neither is there."""
    if path := shutil.which("kustomize"):
        return [path, "build"]
    if path := shutil.which("kubectl"):
        return [path, "kustomize"]
    return None


class Program(NamedTuple):
    """What builds. version: of its kustomize, None if it does not say."""

    name: str
    version: Version | None

    def __str__(self) -> str:
        """Return what people call it: kustomize 5.8.1, or kubectl's kustomize 5.5.0."""
        number = ".".join(map(str, self.version or ()))
        return f"kubectl's kustomize {number}" if self.name == "kubectl" else f"{self.name} {number}"


def program() -> Program | None:
    """Return what `build` runs, with its version; None if there is nothing on PATH."""
    words = command()
    return _asked(words[0], Path(words[0]).name) if words else None


@cache  # a process meets few of them
def _asked(path: str, name: str) -> Program:
    argv = [path, "version", "--client", "--output=json"] if name == "kubectl" else [path, "version"]
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=_ASKING)
    except (OSError, subprocess.TimeoutExpired):
        return Program(name, None)
    text = done.stdout.decode("utf-8", "replace")
    found = (_OF_KUBECTL if name == "kubectl" else _OF_KUSTOMIZE).search(text)
    return Program(name, (int(found[1]), int(found[2]), int(found[3])) if found else None)


def build(folder: Path, *, progress: Callable[[float], None] | None = None, timeout: float = TIMEOUT) -> Built:
    """Build a folder, whose kustomization may name files anywhere.

    progress: called about once a second with the seconds that have passed. timeout: seconds until the build is
    stopped. The environment is passed on as it is.
    """
    words = command()
    if words is None:
        return _failed("MY624", "neither kustomize nor kubectl is on PATH", _INSTALL)
    argv = [*words, *_FLAGS, str(folder)]
    try:
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    except OSError as error:
        return _failed("MY624", f"{words[0]} cannot be run: {error.strerror}", _INSTALL)
    with process:
        try:
            out, err = _wait(process, progress, timeout)
        except subprocess.TimeoutExpired:
            return _failed(
                "MY624", f"kustomize has not ended after {timeout:.0f} s", "give the output of a finished build"
            )
        finally:
            process.kill()  # also when somebody presses Ctrl-C; of no effect on what has ended
    if process.returncode:
        return _failed(
            "MY625", f"kustomize stops: {said(err)}", "fix what it names; `kustomize build` shows it in full"
        )
    return Built(out, [])


def said(err: bytes) -> str:
    """Return what kustomize wrote to stderr, in one line, without what may be a Secret's value."""
    lines = err.decode("utf-8", "replace").splitlines()
    text = " ".join(line.strip() for line in lines if line.strip() and not line.startswith("# Warning"))
    text = _TEXTS.sub(r"\1…", _LITERALS.sub(r"\1…", text)).removeprefix("Error: ")
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _wait(
    process: subprocess.Popen[bytes], progress: Callable[[float], None] | None, timeout: float
) -> tuple[bytes, bytes]:
    start = time.monotonic()
    while True:
        try:
            return process.communicate(timeout=min(_TICK, timeout))
        except subprocess.TimeoutExpired:
            passed = time.monotonic() - start
            if passed >= timeout:
                raise
            if progress:
                progress(passed)


def _failed(code: str, message: str, hint: str) -> Built:
    return Built(b"", [problem(code, message, hint=hint)])
