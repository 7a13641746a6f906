"""Live objects and what an apply would make of them, in the words of the models file.

The server says what it would store, so defaults that it or a webhook adds are on both sides, and are no difference.
A field's name is that of the value in the models file which it was rendered from; what the file does not say any more
is named by its path in the object (see fields).
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from modelyard.files.yaml import ListMarks, MapMarks, Marks
from modelyard.manifests.template import Templates
from modelyard.models.declared import DeclaredModel, DeclaredSet, find_marks
from modelyard.render.changes.change import Change, Difference
from modelyard.render.changes.field_names import field, field_of_object, hidden
from modelyard.render.changes.leaves import NAMES, Leaf, Path, at, changed, indices
from modelyard.render.locate import own_mark
from modelyard.render.objects import render_model, render_shared
from modelyard.targets.workloads.objects import NAME_LABEL, VARIANT_LABEL, base_name

Body = Mapping[str, Any]
Key = tuple[str, str, str]
Origin = tuple[str, Path]  # variant, and path in the merged data

# What the server and Knative's controller keep for themselves.
_OWN_METADATA: Final = frozenset(["creationTimestamp", "generation", "managedFields", "resourceVersion", "uid"])
_OWN_ANNOTATIONS: Final = frozenset(["serving.knative.dev/creator", "serving.knative.dev/lastModifier"])
_SEALED: Final = re.compile(r"(.+)-[0-9a-f]{10}")
_IDENTITY: Final[Path] = ("name",)  # of a model or variant: another name is another object
_PRESENT: Final = "present"


class Pair(NamedTuple):
    """An object of the set: as it is live, None if it is not there, and as an apply would leave it, None if it goes.

    model: whose it is, empty for what belongs to the set. Of an object whose name follows its content, live is the
    one that it takes the place of.
    """

    model: str
    live: Body | None
    wanted: Body | None


def owner_of(models: DeclaredSet, body: Body) -> str:
    """Return the model that an object belongs to by its label; the label itself where no model has that name."""
    owners = {base_name(model, target): model.name for model in models.models for target in model.targets}
    label = str((body["metadata"].get("labels") or {}).get(NAME_LABEL, ""))
    return owners.get(label, label)


def of_objects(models: DeclaredSet, pairs: Iterable[Pair]) -> list[Difference]:
    """Return what an apply would change, the set's own fields first, then models by name."""
    groups: dict[str, list[Pair]] = {}
    for pair in pairs:
        groups.setdefault(pair.model, []).append(pair)
    known = {each.name: each for each in models.models}
    whole = {name: _as_a_whole(name, known.get(name), group) for name, group in groups.items()}
    changes: dict[str, dict[Change, None]] = {}
    for name, group in groups.items():
        if whole[name] is None and any(_differs(each) for each in group):
            words = _Words(models, known.get(name))
            for owner, change in (found for pair in group for found in words.changes(pair)):
                changes.setdefault(owner, {})[change] = None
    partly = [Difference(name, "changed", tuple(found)) for name, found in changes.items()]
    return sorted([*filter(None, whole.values()), *partly], key=lambda each: each.model)


def _as_a_whole(name: str, model: DeclaredModel | None, pairs: Sequence[Pair]) -> Difference | None:
    """Return the difference of a model that comes or goes, None for all else."""
    if model and all(each.live is None for each in pairs):
        images = (Change(each.variant or "", "image", None, each.model.image) for each in model.served)
        return Difference(name, "new", tuple(images))
    return Difference(name, "removed") if name and all(each.wanted is None for each in pairs) else None


def _differs(pair: Pair) -> bool:
    return pair.live is None or pair.wanted is None or _content(pair.live) != _content(pair.wanted)


def _content(body: Body) -> dict[str, Any]:
    """Return what an apply decides of an object."""
    metadata = {key: value for key, value in body["metadata"].items() if key not in _OWN_METADATA}
    annotations = metadata.get("annotations") or {}
    metadata["annotations"] = {key: value for key, value in annotations.items() if key not in _OWN_ANNOTATIONS}
    return {**{key: value for key, value in body.items() if key != "status"}, "metadata": metadata}


