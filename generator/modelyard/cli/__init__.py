"""The command line: one file per group of commands. Heavy packages are imported by the commands that need them."""

import os
import sys

EXIT_BUG = 3
EXIT_INTERRUPTED = 130


def main() -> None:
    """Run as the command modelyard; exits with 0, 1 (problems), 2 (wrong usage), 3 (a bug) or 130 (interrupted)."""
    from modelyard.cli.app import app

    try:
        app()
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    except BrokenPipeError:
        # The reader of our output has gone; what is buffered cannot be written, and must not be complained about.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:  # the last door: whatever it is, it is a bug
        if os.environ.get("MODELYARD_TRACEBACK"):
            raise
        from modelyard.report import bug

        sys.stderr.write(bug("modelyard", error))
        sys.exit(EXIT_BUG)
