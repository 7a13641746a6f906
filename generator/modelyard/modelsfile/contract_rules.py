"""What each image takes and gives, against what callers rely on: both are in the lock, and nobody is asked."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from modelyard.models.declared import DeclaredModel, DeclaredSet, Served
from modelyard.problems import Problem, printable, problem
from modelyard.targets.workloads.pods import image

if TYPE_CHECKING:
    from modelyard.models.contract import Contract, PinnedContract


def contracts_of(models: DeclaredSet, model: DeclaredModel) -> list[Problem]:
    """Check a model's variants against the contract that the lock has pinned for it, if it has one."""
    pinned = (models.contracts or {}).get(model.name)
    relied_on = pinned.relied_on if pinned else None
    if pinned is None or relied_on is None:
        return []
    found = [each for served in model.served for each in _served(models, model, served, pinned, relied_on)]
    return [*found, *_needless(models, model, found)]


def digest_of(models: DeclaredSet, served: Served) -> str:
    """Return the digest of the image that a model or variant runs; empty where it is not known."""
    return models.digest(image(models, served.model)) if served.model.image else ""


def _served(
    models: DeclaredSet, model: DeclaredModel, served: Served, pinned: "PinnedContract", relied_on: "Contract"
) -> Iterator[Problem]:
    from modelyard.modelsfile.contract_changes import breaking

    digest, name = digest_of(models, served), called(model, served)
    if not digest or digest == pinned.pinned:
        return  # of an image without a digest the lock has no contract, and MY372 says so
    place = models.place(served.find("image"))
    if (own := pinned.images.get(digest)) is None:
        known = f"{pinned.pinned[:19]}…"
        hint = f"run: modelyard lock {model.name} --files DIR, or --running"
        yield problem("MY282", f"the contract of {name} is that of another image, {known}", hint=hint, place=place)
        return
    if model.variants and not served.percent:
        return  # nobody gets it without asking for it
    split = any(digest_of(models, each) == pinned.pinned for each in model.served)
    code = "MY280" if split else "MY281"
    hint = "give callers what they rely on, or accept it with allowContractChange: and the reason"
    reason = served.model.allowContractChange or ""
    for change in breaking(relied_on, own):
        found = problem(code, f"{name}: {printable(change.text)}", hint=hint, place=place)
        yield replace(found, accepted=reason)


def _needless(models: DeclaredSet, model: DeclaredModel, found: list[Problem]) -> Iterator[Problem]:
    """Yield a reason that accepts nothing: it would accept the next change unseen."""
    reason = model.whole.model.allowContractChange
    if reason and not any(each.code == "MY282" or each.accepted for each in found):
        place = models.place(model.whole.find_key("allowContractChange"))
        message = f"{model.name} takes and gives what callers rely on, so allowContractChange has no effect"
        yield problem("MY237", message, hint="take it out: it would accept the next change unseen", place=place)


def called(model: DeclaredModel, served: Served) -> str:
    """Return what messages call a model, or one of its variants."""
    return f"{served.variant} of {model.name}" if served.variant else model.name
