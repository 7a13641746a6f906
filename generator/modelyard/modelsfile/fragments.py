"""Fragments of a models file that `spec.include` gathers: one for each model that SAS Model Manager published.

They come in as files, and go out as one tree with a list of models, which the file itself is laid over.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from modelyard.files import regular
from modelyard.files.yaml import MAX_BYTES, ListMarks, MapMarks, Marks, Sources, at, read
from modelyard.files.yaml.marked import find
from modelyard.manifests import names
from modelyard.models.published import KIND, PLACEHOLDER, PublishedModel
from modelyard.modelsfile import patterns
from modelyard.modelsfile.merge import Tree
from modelyard.modelsfile.outside import Bounds
from modelyard.modelsfile.shapes import validate
from modelyard.problems import Problem, Related, problem

_SHOWN: Final = 60  # characters of a name in a message
# What a fragment cannot have, and where it comes from.
_APART: Final = {
    "name": "it follows from metadata.name",
    "path": "it follows from metadata.name; another one belongs to the model in the models file",
    "variants": "they belong to the model in the models file",
}


class Include(NamedTuple):
    """A pattern of `spec.include`, and its mark."""

    pattern: str
    mark: int


class Gathered(NamedTuple):
    """A tree with the models of fragments, their names, the problems met, and the shown names of the files."""

    tree: Tree
    names: frozenset[str]
    problems: list[Problem]
    files: tuple[str, ...]


class _Fragment(NamedTuple):
    name: str
    mark: int
    model: Tree


def gather(includes: list[Include], shown: str, folder: Path, sources: Sources, within: Bounds) -> Gathered:
    """Read the fragments that a models file includes.

    folder: where the models file lies. shown: what messages call the models file. A fragment with a mistake in its
    head gives no model.
    """
    problems: list[Problem] = []
    files: list[str] = []
    fragments: dict[str, _Fragment] = {}
    for path, include in sorted(_paths(includes, folder, within, sources, problems).items()):
        file = os.path.normpath(Path(shown).parent / path)
        files.append(file)
        fragment, found = _fragment(folder / path, file, include, sources, within)
        problems += found
        if fragment is None:
            continue
        first = fragments.setdefault(fragment.name, fragment)
        if first is not fragment:
            problems.append(_twice(fragment, first, sources))
    return Gathered(_tree(fragments, includes[0].mark), frozenset(fragments), problems, tuple(files))


def _paths(
    includes: list[Include], folder: Path, within: Bounds, sources: Sources, problems: list[Problem]
) -> dict[str, Include]:
    """Return the paths that patterns match, each with the first that does; and report patterns of no use."""
    found: dict[str, Include] = {}
    for each in includes:
        place = sources.place(each.mark)
        if wrong := patterns.wrong(each.pattern):
            problems.append(problem("MY105", f"{each.pattern} {wrong}", place=place))
            continue
        matched = list(patterns.found(folder, each.pattern, within.leaves))
        for path in matched:
            found.setdefault(path, each)
        if not matched:
            hint = "publish a model first, or mend the pattern: it starts from the folder of this file"
            problems.append(problem("MY131", f"{each.pattern} matches no file", hint=hint, place=place))
    return found


def _fragment(
    path: Path, file: str, include: Include, sources: Sources, within: Bounds
) -> tuple[_Fragment | None, list[Problem]]:
    place = sources.place(include.mark)
    if within.leaves(path):
        message, hint = within.refusal(file)
        return None, [problem("MY015", message, hint=hint, place=place)]
    try:
        content = regular.content(path, MAX_BYTES + 1)
    except OSError as error:
        message = f"{file} cannot be read: {(error.strerror or 'unknown error').lower()}"
        return None, [problem("MY013", message, hint="mend the pattern, or the file", place=place)]
    document = read(content, sources, file)
    if not isinstance(document.data, dict) or not isinstance(document.marks, MapMarks):
        return None, document.problems
    fragment, problems = _read(Tree(document.data, document.marks), sources)
    return fragment, [*document.problems, *problems]


def _read(tree: Tree, sources: Sources) -> tuple[_Fragment | None, list[Problem]]:
    """Return what a document declares, and what is wrong with its head, or left over in it."""
    report = _reporter(sources)
    if left := list(_left_over(tree.data, tree.marks)):
        hint = "let SAS Model Manager replace it; leave the folder that it copies out of spec.include"
        return None, [report("MY132", f"the placeholder {word} is left over", mark, hint) for word, mark in left]
    head = Tree({key: value for key, value in tree.data.items() if key != "spec"}, tree.marks)
    published, problems = validate(PublishedModel, head, sources)
    spec, spec_marks = tree.data.get("spec"), tree.marks.entries.get("spec", (0, 0))[1]
    if not isinstance(spec, dict) or not isinstance(spec_marks, MapMarks):
        mark = find(tree.marks, "spec")[1]
        problems.append(report("MY103", f"spec of a {KIND} wants a mapping", mark, "write spec: {image: …}"))
        return None, problems
    for key in sorted(_APART.keys() & spec.keys()):
        problems.append(report("MY210", f"{key} is not a field of a {KIND}", spec_marks.entries[key][0], _APART[key]))
    if published is None:
        return None, problems
    name = published.metadata.name
    key_mark, mark = find(tree.marks, "metadata", "name")
    label = name.lower().replace("_", "-")
    if wrong := names.dns_1035_label(label) or ("" if name.isascii() else "must hold ASCII characters only"):
        shown = name if len(name) <= _SHOWN else f"{name[: _SHOWN - 1]}…"
        hint = (
            "publish it under another name: letters, digits and _, with a letter at its beginning and no _ at its end"
        )
        problems.append(report("MY132", f"{shown} gives no name of a model: {wrong}", mark, hint))
        return None, problems
    model = MapMarks(tree.marks.at)
    model.entries = {"name": (key_mark, mark), "path": (key_mark, mark)}
    model.entries |= {key: marks for key, marks in spec_marks.entries.items() if key not in _APART}
    data = {key: value for key, value in spec.items() if key not in _APART}
    return _Fragment(label, mark, Tree({"name": label, "path": f"/{name}", **data}, model)), problems


def _reporter(sources: Sources) -> Callable[[str, str, int, str], Problem]:
    return lambda code, message, mark, hint: problem(code, message, hint=hint, place=sources.place(mark))


def _left_over(data: object, marks: Marks) -> Iterator[tuple[str, int]]:
    """Yield the placeholders that stand in values, each with the mark of its value."""
    if isinstance(data, dict) and isinstance(marks, MapMarks):
        for key, value in data.items():
            yield from _left_over(value, marks.entries[key][1])
    elif isinstance(data, list) and isinstance(marks, ListMarks):
        for item, mark in zip(data, marks.items, strict=True):
            yield from _left_over(item, mark)
    elif isinstance(data, str) and (word := PLACEHOLDER.search(data)):
        yield word[0], at(marks)


def _twice(second: _Fragment, first: _Fragment, sources: Sources) -> Problem:
    published = [str(each.model.data["path"])[1:] for each in (first, second)]
    message = f"{published[1]} gives the model {second.name} a second time"
    related = (Related(sources.place(first.mark), f"the first is {published[0]}"),)
    hint = "publish one of them under another name, or leave its file out of spec.include"
    return problem("MY133", message, hint=hint, place=sources.place(second.mark), related=related)


def _tree(fragments: dict[str, _Fragment], mark: int) -> Tree:
    """Return the models of fragments as they would stand in a models file."""
    models = ListMarks(mark)
    models.items = [each.model.marks for each in fragments.values()]
    spec, marks = MapMarks(mark), MapMarks(mark)
    spec.entries = {"models": (mark, models)}
    marks.entries = {"spec": (mark, spec)}
    return Tree({"spec": {"models": [each.model.data for each in fragments.values()]}}, marks)
