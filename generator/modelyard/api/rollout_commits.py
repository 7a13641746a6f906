"""The commits of a rollout: the next percent or the way back, with the figures that it was decided by."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from modelyard.api import commits, gate, pull_requests
from modelyard.api.edits import Edit
from modelyard.api.proposal_files import files, place
from modelyard.api.proposals import PREFIX
from modelyard.files.trailers import with_trailers
from modelyard.models.declared import DeclaredModel, DeclaredSet, Served
from modelyard.problems import Problem, problem
from modelyard.render.changes import shown
from modelyard.targets.workloads.pods import image

__all__ = ["Outcome", "Rollout", "Verdict", "commit", "taken_back_before"]

_SHORT: Final = 8  # digits of a commit


@dataclass(slots=True)
class Outcome:
    """What a run has decided. said: in one line; limits: what was measured. commit, branch, url: what was made of it.

    before, after: the challenger's percents, the same where nothing changes.
    """

    said: str = ""
    before: int = 0
    after: int = 0
    limits: tuple[gate.Limit, ...] = ()
    commit: str = ""
    branch: str = ""
    url: str = ""
    problems: list[Problem] = field(default_factory=list)


class Rollout(NamedTuple):
    """A challenger: its set, model, and what it is called."""

    file: Path
    models: DeclaredSet
    model: DeclaredModel
    served: Served

    @property
    def called(self) -> str:
        """The model and its variant."""
        return f"{self.model.name} {self.served.variant}"

    @property
    def percent(self) -> int:
        """The challenger's percent now."""
        return self.served.percent or 0

    @property
    def champion(self) -> Served:
        """Who gives percents, and gets them back."""
        found = self.model.champion_beside(self.served.variant)
        if found is None:
            raise AssertionError
        return found


class Verdict(NamedTuple):
    """percent: what the challenger is to have, None to let all as it is. limits: what was measured."""

    percent: int | None
    said: str
    limits: tuple[gate.Limit, ...] = ()
    problems: Sequence[Problem] = ()


def _title(own: Rollout, verdict: Verdict) -> str:
    if verdict.percent:
        return f"{own.model.name}: roll out {own.served.variant} to {verdict.percent} %"
    return f"{_back(own)}, from {own.percent} %"


def _back(own: Rollout) -> str:
    return f"{own.model.name}: take {own.served.variant} back"


def _figures(own: Rollout, verdict: Verdict) -> str:
    lines = [
        f"{verdict.said}.",
        "",
        *(f"* {'passes' if each.met else 'fails'}: {each.text}" for each in verdict.limits),
    ]
    return "\n".join([*lines, "", _which(own)])


def _which(own: Rollout) -> str:
    """Return the line that says which version it was."""
    return f"Image of {own.served.variant}: {image(own.models, own.served.model)}"


def taken_back_before(own: Rollout, *, again: bool) -> Problem | None:
    """Return what is said of a version that has been taken back: to begin again would only repeat it."""
    if own.percent or again:
        return None
    branches = place(own.file).branches
    for each in branches.titled(own.file.resolve(), _back(own)):
        if _which(own) in branches.message(each).splitlines():
            message = f"this version of {own.called} was taken back in {each[:_SHORT]}"
            return problem("MY788", message, hint="propose another version, or begin with it again by --again")
    return None


def commit(own: Rollout, edit: Edit, verdict: Verdict, outcome: Outcome, *, pull_request: bool) -> None:
    """Make the commit, and bring it to the remote. Raises GitProblem."""
    where = place(own.file)
    branches, title = where.branches, _title(own, verdict)
    changes = shown(edit.differences, "text")
    message = with_trailers(
        f"{title}\n\n{_figures(own, verdict)}\n\n{changes}", commits.trailers(own.file, own.model.name)
    )
    changed = files(where, own.models.files, {edit.file: (edit.before, edit.content)})
    outcome.commit = branches.commit(changed, message)
    if not pull_request:
        outcome.branch = branches.forward(outcome.commit)
        return
    prefix = f"{PREFIX}/{own.model.name}-rollout-"
    base = branches.head[:_SHORT]
    outcome.branch = f"{prefix}{verdict.percent}-{base}"
    known = branches.there(prefix)
    if outcome.branch in known:
        outcome.commit = known[outcome.branch]
    else:
        branches.create(outcome.branch, outcome.commit)
        branches.push(outcome.branch, outcome.commit)
    others = tuple(sorted(each for each in known if each != outcome.branch and not branches.is_in(known[each], "HEAD")))
    text = f"{_figures(own, verdict)}\n\n{shown(edit.differences, 'markdown')}"
    request = pull_requests.Request(outcome.branch, branches.current, title, text, others)
    outcome.url, problems = pull_requests.opened(where.root, branches.address, request)
    outcome.problems += problems
