"""Folders: on this machine, or in a bucket by the drivers of fsspec, with their own settings and logins."""

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from modelyard.files import trees
from modelyard.models.source import ModelSource, address
from modelyard.registry.sources import wrong
from modelyard.registry.sources.version import SourceProblem, Version

_NUMBER: Final = re.compile(r"[0-9]{1,18}")
_CHUNK: Final = 1 << 20
_SHORT: Final = 12  # digits of a checksum that stand for a version
_DENIED: Final = ("Forbidden", "AccessDenied", "Authentication", "Credentials", "Unauthorized", "Permission")


def latest(source: ModelSource, beside: Path) -> Version:
    """Return what the folder holds now: its last name where that is a number, else the beginning of its checksum.

    beside: the folder that a relative path begins at. Raises SourceProblem.
    """
    path = source.path or ""
    checksum = _checksum(path, beside)
    last = path.rstrip("/").rpartition("/")[2]
    version = last if _NUMBER.fullmatch(last) else checksum.removeprefix("sha256:")[:_SHORT]
    return Version(address(source), version, checksum=checksum)


def fetch(source: ModelSource, beside: Path, folder: Path) -> None:
    """Write the files of the folder into an empty one. Raises SourceProblem, and OSError of the empty one."""
    path = source.path or ""
    if "://" not in path:
        trees.copy(beside / path, _local(beside / path, path), folder)
        return
    with _opened(path) as (system, root):
        names = _remote(system, root, path)
        for name in names:
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("xb") as file, system.open(f"{root}/{name}", "rb") as content:
                while part := content.read(_CHUNK):
                    file.write(part)


def _checksum(path: str, beside: Path) -> str:
    if "://" not in path:
        return trees.digest(beside / path, _local(beside / path, path))
    whole = hashlib.sha256()
    with _opened(path) as (system, root):
        for name in sorted(_remote(system, root, path), key=os.fsencode):
            own = hashlib.sha256()
            with system.open(f"{root}/{name}", "rb") as content:
                while part := content.read(_CHUNK):
                    own.update(part)
            whole.update(os.fsencode(name) + b"\0" + own.digest())
    return f"sha256:{whole.hexdigest()}"


def _local(folder: Path, shown: str) -> list[str]:
    if not folder.is_dir():
        raise wrong.absent(f"there is no folder {shown}", "check source: {path: …}, which is relative to its file")
    names, problems = trees.files(folder)
    if problems:
        raise SourceProblem(problems[0])
    if not names:
        raise wrong.absent(f"the folder {shown} is empty", "name the folder that holds the artefact")
    return list(names)


def _remote(system: Any, root: str, shown: str) -> list[str]:
    """Return the names of the files below a folder in a bucket, none of which leads out of it."""
    found = system.find(root, detail=True)
    # An object without content whose name ends in / stands for a folder, as the consoles of the clouds make one.
    files = [str(each) for each, about in found.items() if about.get("size") or not str(each).endswith("/")]
    names = [name for each in files if (name := each[len(root) :].lstrip("/"))]
    if not names:
        raise wrong.absent(f"there is nothing in {shown}", "check bucket and folder, and that this login may read them")
    for name in names:
        parts = name.split("/")
        if any(part in ("", ".", "..") for part in parts) or not name.isprintable():
            raise wrong.unusable(f"{shown} holds a file whose name is none", "rename it")
    return names


@contextmanager
def _opened(path: str) -> Iterator[tuple[Any, str]]:
    """Give the driver of an address, and the folder there; what it raises becomes a SourceProblem."""
    scheme = path.partition("://")[0]
    try:
        import fsspec
    except ImportError:
        raise wrong.missing_extra(scheme, f"{scheme}://") from None
    try:
        system, root = fsspec.core.url_to_fs(path)
    except (ImportError, ValueError):
        raise wrong.missing_extra(scheme, f"{scheme}://") from None
    try:
        yield system, str(root).rstrip("/")
    except FileNotFoundError:
        raise wrong.absent(f"there is nothing in {path}") from None
    except SourceProblem:
        raise
    except Exception as error:  # noqa: BLE001 - drivers raise what their clouds' libraries do
        raise _failed(error, path) from None


def _failed(error: Exception, path: str) -> SourceProblem:
    if known := wrong.of_connection(error, path):
        return known
    kind = f"{type(error).__name__} {getattr(error, 'response', '')}"
    if isinstance(error, PermissionError) or any(each in kind for each in _DENIED):
        return wrong.refused(path, "the login of this process in the cloud")
    return wrong.unusable(f"{path} cannot be read ({type(error).__name__})")
