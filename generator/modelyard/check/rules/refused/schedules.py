"""Schedules of cron jobs, and the names of time zones.

Source: robfig/cron v3.0.1, parser.go, ParseStandard, as kubernetes v1.36.3 calls it;
pkg/apis/batch/validation/validation.go, validateScheduleFormat and validateTimeZone.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_NAMED: Final = frozenset(["@annually", "@daily", "@hourly", "@midnight", "@monthly", "@weekly", "@yearly"])
_EVERY: Final = re.compile(r"@every [+-]?(?:(?:[0-9]++(?:\.[0-9]*+)?+|\.[0-9]++)(?:ns|us|µs|ms|s|m|h))++")
_MONTHS: Final = {
    name: i
    for i, name in enumerate(["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1)
}
_DAYS: Final = {name: i for i, name in enumerate(["sun", "mon", "tue", "wed", "thu", "fri", "sat"])}
# Name, least and most of each field, and the names that stand for numbers.
_FIELDS: Final[tuple[tuple[str, int, int, Mapping[str, int]], ...]] = (
    ("minute", 0, 59, {}),
    ("hour", 0, 23, {}),
    ("day of the month", 1, 31, {}),
    ("month", 1, 12, _MONTHS),
    ("day of the week", 0, 6, _DAYS),
)
_ZONE_PART: Final = re.compile(r"[A-Za-z._0-9+-]{1,14}")


def schedule(value: str) -> str | None:
    """Check a schedule. Returns what is wrong with it, or None."""
    if "TZ" in value:
        return "names a time zone: write it under timeZone:"
    if value.startswith("@"):
        return None if value in _NAMED or _EVERY.fullmatch(value) else "is a word that cron does not know"
    fields = value.split()
    if len(fields) != len(_FIELDS):
        return f"has {len(fields)} fields and not 5"
    for each, (name, least, most, names) in zip(fields, _FIELDS, strict=True):
        for part in each.split(","):
            if part and (wrong := _part(part, least, most, names)):
                return f"has a {name} that {wrong}"
    return None


def _part(part: str, least: int, most: int, names: Mapping[str, int]) -> str | None:
    span, *steps = part.split("/")
    ends = span.split("-")
    if len(steps) > 1 or len(ends) > 2:
        return "has too many / or -"
    if ends[0] in ("*", "?"):
        first, last = least, most
    else:
        numbers = [names.get(end.lower(), int(end) if end.isascii() and end.isdecimal() else None) for end in ends]
        if any(number is None for number in numbers):
            return "is no number"
        first, last = numbers[0] or 0, numbers[-1] or 0
        if steps and len(ends) == 1:
            last = most
    if steps and not (steps[0].isascii() and steps[0].isdecimal() and int(steps[0])):
        return "has a step that is not more than 0"
    if first < least or last > most:
        return f"is not from {least} to {most}"
    return "ends before it begins" if first > last else None


@lru_cache(maxsize=256)
def time_zone(value: str) -> str | None:
    """Check the name of a time zone. What no database of this machine can tell is taken."""
    for part in value.split("/"):
        if part in (".", "..") or part.startswith("-") or not _ZONE_PART.fullmatch(part):
            return "is not the name of a time zone"
    if value.lower() == "local":
        return "does not say which zone"
    try:
        ZoneInfo("Europe/Berlin")
    except ZoneInfoNotFoundError:
        return None
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return "is not the name of a time zone"
    return None
