"""Kubernetes quantities as numbers."""

from fractions import Fraction
from functools import lru_cache
from typing import Final

from modelyard.problems.patterns import pattern

_FORM: Final = pattern(r"([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+))(?:([KMGTPE]i|[numkMGTPE])|[eE]([+-]?[0-9]{1,3}))?")
_LONGEST: Final = 1000  # characters; Python makes no integer of more than 4,300 digits
# apimachinery, pkg/api/resource/suffix.go: decimal and binary suffixes.
_UNITS: Final = {
    **{unit: Fraction(10) ** (3 * power) for power, unit in enumerate("num", -3)},
    **{unit: Fraction(10) ** (3 * power) for power, unit in enumerate("kMGTPE", 1)},
    **{f"{unit}i": Fraction(1024) ** power for power, unit in enumerate("KMGTPE", 1)},
}


def amount(value: object) -> Fraction | None:
    """Return the number that a quantity stands for (bytes, cores, pieces), or None for anything else."""
    known = isinstance(value, str | int | float) and not isinstance(value, bool)
    return _amount(str(value)) if known else None


@lru_cache(maxsize=1024)  # a set has a few sizes of pods
def _amount(value: str) -> Fraction | None:
    match = _FORM.fullmatch(value) if len(value) <= _LONGEST else None
    if match is None:
        return None
    number, unit, exponent = match.groups()
    return Fraction(number) * (_UNITS[unit] if unit else Fraction(10) ** int(exponent or 0))