class _Words:
    """The changes of one model's objects in words: it is rendered once more, to learn where values come from."""

    def __init__(self, models: DeclaredSet, model: DeclaredModel | None) -> None:
        self._name = model.name if model else ""
        self._targets = model.targets if model else ()
        again = models.with_marks((model,) if model else ())
        templates = Templates(sources=models.sources)
        rendered = render_model(again, again.models[0], templates)[0] if model else render_shared(again, templates)
        self._bodies = {_key(each.body): each.body for each in rendered}
        self._of_set = dict(_paths("", find_marks(models.marks, "spec"), (), apart=("defaults", "models")))
        self._of_model = dict(_origins(model)) if model else {}

    def changes(self, pair: Pair) -> Iterator[tuple[str, Change]]:
        """Yield the owner, empty for the set, and each change of an object."""
        body = pair.wanted or pair.live or {}
        variant = str((body["metadata"].get("labels") or {}).get(VARIANT_LABEL, ""))
        if pair.live and pair.wanted:
            leaves = changed(_content(pair.live), _content(pair.wanted))
        elif pair.wanted and body["kind"] == "ConfigMap":
            leaves = changed({}, {"data": body.get("data") or {}})
        else:
            states = (None, _PRESENT) if pair.wanted else (_PRESENT, None)
            yield self._name, Change(variant, f"{body['kind']} {body['metadata']['name']}", *states)
            return
        for leaf in leaves:
            if not _follows(leaf) and (found := self._change(pair, variant, leaf)):
                yield found

    def _change(self, pair: Pair, variant: str, leaf: Leaf) -> tuple[str, Change] | None:
        """Return the owner and the change of a leaf, None for one that only names the model or variant."""
        body = self._bodies.get(_key(pair.wanted)) if pair.wanted else None
        mark = own_mark(body, indices(body, leaf.path)) if body and at(body, leaf.path) is not None else None
        before, after = (hidden(leaf.path, each, leaf.named) for each in (leaf.before, leaf.after))
        if mark in self._of_set:
            variant, path = self._of_set[mark]
            return "", Change(variant, field(path), hidden(path, before), hidden(path, after))
        if mark in self._of_model:
            variant, path = self._of_model[mark]
            if path[-1:] == _IDENTITY:
                return None
            return self._name, Change(variant, field(path, self._targets), hidden(path, before), hidden(path, after))
        return self._name, Change(variant, field_of_object(leaf.path), before, after)


def _follows(leaf: Leaf) -> bool:
    """Tell whether a leaf says nothing of its own: the name of an item, or of an object whose content has changed."""
    if leaf.path[-1] in NAMES and leaf.path[-2:-1] in ((leaf.before,), (leaf.after,)):
        return True
    names = [_SEALED.fullmatch(each) if isinstance(each, str) else None for each in (leaf.before, leaf.after)]
    return bool(names[0] and names[1] and names[0][1] == names[1][1])


def _key(body: Body) -> Key:
    return str(body["apiVersion"]), str(body["kind"]), str(body["metadata"]["name"])


def _origins(model: DeclaredModel) -> Iterator[tuple[int, Origin]]:
    """Yield mark -> variant and path of all values of a model; what variants share belongs to none."""
    for each in model.variants:
        yield from _paths(each.variant or "", each.marks, (), apart=("variants",))
        if each.percent_mark is not None:
            yield each.percent_mark, (each.variant or "", ("percent",))
        yield each.name_mark, (each.variant or "", _IDENTITY)
    yield from _paths("", model.whole.marks, (), apart=("variants",))


def _paths(variant: str, marks: Marks, path: Path, apart: Sequence[str] = ()) -> Iterator[tuple[int, Origin]]:
    """Yield the marks of all keys and values below a path; apart: keys at its top that are left out."""
    if isinstance(marks, MapMarks):
        for key, (key_mark, below) in marks.entries.items():
            if key not in apart:
                yield key_mark, (variant, (*path, key))
                yield from _paths(variant, below, (*path, key))
    elif isinstance(marks, ListMarks):
        for index, below in enumerate(marks.items):
            yield from _paths(variant, below, (*path, index))
    else:
        yield marks, (variant, path)
