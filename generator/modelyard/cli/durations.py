"""Options that take a time: a duration as the models file has it, or plain seconds."""

import re
from typing import Final

import typer

from modelyard.manifests import names

FORMS: Final = "write a duration such as 40s, 5m or 1h30m, or seconds such as 90"
_PLAIN: Final = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_LONGEST: Final = 20  # characters; so many digits are out of range anyhow
_MAX: Final = 365 * 24 * 3600  # seconds; more is a slip, and some is too much for a clock


class Seconds(float):
    """Seconds that a help text shows as a duration."""

    def __str__(self) -> str:
        """Return the duration in its largest whole unit."""
        for unit, size in (("h", 3600), ("m", 60)):
            if self and self % size == 0:
                return f"{int(self // size)}{unit}"
        return f"{self:g}s"


def duration(value: str | Seconds) -> Seconds:
    """Return the seconds of an option's text, and its default as it is. Raises BadParameter."""
    if isinstance(value, Seconds):
        return value
    plain = _PLAIN.fullmatch(value)
    if not plain and (not value.isascii() or names.duration(value)):
        raise typer.BadParameter(f"{value!r} is not a duration: {FORMS}")
    known = len(value) <= _LONGEST
    if not known or not 1 <= (found := float(value) if plain else names.seconds(value)) <= _MAX:
        raise typer.BadParameter(f"{value[:_LONGEST]} is not from 1s to 365d: {FORMS}")
    return Seconds(found)
