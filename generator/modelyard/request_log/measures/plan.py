"""What is to be measured, and what comes of it."""

from datetime import datetime
from typing import Final, NamedTuple

from modelyard.models.request_log import Metric

# Those of which more is worse.
RISING: Final = frozenset(["mae", "rmse", "psi"])
NUMERIC: Final = frozenset(["mae", "rmse"])


class Span(NamedTuple):
    """From when until when; the end is not part of it."""

    since: datetime
    until: datetime


class Version(NamedTuple):
    """Who answered: a variant, and its image as the log has it."""

    variant: str | None
    image: str | None


class Plan(NamedTuple):
    """What is measured of a model.

    champion: its variant, None where it has none. variants: all that it has now. target: what outcomes are called.
    judged: the window of what needs outcomes. seen: that of all else. left_out: columns whose values are ids or hashes,
    in lower case. files: the folder that has the log, where that is in no database.
    """

    table: str
    model: str
    champion: str | None
    variants: tuple[str | None, ...]
    score: str | None
    target: str | None
    metric: Metric | None
    threshold: float | None
    min_rows: int
    judged: Span
    seen: Span
    baseline: Span | None
    left_out: frozenset[str]
    files: str | None = None


class Measure(NamedTuple):
    """One number. detail: an input, a bin, or another version's name. note: why it has no value, or no weight.

    low, high: of its interval of 95 %. alert: whether it is beyond the threshold; None where none is held against it.
    """

    measure: str
    version: Version | None
    span: Span
    value: float | None
    rows: int
    detail: str | None = None
    low: float | None = None
    high: float | None = None
    note: str | None = None
    alert: bool | None = None
