"""The commands. Words of a command line come in; text, files and an exit code go out.

One module per group of commands, which `app` loads when one of them is run.
"""

import sys
from typing import NoReturn

from modelyard import __version__
from modelyard.report import process
from modelyard.report.stdio import guarded


def program() -> NoReturn:
    """Run as the process of the command modelyard."""
    process.alone(main)


def main() -> NoReturn:
    """Run as the command modelyard; exits with 0, 1 (problems), 2 (wrong usage), 3 (a bug) or 130 (interrupted)."""
    sys.exit(guarded("modelyard", _run))


def _run() -> int:
    if sys.argv[1:] == ["--version"]:  # needs nothing of what makes a command line
        sys.stdout.write(f"modelyard {__version__}\n")
        return 0
    from modelyard.cli.app import app

    try:
        app()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0
