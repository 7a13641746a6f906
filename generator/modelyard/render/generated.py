"""The folder `generated/` of an overlay: written as a whole, and compared."""

import io
import re
from collections.abc import Iterator, Mapping
from difflib import unified_diff
from pathlib import Path
from typing import Final

from modelyard import __version__
from modelyard.files import disk
from modelyard.problems import Problem
from modelyard.render.component import HEADER

# Which modelyard wrote the folder. Apart from what is compared: two people with two versions that give the same
# objects have nothing to quarrel about. kustomize reads no file that nobody names.
WRITER: Final = ".modelyard"
_VERSION: Final = re.compile(r"version: (\S+)")


def write(folder: Path, content: Mapping[str, str], *, in_place: bool = False) -> list[Problem]:
    """Make the folder hold exactly content (relative path -> text), all or nothing; in_place: file by file.

    A folder that changes says too by which version of modelyard; see `writer`. Raises ValueError for a text whose
    first line is not HEADER.
    """
    return write_all({folder: content}, in_place=in_place)


def write_all(contents: Mapping[Path, Mapping[str, str]], *, in_place: bool = False) -> list[Problem]:
    """Do the same for several folders: all change or none, with in_place one after the other."""
    way = disk.write_all_in_place if in_place else disk.exchange_all
    said = f"{HEADER}\nversion: {__version__}\n"
    return way({folder: {**content, WRITER: said} for folder, content in contents.items()}, HEADER, aside={WRITER})


def writer(folder: Path) -> str:
    """Return the version of modelyard that wrote a folder; empty where it does not say so. Raises FileProblem."""
    found = _VERSION.search(disk.read(folder).get(WRITER, b"").decode("utf-8", "replace"))
    return found[1] if found else ""


def drift(folder: Path, content: Mapping[str, str], *, label: str = "generated") -> str:
    """Return the unified diff (GNU diffutils, "Unified Format") from the folder to content; empty if they are equal.

    `label` stands for the folder in its names. Raises FileProblem MY013 for what cannot be read.
    """
    label = label.strip("/")  # an absolute path too stands after a/ and b/
    found = {path: data for path, data in disk.read(folder).items() if path != WRITER}
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
