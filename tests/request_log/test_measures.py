"""What SQL measures is what scipy, scikit-learn and Python measure, and what cannot be measured is said."""

import math
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modelyard.request_log.measures.plan import Span, Version
from modelyard.score.replay.distribution import psi
from tests.support import references, request_log, windows
from tests.support.postgres import Server
from tests.support.windows import DAY, NOW, Window, measure, plan

BASELINE = references.BASELINE
THEN = NOW - 30 * DAY
NAN = math.nan


@pytest.fixture(scope="module")
def log(server: Server) -> str:
    """Return the address of a database with the tables."""
    return request_log.migrated(server)


@pytest.fixture(params=["postgres", "files"])
def uri(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return an empty log: the database, and a folder of files."""
    log = str(tmp_path) if request.param == "files" else request.getfixturevalue("log")
    windows.clear(log)
    return str(log)


def test_ten_generated_windows_measure_as_in_python(uri: str) -> None:
    assert references.compare(uri, range(10)) == []


@pytest.mark.slow
def test_a_hundred_generated_windows_measure_as_in_python(uri: str) -> None:
    assert references.compare(uri, range(10, 110)) == []


@pytest.mark.slow
def test_each_version_of_postgresql_measures_alike(each_server: Server) -> None:
    assert references.compare(request_log.migrated(each_server), range(10)) == []


def test_files_measure_what_postgresql_measures(log: str, tmp_path: Path) -> None:
    windows.clear(log)
    compared = 0
    for seed in range(20, 26):
        own = references.case(seed)
        both = []
        for place in (log, str(tmp_path)):
            windows.fill(place, own.then, own.now)
            both.append(measure(place, plan(model=f"m{seed}", baseline=BASELINE, metric="auc", threshold=0.6)))
        ours, theirs = ({each[:3] + each[5:6]: each for each in found} for found in both)
        assert ours.keys() == theirs.keys()
        for name, one in ours.items():
            other = theirs[name]
            assert (one.rows, one.note, one.alert) == (other.rows, other.note, other.alert)
            for a, b in ((one.value, other.value), (one.low, other.low), (one.high, other.high)):
                assert a == b or a == pytest.approx(b, rel=1e-9, abs=1e-12)
                compared += a is not None
    assert compared > 200


def test_the_comparison_sees_a_single_outcome_that_differs(uri: str) -> None:
    case = next(case for seed in range(99) if (case := references.case(seed)).binary and len(case.now.scores) > 100)
    windows.fill(uri, case.then, case.now)
    found = measure(uri, plan(model=case.now.model, baseline=BASELINE))
    assert references.differences(found, case) == []
    at = next(i for i, each in enumerate(case.now.true) if each is not None and case.now.scores[i] not in (None, NAN))
    case.now.true = [*case.now.true[:at], 1 - (case.now.true[at] or 0), *case.now.true[at + 1 :]]
    assert references.differences(found, case)


def test_tied_scores_are_one_step(uri: str) -> None:
    windows.fill(uri, Window([0.5, 0.5, 0.5, 0.5], [1, 0, 1, 0]))
    found = measure(uri, plan())
    assert (found.one("ks").value, found.one("auc").value) == (0.0, 0.5)


@pytest.mark.parametrize(
    ("true", "says"),
    [([1, 1, 1], "no row has FAILURE = 0"), ([0, 0, 0], "no row has FAILURE = 1"),
     ([None, None, None], "no row has both a score and an outcome")],
)  # fmt: skip
def test_one_class_alone_gives_no_alarm_and_is_said(uri: str, true: list[float | None], says: str) -> None:
    windows.fill(uri, Window([0.1, 0.2, 0.3], true))
    own = measure(uri, plan(metric="ks", threshold=0.9)).one("ks")
    assert (own.value, own.alert, own.note) == (None, None, says)


def test_too_few_rows_have_a_value_and_give_no_alarm(uri: str) -> None:
    windows.fill(uri, Window([0.9, 0.1, 0.2], [0, 1, 1]))
    own = measure(uri, plan(metric="auc", threshold=0.9, min_rows=4)).one("auc")
    assert (own.value, own.alert, own.note) == (0.0, None, "3 rows, fewer than 4")


@pytest.mark.parametrize(
    ("metric", "threshold", "alert"),
    [("ks", 0.9, True), ("ks", 0.1, False), ("auc", 0.99, True), ("accuracy", 0.5, False), ("mae", 0.01, True),
     ("mae", 0.9, False), ("rmse", 0.9, False)],
)  # fmt: skip
def test_what_is_beyond_its_threshold_is_an_alert(uri: str, metric: Any, threshold: float, *, alert: bool) -> None:
    windows.fill(uri, Window([0.9, 0.3, 0.2, 0.7], [1, 1, 0, 0]))
    found = measure(uri, plan(metric=metric, threshold=threshold))
    assert found.one(metric).alert is alert
    assert sum(each.alert is not None for each in found) == 1


def test_drift_of_the_score_is_an_alert_too(uri: str) -> None:
    windows.fill(uri, Window([i / 100 for i in range(100)], at=THEN), Window([i / 300 for i in range(100)]))
    own = measure(uri, plan(metric="psi", threshold=0.2, baseline=BASELINE, target=None)).one("psi")
    assert own.alert is True
    assert own.value == pytest.approx(psi([30, 30, 30, 10, 0, 0, 0, 0, 0, 0], [10] * 10), rel=0.05)


def test_a_threshold_is_for_the_champions_newest_version(uri: str) -> None:
    bad, good = [0.9, 0.1], [0.1, 0.9]
    windows.fill(
        uri,
        Window(bad * 5, [0, 1] * 5, variant="v7", image="sha256:old", at=NOW - 3 * DAY),
        Window(good * 5, [0, 1] * 5, variant="v7", image="sha256:new"),
        Window(bad * 5, [0, 1] * 5, variant="v8", image="sha256:v8"),
    )
    found = measure(uri, plan(champion="v7", variants=("v7", "v8"), metric="auc", threshold=0.5))
    alerts = {each.version: each.alert for each in found if each.measure == "auc"}
    assert alerts == {
        Version("v7", "sha256:old"): None, Version("v7", "sha256:new"): False, Version("v8", "sha256:v8"): None,
    }  # fmt: skip


def test_a_version_without_outcomes_yet_gives_no_alarm(uri: str) -> None:
    then = Span(NOW - 37 * DAY, NOW - 30 * DAY)
    windows.fill(
        uri,
        Window([0.9, 0.1], [0, 1], image="sha256:old", at=THEN - DAY),
        Window([0.9, 0.1], [], image="sha256:new"),
    )
    found = measure(uri, plan(metric="ks", threshold=0.5, judged=then))
    own = next(each for each in found if each.measure == "ks" and each.version == Version(None, "sha256:new"))
    assert (own.value, own.alert, own.note) == (None, None, "this version answered no call of that time")


def test_a_challenger_is_compared_with_an_interval(uri: str) -> None:
    scores, true = [i / 200 for i in range(200)], [float(i % 3 == 0 or i > 150) for i in range(200)]
    windows.fill(uri, Window(scores, true, variant="v7"), Window(scores[::-1], true, variant="v8"))
    own = measure(uri, plan(champion="v7", variants=("v7", "v8"))).one("auc_difference", "v7", "v8")
    one, other = ([[score for score, y in zip(each, true, strict=True) if y == wanted] for wanted in (1.0, 0.0)]
                  for each in (scores, scores[::-1]))  # fmt: skip
    half = 1.959963984540054 * math.sqrt(references.delong(*one) + references.delong(*other))
    assert own.value is not None
    assert (own.low, own.high) == pytest.approx((own.value - half, own.value + half), abs=1e-12)
    assert own.high is not None
    assert own.high < 0  # worse, beyond chance


def test_numbers_are_compared_by_their_error(uri: str) -> None:
    true = [float(i) for i in range(50)]
    windows.fill(
        uri,
        Window([each + 1 + (i % 2) for i, each in enumerate(true)], true, variant="v7"),
        Window([each + 0.5 for each in true], true, variant="v8"),
    )
    own = measure(uri, plan(champion="v7", variants=("v7", "v8"))).one("mae_difference", "v7", "v8")
    assert own.value == pytest.approx(-1.0)
    assert own.low is not None
    assert own.high is not None
    assert own.low < -1 < own.high < 0


def test_inputs_are_found_in_objects_and_in_lists(uri: str) -> None:
    windows.fill(uri, Window([0.1, 0.2], inputs=[[1.5, "a"], [2.5, None]], model="lists"))
    windows.fill(uri, Window([0.1, 0.2], inputs=[{"ID": 1, "X": [1]}, {"ID": 2}]))
    found = measure(uri, plan(left_out=frozenset(["id"])))
    assert {each.detail: each.value for each in found if each.measure == "missing_rate"} == {None: 0, "X": 0.5}
    found = measure(uri, plan(model="lists"))
    assert {each.detail: each.value for each in found if each.measure == "missing_rate"} == {
        None: 0,
        "[0]": 0,
        "[1]": 0.5,
    }


def test_values_that_are_no_numbers_are_missing(uri: str) -> None:
    usual = [{"X": i} for i in range(6000)]
    odd = [{"X": each} for each in ("canary", "1e999", True, [1], {"a": 1}, int("9" * 400), "NaN", None, "7.5")]
    windows.fill(uri, Window([0.5] * 6000, inputs=usual, at=THEN), Window([0.5] * len(odd), inputs=odd))
    found = measure(uri, plan(baseline=BASELINE))
    assert found.one("missing_rate", "X").value == pytest.approx(8 / 9)
    assert found.one("psi", "X").rows == 1


def test_a_text_with_many_values_is_no_distribution(uri: str) -> None:
    many = [{"NAME": f"canary{i}"} for i in range(1100)]
    windows.fill(uri, Window([0.5] * 1100, inputs=many, at=THEN), Window([0.5] * 3, inputs=many[:3]))
    found = measure(uri, plan(baseline=BASELINE))
    assert found.one("missing_rate", "NAME").value == 0
    assert not [each for each in found if each.detail == "NAME" and each.measure != "missing_rate"]
    with windows.log(uri) as connection:
        assert "canary" not in str(connection.execute("select * from scoring_log_baselines").fetchall())


def test_shares_of_the_score_are_by_the_baseline_s_deciles(uri: str) -> None:
    then = [i / 100 for i in range(100)]
    windows.fill(uri, Window(then, at=THEN), Window([0.05] * 30 + [2.0] * 10))
    found = measure(uri, plan(baseline=BASELINE))
    edges = np.quantile(then, [i / 10 for i in range(1, 10)])
    for name, scores in (("baseline_share", then), ("score_share", [0.05] * 30 + [2.0] * 10)):
        own = [each for each in found if each.measure == name]
        wanted = np.bincount(np.searchsorted(edges, scores, side="right"), minlength=10) / len(scores)
        assert [each.value for each in own] == pytest.approx(wanted.tolist())
        assert [each.detail for each in own][:2] == ["below 0.099", "0.099 to 0.198"]
        assert own[-1].detail == "0.891 and more"


def test_a_baseline_outlives_its_rows(uri: str) -> None:
    scores = [i / 100 for i in range(100)]
    windows.fill(uri, Window(scores, at=THEN, inputs=[{"X": i % 7, "C": "ab"[i % 2]} for i in range(100)]))
    windows.fill(uri, Window(scores[:50], inputs=[{"X": 1, "C": "z"}] * 50))
    first = measure(uri, plan(baseline=BASELINE))
    windows.remove_before(uri, THEN + DAY)
    second = measure(uri, plan(baseline=BASELINE))
    assert [each.value for each in second] == [each.value for each in first]
    assert first.one("new_levels", "C").value == 1


def test_a_baseline_that_is_not_over_is_not_kept(uri: str) -> None:
    windows.fill(uri, Window([i / 100 for i in range(100)]))
    span = Span(NOW - 5 * DAY, NOW + DAY)
    assert measure(uri, plan(baseline=span)).one("psi").value == pytest.approx(0)
    with windows.log(uri) as connection:
        assert connection.execute("select count(*) from scoring_log_baselines").fetchone() == (0,)


@pytest.mark.parametrize(
    ("then", "now", "says"),
    [([0.5] * 30, [0.5] * 30, "the baseline has one value alone"),
     ([], [0.5], "no row has a score, or the baseline has none"), ([0.1, 0.2, 0.3] * 10, [NAN], "no row has a value")],
)  # fmt: skip
def test_drift_that_cannot_be_measured_is_said(uri: str, then: list[float], now: list[float], says: str) -> None:
    windows.fill(uri, Window(then, at=THEN), Window(now))
    own = measure(uri, plan(metric="psi", threshold=0.1, baseline=BASELINE, target=None)).one("psi")
    assert (own.value, own.alert, own.note) == (None, None, says)


def test_traffic_is_that_of_calls(uri: str) -> None:
    windows.fill(
        uri,
        Window([0.5] * 8, latency=[1, 2, 3, 4, 5, 6, 7, 8]),
        Window([None], status=503, at=NOW - DAY + timedelta(hours=1), latency=[9]),
        Window([None], status=404, at=NOW - DAY + timedelta(hours=2), latency=[10]),
    )
    found = measure(uri, plan())
    assert [found.one(each).value for each in ("calls", "rows", "error_rate", "refused_rate", "latency_p50")] == [
        10, 10, 0.1, 0.1, 5.5,
    ]  # fmt: skip


def test_outcomes_say_how_many_rows_have_one(uri: str) -> None:
    windows.fill(uri, Window([0.1, 0.9, 0.4, 0.2], [1, None, 0, None]))
    assert measure(uri, plan()).one("outcomes").value == 0.5


def test_scores_that_are_no_probabilities_have_no_brier_score(uri: str) -> None:
    windows.fill(uri, Window([10, 20, 30], [0, 1, 1]))
    found = measure(uri, plan())
    assert found.one("ks").value == 1
    assert found.one("brier").note == "scores lie beyond 0 and 1, so they are no probabilities"


def test_probabilities_near_nothing_have_squares(uri: str) -> None:
    windows.fill(uri, Window([1e-200, 1e-300, 1 - 1e-16], [0, 0, 1]))
    assert measure(uri, plan()).one("brier").value == pytest.approx(0)


def test_what_is_measured_is_kept(uri: str) -> None:
    windows.fill(uri, Window([0.1, 0.9], [0, 1]))
    found = measure(uri, plan(metric="ks", threshold=0.5))
    with windows.log(uri) as connection:
        kept = connection.execute("select measure, value, alert, image from scoring_log_quality").fetchall()
    assert len(kept) == len(found)
    assert ("ks", 1.0, False, "sha256:1") in kept
