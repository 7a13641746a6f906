"""A models file and the base files below it, read and merged."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple

from modelyard.files import regular
from modelyard.files.yaml import MAX_BYTES, Document, MapMarks, Sources, at, read
from modelyard.modelsfile.merge import Tree, merge
from modelyard.modelsfile.outside import Bounds, bounds
from modelyard.problems import Problem, problem

BEGIN: Final = "begin with `modelyard init FOLDER`, which writes one"
MAX_BASES: Final = 16  # files in a chain; a longer one is a mistake

Chain = tuple[Tree | None, list[Problem], tuple[str, ...]]


class _Chain(NamedTuple):
    """How far the files of a chain may lead, and those that have been read on the way."""

    within: Bounds
    above: tuple[Path, ...]


def read_chain(path: Path, shown: str, sources: Sources, within: Bounds | None = None) -> Chain:
    """Read a models file and its bases. Returns the merged tree, the problems, and the files' shown names.

    within: how far they may lead; if absent, in the Git working tree of the models file's folder.
    """
    within = within or bounds(path.parent)
    if within.leaves(path):
        message, hint = within.refusal(shown)
        return None, [problem("MY015", message, hint=hint)], (shown,)
    content, problems = _content(path, shown)
    if content is None:
        return None, problems, (shown,)
    return _read(content, shown, path.parent, sources, _Chain(within, (path.resolve(),)))


def read_document(content: bytes, shown: str, folder: Path, sources: Sources) -> Chain:
    """Read a models file from memory; its base is looked up from the folder."""
    return _read(content, shown, folder, sources, _Chain(bounds(folder), ()))


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


def _read(content: bytes, shown: str, folder: Path, sources: Sources, chain: _Chain) -> Chain:
    document = read(content, sources, shown)
    if not isinstance(document.data, dict) or not isinstance(document.marks, MapMarks):
        return None, [_with_a_way(each) for each in document.problems], (shown,)
    own = Tree(document.data, document.marks)
    lower: Tree = Tree({}, MapMarks(document.marks.at))
    files: tuple[str, ...] = (shown,)
    if base := _base(document):
        name, mark = base
        below = _read_base(name, mark, shown, folder, sources, chain)
        document.problems += below[1]
        files += below[2]
        if below[0] is None:
            return None, document.problems, files
        lower = below[0]

    return merge(lower, own), document.problems, files


def _with_a_way(each: Problem) -> Problem:
    return replace(each, hint=BEGIN) if each.code == "MY008" else each


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


def _meant(folder: Path, name: str, chain: _Chain) -> str | None:
    from modelyard.modelsfile.nearby import models_file_near

    return models_file_near(folder, name, lambda path: chain.within.leaves(path) or path.resolve() in chain.above)


def _read_base(name: str, mark: int, shown: str, folder: Path, sources: Sources, chain: _Chain) -> Chain:
    path = folder / name
    below = os.path.normpath(Path(shown).parent / name)
    place = sources.place(mark)
    if chain.within.leaves(path):
        message, hint = chain.within.refusal(name)
        return None, [problem("MY015", message, hint=hint, place=place)], (below,)
    meant = None if regular.exists(path) and not regular.is_folder(path) else _meant(folder, name, chain)
    proposal = f"did you mean {meant}?" if meant else ""
    if regular.is_folder(path):
        wrong, hint = f"{name} is a folder", proposal or f"name the models file; there is no models.yaml in {below}"
    elif not regular.exists(path):
        wrong, hint = f"{name} does not exist", proposal or f"the path is relative to this file: it leads to {below}"
    elif path.resolve() in chain.above or len(chain.above) > MAX_BASES:
        wrong, hint = f"{name} leads back to this file", "a base cannot be based on what builds on it"
    else:
        content, problems = _content(path, below)
        if content is not None:
            return _read(content, below, path.parent, sources, chain._replace(above=(*chain.above, path.resolve())))
        wrong, hint = problems[0].message, "check who may read it"
    return None, [problem("MY108", wrong, hint=hint, place=place)], (below,)
