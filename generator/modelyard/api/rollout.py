"""A challenger that gets more calls step by step, each step a commit, as long as it passes the gate of its model.

from modelyard.api import rollout

outcome = rollout.step("overlays/prod", "churn", rollout.Wanted(steps=(5, 20, 50, 100)), push=True)
print(outcome.said)

Before the first call, what the champion has answered is asked of it (`replay`); after that its own calls are measured
in the request log. One that does not pass is taken back to 0 percent by a commit, and is not begun with again.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

from modelyard.api import edits, gate, replay
from modelyard.api.edits import WHOLE
from modelyard.api.monitor import in_database
from modelyard.api.pipeline import load, models_file
from modelyard.api.request_log import missing
from modelyard.api.rollout_commits import Outcome, Rollout, Verdict, commit, taken_back_before
from modelyard.cluster import Connection
from modelyard.files.git import GitProblem
from modelyard.manifests.names import offer
from modelyard.problems import Problem, has_errors, problem
from modelyard.score.options import Options, Route

__all__ = ["STEPS", "Outcome", "Wanted", "step"]

STEPS: Final = (5, 20, 50, 100)
_HOUR: Final = 3600.0


class Wanted(NamedTuple):
    """What is wanted of a rollout.

    window: seconds of the log in which a running challenger is measured, up to `at`, now if None. rows, route, options,
    where: of the replay before the first call. again: begin with a version that was taken back.
    """

    variant: str = "challenger"
    steps: Sequence[int] = STEPS
    window: float = _HOUR
    at: datetime | None = None
    rows: replay.Rows | None = None
    route: Route | None = None
    options: Options | None = None
    where: Connection | None = None
    again: bool = False


def step(file: str | Path, name: str, wanted: Wanted, *, push: bool = False, pull_request: bool = False) -> Outcome:
    """Measure a challenger, and give it the next percent, none any more, or let it be.

    Without push and pull_request the models file is edited in place. push: a commit on top of HEAD becomes the remote's
    branch of that name; the work tree is not touched. pull_request: it becomes a branch of its own, with a request.
    Problems: those of `replay.run`; MY786 what cannot be rolled out; MY787 too few calls yet, and MY788 what was taken
    back before; MY721, MY782 and MY784 of Git; MY840 for each limit that is not met.
    """
    own, problems = _found(file, name, wanted)
    if own is None:
        return Outcome(problems=problems)
    try:
        if wrong := taken_back_before(own, again=wanted.again) if push or pull_request else None:
            return Outcome(problems=[*problems, wrong])
        verdict = _verdict(own, wanted)
        outcome = Outcome(verdict.said, own.percent, own.percent, verdict.limits)
        outcome.problems = [*problems, *verdict.problems]
        if verdict.percent is None:
            return outcome
        edit, wrongs = edits.split(file, name, _shares(own, verdict.percent))
        if edit is None:
            outcome.problems += wrongs
            return outcome
        outcome.after = verdict.percent
        if push or pull_request:
            commit(own, edit, verdict, outcome, pull_request=pull_request)
        else:
            outcome.problems += edits.write(edit)
    except GitProblem as error:
        return Outcome(problems=[*problems, error.problem])
    return outcome


def _found(file: str | Path, name: str, wanted: Wanted) -> tuple[Rollout | None, list[Problem]]:
    if problems := missing():
        return None, problems
    loaded = load(file)
    if loaded.models is None or has_errors(loaded.problems):
        return None, loaded.problems
    models = loaded.models
    model = next((each for each in models.models if each.name == name), None)
    if model is None:
        hint = offer(name, (each.name for each in models.models))
        return None, [problem("MY723", f"there is no model {name}", hint=hint)]
    served = next((each for each in model.split if each.variant == wanted.variant), None)
    if served is None:
        hint = offer(wanted.variant, (each.variant or "" for each in model.split)) or "name it with --variant"
        return None, [problem("MY723", f"{name} has no variant {wanted.variant} that takes calls", hint=hint)]
    own = Rollout(models_file(file), models, model, served)
    wrongs = [*_refusals(own)]
    return (None if wrongs else own), [*loaded.problems, *wrongs]


def _refusals(own: Rollout) -> list[Problem]:
    at = own.models.place(own.served.name_mark)
    model, called = own.served.model, own.called
    if len(own.model.split) == 1 or own.champion.variant == own.served.variant:
        return [problem("MY786", f"{called} is alone, and no challenger", hint="name another one", place=at)]
    if model.gate is None:
        hint = "add gate: {agreement: 99%, p95: 50ms}, with what you demand"
        return [problem("MY786", f"{called} has no gate, so nothing says when it may go on", hint=hint, place=at)]
    if model.requestLog is None:
        hint = "add requestLog: to the model"
        return [problem("MY786", f"{called} has no request log that says how it does", hint=hint, place=at)]
    if model.gate.psi is not None and (model.monitor is None or model.monitor.score is None):
        hint = "add monitor: {score: OUTPUT} to the model"
        at = own.models.place(own.served.find("gate", "psi"))
        return [problem("MY786", f"the log of {called} has no score for the gate's psi", hint=hint, place=at)]
    return []


def _verdict(own: Rollout, wanted: Wanted) -> Verdict:
    return _running(own, wanted) if own.percent else _replayed(own, wanted)


def _replayed(own: Rollout, wanted: Wanted) -> Verdict:
    """Ask what the champion has answered, before the first call."""
    found = replay.run(
        own.model.name, str(own.served.variant), wanted.rows, file=own.file, route=wanted.route,
        options=wanted.options, where=wanted.where,
    )  # fmt: skip
    limits = found.replayed.limits if found.replayed else ()
    if found.replayed is None or has_errors(found.problems):
        return Verdict(None, f"{own.called} gets no calls", limits, found.problems)
    first = min(wanted.steps)
    said = f"{own.called} has passed a replay of {found.replayed.rows:,} rows, and gets {first} %"
    return Verdict(first, said, limits, found.problems)


def _running(own: Rollout, wanted: Wanted) -> Verdict:
    """Measure the calls that it has had."""
    from modelyard.request_log.measures.running import Asked, running

    log, demanded = own.served.model.requestLog, own.served.model.gate
    if log is None or demanded is None:
        raise AssertionError
    until = wanted.at or datetime.now(UTC)
    since = until - timedelta(seconds=wanted.window)
    asked = Asked(log.table, own.model.name, str(own.served.variant), own.champion.variant, since, until)
    found, faults = in_database(lambda connection: running(connection, asked))
    if found is None:
        return Verdict(None, f"{own.called} stays at {own.percent} %", problems=faults)
    errors = found.failed / found.calls if found.calls else None
    score = own.served.model.monitor.score if own.served.model.monitor else None
    of_running = demanded.model_copy(update={"agreement": None})  # asked before the first call, by the same rows
    limits = tuple(gate.limits(of_running, errors=errors, p95=found.p95, agreement=None, psi={score or "": found.psi}))
    least, counts = gate.enough(own.served), [found.rows, *([found.champion] if demanded.psi is not None else [])]
    if min(counts) < least or any(each.value is None for each in limits):
        hint = "wait, or take a longer --window; monitor.minRows says how many are needed"
        which = own.called if found.rows < least else f"the champion beside {own.called}"
        message = f"{own.called} cannot be judged yet: {which} has {min(counts)} rows in the window, of {least}"
        said = f"{own.called} stays at {own.percent} %"
        return Verdict(None, said, limits, [problem("MY787", message, hint=hint)])
    if wrongs := list(gate.unmet(own.models, own.served, own.called, list(limits))):
        return Verdict(0, f"{own.called} is taken back from {own.percent} % to 0 %", limits, wrongs)
    further = [each for each in sorted(wanted.steps) if each > own.percent]
    if not further:
        return Verdict(None, f"{own.called} has {own.percent} %, the last step", limits)
    said = f"{own.called} has passed with {found.rows:,} rows, and gets {further[0]} % after {own.percent} %"
    return Verdict(further[0], said, limits)


def _shares(own: Rollout, percent: int) -> Mapping[str, int]:
    """Return the percents that change: the challenger's, and of the one that gives or takes; all others at the end."""
    variant = str(own.served.variant)
    if percent == WHOLE:
        return {str(each.variant): WHOLE if each.variant == variant else 0 for each in own.model.split}
    return {variant: percent, str(own.champion.variant): (own.champion.percent or 0) + own.percent - percent}
