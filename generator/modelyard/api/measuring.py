"""What the request log says of models: measured in its database, kept there, and held against thresholds.

from modelyard.api import measuring

outcome = measuring.run("overlays/prod", ["well-failure"])
for model, measures in outcome.measures.items():
    print(model, [each for each in measures if each.alert])
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from modelyard.api import alerting
from modelyard.api.logs import Log, in_log, retentions, upkeep
from modelyard.api.monitor import monitored
from modelyard.api.pipeline import load
from modelyard.api.request_log import missing
from modelyard.files import disk
from modelyard.manifests import names
from modelyard.models.declared import DeclaredModel, DeclaredSet, Served
from modelyard.models.request_log import Baseline, RequestLog
from modelyard.problems import Place, Problem, has_errors, problem
from modelyard.request_log.measures.plan import RISING, Measure, Plan, Span

if TYPE_CHECKING:
    from modelyard.request_log.database.alerts import Judgement

T = TypeVar("T")
_WORD: Final = re.compile(r"[A-Za-z][A-Za-z0-9]{0,31}")

__all__ = ["Exported", "Measured", "export", "plans", "run"]


@dataclass
class Measured:
    """What was measured, by model. alerts: how many are beyond their threshold. accepted: channels that were told."""

    measures: dict[str, list[Measure]] = field(default_factory=dict)
    alerts: int = 0
    accepted: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


@dataclass
class Exported:
    """The table that was written."""

    path: Path | None = None
    problems: list[Problem] = field(default_factory=list)


class _Model(NamedTuple):
    """A model that is monitored, of its set. place: of its threshold, or of monitor."""

    plan: Plan
    place: Place
    models: DeclaredSet


def run(
    file: str | Path = ".", models: Sequence[str] = (), *, at: datetime | None = None, notify: bool = False
) -> Measured:
    """Measure models, all that are monitored if none is named. at: as if it were that time; now if absent.

    Of now, alerts are kept; of another time nothing follows. notify: tell of alerts that began or ended, and start the
    retraining.

    Problems: MY830 for each model that is beyond its threshold, MY833 for those that are silenced, MY831 where that
    cannot be told; with notify those of `alerting.act`.
    """
    moment = at or datetime.now(UTC)
    found, problems = _models(file, models, moment)
    if has_errors(problems):
        return Measured(problems=problems)
    from modelyard.request_log.measures.run import measured

    result, faults = in_log(
        _log(found[0].plan),
        lambda connection: {each.plan.model: measured(connection, each.plan, moment) for each in found},
        parts=_parts(found),
        written=("quality", "baselines"),
    )
    outcome = Measured(result or {}, problems=[*problems, *faults])
    silenced = _kept(found, outcome, moment) if at is None and result else {}
    for each in found:
        own = outcome.measures.get(each.plan.model, [])
        said = list(_told(each, own, silenced.get(each.plan.model)))
        outcome.alerts += sum(1 for one in said if one.code == "MY830")
        outcome.problems += said
    if at is None and not faults:
        kept = {name: days for name, days in retentions(found[0].models).items() if name in outcome.measures}
        outcome.problems += upkeep(_log(found[0].plan), kept)[1]
    if notify and at is None and not faults:
        table, names_ = found[0].plan.table, [each.plan.model for each in found]
        outcome.accepted, more = alerting.act(file, found[0].models, table, names_)
        outcome.problems += more
    return outcome


def plans(
    file: str | Path, models: Sequence[str] = (), *, at: datetime | None = None
) -> tuple[list[Plan], list[Problem]]:
    """Return what is measured of models, of all that are monitored if none is named; and problems of the file."""
    found, problems = _models(file, models, at or datetime.now(UTC))
    return [each.plan for each in found], problems


def _log(plan: Plan) -> Log:
    return Log(plan.table, plan.files)


def _parts(found: Sequence[_Model]) -> list[tuple[str, datetime, datetime]]:
    """Return the rows that are measured."""
    plans = [each.plan for each in found]
    return [(plan.model, *span) for plan in plans for span in (plan.judged, plan.seen, plan.baseline) if span]


def _kept(found: Sequence[_Model], outcome: Measured, at: datetime) -> Mapping[str, datetime]:
    """Begin and end alerts, and return which models are silenced, and until when."""
    from modelyard.request_log.database import alerts

    every = [_judgement(each.plan, outcome.measures.get(each.plan.model, [])) for each in found]
    judged = [each for each in every if each is not None]
    log = _log(found[0].plan)
    silenced, faults = in_log(log, lambda c: alerts.judge(c, log.table, judged, at), written=("alerts",))
    outcome.problems += faults
    return silenced or {}


def _judgement(plan: Plan, found: Sequence[Measure]) -> "Judgement | None":
    from modelyard.request_log.database.alerts import Judgement

    own = _judged(plan, found)
    if own is None or own.value is None or plan.threshold is None:
        return None
    span, beyond = own.span, bool(own.alert)
    return Judgement(
        plan.model, plan.champion, own.measure, plan.threshold, own.value, own.rows, span.since, span.until, beyond
    )


def _judged(plan: Plan, found: Sequence[Measure]) -> Measure | None:
    """Return the metric that was held against the threshold."""
    return next((each for each in found if each.alert is not None and each.measure == plan.metric), None)


def export(
    file: str | Path, model: str, folder: str | Path, *, prefix: str, label: str, at: datetime | None = None
) -> Exported:
    """Write the rows of a model's window that have outcomes as a table for SAS Model Manager.

    It is FOLDER/PREFIX_NUMBER_LABEL.csv, with the next number; a table with that label is written anew.
    """
    wrong = next((each for each in (prefix, label) if not _WORD.fullmatch(each)), None)
    if wrong is not None:
        hint = "use letters and digits, at most 32, the first a letter"
        return Exported(problems=[problem("MY832", f"{wrong!r} can be no part of a table's name", hint=hint)])
    found, problems = _models(file, [model], at or datetime.now(UTC))
    if has_errors(problems):
        return Exported(problems=problems)
    plan = found[0].plan
    if plan.target is None:
        hint = "add target: and score: to monitor"
        return Exported(
            problems=[problem("MY832", f"{model} has no outcomes to export", hint=hint, place=found[0].place)]
        )
    from modelyard.request_log.measures.export import rows

    path = Path(folder) / f"{prefix}_{_number(Path(folder), prefix, label)}_{label}.csv"
    written, faults = in_log(
        _log(plan), lambda connection: disk.write(path, rows(connection, plan)), parts=_parts(found)
    )
    problems += [*(written or []), *faults]
    return Exported(None if has_errors(problems) else path, problems)


def _number(folder: Path, prefix: str, label: str) -> int:
    """Return the number of the table with a label; the next where there is none."""
    named = re.compile(rf"{re.escape(prefix)}_([0-9]{{1,9}})_([A-Za-z0-9]+)\.csv")
    found = [match for each in (folder.iterdir() if folder.is_dir() else ()) if (match := named.fullmatch(each.name))]
    same = [int(each[1]) for each in found if each[2] == label]
    return same[0] if same else max((int(each[1]) for each in found), default=0) + 1


def _models(file: str | Path, wanted: Sequence[str], at: datetime) -> tuple[list[_Model], list[Problem]]:
    if problems := missing():
        return [], problems
    loaded = load(file)
    problems = list(loaded.problems)
    if has_errors(problems) or loaded.models is None:
        return [], problems
    chosen, unknown = monitored(loaded.models, wanted)
    made = [_Model(_plan(each, at), _place(loaded.models, each.champion), loaded.models) for each in chosen]
    return made, [*problems, *unknown]


def _place(models: DeclaredSet, served: Served) -> Place:
    return models.place(served.find("monitor", "threshold"))


def _plan(model: DeclaredModel, at: datetime) -> Plan:
    own, log = model.champion.model.monitor, model.champion.model.requestLog
    if own is None or log is None:
        raise AssertionError
    window = timedelta(seconds=names.seconds(own.window))
    then = at - timedelta(seconds=names.seconds(own.delay) if own.delay else 0)
    return Plan(
        table=log.table,
        files=log.files,
        model=model.name,
        champion=model.champion.variant,
        variants=tuple(each.variant for each in model.served),
        score=own.score,
        target=own.target,
        metric=own.metric,
        threshold=own.threshold,
        min_rows=own.minRows,
        judged=Span(then - window, then),
        seen=Span(at - window, at),
        baseline=_days(own.baseline) if own.baseline else None,
        left_out=frozenset(_left_out(log)),
    )


def _days(own: Baseline) -> Span:
    since, last = (datetime.combine(date.fromisoformat(each), time(), UTC) for each in (own.from_, own.to))
    return Span(since, last + timedelta(days=1))


def _left_out(log: RequestLog) -> Iterator[str]:
    """Yield columns whose values say nothing of a distribution: the id, and hashes."""
    hashed = log.columns.hash.fields if log.columns and log.columns.hash else []
    yield from (each.casefold() for each in (*hashed, *([log.id] if log.id else [])))


def _told(model: _Model, found: Sequence[Measure], silenced: datetime | None) -> Iterator[Problem]:
    """Yield what is to be said of the metric that has a threshold. silenced: until when."""
    plan = model.plan
    if plan.metric is None or not found:
        return
    own = [each for each in found if each.measure == plan.metric and each.detail is None]
    judged = _judged(plan, found)
    variant = f" {plan.champion}" if plan.champion else ""
    if judged is None:
        noted = next((each for each in own if each.version is None or each.version.variant == plan.champion), None)
        message = f"{plan.model}{variant}: {plan.metric} cannot be judged: {noted.note if noted else 'no row is there'}"
        yield problem("MY831", message, hint="`modelyard monitor run -o json` has the windows", place=model.place)
    elif judged.alert:
        side = "above" if plan.metric in RISING else "below"
        message = f"{plan.model}{variant}: {plan.metric} is {judged.value:.4g}, {side} {plan.threshold:g}"
        if silenced is not None:
            message += f"; silenced until {silenced.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        code = "MY830" if silenced is None else "MY833"
        yield problem(code, message, hint=f"it is of {judged.rows} rows; look at what drifts", place=model.place)
