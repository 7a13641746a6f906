"""Tests with many examples: in `make test` each takes a share of them, and with --in-full, in `make test-slow`, all.

Such a test is marked `many`. A share is the same in every run; parameters of a test take different ones.
"""

from collections.abc import Sequence
from typing import Final, TypeVar

from hypothesis import settings

_PARTS: Final = 10
_in_full = False
Example = TypeVar("Example")


def take_all() -> None:
    """Let every test take all of its examples, from here on."""
    global _in_full  # noqa: PLW0603 - said once, before the tests are imported
    _in_full = True


def examples(count: int) -> settings:
    """Return the settings of a property with so many examples, all told."""
    return settings(max_examples=count if _in_full else max(1, count // _PARTS), deadline=None)


def share(of: Sequence[Example], number: int = 0) -> list[Example]:
    """Return every tenth, from the one with this number on: ten consecutive numbers give all."""
    return [*of] if _in_full else [*of[number % _PARTS :: _PARTS]]
