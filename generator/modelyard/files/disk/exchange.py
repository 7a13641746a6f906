"""Folders that change all at once.

A complete new folder is made beside the old one, brought to disk, and then both change places in one system
call. The lock lies on the parent folder: on the folder itself it would go away with the exchange.

A killed run leaves `.NAME.modelyard-new` or `.NAME.modelyard-old` beside the folder. The next run removes them;
if it was killed between two renames, the next run puts the old folder back first.
"""

import os
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path

from modelyard.files.disk import entries
from modelyard.files.disk.refused import refused, warned
from modelyard.files.disk.steps import Found, Work, Works, folders, refusing, write
from modelyard.problems import Problem


def exchange(folder: Path, content: Mapping[str, str], header: str) -> list[Problem]:
    """Make the folder hold exactly content (relative POSIX path -> text), all or nothing.

    Each text starts with the line `header`: it tells the next run which files are its own, and a foreign one
    stops it. Files that stay as they are keep inode and times; if all do, nothing is touched at all.
    Raises ValueError for a path or a text that breaks these rules.
    """
    return exchange_all({folder: content}, header)


def exchange_all(
    contents: Mapping[Path, Mapping[str, str]], header: str, *, aside: Collection[str] = ()
) -> list[Problem]:
    """Do the same for several folders: no one changes before all are ready, and what fails takes all back.

    Their parents differ. aside: files that are no reason to change a folder, and are written when others are.
    """
    return write(contents, header, _exchange, aside=aside)


def _exchange(works: Works) -> list[Problem]:
    swapped: list[Work] = []
    try:
        for work, found in works:
            with refusing(work.folder):
                _build(work, found)
                _sync(work, found)
        for work, _ in works:
            with refusing(work.folder):
                _swap(work)
            swapped.append(work)
    except BaseException:
        for work in reversed(swapped):
            with suppress(OSError):  # it stays as it is, whole, with the new content
                _swap_back(work)
        for work, _ in works:
            with suppress(OSError):  # the next run tries again
                work.mend()
        raise
    return [each for work, _ in works for each in _finish(work)]


def _build(work: Work, found: Found) -> None:
    for folder in sorted(folders(work.content)):
        os.mkdir(work.new(folder), 0o755, dir_fd=work.fd)
    for path in sorted(work.content):
        if path in found.same:
            entries.link(work.fd, work.at(path), work.new(path))
        else:
            entries.create(work.fd, work.new(path), work.content[path])


def _sync(work: Work, found: Found) -> None:
    """Bring the new folder to disk, before it gets the name: with one call, or else file by file."""
    if not entries.syncfs(work.fd, work.new()):
        for path in sorted((work.content.keys() - found.same) | folders(work.content)):
            entries.fsync(work.fd, work.new(path))


def _swap(work: Work) -> None:
    """Give the new folder the name: at once, or with two renames, between which `mend` knows the way back."""
    name, new = work.at(""), work.new()
    if entries.kind(work.fd, name) is not None:
        if entries.exchanged(work.fd, name, new):
            return
        entries.rename(work.fd, name, work.old)
    entries.rename(work.fd, new, name)


def _swap_back(work: Work) -> None:
    name, new = work.at(""), work.new()
    if entries.kind(work.fd, work.old) is not None:
        entries.rename(work.fd, name, new)
        entries.rename(work.fd, work.old, name)
    elif entries.kind(work.fd, new) is None:  # there was no folder
        entries.rename(work.fd, name, new)
    else:
        entries.exchanged(work.fd, name, new)


def _finish(work: Work) -> list[Problem]:
    """Bring the exchange to disk, only then remove the old folder. What fails here leaves the new content."""
    try:
        entries.fsync(work.fd, ".")
    except OSError as error:
        note = "; the new content is in place, but a power failure can undo that"
        return [refused(error, work.folder, note=note)]
    try:
        work.mend()
    except OSError as error:
        note = "; the new content is in place, and the next run tries again"
        return [warned(error, work.folder.parent / str(error.filename), note)]
    return []
