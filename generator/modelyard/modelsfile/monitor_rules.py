"""Rules over what is measured in request logs: what a measure needs, and what is there when it is taken."""

from collections.abc import Iterator
from datetime import date
from typing import Final

from modelyard.manifests import names
from modelyard.models.declared import DeclaredModel, DeclaredSet, Served
from modelyard.models.notify import VARIABLES
from modelyard.models.request_log import Baseline, Monitor
from modelyard.modelsfile.model_rules import accepting
from modelyard.problems import Problem, problem

_SHARES: Final = frozenset(["ks", "auc", "accuracy"])


def monitors(models: DeclaredSet) -> Iterator[Problem]:
    """Yield what is wrong with the monitors of a set."""
    for model in models.models:
        yield from accepting(model, _check(models, model))


def _check(models: DeclaredSet, model: DeclaredModel) -> Iterator[Problem]:
    for served in model.served:
        if served.model.monitor is not None:
            yield from _needed(models, served, served.model.monitor)
            yield from _sound(models, served, served.model.monitor)
    yield from _told(models, model)


def _needed(models: DeclaredSet, served: Served, own: Monitor) -> Iterator[Problem]:
    place = models.place(served.find_key("monitor"))
    if served.model.requestLog is None:
        hint = "add requestLog:, which logs what is measured"
        yield problem("MY102", "requestLog is missing: monitor measures what it logs", hint=hint, place=place)
    metric = own.metric
    needs: dict[str, bool] = {
        "metric": own.threshold is not None or own.retrain is not None,
        "threshold": metric is not None or own.retrain is not None,
        "score": metric is not None or own.target is not None,
        "target": metric is not None and metric != "psi",
        "baseline": metric == "psi",
    }
    if lacking := [name for name, needed in needs.items() if needed and getattr(own, name) is None]:
        by = f"metric: {metric}" if metric else "threshold" if own.threshold is not None else "target"
        by = "retrain" if own.retrain is not None and not metric else by
        are, them = ("are", "them") if len(lacking) > 1 else ("is", "it")
        listed = " and ".join(lacking)
        hint = f"add {', '.join(f'{each}:' for each in lacking)}"
        yield problem("MY102", f"{listed} {are} missing: {by} needs {them}", hint=hint, place=place)


def _told(models: DeclaredSet, model: DeclaredModel) -> Iterator[Problem]:
    own, notify = model.champion.model.monitor, model.whole.model.notify or models.spec.notify
    if own is None or own.schedule is None or own.threshold is None or notify is None:
        return
    for name in VARIABLES:
        channel = getattr(notify, name)
        if channel is not None and channel.secret is None:
            place = models.place(model.champion.find("monitor", "schedule"))
            message = f"notify.{name}.secret is missing: the CronJob of monitor reads the address of {name} there"
            hint = "name a Secret, or give the model a notify: of its own"
            yield problem("MY102", message, hint=hint, place=place)


def _sound(models: DeclaredSet, served: Served, own: Monitor) -> Iterator[Problem]:
    if own.metric in _SHARES and own.threshold is not None and not 0 < own.threshold <= 1:
        place = models.place(served.find("monitor", "threshold"))
        yield problem("MY104", f"{own.metric} is never beyond 0 and 1", hint="set a share, such as 0.35", place=place)
    if own.baseline is not None and _is_empty(own.baseline):
        place = models.place(served.find("monitor", "baseline", "to"))
        yield problem("MY104", "the baseline ends before it begins", hint="set to: after from:", place=place)
    kept = served.model.requestLog.retention if served.model.requestLog else None
    reach = names.seconds(own.window) + (names.seconds(own.delay) if own.delay else 0)
    if kept is not None and names.seconds(kept) < reach:
        place = models.place(served.find("requestLog", "retention"))
        message = f"rows are dropped after {kept}, before they are measured: window and delay reach further back"
        yield problem("MY255", message, hint=f"set retention: {-(-reach // 86_400)}d or more", place=place)


def _is_empty(own: Baseline) -> bool:
    return date.fromisoformat(own.to) < date.fromisoformat(own.from_)
