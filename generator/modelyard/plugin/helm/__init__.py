"""The plugin of Helm: `helm modelyard template|install|upgrade`, and a post-renderer. Light to import.

One program does both. Called with the name of a command, it runs Helm with itself as the post-renderer. Called without,
it is the post-renderer: what a chart renders comes in, objects go out.

Sources: Helm 4.3.2, internal/plugin and pkg/postrenderer; Helm 3.22.0, cmd/helm/load_plugins.go and pkg/postrender.
"""

import os
import sys
from typing import NoReturn

from modelyard.report import process
from modelyard.report.stdio import guarded, was_closed


def program() -> NoReturn:
    """Run as the process of the command modelyard-helm."""
    process.alone(main)


def main() -> NoReturn:
    """Run as modelyard-helm; exits with Helm's code, or 1 (problems), 2 (wrong usage), 3 (a bug), 130 (interrupted)."""
    sys.exit(guarded("modelyard-helm", _run))


def _run() -> int:
    from modelyard.plugin.helm.call import run

    stdin = None if was_closed(sys.stdin) else sys.stdin.buffer
    return run(sys.argv[1:], os.environ, stdin, sys.stdout, sys.stderr)
