"""The commands. Words of a command line come in; text, files and an exit code go out.

One file per group of commands; heavy packages are imported by the commands that need them.
"""

import sys

from modelyard.report.stdio import guarded


def main() -> None:
    """Run as the command modelyard; exits with 0, 1 (problems), 2 (wrong usage), 3 (a bug) or 130 (interrupted)."""
    sys.exit(guarded("modelyard", _run))


def _run() -> int:
    from modelyard.cli.app import app

    try:
        app()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0
