"""One run: all measures of a model in one transaction, what is beyond the threshold, and the table that keeps them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from psycopg import Connection, Cursor, sql

from modelyard.request_log.measures.drift import drift
from modelyard.request_log.measures.plan import RISING, Measure, Plan, Version
from modelyard.request_log.measures.quality import Judged
from modelyard.request_log.measures.traffic import traffic
from modelyard.request_log.measures.versions import versions

_SETTINGS: Final = (
    "set transaction isolation level repeatable read",
    "set local work_mem = '64MB'",
    "set local jit = off",  # compiling takes longer than most windows do
)
_COLUMNS: Final = (
    "at", "model", "variant", "image", "measure", "detail", "since", "until", "value", "low", "high", "rows", "note",
    "alert",
)  # fmt: skip


def measured(connection: Connection, plan: Plan, at: datetime) -> list[Measure]:
    """Measure a model, and keep what was measured. at: the time of the run. Raises psycopg.Error."""
    with connection.transaction(), connection.cursor() as cursor:
        for each in _SETTINGS:
            cursor.execute(each)
        found = _all(cursor, plan)
        _keep(cursor, plan, at, found)
    return found


def _all(cursor: Cursor, plan: Plan) -> list[Measure]:
    seen = list(versions(cursor, plan, plan.seen))
    before = versions(cursor, plan, plan.judged) if plan.target is not None and plan.score is not None else {}
    champion = _champion(plan, [*seen, *before])
    found = list(_quality(cursor, plan, before, champion)) if before else []
    found += traffic(cursor, plan, seen)
    found += drift(cursor, plan, seen)
    found += _absent(plan, champion, found)
    return [_alerted(plan, each) if each.version == champion else each for each in found]


def _quality(cursor: Cursor, plan: Plan, counts: Mapping[Version, int], champion: Version | None) -> Iterator[Measure]:
    judged = Judged(cursor, plan, list(counts))
    found = list(judged.measures())
    yield from found
    rated = {each.version: each.rows for each in found if each.measure in ("ks", "mae")}
    for version, rows in counts.items():
        yield Measure("outcomes", version, plan.judged, rated.get(version, 0) / rows, rows)
    if champion is not None:
        yield from judged.comparisons(champion)


def _champion(plan: Plan, found: Iterable[Version]) -> Version | None:
    """Return the champion's version that has answered last: the one that a threshold is for."""
    return next((each for each in found if each.variant == plan.champion), None)


def _absent(plan: Plan, champion: Version | None, found: Sequence[Measure]) -> list[Measure]:
    """Return the metric as a measure without a value where it could not be taken at all."""
    if plan.metric is None or any(_is_metric(plan, each) and each.version == champion for each in found):
        return []
    span = plan.seen if plan.metric == "psi" else plan.judged
    return [Measure(plan.metric, champion, span, None, 0, note=_why(plan, champion, found))]


def _why(plan: Plan, champion: Version | None, found: Iterable[Measure]) -> str:
    if champion is None:
        return "it has answered no call in the window"
    if plan.metric == "psi":
        return "no row has a score, or the baseline has none"
    if any(each.measure in ("ks", "mae") for each in found if each.version == champion):
        return f"{plan.target} has other values than 0 and 1"
    return "this version answered no call of that time"


def _is_metric(plan: Plan, measure: Measure) -> bool:
    return measure.measure == plan.metric and measure.detail is None


def _alerted(plan: Plan, measure: Measure) -> Measure:
    """Return a measure with whether it is beyond the threshold; without enough rows nothing is."""
    if plan.threshold is None or not _is_metric(plan, measure):
        return measure
    if measure.value is None or measure.note is not None:
        return measure
    beyond = measure.value > plan.threshold if plan.metric in RISING else measure.value < plan.threshold
    return measure._replace(alert=beyond)


def _keep(cursor: Cursor, plan: Plan, at: datetime, found: Iterable[Measure]) -> None:
    names = sql.SQL(", ").join(map(sql.Identifier, _COLUMNS))
    copy_in = sql.SQL("copy {} ({}) from stdin").format(sql.Identifier(f"{plan.table}_quality"), names)
    with cursor.copy(copy_in) as copy:
        for each in found:
            who = each.version or Version(None, None)
            copy.write_row(
                (
                    at, plan.model, who.variant, who.image, each.measure, each.detail, each.span.since,
                    each.span.until, each.value, each.low, each.high, each.rows, each.note, each.alert,
                )
            )  # fmt: skip
