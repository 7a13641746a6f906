"""Scores with the type that the model declares, for a file whose columns have types."""

import json
from collections.abc import Sequence
from typing import Final

from modelyard.score.cells import Misfit, integer, truth
from modelyard.score.contract import Contract, Kind

_SHOWN: Final = 30  # characters of a score in a message


def value(text: str, kind: Kind) -> object:
    """Return the value of a score, None for an empty one. Raises Misfit for one that is not of its type."""
    if not text or kind in ("string", "json", "base64"):
        return text or None
    try:
        if kind == "number":
            return float(text if text.isascii() and "_" not in text else "?")
        found: object = json.loads(integer(text) if kind == "integer" else truth(text))
    except (ValueError, Misfit):
        raise Misfit(f"{text[:_SHOWN]!r} is not a {kind}, which the model declares") from None
    return found


def fitting(outputs: Sequence[str], contract: Contract) -> None:
    """Raise Misfit unless each score of a row is of the type that its output declares."""
    for name, text, kind in zip(contract.outputs, outputs, contract.kinds, strict=True):
        try:
            value(text, kind)
        except Misfit as misfit:
            raise Misfit(f"{name}: {misfit}") from None
