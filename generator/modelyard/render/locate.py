"""From findings on rendered objects to problems with the line of the models file that they came from."""

from collections.abc import Iterable, Iterator
from typing import Any

from modelyard.check.finding import Finding, Remark
from modelyard.files.yaml.marked import find, mark_of
from modelyard.manifests.json_patch import pointer_of
from modelyard.manifests.manifest import Manifest, Rendered
from modelyard.manifests.template import Templates
from modelyard.models.declared import DeclaredModel, DeclaredSet
from modelyard.problems import Place, Problem, Related, Subject, problem
from modelyard.render.objects import render_model, render_section, render_shared


def placed(
    models: DeclaredSet, model: DeclaredModel, findings: list[Finding], templates: Templates | None = None
) -> list[Problem]:
    """Turn findings into problems with places: the model is rendered once more, with marks on its values.

    templates: with the places of the set's sources, for who has findings of several models.
    """
    if not findings:
        return []
    again = models.with_marks((model,))
    manifests, _ = render_model(again, again.models[0], templates or Templates(sources=models.sources))
    return [_problem(models, model, manifests[found.manifest], found) for found in findings]


def marked_objects(models: DeclaredSet) -> Iterator[tuple[DeclaredModel | None, Manifest]]:
    """Yield all objects that a cluster gets, with marks on their values, each with its model; None: it is the set's."""
    again = models.with_marks(models.models)
    templates = Templates(sources=models.sources)
    if models.models:
        yield from ((None, each) for each in render_shared(again, templates))
    for model, copy in zip(models.models, again.models, strict=True):
        yield from ((model, each) for each in render_model(again, copy, templates)[0] if not each.beside)


def _problem(models: DeclaredSet, model: DeclaredModel, manifest: Manifest, found: Finding) -> Problem:
    place, related = origin(models, model, manifest, found.path)
    if found.related is not None:
        first, _ = origin(models, model, manifest, found.related)
        related = (*related, Related(first, found.related_message))
    subject = Subject(str(manifest), pointer_of(*found.path))
    return problem(found.code, found.message, hint=found.hint, place=place, subject=subject, related=related)


def origin(
    models: DeclaredSet, model: DeclaredModel | None, manifest: Manifest, path: tuple[str | int, ...]
) -> tuple[Place, tuple[Related, ...]]:
    """Return the place in the models file, or the model's own place with the template's line beside it.

    model: None for an object of the set, whose own place is its name's. manifest: with marks on its values.
    """
    place = models.place(_mark(manifest.body, path))
    if place.file in models.files:
        return place, ()
    own = find(models.marks, "metadata", "name")[1] if model is None else model.whole.find("name")
    return models.place(own), (Related(place, "the template's line"),)


def _mark(node: object, path: tuple[str | int, ...]) -> int:
    """Return the mark of what stands at a path: its own, or the first inside it, or the nearest above it."""
    mark = own = mark_of(node)
    for part in path:
        key: object = part
        if isinstance(node, dict):
            key = next((each for each in node if each == part), part)
            node = node.get(part)
        elif isinstance(node, list) and isinstance(part, int):
            node = node[part]
        own = mark_of(node)
        own = mark_of(key) if own is None else own
        mark = own if own is not None else mark
    return first if own is None and (first := _first_mark(node)) is not None else mark or 0


def place_inside(models: DeclaredSet, manifest: Manifest, path: tuple[str | int, ...]) -> Place | None:
    """Return the first place in the models file of what is inside of the value at a path that an object has."""
    node: object = manifest.body
    for part in path:
        node = node[part]  # type: ignore[index]
    places = (models.place(mark) for mark in _marks(node))
    return next((each for each in places if each.file in models.files), None)


def _marks(node: object) -> Iterator[int]:
    if isinstance(node, dict | list):
        for item in node.values() if isinstance(node, dict) else node:
            yield from _marks(item)
    elif (mark := mark_of(node)) is not None:
        yield mark


def own_mark(node: object, path: tuple[str | int, ...]) -> int | None:
    """Return the mark of what stands at a path: its own, its key's, or the first inside it; None if it has none."""
    key: object = None
    for part in path:
        if isinstance(node, dict):
            key = next((each for each in node if each == part), part)
            node = node.get(part)
        elif isinstance(node, list) and isinstance(part, int):
            key, node = None, node[part]
    own = mark_of(node)
    own = mark_of(key) if own is None else own
    return _first_mark(node) if own is None else own


def _first_mark(node: object) -> int | None:
    if isinstance(node, dict | list):
        items = node.values() if isinstance(node, dict) else node
        return next((found for item in items if (found := _first_mark(item)) is not None), None)
    return mark_of(node)


def marked_section(models: DeclaredSet, name: str) -> Rendered:
    """Return what a section gives once more, with marks on its values."""
    return render_section(name, models.with_marks(()), Templates(sources=models.sources))


def placed_section(models: DeclaredSet, name: str, findings: Iterable[Finding]) -> list[Problem]:
    """Turn findings on the objects of a section into problems with places, as `placed` does for a model's."""
    found = list(findings)
    again = marked_section(models, name).manifests if found else []
    places = [place_of(models, _at(again[each.manifest].body, each.path)) for each in found]
    return [problem(one.code, one.message, hint=one.hint, place=at) for one, at in zip(found, places, strict=True)]


def _at(node: Any, path: tuple[str | int, ...]) -> object:
    for part in path:
        node = node[part]
    return node


def place_of(models: DeclaredSet, value: object) -> Place | None:
    """Return the place in the models file of a marked value, or of the first marked value inside it."""
    mark = mark_of(value)
    mark = _first_mark(value) if mark is None else mark
    place = None if mark is None else models.place(mark)
    return place if place and place.file in models.files else None


def remarked(models: DeclaredSet, remarks: Iterable[Remark]) -> list[Problem]:
    """Turn remarks about a section's marked values into problems with places."""
    return [problem(each.code, each.message, hint=each.hint, place=place_of(models, each.origin)) for each in remarks]
