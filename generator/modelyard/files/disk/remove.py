"""A folder that goes as a whole."""

from pathlib import Path

from modelyard.files.disk import entries
from modelyard.files.disk.steps import Works, refusing, write
from modelyard.problems import Problem


def remove(folder: Path, header: str) -> list[Problem]:
    """Remove a folder that holds nothing but files with the header; nothing happens if there is none.

    It loses its name in one step, and then its files; the next run removes what a killed one left.
    """
    return write({folder: {}}, header, _remove)


def _remove(works: Works) -> list[Problem]:
    for work, found in works:
        with refusing(work.folder):
            if found.folders:
                entries.rename(work.fd, work.at(""), work.new())
                entries.fsync(work.fd, ".")
                work.mend()
    return []
