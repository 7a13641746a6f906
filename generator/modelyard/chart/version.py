"""A chart's version: SemVer 2, with the hash of the content as build metadata, so that one content has one version."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Final

from modelyard.problems.patterns import pattern

FIRST: Final = "0.1.0"  # where nothing says another
_NUMBER: Final = r"(?:0|[1-9][0-9]{0,9})"
_IDENTIFIER: Final = r"(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_VERSION: Final = pattern(rf"({_NUMBER})\.({_NUMBER})\.({_NUMBER})(?:-({_IDENTIFIER}(?:\.{_IDENTIFIER})*))?")
_WHOLE: Final = pattern(r"[0-9]+")
_DIGITS: Final = 8  # of the hash


def is_version(text: str) -> bool:
    """Tell whether a text is a version of SemVer 2 without build metadata."""
    return len(text) <= 64 and _VERSION.fullmatch(text) is not None


def without_hash(text: str) -> str | None:
    """Return the version of a chart without the hash of its content; None if it is no such version."""
    number = text.partition("+")[0]
    return number if is_version(number) else None


def newest(tags: Iterable[str]) -> str | None:
    """Return the newest version that one of these tags is, such as v1.4.0; None if none is."""
    found = [each for tag in tags if is_version(each := tag.removeprefix("v"))]
    return max(found, key=_order, default=None)


def _order(text: str) -> tuple[tuple[int, ...], bool, list[tuple[bool, int, str]]]:
    """Return what versions are compared by: numbers before words, a pre-release before its release (SemVer 2, 11)."""
    core, _, rest = text.partition("-")
    words = [_word(each) for each in rest.split(".") if rest]
    return tuple(int(each) for each in core.split(".")), not rest, words


def _word(text: str) -> tuple[bool, int, str]:
    is_number = _WHOLE.fullmatch(text) is not None
    return not is_number, int(text) if is_number else 0, text


def with_hash(version: str, content: Mapping[str, str]) -> str:
    """Return a version with the hash of a chart's files, by path."""
    digest = hashlib.sha256()
    for path in sorted(content):
        digest.update(f"{path}\0{len(content[path])}\0{content[path]}".encode())
    return f"{version}+{digest.hexdigest()[:_DIGITS]}"
