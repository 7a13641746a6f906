"""What commands say to the person, on standard error: standard output belongs to manifests."""

import sys
from collections.abc import Sequence

import typer

from modelyard.problems import Problem, Severity, has_errors, is_open, printable
from modelyard.problems.credentials import without_forms
from modelyard.report.text import summary, text


def tell(message: str) -> None:
    """Say something in one line."""
    typer.echo(printable(without_forms(message)), err=True)


def printable_lines(text: str) -> str:
    """Return a text of several lines, such as a diff of files that anybody wrote, without what controls a terminal."""
    return "\n".join(map(printable, text.split("\n")))


def report(problems: Sequence[Problem]) -> None:
    """Print problems, with colours on a terminal."""
    if problems:
        from modelyard.report.excerpt import Excerpts

        say(text(problems, Excerpts({})))


def say(shown: str) -> None:
    """Print a report's text, with colours on a terminal."""
    if not sys.stderr.isatty():
        sys.stderr.write(shown)
        return
    from modelyard.cli.colours import print_text

    print_text(shown)


def notified(accepted: Sequence[str], problems: Sequence[Problem]) -> None:
    """Say what became of a notice; that it was not sent fails no command."""
    if accepted:
        tell(f"notified: {', '.join(accepted)} accepted it")
    report(problems)


def stop_on_errors(problems: Sequence[Problem]) -> None:
    """Report problems, and leave with exit code 1 if one of them is an error."""
    report(problems)
    if has_errors(problems):
        raise typer.Exit(1)


def counted(problems: Sequence[Problem]) -> str:
    """Return ` (2 warnings)` for a closing line, or nothing."""
    warnings = [each for each in problems if each.severity is not Severity.ERROR and is_open(each)]
    return f" ({summary(warnings)})" if warnings else ""
