"""The score's distribution beside that of the baseline, and the inputs that drift most."""

from collections.abc import Iterator
from typing import Final

from modelyard.report.pages import Bar, Figure, Pair, Table, bars, number, pairs
from modelyard.request_log.measures.plan import Plan, Version
from modelyard.request_log.report.kept import Kept, Runs
from modelyard.request_log.report.quality import name

_USUAL: Final = 0.1
_OTHER: Final = 0.25
_KEYS: Final = (("s0", "usual, to 0.1"), ("warn", "to 0.25"), ("bad", "above 0.25"))
_MOST: Final = 10  # inputs that are drawn
_OF_INPUTS: Final = ("psi", "missing_rate", "new_levels")


def figures(plan: Plan, runs: Runs) -> Iterator[Figure]:
    """Yield the figures of the champion's newest version."""
    version = _champion(plan, runs)
    if version is not None:
        yield from _score(plan, runs, version)
        yield from _inputs(plan, runs, version)


def _champion(plan: Plan, runs: Runs) -> Version | None:
    """Return the champion's version that came last, of those in the newest run."""
    age = list(runs.versions())
    found = {each.version for each in runs.newest("calls", *_OF_INPUTS) if each.version.variant == plan.champion}
    return max(found, key=age.index, default=None)


def _score(plan: Plan, runs: Runs, version: Version) -> Iterator[Figure]:
    own = [each for each in runs.newest("score_share", "baseline_share") if each.version == version]
    then = {each.detail: each for each in own if each.measure == "baseline_share"}
    now = {each.detail: each for each in own if each.measure == "score_share"}
    names = sorted((each for each in now if each in then and each), key=_place)
    if not names:
        return
    drawn = [Pair(each, then[each].value or 0.0, now[each].value or 0.0) for each in names]
    rows = [(i + 1, each.name, each.then, each.now) for i, each in enumerate(drawn)]
    table = Table(f"{plan.model}-score.csv", ("Bin", plan.score or "Score", "Share in the baseline", "Share now"), rows)
    counts = f"{now[names[0]].rows:,} rows now, {then[names[0]].rows:,} of the baseline"
    index = next((each for each in runs.newest("psi") if each.version == version and each.detail is None), None)
    told = f" Its population stability index is {number(index.value)}." if index and index.value is not None else ""
    far = max(drawn, key=lambda each: abs(each.now - each.then))
    seen = f"It differs most in {far.name}: {number(far.then * 100)} % then, {number(far.now * 100)} % now."
    text = f"Score of {name(version.variant)}, {counts}; bins are the baseline's.{told} {seen}"
    yield Figure("score", "Score beside the baseline", text, table, pairs(text, drawn, "baseline", "now"))


def _place(interval: str) -> tuple[int, float]:
    """Return what brings the names of intervals into their order."""
    first, _, rest = interval.partition(" ")
    if first == "below":
        return (0, 0.0)
    return (2, 0.0) if rest == "and more" else (1, _float(first))


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def _inputs(plan: Plan, runs: Runs, version: Version) -> Iterator[Figure]:
    found: dict[str, dict[str, Kept]] = {}
    for each in runs.newest(*_OF_INPUTS):
        if each.version == version and each.detail is not None:
            found.setdefault(each.detail, {})[each.measure] = each
    if not found:
        return
    values = {each: found[each].get("psi") for each in found}
    known = {each: own.value for each, own in values.items() if own is not None and own.value is not None}
    order = sorted(found, key=lambda each: (-known.get(each, -1.0), each))
    drawn = [Bar(each, known[each], _style(known[each])) for each in order if each in known][:_MOST]
    rows = [
        (each, *(own.value if (own := found[each].get(what)) else None for what in _OF_INPUTS), _note(found[each]))
        for each in order
    ]
    head = ("Input", "psi", "Missing", "New levels", "Note")
    table = Table(f"{plan.model}-inputs.csv", head, rows)
    told = ", ".join(f"{each.name} {number(each.value)}" for each in drawn[:3])
    text = "Population stability index against the baseline: below 0.1 is usual, above 0.25 is another population."
    drawing = bars(f"{text} Most of all: {told}.", drawn, (_USUAL, _OTHER), _KEYS) if drawn else None
    yield Figure("inputs", "Inputs that drift most", text, table, drawing)


def _note(own: dict[str, Kept]) -> str:
    return (own["psi"].note or "") if "psi" in own else ""


def _style(value: float) -> str:
    return "bad" if value > _OTHER else "warn" if value > _USUAL else "s0"
