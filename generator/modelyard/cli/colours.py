"""Problems on a terminal."""

from typing import Final

from rich.console import Console
from rich.text import Text

from modelyard.problems import Severity

_STYLES: Final = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.NOTE: "blue"}


def print_text(text: str) -> None:
    """Print a report's text, the same as for a pipe, with the severities coloured."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    shown = Text(text, end="")
    for severity, style in _STYLES.items():
        shown.highlight_regex(rf"(?m)(?<=: ){severity}(?=: )|^{severity}(?=: )", style)
    shown.highlight_regex(r"(?m)^  hint:|^ *[0-9]* \| ", "dim")
    console.print(shown)
