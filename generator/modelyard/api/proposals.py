"""A challenger as a commit, a branch and a pull request: proposed once, whoever runs it, and however often.

from modelyard.api import proposals

outcome = proposals.propose("overlays/prod", "churn", challenger.Wanted(), push=True)
print(outcome.branch, outcome.new)

The work tree is not touched. The branch is named after model, version and digest; where there is one of that digest,
nothing is new. What a run that was killed has left is taken up by the next.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, NamedTuple

from modelyard.api import challenger, challenger_contract, proposal_text, pull_requests
from modelyard.api.candidates import Ask, digest_of
from modelyard.api.challenger import Plan, Wanted
from modelyard.api.locking import lock_file
from modelyard.api.proposal_files import Where, files, place
from modelyard.files.git import GitProblem, Repository
from modelyard.files.trailers import trailers_of
from modelyard.modelsfile.lock import lock_of
from modelyard.problems import Problem
from modelyard.registry.digests import digests_of
from modelyard.render.changes import Difference

__all__ = ["PREFIX", "Outcome", "propose"]

PREFIX: Final = "modelyard"
_DIGITS: Final = 8
_NOT_IN_A_NAME: Final = re.compile(r"[^A-Za-z0-9._-]+")
_DOTS: Final = re.compile(r"\.{2,}|\.(?=lock$)|^\.|\.$")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a proposal. branch: empty where nothing is new. new: this run has made it.

    text: of its pull request. url: of the pull request, where one was opened. superseded: open branches of other
    versions. said: what is there already. differences: what changes by meaning.
    """

    branch: str = ""
    commit: str = ""
    new: bool = False
    text: str = ""
    url: str = ""
    superseded: tuple[str, ...] = ()
    said: str = ""
    differences: Sequence[Difference] = ()
    problems: list[Problem] = field(default_factory=list)


class _Branch(NamedTuple):
    """A branch of a proposal: its newest commit, and the digest that it brings."""

    commit: str
    digest: str


def propose(
    file: str | Path,
    name: str,
    wanted: Wanted,
    *,
    push: bool = False,
    pull_request: bool = False,
    ask: Ask = digests_of,
) -> Outcome:
    """Make a commit and a branch of a challenger, unless there is one; push it, and open a pull request.

    Problems: those of `challenger.plan`; MY721 no repository; MY782 what is not committed; MY784 the remote; MY785.
    """
    try:
        where = place(file)
        planned = challenger.plan(file, name, wanted, ask=ask)
        if planned.plan is None:
            return Outcome(said=planned.said, problems=planned.problems)
        return _proposed(where, planned.plan, push=push or pull_request, pull_request=pull_request)
    except GitProblem as error:
        return Outcome(problems=[error.problem])


def _proposed(where: Where, plan: Plan, *, push: bool, pull_request: bool) -> Outcome:
    here, there = _branches(where, plan, push=push)
    every = here | there
    same = sorted(name for name, each in every.items() if each.digest == plan.candidate.digest)
    others = _superseded(where, plan, there if push else here)
    lacking: list[Problem] = []
    if same:
        branch, commit, new = same[0], every[same[0]].commit, False
    else:
        with_contracts = challenger_contract.with_contracts(plan)
        if with_contracts.plan is None:
            return Outcome(problems=with_contracts.problems)
        plan, lacking = with_contracts.plan, with_contracts.problems
        branch = _branch_name(where, plan, push=push)
        commit = where.branches.commit(files(where, plan.before.files, plan.files), proposal_text.message(plan))
        new = where.branches.create(branch, commit)
        commit = commit if new else where.branches.here(branch)[branch]
    text = _text(where, plan, commit, others, lacking)
    outcome = Outcome(branch, commit, new, text, "", others, differences=plan.differences, problems=lacking)
    if push and branch not in there:
        pushed = where.branches.push(branch, commit)
        outcome = replace(outcome, new=pushed, commit=commit if pushed else where.branches.there(branch)[branch])
    return _requested(where, plan, outcome) if pull_request else outcome


def _text(where: Where, plan: Plan, commit: str, others: tuple[str, ...], lacking: list[Problem]) -> str:
    """Return the text of a pull request; of a branch that was there, its own lock has the contracts."""
    lock = lock_file(where.file).resolve().relative_to(where.root).as_posix()
    content = Repository(where.root).content(commit, lock) or b""
    own, _ = lock_of(content, lock)
    found = challenger_contract.compared(own.contracts if own else None, plan.model, plan.candidate.digest)
    reasons = [each.message for each in lacking]
    return proposal_text.body(plan, file=where.name, superseded=others, contract=found, lacking=reasons)


def _requested(where: Where, plan: Plan, outcome: Outcome) -> Outcome:
    branches = where.branches
    title = proposal_text.title(plan)
    request = pull_requests.Request(outcome.branch, branches.current, title, outcome.text, outcome.superseded)
    url, problems = pull_requests.opened(where.root, branches.address, request)
    return replace(outcome, url=url, problems=[*outcome.problems, *problems])


def _branches(where: Where, plan: Plan, *, push: bool) -> tuple[dict[str, _Branch], dict[str, _Branch]]:
    """Return the branches, here and at the remote, that propose a version of this model in this file."""
    prefix = f"{PREFIX}/{plan.model}-"
    found = []
    for known in (where.branches.here(prefix), where.branches.there(prefix) if push else {}):
        own = {}
        for name, commit in known.items():
            message = where.branches.message(commit)
            if proposal_text.is_of(message, plan.model) and where.name in where.branches.changed(commit):
                own[name] = _Branch(commit, trailers_of(message).digest)
        found.append(own)
    return found[0], found[1]


def _superseded(where: Where, plan: Plan, known: Mapping[str, _Branch]) -> tuple[str, ...]:
    """Return those of other versions that are open: not merged, and of no image that is pinned already."""
    model = next(each for each in plan.before.models if each.name == plan.model)
    pinned = {digest_of(plan.before, each) for each in model.served} | {plan.candidate.digest}
    return tuple(
        sorted(
            name
            for name, each in known.items()
            if each.digest not in pinned and not where.branches.is_in(each.commit, "HEAD")
        )
    )


def _branch_name(where: Where, plan: Plan, *, push: bool) -> str:
    """Return the name of a branch; with that of the file's folder, where another file has the plain one."""
    version = _DOTS.sub("-", _NOT_IN_A_NAME.sub("-", plan.candidate.version.version)).strip("-") or "version"
    digits = plan.candidate.digest.removeprefix("sha256:")[:_DIGITS]
    plain = f"{PREFIX}/{plan.model}-{version}-{digits}"
    taken = where.branches.here(plain) | (where.branches.there(plain) if push else {})
    if plain not in taken or where.name in where.branches.changed(taken[plain]):  # or another run has made it
        return plain
    folder = _NOT_IN_A_NAME.sub("-", where.file.resolve().parent.name).strip(".-")
    return f"{plain}-{folder}" if folder else plain
