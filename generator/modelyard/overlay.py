"""The folder `generated/` of an overlay: written as a whole, and compared."""

import io
from collections.abc import Iterator, Mapping
from difflib import unified_diff
from pathlib import Path

from modelyard import files
from modelyard.compose import HEADER
from modelyard.problem import Problem


def write(folder: Path, content: Mapping[str, str], *, in_place: bool = False) -> list[Problem]:
    """Make the folder hold exactly content (relative path -> text), all or nothing; in_place: file by file.

    Raises ValueError for a text whose first line is not HEADER.
    """
    way = files.write_in_place if in_place else files.exchange
    return way(folder, content, HEADER)


def drift(folder: Path, content: Mapping[str, str], *, label: str = "generated") -> str:
    """Return the unified diff (GNU diffutils, "Unified Format") from the folder to content; empty if they are equal.

    `label` stands for the folder in its names. Raises FileProblem MY013 for what cannot be read.
    """
    label = label.strip("/")  # an absolute path too stands after a/ and b/
    found = files.read(folder)
    wanted = {path: text.encode() for path, text in content.items()}
    paths = sorted(path for path in found.keys() | wanted.keys() if found.get(path) != wanted.get(path))
    return "".join(line for path in paths for line in difference(f"{label}/{path}", found.get(path), wanted.get(path)))


def difference(name: str, old: bytes | None, new: bytes | None) -> Iterator[str]:
    """Yield the lines of one file's unified diff; None: it is missing."""
    # A line break in a name would end the line that it stands in, and look like one of the diff.
    name = "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in name)
    before = "/dev/null" if old is None else f"a/{name}"
    after = "/dev/null" if new is None else f"b/{name}"
    lines = list(unified_diff(_split(old), _split(new), before, after))
    for line in lines or (f"--- {before}\n", f"+++ {after}\n"):  # an empty file has no lines to tell of
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _split(data: bytes | None) -> list[str]:
    """Return lines with their ends, at line feeds only; bytes that are not UTF-8 are escaped."""
    return list(io.StringIO((data or b"").decode("utf-8", "backslashreplace")))
