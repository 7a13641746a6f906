"""One file that a command writes for others, such as a report."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from modelyard.files import entries
from modelyard.files.problems import refused, shown
from modelyard.problem import Problem, problem

_KINDS: Final = {
    entries.LINK: "a symbolic link",
    entries.FOLDER: "a folder",
    entries.OTHER: "a socket, pipe or device",
}


def write(path: Path, content: bytes) -> list[Problem]:
    """Make a file hold the content, all or nothing; what it held before is replaced.

    The content is written to `.NAME.modelyard-new` beside the file, brought to disk, and renamed. Problems: MY402
    what is refused or fails; what is no file is never replaced, for its content would land elsewhere.
    """
    new = f".{path.name}.modelyard-new"
    try:
        fd = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        return [refused(error, path.parent, code="MY402", doing="open")]
    try:
        what = entries.kind(fd, path.name)
        if what in _KINDS:
            return [problem("MY402", f"{shown(path)} is {_KINDS[what]}", hint="name a file, or one that is not there")]
        entries.remove(fd, new)
        try:
            entries.create(fd, new, content)
            entries.fsync(fd, new)
            entries.rename(fd, new, path.name)
        except BaseException:
            with suppress(OSError):  # the next run tries again
                entries.remove(fd, new)
            raise
        entries.fsync(fd, ".")
    except OSError as error:
        return [refused(error, path, code="MY402")]
    finally:
        os.close(fd)
    return []
