"""Two declared sets, such as a models file at two commits."""

from collections.abc import Iterator, Mapping

from modelyard.models.declared import DeclaredModel, DeclaredSet, Served
from modelyard.render.changes.change import Change, Difference
from modelyard.render.changes.field_names import field, hidden
from modelyard.render.changes.leaves import Leaf, changed
from modelyard.targets.workloads.objects import registered

_APART = frozenset(["name", "ignore"])  # a model's name is what is compared, and what it accepts changes no object


def of_sets(before: DeclaredSet | None, after: DeclaredSet) -> list[Difference]:
    """Return what differs, the set's own fields first, then models by name. before: None if there was no file."""
    old = {each.name: each for each in before.models} if before else {}
    new = {each.name: each for each in after.models}
    head = tuple(_changes("", changed(_head(before), _head(after)), ()))
    found = [Difference("", "changed", head)] if head else []
    for name in sorted({*old, *new}):
        found += _of_models(name, old.get(name), new.get(name), before, after)
    return found


def _head(models: DeclaredSet | None) -> dict[str, object]:
    if models is None:
        return {}
    spec = models.spec.model_dump(mode="json", exclude_unset=True, by_alias=True)
    return {"set": models.metadata.name, **spec}


def _of_models(
    name: str,
    before: DeclaredModel | None,
    after: DeclaredModel | None,
    then: DeclaredSet | None,
    now: DeclaredSet,
) -> Iterator[Difference]:
    if after is None:
        yield Difference(name, "removed")
    elif before is None:
        images = tuple(Change(each.variant or "", "image", None, each.model.image) for each in after.served)
        yield Difference(name, "new", (*images, *_percents(None, after)))
    elif changes := (*_between(before, after), *_digests(then, before, now, after)):
        yield Difference(name, "changed", changes)


def _between(before: DeclaredModel, after: DeclaredModel) -> Iterator[Change]:
    targets = {*before.targets, *after.targets}
    shared = list(changed(_data(before.whole), _data(after.whole)))
    yield from _changes("", shared, targets)
    old = {each.variant: each for each in before.variants}
    new = {each.variant: each for each in after.variants}
    for name in sorted({*old, *new} - {None}, key=str):
        # A variant that was not there is compared with what all share.
        own = changed(_data(old.get(name, before.whole)), _data(new.get(name, after.whole)))
        yield from _changes(str(name), [leaf for leaf in own if leaf not in shared], targets)
    yield from _percents(before, after)


def _digests(
    then: DeclaredSet | None, before: DeclaredModel, now: DeclaredSet, after: DeclaredModel
) -> Iterator[Change]:
    """Yield where the lock has another digest of the image that a model or variant still has."""
    old = {each.variant: each for each in before.served}
    for each in after.served:
        if then and each.variant in old and (image := registered(now, each.model.image or "")):
            pair = [(of.digests or {}).get(image) for of in (then, now)]
            if registered(then, old[each.variant].model.image or "") == image and pair[0] != pair[1]:
                yield Change(each.variant or "", "digest", *pair)


def _percents(before: DeclaredModel | None, after: DeclaredModel) -> Iterator[Change]:
    old = {each.variant or "": each.percent for each in before.variants} if before else {}
    new = {each.variant or "": each.percent for each in after.variants}
    for name in sorted({*old, *new}):
        if old.get(name) != new.get(name):
            yield Change(name, "percent", old.get(name), new.get(name))
    yield from _shadows(before, after)


def _shadows(before: DeclaredModel | None, after: DeclaredModel) -> Iterator[Change]:
    old, new = ({each.variant or "" for each in (one.shadows if one else ())} for one in (before, after))
    for name in sorted(old ^ new):
        yield Change(name, "shadow", name in old, name in new)


def _data(served: Served) -> Mapping[str, object]:
    return {key: value for key, value in served.data.items() if key not in _APART}


def _changes(variant: str, leaves: list[Leaf] | Iterator[Leaf], targets: set[str] | tuple[()]) -> Iterator[Change]:
    for path, before, after, named in leaves:
        yield Change(variant, field(path, targets), hidden(path, before, named), hidden(path, after, named))
