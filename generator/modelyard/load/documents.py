"""A models file and the base files below it, read and merged."""

import os
from pathlib import Path
from typing import Final

from modelyard import regular
from modelyard.load.merge import Tree, merge
from modelyard.problem import Problem, problem
from modelyard.yamlio import MAX_BYTES, Document, MapMarks, Sources, at, read

MAX_BASES: Final = 16  # files in a chain; a longer one is a mistake

Chain = tuple[Tree | None, list[Problem], tuple[str, ...]]


def read_chain(path: Path, shown: str, sources: Sources) -> Chain:
    """Read a models file and its bases. Returns the merged tree, the problems, and the files' shown names."""
    content, problems = _content(path, shown)
    if content is None:
        return None, problems, (shown,)
    return _read(content, shown, path.parent, sources, (path.resolve(),))


def read_document(content: bytes, shown: str, folder: Path, sources: Sources) -> Chain:
    """Read a models file from memory; its base is looked up from the folder."""
    return _read(content, shown, folder, sources, ())


def base_of(content: bytes) -> str | None:
    """Return what a models file names as its base, as it is written there; None if it names none."""
    found = _base(read(content, Sources(), ""))
    return found[0] if found else None


def _content(path: Path, shown: str) -> tuple[bytes | None, list[Problem]]:
    try:
        return regular.content(path, MAX_BYTES + 1), []
    except OSError as error:
        message = f"{shown} cannot be read: {(error.strerror or 'unknown error').lower()}"
        hint = "name a models file or its folder with -f, or write one with modelyard init"
        return None, [problem("MY013", message, hint=hint)]


def _read(content: bytes, shown: str, folder: Path, sources: Sources, above: tuple[Path, ...]) -> Chain:
    document = read(content, sources, shown)
    if not isinstance(document.data, dict) or not isinstance(document.marks, MapMarks):
        return None, document.problems, (shown,)
    own = Tree(document.data, document.marks)
    lower: Tree = Tree({}, MapMarks(document.marks.at))
    files: tuple[str, ...] = (shown,)
    if base := _base(document):
        name, mark = base
        below = _read_base(name, mark, shown, folder, sources, above)
        document.problems += below[1]
        files += below[2]
        if below[0] is None:
            return None, document.problems, files
        lower = below[0]

    return merge(lower, own), document.problems, files


def _base(document: Document) -> tuple[str, int] | None:
    """Return the name of the base file and its mark, and take it out of the document."""
    data, marks = document.data, document.marks
    spec = data.get("spec") if isinstance(data, dict) else None
    if not isinstance(marks, MapMarks) or not isinstance(spec, dict) or not isinstance(spec.get("base"), str):
        return None
    spec_marks = marks.entries["spec"][1]
    if not isinstance(spec_marks, MapMarks):
        return None
    return spec.pop("base"), at(spec_marks.entries.pop("base")[1])


def _read_base(name: str, mark: int, shown: str, folder: Path, sources: Sources, above: tuple[Path, ...]) -> Chain:
    path = folder / name
    below = os.path.normpath(Path(shown).parent / name)
    place = sources.place(mark)
    if regular.is_folder(path):
        wrong, hint = f"{name} is a folder", "name the file, such as ../base/models.yaml"
    elif not regular.exists(path):
        wrong, hint = f"{name} does not exist", "the path is relative to this file"
    elif path.resolve() in above or len(above) > MAX_BASES:
        wrong, hint = f"{name} leads back to this file", "a base cannot be based on what builds on it"
    else:
        content, problems = _content(path, below)
        if content is not None:
            return _read(content, below, path.parent, sources, (*above, path.resolve()))
        wrong, hint = problems[0].message, "check who may read it"
    return None, [problem("MY108", wrong, hint=hint, place=place)], (below,)
