"""One call of the plugin: which kind it is, the answer on standard output, the problems on standard error."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, Final, TextIO

from modelyard.files import regular
from modelyard.modelsfile.load import allowing_outside
from modelyard.plugin.configuration import render
from modelyard.plugin.resource_list import (
    Call,
    dropped,
    gone,
    patched,
    read_call,
    read_legacy_call,
    sets,
    write_answer,
)
from modelyard.problems import Problem, has_errors, is_open
from modelyard.report.text import text

# Folders that files may lead into though they lie outside: kustomize passes its environment on, and only who runs it
# decides about that. A field of the configuration would be decided by who proposes it.
ALLOW: Final = "MODELYARD_ALLOW_OUTSIDE"
ROOT: Final = "KUSTOMIZE_PLUGIN_CONFIG_ROOT"
USAGE: Final = """\
modelyard-fn is called by kustomize, kubectl and kpt, not by people.
As a KRM function it reads a ResourceList on standard input; as a legacy plugin, a configuration file.
See `modelyard plugin status`, and `modelyard render` for people.
"""


def run(
    arguments: Sequence[str], env: Mapping[str, str], stdin: BinaryIO | None, stdout: BinaryIO, stderr: TextIO
) -> int:
    """Answer one call. Returns the exit code; writes to stdout once, at the end, or not at all."""
    legacy = ROOT in env and len(arguments) >= 1 and regular.is_file(Path(arguments[0]))
    if stdin is None or (not legacy and (arguments or stdin.isatty())):
        stderr.write(USAGE)
        return 2
    with allowing_outside(*filter(None, env.get(ALLOW, "").split(os.pathsep))):
        if legacy:
            answer, problems = _answer(*read_legacy_call(Path(arguments[0]), Path(env[ROOT]), stdin))
        else:
            answer, problems = _answer(*read_call(stdin))
    report = text([each for each in problems if is_open(each)])  # a build runs often; `check` lists what is accepted
    # Before kustomize 5.8 a legacy plugin's errors are a format string: `%o` would be taken for a verb.
    stderr.write(report.replace("%", "%%") if legacy else report)
    if not answer:
        return 1
    stdout.write(answer.encode())
    stdout.flush()
    return 0


def _answer(call: Call | None, problems: list[Problem]) -> tuple[str, list[Problem]]:
    """Return the text of the answer, empty if there is an error, and the problems."""
    if call is None:
        return "", problems
    rendering = render(call.config, call.root)
    if has_errors(rendering.problems):
        return "", rendering.problems
    old = gone(call, rendering)
    rendering.problems += [*dropped(call, old), *sets(call), *patched(call, rendering, old)]
    if has_errors(rendering.problems):
        return "", rendering.problems
    return write_answer(call, rendering, old), rendering.problems
