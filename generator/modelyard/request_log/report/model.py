"""What a page shows of one model: how it stands, and its figures."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final, Literal, NamedTuple

from modelyard.report.pages import Event, Figure, number, when
from modelyard.request_log.measures.plan import RISING, Plan
from modelyard.request_log.report import drift, quality, traffic
from modelyard.request_log.report.kept import Kept, Runs

State = Literal["good", "alert", "unknown"]
_WORDS: Final = {"good": "good", "alert": "alert", "unknown": "cannot be told"}


class Section(NamedTuple):
    """A model on a page. key: what its ids begin with. facts: words and what they are."""

    key: str
    name: str
    state: State
    told: str
    facts: tuple[tuple[str, str], ...]
    figures: tuple[Figure, ...]

    @property
    def word(self) -> str:
        """How the model stands, in a word or three."""
        return _WORDS[self.state]


def section(key: str, plan: Plan, runs: Runs, promotions: Sequence[Event]) -> Section:
    """Return what is shown of a model. key: what its ids begin with."""
    if runs.last is None:
        told = "nothing was measured in this time: modelyard monitor run measures"
        return Section(key, plan.model, "unknown", told, (), ())
    state, told = _state(plan, runs)
    figures = tuple(_figures(plan, runs, promotions, runs.last))
    return Section(key, plan.model, state, told, tuple(_facts(plan, runs.last)), figures)


def _figures(plan: Plan, runs: Runs, promotions: Sequence[Event], last: datetime) -> Iterator[Figure]:
    first = runs.kept[0].at
    events = [each for each in promotions if first <= each.at <= last]
    yield from quality.figures(plan, runs, events)
    yield from drift.figures(plan, runs)
    yield from traffic.figures(runs)


def _state(plan: Plan, runs: Runs) -> tuple[State, str]:
    if plan.metric is None or plan.threshold is None:
        return "unknown", "monitor has no metric with a threshold"
    own = _judged(plan, runs)
    if own is None or own.value is None or own.alert is None:
        return "unknown", f"{plan.metric} cannot be judged: {(own and own.note) or 'no row is there'}"
    side = "above" if own.value > plan.threshold else "below" if own.value < plan.threshold else "at"
    return ("alert" if own.alert else "good"), f"{plan.metric} is {number(own.value)}, {side} {number(plan.threshold)}"


def _judged(plan: Plan, runs: Runs) -> Kept | None:
    own = [each for each in runs.newest(plan.metric or "") if each.detail is None]
    own = [each for each in own if each.version.variant == plan.champion or each.version.image is None]
    return next((each for each in own if each.alert is not None), next(iter(own), None))


def _facts(plan: Plan, last: datetime) -> Iterator[tuple[str, str]]:
    yield "Measured", f"{when(last)} UTC"
    if plan.champion:
        yield "Champion", plan.champion
    if plan.metric and plan.threshold is not None:
        yield "Alert", f"{plan.metric} {'above' if plan.metric in RISING else 'below'} {number(plan.threshold)}"
    yield "Window", _span(plan.seen.until - plan.seen.since)
    if plan.target:
        yield "Outcomes", plan.target


def _span(window: object) -> str:
    return str(window).removesuffix(", 0:00:00")
