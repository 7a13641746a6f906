"""The plugins: a KRM function and a legacy plugin of kustomize; a command and a post-renderer of Helm. Light to import.

A ResourceList, or a generator's configuration, comes in; objects go out, or problems on standard error.

Which of the two it is: a legacy plugin is called with the file of its configuration as argument, and with
KUSTOMIZE_PLUGIN_CONFIG_ROOT set; a KRM function without arguments, with a ResourceList on standard input.
(kustomize 5.8.1: api/internal/plugins/execplugin, kyaml/fn/runtime/exec.)

kustomize rewrites what it passes on (`1.10` becomes 1.1) and drops comments and lines, so the configuration is
best a ModelGenerator, which points to a file. Nothing goes to standard output unless everything is right:
kustomize would take it for objects.
"""

import os
import sys
from typing import NoReturn

from modelyard.report import process
from modelyard.report.stdio import guarded, was_closed


def program() -> NoReturn:
    """Run as the process of the command modelyard-fn."""
    process.alone(main)


def main() -> NoReturn:
    """Run as the command modelyard-fn; exits with 0, 1 (problems), 2 (wrong usage), 3 (a bug) or 130 (interrupted)."""
    sys.exit(guarded("modelyard-fn", _run))


def _run() -> int:
    from modelyard.plugin.call import run

    stdin = None if was_closed(sys.stdin) else sys.stdin.buffer
    return run(sys.argv[1:], os.environ, stdin, sys.stdout.buffer, sys.stderr)
