"""A contract from columns that anybody named: of names that a lock can hold."""

from collections.abc import Mapping
from typing import Final

from modelyard.models.contract import Column, Contract

MOST: Final = 20_000  # columns of a contract
_LONGEST: Final = 256  # characters of a name


class NoContract(Exception):  # noqa: N818 - a finding about files or a server, which its reader reports
    """Files that say no inputs or outputs; the text says what is missing."""


def named(origin: str, inputs: Mapping[str, Column], outputs: Mapping[str, Column], *, signature: str = "") -> Contract:
    """Return a contract. Raises NoContract for none, too many, or names that no file should hold."""
    for what, columns in (("inputs", inputs), ("outputs", outputs)):
        if not columns:
            raise NoContract(f"{origin} names no {what}")
        if len(columns) > MOST:
            raise NoContract(f"{origin} names more than {MOST} {what}")
        if any(not name.isprintable() or not 0 < len(name) <= _LONGEST for name in columns):
            raise NoContract(f"{origin} has one of its {what} with an empty, a long or an unprintable name")
    return Contract(origin=origin, signature=signature or None, inputs=dict(inputs), outputs=dict(outputs))
