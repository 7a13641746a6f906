"""A models file, the base files below it and the fragments that they include, read and merged."""

import os
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from typing import Final, NamedTuple

from modelyard.files import regular
from modelyard.files.yaml import MAX_BYTES, Document, ListMarks, MapMarks, Sources, at, read
from modelyard.modelsfile.merge import Tree, merge
from modelyard.modelsfile.outside import Bounds, bounds
from modelyard.problems import Problem, problem

BEGIN: Final = "begin with `modelyard init FOLDER`, which writes one"
MAX_BASES: Final = 16  # files in a chain; a longer one is a mistake


class Chain(NamedTuple):
    """What a models file and those below it hold together: the merged tree, the problems, the files' shown names.

    tree: None where one of them cannot be read. published: the names of the models that fragments give. values: of the
    first file. below: a digest of what the bases hold; None where the file includes others.
    """

    tree: Tree | None
    problems: list[Problem]
    files: tuple[str, ...]
    published: frozenset[str] = frozenset()
    values: int = 0
    below: bytes | None = None


class _Way(NamedTuple):
    """How far the files of a chain may lead, and those that have been read on the way."""

    within: Bounds
    above: tuple[Path, ...]


def read_chain(
    path: Path, shown: str, sources: Sources, within: Bounds | None = None, content: bytes | None = None
) -> Chain:
    """Read a models file and its bases, with what they include.

    within: how far they may lead; if absent, in the Git working tree of the models file's folder. content: stands for
    what the models file holds.
    """
    within = within or bounds(path.parent)
    if within.leaves(path):
        message, hint = within.refusal(shown)
        return Chain(None, [problem("MY015", message, hint=hint)], (shown,))
    if content is None:
        content, problems = _content(path, shown)
        if content is None:
            return Chain(None, problems, (shown,))
    return _read(content, shown, path.parent, sources, _Way(within, (path.resolve(),)))


def read_document(content: bytes, shown: str, folder: Path, sources: Sources) -> Chain:
    """Read a models file from memory; its base is looked up from the folder."""
    return _read(content, shown, folder, sources, _Way(bounds(folder), ()))


def leads_to(content: bytes) -> tuple[str | None, list[str]]:
    """Return what a models file names as its base, and the patterns that it includes, as they are written there."""
    document = read(content, Sources(), "")
    base = _base(document)
    return (base[0] if base else None), [pattern for pattern, _ in _includes(document)]


def _content(path: Path, shown: str) -> tuple[bytes | None, list[Problem]]:
    try:
        return regular.content(path, MAX_BYTES + 1), []
    except OSError as error:
        message = f"{shown} cannot be read: {(error.strerror or 'unknown error').lower()}"
        hint = "name a models file or its folder with -f, or write one with modelyard init"
        return None, [problem("MY013", message, hint=hint)]


def _read(content: bytes, shown: str, folder: Path, sources: Sources, chain: _Way) -> Chain:
    document = read(content, sources, shown)
    if not isinstance(document.data, dict) or not isinstance(document.marks, MapMarks):
        return Chain(None, [_with_a_way(each) for each in document.problems], (shown,))
    own = Tree(document.data, document.marks)
    lower: Tree = Tree({}, MapMarks(document.marks.at))
    files: tuple[str, ...] = (shown,)
    published: frozenset[str] = frozenset()
    digest: bytes | None = b""
    if base := _base(document):
        name, mark = base
        below = _read_base(name, mark, shown, folder, sources, chain)
        document.problems += below.problems
        files += below.files
        if below.tree is None:
            return Chain(None, document.problems, files)
        lower, published = below.tree, below.published
        digest = below.below
    if includes := _includes(document):
        from modelyard.modelsfile.fragments import Include, gather

        found = gather([Include(*each) for each in includes], shown, folder, sources, chain.within)
        document.problems += found.problems
        files += found.files
        lower, published = merge(lower, found.tree), published | found.names
        digest = None
    return Chain(merge(lower, own), document.problems, files, published, document.values, digest)


def _with_a_way(each: Problem) -> Problem:
    return replace(each, hint=BEGIN) if each.code == "MY008" else each


def _base(document: Document) -> tuple[str, int] | None:
    """Return the name of the base file and its mark, and take it out of the document."""
    spec = _spec(document)
    if spec is None or not isinstance(spec.data.get("base"), str):
        return None
    return str(spec.data.pop("base")), at(spec.marks.entries.pop("base")[1])


def _includes(document: Document) -> list[tuple[str, int]]:
    """Return the patterns of what is included, each with its mark, and take them out of the document."""
    spec = _spec(document)
    patterns = spec.data.get("include") if spec else None
    if spec is None or not isinstance(patterns, list) or not all(isinstance(each, str) for each in patterns):
        return []
    del spec.data["include"]
    _, marks = spec.marks.entries.pop("include")
    return (
        [(str(each), at(mark)) for each, mark in zip(patterns, marks.items, strict=True)]
        if isinstance(marks, ListMarks)
        else []
    )


def _spec(document: Document) -> Tree | None:
    """Return the `spec` of a document; None if it has none, or of another kind."""
    data, marks = document.data, document.marks
    spec = data.get("spec") if isinstance(data, dict) else None
    spec_marks = marks.entries["spec"][1] if isinstance(marks, MapMarks) and isinstance(spec, dict) else 0
    return Tree(spec, spec_marks) if isinstance(spec, dict) and isinstance(spec_marks, MapMarks) else None


def _meant(folder: Path, name: str, chain: _Way) -> str | None:
    from modelyard.modelsfile.nearby import models_file_near

    return models_file_near(folder, name, lambda path: chain.within.leaves(path) or path.resolve() in chain.above)


def _read_base(name: str, mark: int, shown: str, folder: Path, sources: Sources, chain: _Way) -> Chain:
    path = folder / name
    below = os.path.normpath(Path(shown).parent / name)
    place = sources.place(mark)
    if chain.within.leaves(path):
        message, hint = chain.within.refusal(name)
        return Chain(None, [problem("MY015", message, hint=hint, place=place)], (below,))
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
            read = _read(content, below, path.parent, sources, chain._replace(above=(*chain.above, path.resolve())))
            return read._replace(below=None if read.below is None else _digest(content, read.below))
        wrong, hint = problems[0].message, "check who may read it"
    return Chain(None, [problem("MY108", wrong, hint=hint, place=place)], (below,))


def _digest(content: bytes, below: bytes) -> bytes:
    """Return a digest of a base and of those below it."""
    return blake2b(content, key=below).digest()
