"""What a challenger takes and gives beside what callers rely on: pinned in the lock, and told in its proposal."""

from collections.abc import Mapping
from dataclasses import replace

from modelyard.api import contracts
from modelyard.api.challenger import Plan, Planned
from modelyard.api.locking import lock_file
from modelyard.api.pins import Learn, pin
from modelyard.models.contract import Contract, PinnedContract
from modelyard.models.declared import DeclaredModel, Served
from modelyard.modelsfile.contract_changes import Change, changes
from modelyard.modelsfile.contract_rules import contracts_of, digest_of
from modelyard.modelsfile.lock_edit import with_contract
from modelyard.problems import Problem, has_errors

__all__ = ["compared", "with_contracts"]


def with_contracts(plan: Plan) -> Planned:
    """Return a plan whose lock has the contracts of what the model runs then, as far as they can be had.

    They come from the lock that the candidate is pinned by, else from the artefacts of versions that sources name.
    Without a lock, or where what callers rely on is not known, the plan stays as it is. Problems: MY283 what cannot be
    had; MY280, MY281 what breaks callers; MY408.
    """
    lock = lock_file(plan.file)
    if lock not in plan.files:
        return Planned(plan)
    pinned = pin(plan.after, [plan.model], _learner(plan), again=False)
    own = pinned.contracts.get(plan.model)
    if own is None or not _is_of_callers(plan, own):
        return Planned(plan, problems=pinned.problems)
    before, content = plan.files[lock]
    content, problems = with_contract(content, plan.model, own, shown=str(lock))
    after = plan.after._replace(contracts=pinned.contracts)
    problems += [each for each in contracts_of(after, plan.declared) if has_errors([each])]
    if problems:
        return Planned(problems=problems)
    files = {path: (before, content) if path == lock else each for path, each in plan.files.items()}
    return Planned(replace(plan, files=files, after=after), problems=pinned.problems)


def _learner(plan: Plan) -> Learn:
    """Return what learns a contract: of the candidate by the lock that pins it, else from the source."""
    learn = contracts.learner(plan.file, contracts.Origins(sources=True))

    def known(model: DeclaredModel, served: Served) -> tuple[Contract | None, list[Problem]]:
        if plan.candidate.contract and served.variant == plan.variant:
            return plan.candidate.contract, []
        return learn(model, served)

    return known


def _is_of_callers(plan: Plan, own: PinnedContract) -> bool:
    """Tell whether a contract is what callers rely on: of a lock that has none yet, it is the champion's."""
    old = (plan.after.contracts or {}).get(plan.model)
    return bool(old and old.relied_on) or own.pinned == digest_of(plan.after, plan.declared.champion)


def compared(contracts: Mapping[str, PinnedContract] | None, model: str, digest: str) -> list[Change] | None:
    """Return how the contract of an image differs from what callers rely on; None where one is not known."""
    own = (contracts or {}).get(model)
    relied_on, new = (own.relied_on, own.images.get(digest)) if own else (None, None)
    return None if relied_on is None or new is None else changes(relied_on, new)
