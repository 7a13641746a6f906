"""Two answers to one question: whether they are the same, and how far apart their numbers are."""

import json
from math import inf, isfinite, isnan
from typing import Any, Final

TOLERANCE: Final = 1e-9
_ABSENT: Final = frozenset(["", "NaN"])


def number(text: str) -> float | None:
    """Return the number that a text is; None for a missing one, and for other texts."""
    try:
        found = float(text) if text else None
    except ValueError:
        return None
    return None if found is None or isnan(found) else found


def apart(was: str, now: str, *, tolerance: float, numeric: bool) -> float:
    """Return how far apart two answers are: 0 within the tolerance, infinite for what has no distance.

    tolerance: of numbers, in their own unit below 1, and beyond that as a share of the larger one. numeric: whether
    they are numbers by the model's own word; then they are missing alike, however that is written.
    """
    if was == now or (numeric and was in _ABSENT and now in _ABSENT):
        return 0.0
    if numeric:
        one, other = number(was), number(now)
        return inf if one is None or other is None else _distance(one, other, tolerance)
    if was[:1] in ("[", "{") and now[:1] == was[:1]:
        try:
            return _deep(json.loads(was), json.loads(now), tolerance)
        except (ValueError, RecursionError):
            return inf
    return inf


def _distance(one: float, other: float, tolerance: float) -> float:
    if one == other:
        return 0.0
    far = abs(one - other)
    return 0.0 if far <= tolerance * max(1.0, abs(one), abs(other)) and isfinite(far) else far


def _deep(one: Any, other: Any, tolerance: float) -> float:
    """Return the largest distance in two values of JSON."""
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return max((_deep(*pair, tolerance) for pair in zip(one, other, strict=True)), default=0.0)
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        return max((_deep(one[key], other[key], tolerance) for key in one), default=0.0)
    if _is_number(one) and _is_number(other):
        return _distance(one, other, tolerance)
    return 0.0 if one == other and type(one) is type(other) else inf


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
