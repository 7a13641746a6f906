"""The exec plugin of kustomize: a KRM function, and a legacy plugin for kubectl. Light to import.

Which of the two it is: a legacy plugin is called with the file of its configuration as argument, and with
KUSTOMIZE_PLUGIN_CONFIG_ROOT set; a KRM function without arguments, with a ResourceList on standard input.
(kustomize 5.8.1: api/internal/plugins/execplugin, kyaml/fn/runtime/exec.)

kustomize rewrites what it passes on (`1.10` becomes 1.1) and drops comments and lines, so the configuration is
best a ModelGenerator, which points to a file. Nothing goes to standard output unless everything is right:
kustomize would take it for objects.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, Final, TextIO

from modelyard.fn.configuration import render
from modelyard.fn.resource_list import Call, read_call, read_legacy_call, write_answer
from modelyard.problem import Problem, has_errors
from modelyard.report import text

ROOT: Final = "KUSTOMIZE_PLUGIN_CONFIG_ROOT"
USAGE: Final = """\
modelyard-fn is called by kustomize, kubectl and kpt, not by people.
As a KRM function it reads a ResourceList on standard input; as a legacy plugin, a configuration file.
See `modelyard plugin status`, and `modelyard render` for people.
"""


def main() -> None:
    """Run as the command modelyard-fn; exits with 0, 1 (problems), 2 (wrong usage), 3 (a bug) or 130 (interrupted)."""
    # Else pydantic searches the metadata of all installed distributions for plugins of its own, which takes 10 ms and
    # more. It does so when the first schema is built, and no import builds one (`defer_build`), so this is in time.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    try:
        stdin = sys.stdin.buffer if sys.stdin else None
        code = run(sys.argv[1:], os.environ, stdin, sys.stdout.buffer, sys.stderr)
    except KeyboardInterrupt:
        code = 130
    except BrokenPipeError:
        # The host has gone; what is buffered cannot be written, and must not be complained about.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    except Exception as error:  # the last door: whatever it is, it is a bug
        if os.environ.get("MODELYARD_TRACEBACK"):
            raise
        sys.stderr.write(
            f"modelyard-fn: a bug in modelyard ({type(error).__name__}); please report it, with the traceback that "
            "MODELYARD_TRACEBACK=1 prints\n"
        )
        code = 3
    sys.exit(code)


def run(
    arguments: Sequence[str], env: Mapping[str, str], stdin: BinaryIO | None, stdout: BinaryIO, stderr: TextIO
) -> int:
    """Answer one call. Returns the exit code; writes to stdout once, at the end, or not at all."""
    legacy = ROOT in env and len(arguments) >= 1 and Path(arguments[0]).is_file()
    if stdin is None or (not legacy and (arguments or stdin.isatty())):
        stderr.write(USAGE)
        return 2
    if legacy:
        answer, problems = _answer(*read_legacy_call(Path(arguments[0]), Path(env[ROOT]), stdin))
    else:
        answer, problems = _answer(*read_call(stdin))
    report = text(problems)
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
    return write_answer(call, rendering), rendering.problems
