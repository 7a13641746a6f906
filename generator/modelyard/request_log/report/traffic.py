"""Traffic, latency and errors of each variant over time."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from modelyard.report.pages import Figure, Line, Point, Table, lines, number
from modelyard.request_log.report.kept import Kept, Runs
from modelyard.request_log.report.quality import HEAD, name, row


class _Subject(NamedTuple):
    """A figure. drawn: the measure of its lines. told: of its table."""

    key: str
    title: str
    text: str
    drawn: str
    told: tuple[str, ...]


_SUBJECTS: Final = (
    _Subject("calls", "Traffic", "Calls in the window of each run.", "calls", ("calls", "rows")),
    _Subject("latency", "Latency", "Milliseconds until answers were whole; the 95th percentile is drawn.",
             "latency_p95", ("latency_p50", "latency_p95", "latency_p99")),
    _Subject("errors", "Errors", "Share of calls that failed (5xx); the table has those that were refused (4xx) too.",
             "error_rate", ("error_rate", "refused_rate")),
)  # fmt: skip


def figures(runs: Runs) -> Iterator[Figure]:
    """Yield the figures of traffic."""
    for subject in _SUBJECTS:
        found = {measure: runs.of(measure) for measure in subject.told}
        if any(found.values()):
            yield _figure(subject, runs, found)


def _figure(subject: _Subject, runs: Runs, found: dict[str, list[Kept]]) -> Figure:
    values = {(each.at, each.version): each for each in found[subject.told[0]]}
    beside = {(measure, each.at, each.version): each.value for measure, own in found.items() for each in own}
    rows = [(*row(each), *(beside.get((measure, *key)) for measure in subject.told)) for key, each in values.items()]
    drawn = list(_lines(subject, runs))
    table = Table(f"{subject.key}.csv", (*HEAD, *subject.told), rows)
    drawing = lines(f"{subject.text} {_last(drawn)}", drawn, zero=True, percent=subject.key == "errors")
    return Figure(subject.key, subject.title, subject.text, table, drawing)


def _lines(subject: _Subject, runs: Runs) -> Iterator[Line]:
    if subject.key == "calls":
        for variant, sums in runs.summed(subject.drawn).items():
            yield Line(name(variant), [Point(at, value) for at, value in sums.items()])
    else:
        for variant, own in runs.by_variant(subject.drawn).items():
            yield Line(name(variant), [Point(each.at, each.value) for each in own])


def _last(drawn: Sequence[Line]) -> str:
    told = ", ".join(f"{each.name} {number(each.points[-1].value)}" for each in drawn if each.points)
    return f"In the newest run: {told}."
