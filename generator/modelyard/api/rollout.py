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
from typing import TYPE_CHECKING, Final, NamedTuple

from modelyard.api import edits, gate, replay, rollout_since
from modelyard.api.edits import WHOLE
from modelyard.api.logs import Log, in_log
from modelyard.api.pipeline import load, models_file
from modelyard.api.request_log import missing
from modelyard.api.rollout_commits import Outcome, Rollout, Verdict, commit, taken_back_before
from modelyard.cluster import Connection
from modelyard.files.git import GitProblem
from modelyard.manifests.names import offer
from modelyard.models.declared import CHAMPION
from modelyard.problems import Problem, has_errors, problem
from modelyard.score.options import Options, Route
from modelyard.targets.workloads.pods import image

if TYPE_CHECKING:
    from modelyard.request_log.measures.running import Running

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
            return Outcome(problems=[*problems, *wrongs])
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
    if len(own.model.split) == 1:
        return [problem("MY786", f"{called} is alone, and no challenger", hint="name another one", place=at)]
    if own.served.variant == CHAMPION:
        message = f"{called} is no challenger: a variant of this name is what others are held against"
        return [problem("MY786", message, hint="name another one", place=at)]
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
    """Measure the calls that it has had with this percent."""
    from modelyard.request_log.measures.running import Asked, Version, running

    log = own.served.model.requestLog
    if log is None:
        raise AssertionError
    until = wanted.at or datetime.now(UTC)
    begun, since = rollout_since.since(own), until - timedelta(seconds=wanted.window)
    versions = [Version(each.variant, rollout_since.images(own.models, each)) for each in (own.served, own.champion)]
    asked = Asked(log.table, own.model.name, versions[0], versions[1], max(begun, since), until)
    part = (asked.model, asked.since, asked.until)
    found, faults = in_log(Log(log.table, log.files), lambda connection: running(connection, asked), parts=[part])
    if found is None:
        return Verdict(None, f"{own.called} stays at {own.percent} %", problems=faults)
    when = f"since {begun:%Y-%m-%dT%H:%M:%SZ}, when its percent or image changed" if begun > since else "in the window"
    return _judged(own, wanted, found, when)


def _judged(own: Rollout, wanted: Wanted, found: "Running", when: str) -> Verdict:
    """Hold what was measured against the gate. when: since when it was, for messages.

    What its own calls tell takes it back, whatever else cannot be told.
    """
    least, stays = gate.enough(own.served), f"{own.called} stays at {own.percent} %"
    if found.rows < least or not found.calls:
        reference = image(own.models, own.served.model)
        is_other = found.newest not in ("", *rollout_since.images(own.models, own.served))
        message = f"{own.called} has {found.rows} rows {when}, of {least}"
        if is_other:
            message = f"{reference} has {found.rows} rows {when}, of {least}; the newest rows are of {found.newest}"
        return Verdict(None, stays, problems=[_unjudged(own, message)])
    limits = _limits(own, found)
    untold = found.scores < least and any(each.name == "psi" for each in limits)
    limits = tuple(each for each in limits if not (untold and each.name == "psi"))
    champion = f"{own.champion.variant} of {own.model.name} has {found.scores} scores {when}, of {least}"
    if wrongs := list(gate.unmet(own.models, own.served, own.called, list(limits))):
        return Verdict(0, f"{own.called} is taken back from {own.percent} % to 0 %", limits, wrongs)
    further = [each for each in sorted(wanted.steps) if each > own.percent]
    if not further:
        of_psi = f"; psi is not judged: {champion}" if untold else ""
        return Verdict(None, f"{own.called} has {own.percent} %, the last step{of_psi}", limits)
    if untold:
        return Verdict(None, stays, limits, [_unjudged(own, champion)])
    said = f"{own.called} has passed with {found.rows:,} rows, and gets {further[0]} % after {own.percent} %"
    return Verdict(further[0], said, limits)


def _limits(own: Rollout, found: "Running") -> tuple[gate.Limit, ...]:
    demanded, monitor = own.served.model.gate, own.served.model.monitor
    if demanded is None:
        raise AssertionError
    errors = found.failed / found.calls if found.calls else None
    score = (monitor.score if monitor else None) or ""
    of_running = demanded.model_copy(update={"agreement": None})  # asked before the first call, by the same rows
    return tuple(gate.limits(of_running, errors=errors, p95=found.p95, agreement=None, psi={score: found.psi}))


def _unjudged(own: Rollout, why: str) -> Problem:
    hint = "wait: only calls with this percent and image count; monitor.minRows says how many are needed"
    return problem("MY787", f"{own.called} cannot be judged yet: {why}", hint=hint)


def _shares(own: Rollout, percent: int) -> Mapping[str, int]:
    """Return the percents that change. The champion gives and gets; where it has too few, all others in proportion."""
    now = {str(each.variant): each.percent or 0 for each in own.model.split}
    variant, champion = str(own.served.variant), str(own.champion.variant)
    left = now[champion] + own.percent - percent
    if left > 0:
        return {variant: percent, champion: left}
    rest, before = WHOLE - percent, WHOLE - own.percent
    shares = {each: share * rest // before for each, share in now.items() if each != variant}
    by_rest = sorted(shares, key=lambda each: now[each] * rest % before, reverse=True)
    for each in by_rest[: rest - sum(shares.values())]:
        shares[each] += 1
    return {variant: percent, **shares}
