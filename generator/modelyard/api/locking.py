"""The lock of a models file: the digests of its images, asked of their registries; what its models take and give.

from modelyard.api import locking

outcome = locking.lock("overlays/prod")
for each in outcome.changes:
    print(each.image, each.before, each.after)

Nothing is written where one registry refuses, does not answer, or says nothing of use: the old lock stands.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from modelyard.api.pins import Learn, pin
from modelyard.api.pipeline import load, models_file, render_loaded
from modelyard.check.images import without_digest
from modelyard.files import disk, regular
from modelyard.files.yaml import Sources, read, write
from modelyard.manifests.names import offer
from modelyard.models.contract import PinnedContract
from modelyard.models.declared import DeclaredSet
from modelyard.models.image_lock import KIND
from modelyard.models.model_set import API_VERSION
from modelyard.modelsfile.load import LOCK, Loaded
from modelyard.problems import Problem, has_errors, problem, unique
from modelyard.registry.digests import digests_of
from modelyard.targets.workloads.objects import registered

__all__ = ["Change", "Outcome", "check", "lock", "lock_file"]

_HEADER: Final = '# Written by "modelyard lock": the digests that tags named then. What is rendered names them too.\n'

Ask = Callable[[Collection[str]], tuple[Mapping[str, str], list[Problem]]]


class Change(NamedTuple):
    """An image whose digest is new, another, or gone: empty where there is none."""

    image: str
    before: str
    after: str


@dataclass
class Outcome:
    """What became of a lock. images: how many it has now. written: whether the file has changed.

    contracts: of how many models it has one; told: what is new of them, a line each; lacking: what has none.
    """

    changes: list[Change] = field(default_factory=list)
    images: int = 0
    written: bool = False
    contracts: int = 0
    told: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()
    problems: list[Problem] = field(default_factory=list)


def lock_file(file: str | Path = ".") -> Path:
    """Return the lock that belongs to a models file."""
    return models_file(file).parent / LOCK


def lock(
    file: str | Path = ".",
    names: Sequence[str] = (),
    *,
    update: bool = False,
    ask: Ask = digests_of,
    learn: Learn | None = None,
    again: bool = False,
) -> Outcome:
    """Write the digests of the images that have none yet, with update of all; what nothing uses any more goes.

    names: of models; of all others the lock stays as it is. learn: where contracts come from that it does not have,
    with update or again of all; None leaves those that it has.
    """
    wanted, known, problems = _wanted(file, names)
    if wanted.models is None or has_errors(problems):
        return Outcome(problems=problems)
    found, refusals = ask([each for each in wanted.chosen if update or each not in known])
    if refusals:
        return Outcome(problems=unique([*problems, *refusals]))
    kept = {image: digest for image, digest in known.items() if image in wanted.every or names}
    after = dict(sorted({**kept, **found}.items()))
    changes = _changes(known, after)
    pinned = pin(wanted.models._replace(digests=after), names, learn, again=update or again)
    path = lock_file(file)
    written = bool(changes) or pinned.contracts != (wanted.models.contracts or {}) or not regular.exists(path)
    if written:
        text = _text(after, pinned.contracts).encode()
        if pinned.contracts and (wrong := read(text, Sources(), str(path)).problems):
            return Outcome(problems=unique([*problems, *wrong]))  # no command could read it: columns beyond a limit
        problems += disk.write(path, text)
    problems = unique([*problems, *pinned.problems])
    done = written and not has_errors(problems)
    return Outcome(changes, len(after), done, len(pinned.contracts), pinned.told, pinned.lacking, problems)


def check(file: str | Path = ".", names: Sequence[str] = (), *, ask: Ask = digests_of) -> Outcome:
    """Compare the lock with the models file and with the registries, and write nothing.

    Problems: MY755 a tag that has moved, MY756 an image that is not locked, or that nothing uses.
    """
    wanted, known, problems = _wanted(file, names)
    if has_errors(problems):
        return Outcome(problems=problems)
    shown = lock_file(file)
    found, refusals = ask([each for each in wanted.chosen if each in known])
    changes = _changes({image: known[image] for image in found}, found)
    problems += refusals
    for image, before, after in changes:
        message = f"{image} was {before}, and is {after} now"
        problems.append(problem("MY755", message, hint="take it with: modelyard lock --update"))
    for image in sorted({*wanted.chosen} - known.keys()):
        problems.append(problem("MY756", f"{shown} has no digest of {image}", hint="run: modelyard lock"))
    for image in sorted(known.keys() - wanted.every) if not names else ():
        problems.append(problem("MY756", f"nothing uses {image} of {shown}", hint="run: modelyard lock"))
    return Outcome(changes, len(known), problems=unique(problems))


class _Wanted(NamedTuple):
    """Images that a models file gives without a digest: all of them, and those of the models that were named."""

    models: DeclaredSet | None = None
    every: frozenset[str] = frozenset()
    chosen: tuple[str, ...] = ()


def _wanted(file: str | Path, names: Sequence[str]) -> tuple[_Wanted, Mapping[str, str], list[Problem]]:
    """Return what to ask for, what the lock has, and the problems of the models file."""
    loaded = load(file)
    if loaded.models is None or has_errors(loaded.problems):
        return _Wanted(), {}, loaded.problems
    models = loaded.models
    if unknown := _unknown(models, names):
        return _Wanted(), {}, unknown
    images, problems = _images(loaded, models_file(file).parent)
    chosen = {image for image, owners in images.items() if not names or owners & {*names}}
    return _Wanted(models, frozenset(images), tuple(sorted(chosen))), models.digests or {}, problems


def _unknown(models: DeclaredSet, names: Sequence[str]) -> list[Problem]:
    known = [each.name for each in models.models]
    found = []
    for name in names:
        if name not in known:
            hint = offer(name, known)
            found.append(problem("MY110", f"there is no model {name} to lock", hint=hint))
    return found


def _images(loaded: Loaded, beside: Path) -> tuple[dict[str, set[str]], list[Problem]]:
    """Return image -> the models that it is of, as rendered without a lock; and the problems of that."""
    models = loaded.models
    if models is None:
        return {}, loaded.problems
    unlocked = Loaded(models._replace(digests=None, contracts=None), loaded.problems)
    rendering = render_loaded(unlocked, beside, with_others=True)
    objects = [*rendering.objects, *rendering.site_config.manifests]
    found: dict[str, set[str]] = {}
    for index, _, image in without_digest(objects):
        found.setdefault(image, set()).add(objects[index].model or "")
    if (tool := models.spec.toolImage) and "@" not in tool:
        found.setdefault(registered(models, tool), set()).add("")
    # A tag that can change is what a lock mends.
    return found, [each for each in rendering.problems if has_errors([each]) and each.code != "MY370"]


def _changes(before: Mapping[str, str], after: Mapping[str, str]) -> list[Change]:
    every = sorted({*before, *after})
    pairs = (Change(image, before.get(image, ""), after.get(image, "")) for image in every)
    return [each for each in pairs if each.before != each.after]


def _text(images: Mapping[str, str], contracts: Mapping[str, PinnedContract]) -> str:
    document: dict[str, object] = {"apiVersion": API_VERSION, "kind": KIND, "images": dict(images)}
    if contracts:
        document["contracts"] = {
            name: each.model_dump(by_alias=True, exclude_defaults=True) for name, each in contracts.items()
        }
    return _HEADER + write(document)
