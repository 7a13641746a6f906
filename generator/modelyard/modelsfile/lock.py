"""The lock beside a models file, read."""

from dataclasses import replace
from pathlib import Path
from typing import Final

from modelyard.files import regular
from modelyard.files.yaml import MAX_BYTES, MapMarks, Sources, read
from modelyard.models.image_lock import ImageLock
from modelyard.modelsfile.merge import Tree
from modelyard.modelsfile.outside import Bounds
from modelyard.modelsfile.shapes import validate
from modelyard.problems import Problem, problem

_HINT: Final = "take the file from git again, or delete it and run `modelyard lock`"


def read_lock(path: Path, shown: str, within: Bounds) -> tuple[ImageLock | None, list[Problem]]:
    """Return what the lock says, or None and what is wrong with the file."""
    if within.leaves(path):
        message, hint = within.refusal(shown)
        return None, [problem("MY015", message, hint=hint)]
    try:
        content = regular.content(path, MAX_BYTES + 1)
    except OSError as error:
        message = f"{shown} cannot be read: {(error.strerror or 'unknown error').lower()}"
        return None, [problem("MY013", message, hint=_HINT)]
    return lock_of(content, shown)


def lock_of(content: bytes, shown: str) -> tuple[ImageLock | None, list[Problem]]:
    """Return what the text of a lock says, or None and what is wrong with it."""
    sources = Sources()
    document = read(content, sources, shown)
    if not isinstance(document.data, dict) or not isinstance(document.marks, MapMarks):
        return None, _with_a_way(document.problems)
    lock, problems = validate(ImageLock, Tree(document.data, document.marks), sources)
    problems = _with_a_way([*document.problems, *problems])
    return (None if problems else lock), problems


def _with_a_way(problems: list[Problem]) -> list[Problem]:
    return [each if each.hint else replace(each, hint=_HINT) for each in problems]
