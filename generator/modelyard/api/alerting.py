"""What follows from a model that falls beyond its threshold: an alert, which is told once, and a retraining.

from modelyard.api import alerting

problems = alerting.silence("well-failure", datetime(2026, 12, 24, tzinfo=UTC), "overlays/prod")

Alerts and silences are in the log's database. What could not be told or started is tried by the next run.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from modelyard.api import notices
from modelyard.api.logs import in_log, log_of
from modelyard.api.monitor import monitored
from modelyard.api.pipeline import load
from modelyard.api.request_log import missing
from modelyard.cluster import ClusterProblem, Connection, connect
from modelyard.models.declared import DeclaredSet
from modelyard.models.request_log import Monitor
from modelyard.problems import Problem, has_errors, problem
from modelyard.request_log.measures.plan import RISING

if TYPE_CHECKING:
    from modelyard.request_log.database.alerts import Alert

__all__ = ["act", "silence"]

_WRITTEN: Final = ("alerts",)
_LATER: Final = "the next run tries again"


def act(file: str | Path, models: DeclaredSet, table: str, wanted: Sequence[str]) -> notices.Told:
    """Tell the channels of models of alerts that began or ended, and start what is to be retrained.

    wanted: names of models. Problems: MY745 for what was not delivered, MY834 and those of clusters for what was not
    started.
    """
    from modelyard.request_log.database import alerts

    told = notices.Told([], [])
    log = log_of(models)
    found, faults = in_log(log, lambda connection: alerts.taken_on(connection, table, wanted), written=_WRITTEN)
    told.problems.extend(faults)
    for each in found or []:
        settled = _acted(file, models, table, each, told)
        work = partial(alerts.settle, table=table, own=settled, done=_is_done(models, settled))
        told.problems.extend(in_log(log, work, written=_WRITTEN)[1])
    return told


def _acted(file: str | Path, models: DeclaredSet, table: str, own: "Alert", told: notices.Told) -> "Alert":
    """Return an alert with what has become of it."""
    if own.recovered is not None:
        accepted = _tell(file, models, own, [_end(own)], told)
        return own._replace(told_recovery=[*own.told_recovery, *accepted])
    lines = [_beginning(own)]
    retrain = _monitor(models, own.model).retrain
    if retrain is not None and own.job is None:
        job, problems = _retrained(models, table, own, retrain.cronJob)
        told.problems.extend(problems)
        own = own._replace(job=job)
    if retrain is not None:
        lines.append(_started(retrain.cronJob, own.job))
    return own._replace(told=[*own.told, *_tell(file, models, own, lines, told)])


def _tell(file: str | Path, models: DeclaredSet, own: "Alert", lines: list[str], told: notices.Told) -> list[str]:
    """Tell those who have not heard of it, and return who accepted it."""
    event: notices.Event = "degraded" if own.recovered is None else "recovered"
    heard = own.told if own.recovered is None else own.told_recovery
    if set(notices.channels(models, own.model)) <= set(heard):
        return []
    url = _monitor(models, own.model).url
    said = notices.tell(file, event, own.model, lines, links=[notices.Link("Quality", url)] if url else [], but=heard)
    told.accepted.extend(each for each in said.accepted if each not in told.accepted)
    told.problems.extend(replace(each, hint=_LATER) for each in said.problems)
    return said.accepted


def _is_done(models: DeclaredSet, own: "Alert") -> bool:
    return own.recovered is not None and set(notices.channels(models, own.model)) <= set(own.told_recovery)


def _monitor(models: DeclaredSet, name: str) -> Monitor:
    found = next(each.champion.model.monitor for each in models.models if each.name == name)
    if found is None:
        raise AssertionError
    return found


def _beginning(own: "Alert") -> str:
    return f"{_called(own)} is {own.value:.4g}, {_side(own)} {own.threshold:g}: {own.rows} rows, {_window(own)}"


def _end(own: "Alert") -> str:
    better = "" if own.better is None else f"{own.better:.4g}, "
    began = f"{own.began.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    then = f"{own.variant} had" if own.variant else "it was"  # another variant may be the champion since
    now = f"{own.model}: {own.metric} is {better}no longer {_side(own)} {own.threshold:g}"
    return f"{now}; {then} {own.value:.4g} on {began}"


def _started(cron_job: str, job: str | None) -> str:
    if job is None:
        return f"no retraining has begun: see the log of the monitor for what keeps CronJob {cron_job} from it"
    return f"retraining: Job {job} of CronJob {cron_job}"


def _called(own: "Alert") -> str:
    return f"{own.model}{f' {own.variant}' if own.variant else ''}: {own.metric}"


def _side(own: "Alert") -> str:
    return "above" if own.metric in RISING else "below"


def _window(own: "Alert") -> str:
    since, until = (f"{each.astimezone(UTC):%Y-%m-%d %H:%M}" for each in (own.since, own.until))
    return f"{since} to {until} UTC"


def _retrained(models: DeclaredSet, table: str, own: "Alert", cron_job: str) -> tuple[str | None, list[Problem]]:
    """Return the Job that was started, or why there is none."""
    from modelyard.cluster import retraining
    from modelyard.request_log.database import alerts

    wanted = retraining.Retraining(cron_job, own.model, own.began.isoformat(), dict(_variables(own)))

    def begin() -> tuple[str | None, list[Problem]]:
        try:
            with connect(Connection(namespace=models.spec.namespace)) as client:
                return retraining.begin(client, wanted)
        except ClusterProblem as error:
            return None, [error.problem]

    work = partial(alerts.alone, table=table, name=cron_job, work=begin)
    found, faults = in_log(log_of(models), work, written=_WRITTEN)
    return found or (None, faults)


def _variables(own: "Alert") -> Iterator[tuple[str, str]]:
    yield "MODELYARD_MODEL", own.model
    if own.variant:
        yield "MODELYARD_VARIANT", own.variant
    yield "MODELYARD_METRIC", own.metric
    yield "MODELYARD_VALUE", repr(own.value)
    yield "MODELYARD_THRESHOLD", repr(own.threshold)
    for name, at in (("WINDOW_FROM", own.since), ("WINDOW_TO", own.until), ("ALERT", own.began)):
        yield f"MODELYARD_{name}", f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def silence(model: str, until: datetime | None, file: str | Path = ".") -> list[Problem]:
    """Let nobody hear of a model's alerts, and start no retraining, until then; None ends that."""
    if problems := missing():
        return problems
    loaded = load(file)
    problems = list(loaded.problems)
    if has_errors(problems) or loaded.models is None:
        return problems
    found, unknown = monitored(loaded.models, [model])
    if not found:
        return [*problems, *unknown]
    if until is not None and until <= datetime.now(UTC):
        message = f"{until:%Y-%m-%dT%H:%M:%SZ} has passed"
        return [*problems, problem("MY835", message, hint="name a time that is to come, or use --end")]
    from modelyard.request_log.database import alerts

    log = log_of(loaded.models)
    work = partial(alerts.silence, table=log.table, model=model, until=until)
    return [*problems, *in_log(log, work, written=("silences",))[1]]
