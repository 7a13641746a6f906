"""Folders that are written and looked at by tests of files and overlay."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from modelyard.files import disk
from modelyard.problems import Problem

HEADER = "# ours"
OLD = {"kustomization.yaml": "old", "models/a.yaml": "a 1", "models/b.yaml": "b", "c.yaml": "c"}
NEW = {"kustomization.yaml": "new", "models/a.yaml": "a 2", "models/b.yaml": "b", "more/deep/d.yaml": "d"}

Write = Callable[[Path, Mapping[str, str], str], list[Problem]]
both_ways = pytest.mark.parametrize("write", [disk.exchange, disk.write_in_place], ids=["exchange", "in place"])


def texts(bodies: Mapping[str, str], header: str = HEADER) -> dict[str, str]:
    """Return the bodies, each after the header."""
    return {path: f"{header}\n{body}\n" for path, body in bodies.items()}


def state(folder: Path) -> dict[str, str]:
    """Return what all files of the folder hold; of a missing folder, nothing."""
    return {
        path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in folder.rglob("*") if path.is_file()
    }


def stamps(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Return inode and times, in ns, of a folder, its parent and all below it."""
    found = [folder.parent, folder, *folder.rglob("*")]
    return {str(path): ((s := path.lstat()).st_ino, s.st_mtime_ns, s.st_ctime_ns) for path in found}


def beside(folder: Path) -> list[str]:
    """Return the names of all entries of the folder's parent."""
    return sorted(path.name for path in folder.parent.iterdir())
