"""Answers compared, and distributions of scores in bounded memory."""

import random
from math import inf

import pytest

from modelyard.score.replay.distribution import Distribution, psi
from modelyard.score.replay.values import TOLERANCE, apart


def _distribution(values: list[float]) -> Distribution:
    made = Distribution()
    for each in values:
        made.add(each)
    return made


@pytest.mark.parametrize("seed", range(20))
def test_ks_is_scipy_s_for_scores_of_three_digits(seed: int) -> None:
    from scipy.stats import ks_2samp  # noqa: PLC0415 - it takes longer to load than these tests run

    chance = random.Random(seed)  # noqa: S311 - examples
    one, other = ([round(chance.gauss(middle, 1), 3) for _ in range(400)] for middle in (0.0, 0.3))
    found = _distribution(one).ks(_distribution(other))
    assert found == pytest.approx(ks_2samp(one, other).statistic, abs=0.003)


def test_psi_is_that_of_the_deciles_of_what_was_before() -> None:
    then = [each / 10 for each in range(100)]
    now = [each / 10 for each in range(50)] * 2
    assert _distribution(now).psi(_distribution(then)) == pytest.approx(psi([20] * 5 + [0] * 5, [10] * 10))
    assert _distribution(then).psi(_distribution(then)) == 0.0


def test_one_value_alone_is_one_bin() -> None:
    assert _distribution([0.0] * 9).psi(_distribution([0.0] * 99)) == 0.0
    assert _distribution([1.0]).psi(_distribution([])) is None
    assert _distribution([inf]).ks(_distribution([1.0])) is None


def test_order_is_that_of_numbers_below_zero_too() -> None:
    assert _distribution([-2.0, -1.0]).ks(_distribution([-1.0, 0.0, 1.0])) == pytest.approx(2 / 3 - 1 / 6, abs=0.2)
    assert _distribution([-2.0, -3.0]).ks(_distribution([-0.5, 0.0])) == 1.0


def test_a_million_different_scores_take_little_room() -> None:
    made = Distribution()
    chance = random.Random(1)  # noqa: S311 - examples
    for _ in range(100_000):
        made.add(chance.random())
    assert made.count == 100_000
    assert len(made._counts) < 40_000


@pytest.mark.parametrize(
    ("was", "now", "numeric", "far"),
    [
        ("0.5", "0.50", True, 0.0),
        ("0.5", "0.75", True, 0.25),
        ("0.1", "0.10000000001", True, 0.0),
        ("1e9", "1000000000.5", True, 0.0),
        ("", "NaN", True, 0.0),
        ("", "0", True, inf),
        ("Infinity", "Infinity", True, 0.0),
        ("Infinity", "1", True, inf),
        ("007", "7", False, inf),
        ("a", "a", False, 0.0),
        ("[0.5, 1]", "[0.5,1.0]", False, 0.0),
        ("[0.5, 1]", "[0.5, 3]", False, 2.0),
        ("[0.5, 1]", "[0.5]", False, inf),
        ('{"a": [1]}', '{"a": [1.5]}', False, 0.5),
        ('{"a": true}', '{"a": 1}', False, inf),
    ],
)
def test_answers_are_apart_as_their_kind_says(was: str, now: str, far: float, *, numeric: bool) -> None:
    assert apart(was, now, tolerance=TOLERANCE, numeric=numeric) == far
    assert apart(now, was, tolerance=TOLERANCE, numeric=numeric) == far
