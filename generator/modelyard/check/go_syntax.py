"""How Go reads numbers and durations, as controllers do in annotations: packages strconv and time, Go 1.26."""

import re
from fractions import Fraction
from functools import lru_cache
from typing import Final

from modelyard.problems.patterns import pattern

_UNITS: Final = {
    "ns": Fraction(1, 10**9),
    "us": Fraction(1, 10**6),
    "µs": Fraction(1, 10**6),
    "μs": Fraction(1, 10**6),
    "ms": Fraction(1, 1000),
    "s": Fraction(1),
    "m": Fraction(60),
    "h": Fraction(3600),
}
_PART: Final = pattern(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)")
_DURATION: Final = pattern(rf"[-+]?(?:0|(?:{_PART.pattern})+)")
_INTEGER: Final = pattern(r"[-+]?[0-9]+")
_DECIMAL: Final = r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:e[-+]?[0-9]+)?"
_FLOAT: Final = pattern(rf"[-+]?(?:{_DECIMAL}|inf|infinity)|nan", re.IGNORECASE)
_LONGEST: Final = 1000  # characters of a duration; Python makes no integer of more than 4,300 digits
_MAX_DURATION: Final = Fraction(2**63 - 1, 10**9)  # nanoseconds in 64 bits
MAX_INT32: Final = 2**31 - 1


@lru_cache(maxsize=1024)  # a set has a few
def duration(value: str) -> Fraction | None:
    """Return the seconds of a duration such as 1m30s, or None (time.ParseDuration)."""
    if len(value) > _LONGEST or not _DURATION.fullmatch(value):
        return None
    total = sum((Fraction(number) * _UNITS[unit] for number, unit in _PART.findall(value)), Fraction(0))
    if total > _MAX_DURATION:
        return None
    return -total if value.startswith("-") else total


def integer(value: str) -> int | None:
    """Return an integer in decimals, or None (strconv.ParseInt with base 10)."""
    return int(value) if _INTEGER.fullmatch(value) and len(value) < 20 else None


def floating(value: str) -> float | None:
    """Return a number, or None (strconv.ParseFloat); forms with _ and in hexadecimals are not read."""
    if not (_FLOAT.fullmatch(value) and value.isascii()):
        return None
    number = float(value)
    overflown = number in (float("inf"), float("-inf")) and "inf" not in value.lower()
    return None if overflown else number
