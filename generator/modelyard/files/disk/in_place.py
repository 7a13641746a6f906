"""A folder that changes file by file, where it cannot change all at once."""

import os
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath

from modelyard.files.disk import entries
from modelyard.files.disk.refused import FileProblem, refused
from modelyard.files.disk.steps import PART, Found, Work, Works, folders, named, write
from modelyard.problems import Problem


def write_in_place(folder: Path, content: Mapping[str, str], header: str) -> list[Problem]:
    """Do as `exchange` file by file, each atomic, where a folder cannot be exchanged.

    kustomization.yaml comes last, so that it names no missing file; what it no longer names goes after it.
    """
    return write_all_in_place({folder: content}, header)


def write_all_in_place(
    contents: Mapping[Path, Mapping[str, str]], header: str, *, aside: Collection[str] = ()
) -> list[Problem]:
    """Do the same for several folders, one after the other: none begins while a foreign file stands in one of them."""
    return write(contents, header, _write_all, aside=aside)


def _write_all(works: Works) -> list[Problem]:
    for work, found in works:
        try:
            _write_each(work, found)
        except OSError as error:
            with suppress(OSError):  # the next run tries again
                entries.remove(work.fd, work.at(PART))
            note = "; what was written before stays: run the command again"
            raise FileProblem(refused(error, named(error, work.folder), note=note)) from error
    return []


def _write_each(work: Work, found: Found) -> None:
    _make_folders(work, found)
    for path in sorted(work.content.keys() - found.same, key=_turn):
        _replace(work, path)
    _remove_stale(work, found)
    entries.fsync(work.fd, work.at(""))


def _make_folders(work: Work, found: Found) -> None:
    wanted = folders(work.content)
    for path in (found.files & wanted) | (found.folders & work.content.keys()):  # a file becomes a folder, or back
        entries.remove(work.fd, work.at(path))
    for path in sorted(wanted - found.folders):
        os.mkdir(work.at(path), 0o755, dir_fd=work.fd)


def _turn(path: str) -> tuple[bool, int, str]:
    """Sort kustomizations after what they may name: other files, and kustomizations further down."""
    return (PurePosixPath(path).name == "kustomization.yaml", -path.count("/"), path)


def _replace(work: Work, path: str) -> None:
    part = work.at(PART)
    try:
        entries.create(work.fd, part, work.content[path])
        entries.fsync(work.fd, part)
        entries.rename(work.fd, part, work.at(path))
    except OSError as error:
        error.filename = work.at(path)
        raise


def _remove_stale(work: Work, found: Found) -> None:
    wanted = folders(work.content)
    for path in sorted(found.files - work.content.keys() - wanted):
        entries.remove(work.fd, work.at(path))
    for path in sorted(found.folders - wanted - work.content.keys(), reverse=True):
        entries.remove(work.fd, work.at(path))
