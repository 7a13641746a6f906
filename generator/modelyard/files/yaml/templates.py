"""Streams that another tool fills in first: {{ }} is no YAML, or a mapping as a key."""

from typing import Final

from modelyard.files.yaml.source import Source
from modelyard.problems import problem

_BRACES: Final = "{{"
_MESSAGE: Final = "the document is a template: it has {{"
_HINT: Final = "check what the tool that fills it in gives"


def stop_at_braces(source: Source, index: int, mark: int) -> None:
    """Stop at a mapping in the place of a key that is {{ }}. Raises StopReadingError.

    index: where the mapping begins, in characters of the text. mark: its mark.
    """
    if _BRACES in source.text[max(0, index - 1) : index + 2]:
        source.stop("MY396", _MESSAGE, mark, hint=_HINT)


def template_instead(source: Source) -> None:
    """Say of the last problem, an error of syntax, that it is a template's, if {{ is in its line or the one before."""
    place = source.problems[-1].place
    lines = source.text.split("\n")[max(0, place.line - 2) : place.line] if place else []
    if any(_BRACES in line for line in lines):
        source.problems[-1] = problem("MY396", _MESSAGE, hint=_HINT, place=place)
