"""A folder that goes as a whole."""

from pathlib import Path

from modelyard.files import entries
from modelyard.files.work import Found, Work, write
from modelyard.problem import Problem


def remove(folder: Path, header: str) -> list[Problem]:
    """Remove a folder that holds nothing but files with the header; nothing happens if there is none.

    It loses its name in one step, and then its files; the next run removes what a killed one left.
    """
    return write(folder, {}, header, _remove)


def _remove(work: Work, found: Found) -> list[Problem]:
    if found.folders:
        entries.rename(work.fd, work.at(""), work.new())
        entries.fsync(work.fd, ".")
        work.mend()
    return []
