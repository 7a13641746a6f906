"""Problems on a terminal."""

from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.text import Text

from modelyard.problem import Problem, Severity
from modelyard.report import text

_STYLES: Final = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.NOTE: "blue"}


def print_problems(problems: Sequence[Problem]) -> None:
    """Print the same text as for a pipe, with the severities coloured."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    shown = Text(text(problems), end="")
    for severity, style in _STYLES.items():
        shown.highlight_regex(rf"(?m)(?<=: ){severity}(?=: )|^{severity}(?=: )", style)
    shown.highlight_regex(r"(?m)^  hint:", "dim")
    console.print(shown)
