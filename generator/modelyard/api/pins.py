"""Contracts for a lock: learned of each image that a model runs, and which of them callers rely on.

The contract that callers rely on is that of an image which a variant of the model still runs. Once none does, it goes
on to that of the champion, if this breaks nobody. A change that the model allows with a reason is passed on when yet
another image comes: until then check shows the change and the reason.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence, Sized
from typing import NamedTuple

from modelyard.models.contract import Contract, PinnedContract
from modelyard.models.declared import DeclaredModel, DeclaredSet, Served
from modelyard.modelsfile.contract_changes import breaking, changes
from modelyard.modelsfile.contract_rules import called, digest_of
from modelyard.problems import Problem, problem, unique

# Learns the contract of a model or variant: None, and problems that are no errors, where it cannot be had.
Learn = Callable[[DeclaredModel, Served], tuple[Contract | None, list[Problem]]]


class Pinned(NamedTuple):
    """What became of contracts. told: what is new, a line each. lacking: what has none, as messages call it."""

    contracts: Mapping[str, PinnedContract]
    told: tuple[str, ...]
    lacking: tuple[str, ...]
    problems: list[Problem]


def pin(models: DeclaredSet, names: Sequence[str], learn: Learn | None, *, again: bool) -> Pinned:
    """Return the contracts of a set, whose digests are known: learned where there is none yet, with again anew.

    names: of the models that are asked; all if empty, and others stay as they are.
    """
    before = models.contracts or {}
    after: dict[str, PinnedContract] = {} if not names else dict(before)
    told, lacking, problems = list[str](), list[str](), list[Problem]()
    for model in models.models:
        if names and model.name not in names:
            continue
        old = before.get(model.name)
        known, unknown, wrong = _learned(models, model, old, learn, again=again)
        problems += wrong
        lacking += unknown
        after.pop(model.name, None)
        if found := _pinned(models, model, old, known):
            after[model.name] = found
            told += _told(models, model, old, found)
    return Pinned(dict(sorted(after.items())), tuple(told), tuple(lacking), unique(problems))


def _learned(
    models: DeclaredSet, model: DeclaredModel, old: PinnedContract | None, learn: Learn | None, *, again: bool
) -> tuple[dict[str, Contract], list[str], list[Problem]]:
    """Return digest -> contract of what a model runs, what has none, and why."""
    known, lacking, problems = dict[str, Contract](), list[str](), list[Problem]()
    for served in model.served:
        digest = digest_of(models, served)
        if not digest and served.model.image and learn:
            hint = "a contract belongs to a digest, and this image has none before it is built"
            problems.append(problem("MY283", f"{called(model, served)} has an image without a digest", hint=hint))
        if not digest or digest in known:
            continue
        kept = old.images.get(digest) if old else None
        if learn and (again or kept is None):
            found, wrong = learn(model, served)
            problems += wrong
            kept = found or kept
        if kept:
            known[digest] = kept
        else:
            lacking.append(called(model, served))
    return known, lacking, problems


def _pinned(
    models: DeclaredSet, model: DeclaredModel, old: PinnedContract | None, known: dict[str, Contract]
) -> PinnedContract | None:
    champion = digest_of(models, model.champion)
    if old is None or old.relied_on is None:
        first = champion if champion in known else next(iter(known), "")
        return PinnedContract(pinned=first, served=first, images=known) if first else None
    relied_on = _relied_on(model, old, champion, known)
    images = {**({relied_on: old.images[relied_on]} if relied_on in old.images else {}), **known}
    served = champion if champion in known else old.served
    return PinnedContract(pinned=relied_on, served=served, images=dict(sorted(images.items())))


def _relied_on(model: DeclaredModel, old: PinnedContract, champion: str, known: Mapping[str, Contract]) -> str:
    """Return the image whose contract callers rely on from now on."""
    if old.pinned in known or champion not in known:
        return old.pinned
    candidates = [old.pinned]
    if champion != old.served and model.champion.model.allowContractChange and old.served in old.images:
        candidates.append(old.served)  # it was allowed, and callers have it since
    last = candidates[-1]
    return last if breaking(old.images[last], known[champion]) else champion


def _told(
    models: DeclaredSet, model: DeclaredModel, old: PinnedContract | None, found: PinnedContract
) -> Iterator[str]:
    """Yield what is new: a contract, and what of it differs from the one that callers rely on."""
    before = old.images if old else {}
    for served in model.served:
        digest = digest_of(models, served)
        own = found.images.get(digest)
        if own is None or own == before.get(digest):
            continue
        counts = f"{_counted(own.inputs, 'input')} and {_counted(own.outputs, 'output')}"
        yield f"{called(model, served)} has {counts}, by {own.origin}"
        if digest != found.pinned:
            for each in changes(found.images[found.pinned], own):
                yield f"  {each.text}{', which breaks callers' if each.breaks else ''}"


def _counted(some: Sized, what: str) -> str:
    return f"{len(some)} {what}{'' if len(some) == 1 else 's'}"
