"""The files of a folder, to compare them."""

import os
from pathlib import Path

from modelyard.files.disk import entries
from modelyard.files.disk.refused import FileProblem, refused
from modelyard.files.disk.steps import named


def read(folder: Path) -> dict[str, bytes]:
    """Return the files below the folder by relative path; of a symbolic link its target, as git does.

    A missing folder holds none; sockets and pipes are empty. Takes no lock. Raises FileProblem MY013 for what
    cannot be read.
    """
    try:
        fd = os.open(folder.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            if entries.kind(fd, folder.name) is None:
                return {}
            found = entries.tree(fd, folder.name)
            return {path.partition("/")[2]: _bytes(fd, path, kind) for path, kind in found if kind != entries.FOLDER}
        finally:
            os.close(fd)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise FileProblem(refused(error, named(error, folder), code="MY013", doing="read")) from error


def _bytes(fd: int, name: str, kind: int) -> bytes:
    if kind == entries.FILE:
        return entries.load(fd, name)
    return os.fsencode(os.readlink(name, dir_fd=fd)) if kind == entries.LINK else b""
