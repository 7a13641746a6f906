"""Folders of anybody's files, of any size: looked at, hashed, copied, and put in place at once.

Unlike those of `disk.exchange`, these files hold anything, and not everything in them is ours.
"""

import hashlib
import os
import shutil
from collections.abc import Callable, Collection, Iterable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final

from modelyard.files import disk, regular
from modelyard.files.archives import MAX_BYTES, MAX_DEPTH, MAX_FILES
from modelyard.files.disk import entries
from modelyard.problems import Problem, printable, problem

_CHUNK: Final = 1 << 20  # bytes


def files(folder: Path) -> tuple[dict[str, int], list[Problem]]:
    """Return the files below a folder, relative POSIX path -> bytes; and links, devices and too much as problems."""
    found: dict[str, int] = {}
    waiting = [""]
    try:
        for here in waiting:  # grows while it is read: no recursion, however deep the folders are
            with os.scandir(folder / here) as inside:
                for each in sorted(inside, key=lambda each: each.name):
                    path = f"{here}{each.name}"
                    if each.is_dir(follow_symlinks=False) and path.count("/") < MAX_DEPTH:
                        waiting.append(f"{path}/")
                    elif each.is_file(follow_symlinks=False) and printable(path) == path:
                        found[path] = each.stat(follow_symlinks=False).st_size
                    else:
                        return {}, [_odd(folder / path)]
            if len(found) > MAX_FILES or sum(found.values()) > MAX_BYTES:
                return {}, [_odd(folder, f"holds more than {MAX_FILES} files or {MAX_BYTES >> 30} GiB")]
    except OSError as error:
        return {}, [disk.refused(error, folder, code="MY409", doing="read")]
    return dict(sorted(found.items())), []


def _odd(path: Path, wrong: str = "is a link, a device, too deep, or of a name with control characters") -> Problem:
    hint = "copy the files themselves into their own folder, and name that folder"
    return problem("MY409", f"{printable(disk.shown(path))} {wrong}", hint=hint)


def digest(folder: Path, paths: Iterable[str]) -> str:
    """Return the SHA-256 of files, as `sha256:…`: over each path, sorted, a NUL, and the SHA-256 of its content.

    Raises OSError.
    """
    whole = hashlib.sha256()
    for path in sorted(paths, key=os.fsencode):
        with os.fdopen(regular.opened(folder / path), "rb") as file:
            whole.update(os.fsencode(path) + b"\0" + hashlib.file_digest(file, "sha256").digest())
    return f"sha256:{whole.hexdigest()}"


def copy(folder: Path, paths: Iterable[str], into: Path) -> None:
    """Copy files, which everybody may then read, below another folder. Raises OSError."""
    for path in paths:
        target = into / path
        target.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(regular.opened(folder / path), "rb") as source, target.open("xb") as file:
            shutil.copyfileobj(source, file, _CHUNK)
    readable(into)


def readable(folder: Path) -> None:
    """Let everybody read what is in a folder, and its owner write it, whatever the umask is. Raises OSError."""
    for here, _, names in os.walk(folder):
        Path(here).chmod(0o755)
        for name in names:
            (Path(here) / name).chmod(0o644)


def exchange(
    folder: Path, build: Callable[[Path], None], own: Collection[str], marker: tuple[str, str]
) -> list[Problem]:
    """Let a folder hold what `build` puts into an empty one, all or nothing.

    own: the names that the folder may have already; any other stops it. marker: a file, and the line that it begins
    with where the folder is modelyard's. Folders around it are made. `build` may raise OSError.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return [disk.refused(error, folder.parent, doing="make")]
    try:
        with disk.locked(folder.parent) as fd, ExitStack() as closing:
            if foreign := _foreign(folder, own, marker):
                return foreign
            new = folder.with_name(f".{folder.name}.modelyard-new")
            entries.remove(fd, new.name)
            closing.callback(_removed, fd, new.name)
            new.mkdir(mode=0o755)
            build(new)
            _swap(fd, folder.name, new.name)
    except disk.FileProblem as found:
        return [found.problem]
    except OSError as error:
        return [disk.refused(error, Path(error.filename or folder))]
    return []


def _removed(fd: int, name: str) -> None:
    with suppress(OSError):  # the next run removes it
        entries.remove(fd, name)


def _swap(fd: int, name: str, new: str) -> None:
    entries.syncfs(fd, new)
    if entries.kind(fd, name) is None:
        entries.rename(fd, new, name)
    elif not entries.exchanged(fd, name, new):
        entries.remove(fd, name)
        entries.rename(fd, new, name)


def _foreign(folder: Path, own: Collection[str], marker: tuple[str, str]) -> list[Problem]:
    if not regular.exists(folder) and not folder.is_symlink():
        return []
    names = {each.name for each in folder.iterdir()} if folder.is_dir() and not folder.is_symlink() else None
    hint = "name another folder, or move this one elsewhere: modelyard owns the folder that it writes"
    if names is None:
        return [problem("MY401", f"{disk.shown(folder)} is not a folder", hint=hint)]
    file, line = marker
    if names and not _begins(folder / file, line):
        return [problem("MY401", f"{disk.shown(folder)} is not modelyard's", hint=hint)]
    odd = sorted(names - set(own))[: disk.MAX_FOREIGN]
    return [problem("MY401", f"{disk.shown(folder / each)} is not modelyard's", hint=hint) for each in odd]


def _begins(path: Path, line: str) -> bool:
    try:
        return not path.is_symlink() and regular.content(path, len(line.encode()) + 1) == f"{line}\n".encode()
    except OSError:
        return False
