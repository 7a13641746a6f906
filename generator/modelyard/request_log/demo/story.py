"""Three weeks of customers, the same each time. In the third they are others, and leave for another reason."""

import random
from collections.abc import Iterator
from math import exp
from typing import Any, Final, NamedTuple

DAYS: Final = 21
CHANGE: Final = 13  # the day after which customers change, little by little
JOINS: Final = 9  # the first day of the challenger's calls
ID: Final = "CUSTOMER"
TARGET: Final = "CHURNED"
_CALLS: Final = 250  # a day
_SHARE: Final = 0.2  # of the challenger's calls
_RAMP: Final = 4  # days until all is different
_REGIONS: Final = ("north", "south", "west")


class Call(NamedTuple):
    """A call. day: with its fraction, since the beginning. true: what becomes of the customer."""

    id: str
    day: float
    variant: str
    row: dict[str, Any]
    true: int


def calls() -> Iterator[Call]:
    """Yield all calls in their order."""
    chance = random.Random(21)  # noqa: S311 - the same story each time
    for day in range(DAYS):
        changed = min(max(day - CHANGE, 0) / _RAMP, 1.0)
        for i in range(_CALLS):
            variant = "challenger" if day >= JOINS and chance.random() < _SHARE else "champion"
            row = _customer(chance, changed)
            true = int(chance.random() < _leaves(row, changed))
            row[ID] = f"C{day * _CALLS + i:06}"
            if day > CHANGE and i % 97 == 50:
                row["PRICE"] = None  # the model fails on it
            yield Call(f"demo-{day}-{i}", day + i / _CALLS, variant, row, true)


def _customer(chance: random.Random, changed: float) -> dict[str, Any]:
    new = chance.random() < 0.35 * changed
    return {
        "TENURE": round(max(chance.gauss(36, 12), 0), 1),
        "PRICE": round(chance.gauss(40 + 9 * changed, 8), 2),
        "CALLS": int(chance.expovariate(0.4)),
        "AGE": int(min(max(chance.gauss(44 - 3 * changed, 13), 18), 95)),
        "REGION": "online" if new else chance.choice(_REGIONS),
    }


def _leaves(row: dict[str, Any], changed: float) -> float:
    """Return how likely it is that a customer leaves: for want of tenure at first, for the price at last."""
    tenure, price = (row["TENURE"] - 36) / 12, (row["PRICE"] - 40) / 8
    return 1 / (1 + exp(0.4 + 1.8 * tenure * (1 - 0.9 * changed) - 1.9 * (price - 0.9) * changed))
