"""`helm modelyard COMMAND`: Helm itself is run, with the post-renderer of its major.

Helm 4 takes a post-renderer by the name of a plugin, whose form breaks a Helm 3 that shares the folder of plugins. So
the plugin lies in a folder of its own, for the time of the run, that HELM_PLUGINS names before all others.
"""

import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Final, TextIO

from modelyard.api import post_render
from modelyard.plugin.helm.folders import PROGRAM, V1, program, version
from modelyard.plugin.helm.words import Words
from modelyard.problems import has_errors, is_open, problem
from modelyard.report.text import text

_ONCE: Final = "modelyard-once"  # the name of the plugin for the time of a run


def run_helm(given: Words, env: Mapping[str, str], stderr: TextIO) -> int:
    """Run a command of Helm on what a models file makes of its chart. Returns Helm's exit code.

    A mistake of the file alone is told before Helm is run. What goes wrong with the chart's objects is told after it:
    Helm 4 shows nothing of what a post-renderer says.
    """
    helm, command = env.get("HELM_BIN") or "helm", str(given.command)
    if {"-h", "--help"} & {*given.rest}:
        return _run([helm, command, *given.rest], env)
    if any(each.partition("=")[0] in ("--post-renderer", "--post-renderer-args") for each in given.rest):
        message = "helm takes one post-renderer, and helm modelyard is one"
        stderr.write(f"helm modelyard: error: {message}; take --post-renderer out\n")
        return 2
    problems = post_render.check(given.models)
    found, own = version(helm, env), program(env)
    if found is None or own is None:
        missing = "helm does not say its version" if own else f"{PROGRAM} is not found"
        problems.append(problem("MY506", missing, hint="run `modelyard plugin status`"))
    if has_errors(problems) or found is None or own is None:
        stderr.write(text([each for each in problems if is_open(each)]))
        return 1
    with tempfile.TemporaryDirectory(prefix="modelyard-") as name:
        told = Path(name) / "problems"
        renderer, changed = str(own), dict(env)
        if found.major >= 4:
            renderer, changed = _ONCE, _with_plugin(Path(name), own, env)
        options = ["--post-renderer", renderer]
        for word in (f"--models={given.models}", f"--problems={told}"):
            options += ["--post-renderer-args", word]
        code = _run([helm, command, *options, *given.rest], changed)
        if told.exists():
            stderr.write(told.read_text("utf-8"))
    return code


def _with_plugin(folder: Path, own: Path, env: Mapping[str, str]) -> dict[str, str]:
    """Lay the plugin of a run into a folder, and return the environment in which Helm 4 finds it."""
    plugin = folder / "plugins" / _ONCE
    plugin.mkdir(parents=True)
    (plugin / PROGRAM).symlink_to(own)
    (plugin / "plugin.yaml").write_text(V1.format(name=_ONCE), "utf-8")
    others = filter(None, [env.get("HELM_PLUGINS")])
    return {**env, "HELM_PLUGINS": os.pathsep.join([str(plugin.parent), *others])}


def _run(words: Sequence[str], env: Mapping[str, str]) -> int:
    """Run a program on our own standard streams. Ctrl-C is its own to answer, and a wish to end is passed on."""
    try:
        process = subprocess.Popen(words, env=dict(env))
    except OSError as error:
        raise OSError(error.errno, error.strerror, words[0]) from None
    with _passing_on(process):
        code = process.wait()
    return code if code >= 0 else 128 - code


@contextmanager
def _passing_on(process: subprocess.Popen[bytes]) -> Iterator[None]:
    def end(number: int, _: FrameType | None) -> None:
        process.send_signal(number)

    def wait(_: int, __: FrameType | None) -> None:
        """Do nothing: a terminal sends Ctrl-C to Helm too."""

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGHUP)}
    before[signal.SIGINT] = signal.signal(signal.SIGINT, wait)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
