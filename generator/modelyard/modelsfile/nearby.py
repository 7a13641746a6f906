"""A models file that a base was probably meant to be, looked for around the one that names it."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from modelyard.manifests.names import nearest

_FILE: Final = "models.yaml"
_LEVELS: Final = 4  # folders above in which a base is looked for
_MOST: Final = 200  # names of a folder that are compared


def models_file_near(folder: Path, name: str, is_refused: Callable[[Path], bool]) -> str | None:
    """Return the path, relative to the folder, of a file that exists and is like the name; None if there is none.

    is_refused: tells what it cannot be, such as the file that names it.
    """
    try:
        found = (each for each in _candidates(folder, name) if (folder / each).is_file())
        return next((each for each in found if not is_refused(folder / each)), None)
    except (OSError, ValueError):  # a name too long, or with a NUL; a folder that cannot be read
        return None


def _candidates(folder: Path, name: str) -> Iterator[str]:
    plain = os.path.normpath(name)
    tail = plain
    while tail.startswith(f"..{os.sep}") or tail == "..":
        tail = tail[3:]
    levels = [plain, *(os.path.join(*[".."] * level, tail) for level in range(_LEVELS))]  # noqa: PTH118 - as text
    for each in dict.fromkeys(each for each in levels if each):
        yield each
        yield os.path.normpath(os.path.join(each, _FILE))  # noqa: PTH118
    for each in dict.fromkeys(_spelt(folder, level) for level in levels if level):
        yield each
        yield os.path.normpath(os.path.join(each, _FILE))  # noqa: PTH118


def _spelt(folder: Path, name: str) -> str:
    """Return a path with each part that does not exist as the name there that is most like it."""
    found = ""
    for part in Path(name).parts:
        above = folder / found
        if not (above / part).exists() and above.is_dir():
            part = nearest(part, sorted(os.listdir(above))[:_MOST]) or part  # noqa: PLW2901, PTH208 - names alone
        found = os.path.join(found, part)  # noqa: PTH118
    return found
