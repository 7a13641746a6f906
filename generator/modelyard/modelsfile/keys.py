"""Keys that are not known where they stand: what was meant, where they belong, and the file as it was meant."""

from collections.abc import Collection, Iterable, Iterator
from typing import Any, Final, NamedTuple

from modelyard.files.yaml import ListMarks, MapMarks, Marks, Sources
from modelyard.manifests.names import is_near, nearest, one_of
from modelyard.models import fields
from modelyard.modelsfile.merge import Tree
from modelyard.problems import Place, Problem, problem

_MODELS: Final = ("spec", "models")
_HOMES: Final = {
    (): "the top level",
    _MODELS: "a model",
    (*_MODELS, "variants"): "a variant",
    (*_MODELS, "targets"): "a model's targets",
}
_TELLING: Final = 4  # characters of a value; shorter ones stand in messages by chance, and are no secret
_MOST_HOMES: Final = 3  # a key that more mappings have, such as name, says nothing about where it belongs


def unknown_key(
    key: str, known: Collection[str], place: Place, present: Collection[str] = (), targets: Collection[str] = ()
) -> Problem:
    """Return the problem of a key that is not known in its mapping.

    known: the keys that the mapping may have; present: those that it has; targets: those that the model names.
    """
    return problem("MY101", f"unknown key {key}", hint=_hint(key, {*known}, {*present}, targets), place=place)


def meant(key: str, known: Collection[str]) -> str | None:
    """Return the key that was probably meant; a key that belongs elsewhere must be very like it."""
    found = None if _in_seconds(key, known) else nearest(key, known)
    return found if found and (is_near(key, found) or not fields.homes(key)) else None


def already(key: str, known: Iterable[str], present: Iterable[str]) -> str:
    """Return the hint for a key whose right spelling stands beside it; empty if that is not so."""
    found = nearest(key, {*known, *present} - {key})
    return f"take it out: {found} is there already" if found in {*present} and is_near(key, found) else ""


class Respelt(NamedTuple):
    """A models file with keys as they were meant, the names that were put in, and what stands under them.

    A value under a key that the file does not have may be anything, also a credential: no message may hold it.
    """

    tree: Tree
    put_in: list[str]
    places: set[Place]
    texts: set[str]

    def tells(self, each: Problem) -> bool:
        """Tell whether a problem is about what stands under a misspelt key."""
        return each.place in self.places or any(text in f"{each.message} {each.hint}" for text in self.texts)


def respelt(tree: Tree, places: Collection[Place], sources: Sources) -> Respelt:
    """Return a models file with the keys at places as they were meant.

    So a misspelt key is one mistake: what is under it is there.
    """
    speller = _Speller(places, sources)
    data, marks = speller.mapping(tree.data, tree.marks, fields.schema())
    return Respelt(Tree(data, marks), speller.put_in, set(map(sources.place, speller.below)), speller.texts)


class _Speller:
    def __init__(self, places: Collection[Place], sources: Sources) -> None:
        self.places = places
        self.sources = sources
        self.put_in: list[str] = []
        self.below: list[int] = []
        self.texts: set[str] = set()

    def value(self, value: object, marks: Marks, node: fields.Node) -> tuple[object, Marks]:
        if isinstance(value, dict) and isinstance(marks, MapMarks):
            return self.mapping(value, marks, node)
        if isinstance(value, list) and isinstance(marks, ListMarks):
            items = [self.value(item, mark, node) for item, mark in zip(value, marks.items, strict=True)]
            result = ListMarks(marks.at, over=marks.over)
            result.items = [mark for _, mark in items]
            return [item for item, _ in items], result
        return value, marks

    def mapping(self, data: dict[str, Any], marks: MapMarks, node: fields.Node) -> tuple[dict[str, Any], MapMarks]:
        known = fields.fields(node)
        result: dict[str, Any] = {}
        result_marks = MapMarks(marks.at, over=marks.over)
        for key, value in data.items():
            key_mark, value_marks = marks.entries[key]
            name = key if key in known else self.spelt(key, key_mark, known.keys() - data.keys() - result.keys())
            result[name], below = self.value(value, value_marks, fields.below(node, name))
            result_marks.entries[name] = key_mark, below
            if name != key:
                self.keep(name, value, value_marks)
        return result, result_marks

    def spelt(self, key: str, mark: int, known: Collection[str]) -> str:
        found = meant(key, known) if self.sources.place(mark) in self.places else None
        return key if found is None or found.startswith("$") else found

    def keep(self, name: str, value: object, marks: Marks) -> None:
        """Remember a name that was put in, and what stands under it."""
        self.put_in.append(name)
        self.below += _all_marks(marks)
        if not isinstance(value, dict | list) and len(str(value)) >= _TELLING:
            self.texts.add(str(value))


def _all_marks(marks: Marks) -> Iterator[int]:
    if isinstance(marks, int):
        yield marks
        return
    yield marks.at
    for each in marks.items if isinstance(marks, ListMarks) else ():
        yield from _all_marks(each)
    for key_mark, below in marks.entries.values() if isinstance(marks, MapMarks) else ():
        yield key_mark
        yield from _all_marks(below)


def _hint(key: str, known: set[str], present: set[str], targets: Collection[str]) -> str:
    absent = known - present
    if hint := already(key, absent, known & present):
        return hint
    if _in_seconds(key, absent):
        return f"write {key.removesuffix('Seconds')} with a unit, such as 60s"
    if found := meant(key, absent):
        return f"did you mean {found}?"
    if where := _homes(key, targets):
        return f"it belongs to {one_of(where)}"
    return f"known here: {', '.join(sorted(known))}" if known else ""


def _in_seconds(key: str, known: Collection[str]) -> bool:
    """Tell whether a key is Kubernetes' own for what has its unit here."""
    return key.endswith("Seconds") and key.removesuffix("Seconds") in known


def _homes(key: str, targets: Collection[str]) -> list[str]:
    """Return how messages call the mappings that have a key: next to the top, or of targets that the model names."""
    homes = fields.homes(key)
    homes = [each for each in homes if len(each) == len(homes[0])]
    named = [each for each in homes if each[2:3] == ("targets",) and each[-1] in targets]
    found = named or homes
    return [_called(each) for each in found] if len(found) <= _MOST_HOMES else []


def _called(home: Iterable[str]) -> str:
    path = tuple(home)
    return _HOMES.get(path) or ".".join(path[2:] if path[:2] == _MODELS else path)
