"""Quality over time, its alerts, and challengers beside the champion."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from modelyard.report.pages import Event, Figure, Interval, Line, Point, Table, intervals, lines, number, when
from modelyard.request_log.measures.plan import RISING, Plan, Version
from modelyard.request_log.report.kept import Kept, Runs

HEAD: Final = ("Measured", "Variant", "Image", "Window from", "to")
_USUAL: Final = ("auc", "ks", "mae", "rmse")  # without a metric: the first that was taken
_DIFFERENCES: Final = ("auc_difference", "mae_difference")
_DIGITS: Final = 19  # of a digest, with its algorithm


class Alert(NamedTuple):
    """An alert from its first run to the one that found it gone. worst: of its values."""

    version: Version
    since: datetime
    until: datetime | None
    worst: float
    runs: int


def row(each: Kept) -> tuple[datetime, str, str, datetime, datetime]:
    """Return the cells that say what a number is of."""
    return each.at, each.version.variant or "", each.version.image or "", each.span.since, each.span.until


def name(variant: str | None, model: str = "the model") -> str:
    """Return what a line of a variant is called."""
    return variant or model


def image(text: str | None) -> str:
    """Return an image as a sentence names it."""
    return (text or "an image without a name")[:_DIGITS]


def figures(plan: Plan, runs: Runs, promotions: Sequence[Event]) -> Iterator[Figure]:
    """Yield the figures of quality."""
    metric = plan.metric or next((each for each in _USUAL if runs.of(each)), None)
    if metric is not None:
        yield _over_time(plan, metric, runs, promotions)
        yield _alerts(plan, metric, runs)
    yield from _challengers(runs)


def _over_time(plan: Plan, metric: str, runs: Runs, promotions: Sequence[Event]) -> Figure:
    events = sorted([*_new_versions(runs), *promotions], key=lambda each: each.at)
    drawn = [
        Line(name(variant), [Point(each.at, each.value, each.low, each.high, bool(each.alert)) for each in found])
        for variant, found in runs.by_variant(metric).items()
        if any(each.value is not None for each in found)
    ]
    threshold = plan.threshold if metric == plan.metric else None
    text = f"{metric} of {plan.model} at each run. {_course(drawn, threshold)}"
    drawing = lines(text, drawn, threshold=threshold, events=events) if drawn else None
    rows = [
        (*row(each), each.value, each.low, each.high, each.rows, bool(each.alert), each.note)
        for each in runs.of(metric)
    ]
    table = Table(f"{plan.model}-{metric}.csv", (*HEAD, metric, "low", "high", "Rows", "Alert", "Note"), rows)
    notes = tuple(f"{when(each.at)}: {each.text}" for each in events)
    text = _explained(metric, drawn)
    return Figure("quality", f"Quality over time: {metric}", text, table, drawing, notes)


def _explained(metric: str, drawn: Sequence[Line]) -> str:
    if not drawn:
        return f"No run of this time has a value of {metric}; the table says why."
    banded = (
        " The bands are intervals of 95 %." if any(p.low is not None for line in drawn for p in line.points) else ""
    )
    return f"At each run, of the window that it measured; of each variant the version that came last.{banded}"


def _course(drawn: Sequence[Line], threshold: float | None) -> str:
    """Return in words what lines show."""
    told = []
    for line in drawn:
        values = [each.value for each in line.points if each.value is not None]
        told.append(f"{line.name}: from {number(values[0])} to {number(values[-1])}, lowest {number(min(values))},"
                    f" highest {number(max(values))}.")  # fmt: skip
    if threshold is not None:
        told.append(f"The threshold is {number(threshold)}.")
    return " ".join(told)


def _new_versions(runs: Runs) -> Iterator[Event]:
    """Yield when a variant was first measured with another image than before."""
    first = runs.kept[0].at
    for version, at in runs.versions().items():
        if at > first:
            yield Event(at, f"{name(version.variant)} answers with {image(version.image)}")


def _alerts(plan: Plan, metric: str, runs: Runs) -> Figure:
    found = alerts(runs.of(metric), rising=metric in RISING)
    rows = [
        (each.version.variant or "", each.version.image or "", each.since, each.until, each.runs, each.worst)
        for each in reversed(found)
    ]
    head = ("Variant", "Image", "Began", "Ended", "Runs", f"Worst {metric}")
    text = "Runs in a row that are beyond the threshold are one alert."
    lasting = sum(1 for each in found if each.until is None)
    told = f"{len(found)} in this time, {lasting} not over. {text}" if found else "None in this time."
    return Figure("alerts", "Alerts", told, Table(f"{plan.model}-alerts.csv", head, rows))


def alerts(found: Sequence[Kept], *, rising: bool) -> list[Alert]:
    """Return the alerts of a measure, the oldest first. rising: whether more is worse."""
    done: list[Alert] = []
    now: Alert | None = None
    for each in found:
        if each.alert is None or each.value is None:
            continue
        if each.alert and now is None:
            now = Alert(each.version, each.at, None, each.value, 1)
        elif each.alert and now is not None:
            worst = max(now.worst, each.value) if rising else min(now.worst, each.value)
            now = now._replace(version=each.version, worst=worst, runs=now.runs + 1)
        elif now is not None:
            done.append(now._replace(until=each.at))
            now = None
    return [*done, now] if now else done


def _challengers(runs: Runs) -> Iterator[Figure]:
    """Yield how far challengers are from the champion."""
    for measure in _DIFFERENCES:
        found = [each for each in runs.newest(measure) if each.value is not None]
        if not found:
            continue
        what, champion = measure.partition("_")[0], found[0].detail or "the champion"
        less = what == "mae"
        drawn = [
            Interval(
                each.version.variant or image(each.version.image), each.value or 0.0, each.low or 0.0, each.high or 0.0
            )
            for each in found
        ]
        told = " ".join(_verdict(each, champion, less_is_better=less) for each in drawn)
        head = (*HEAD, f"{what} less that of {champion}", "low", "high", "Rows", "Note")
        rows = [(*row(each), each.value, each.low, each.high, each.rows, each.note) for each in found]
        text = f"{what} of the newest run less that of {champion}, with an interval of 95 %. {told}"
        drawing = intervals(f"Differences of {what} to {champion}. {told}", drawn, less_is_better=less)
        yield Figure(
            "challengers", "Challengers beside the champion", text, Table("challengers.csv", head, rows), drawing
        )


def _verdict(each: Interval, champion: str, *, less_is_better: bool) -> str:
    if each.low <= 0 <= each.high:
        return f"{each.name}: neither it nor {champion} is shown to be better."
    better = (each.low > 0) != less_is_better
    return f"{each.name} is {'better' if better else 'worse'} than {champion}."
