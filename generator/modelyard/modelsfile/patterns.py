"""Paths with wildcards, as `spec.include` has them: `*`, `?` and `[…]` stand for a part of one name, never for `/`.

A name that begins with a dot is matched by a pattern that does so too: what Git and editors keep is not meant.
"""

import fnmatch
import os
import posixpath
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

_WILD: Final = frozenset("*?[")


def wrong(pattern: str) -> str:
    """Return what is wrong with the form of a pattern; empty if nothing is."""
    parts = pattern.split("/")
    first = next((i for i, each in enumerate(parts) if _WILD.intersection(each)), len(parts))
    if not pattern or pattern.startswith("/"):
        return "must be a path relative to this file"
    if any("**" in each for each in parts):
        return "must name each folder: ** is not known, * stands for one name"
    return "must not hold .. behind a wildcard" if ".." in parts[first:] else ""


def found(folder: Path, pattern: str, leaves: Callable[[Path], bool]) -> Iterator[str]:
    """Yield the paths below a folder, relative to it, of all that a pattern matches, in no order.

    leaves: tells whether a folder is out of bounds; then it is not listed, and is yielded itself.
    """
    yield from _found(folder, "", [each for each in pattern.split("/") if each not in ("", ".")], leaves)


def _found(folder: Path, above: str, parts: list[str], leaves: Callable[[Path], bool]) -> Iterator[str]:
    if not parts:
        if os.path.lexists(folder / above):
            yield above
        return
    part, *rest = parts
    if not _WILD.intersection(part):
        yield from _found(folder, posixpath.join(above, part), rest, leaves)
    elif leaves(folder / above):
        yield above
    else:
        for name in _names(folder / above):
            if _matches(part, name):
                yield from _found(folder, posixpath.join(above, name), rest, leaves)


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208 - names alone
    except (OSError, ValueError):  # it is a file, may not be read, or can have no such name
        return []


def above(pattern: str) -> str:
    """Return the folder that all that a pattern matches lies in."""
    parts = pattern.split("/")
    first = next((i for i, each in enumerate(parts) if _WILD.intersection(each)), len(parts) - 1)
    return "/".join(parts[:first]) or "."


def matches(pattern: str, path: str) -> bool:
    """Tell whether a pattern matches a path, both normal and relative to the same folder."""
    parts, names = pattern.split("/"), path.split("/")
    return len(parts) == len(names) and all(map(_matches, parts, names))


def _matches(part: str, name: str) -> bool:
    return fnmatch.fnmatchcase(name, part) and (part.startswith(".") or not name.startswith("."))
