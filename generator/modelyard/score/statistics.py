"""Counts, rates and latencies of a run, in constant memory."""

import math
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

_STEPS: Final = 40  # buckets per factor e: a percentile is exact to 2.5 percent


@dataclass(slots=True)
class Measures:
    """What has happened so far. total: rows of the input, None if it cannot be known; before: by an earlier run."""

    total: int | None = None
    before: int = 0
    scored: int = 0
    failed: int = 0
    calls: int = 0
    retries: int = 0
    began: float = field(default_factory=time.monotonic)
    _latencies: Counter[int] = field(default_factory=Counter)
    _slowest: float = 0.0

    @property
    def done(self) -> int:
        """Rows that are in the output."""
        return self.scored + self.failed

    @property
    def seconds(self) -> float:
        """Time since the run began."""
        return max(time.monotonic() - self.began, 1e-6)

    @property
    def rate(self) -> float:
        """Rows per second of this run."""
        return (self.done - self.before) / self.seconds

    def forget(self) -> None:
        """Begin anew with calls and time: what came before was no scoring."""
        self.calls = self.retries = 0
        self.began = time.monotonic()
        self._latencies.clear()
        self._slowest = 0.0

    def call(self, seconds: float) -> None:
        """Count an answer."""
        self.calls += 1
        self._slowest = max(self._slowest, seconds)
        self._latencies[round(math.log(max(seconds, 1e-6)) * _STEPS)] += 1

    def latency(self, percent: float) -> float:
        """Return the latency in seconds that this percentage of the calls did not exceed."""
        wanted = self.calls * percent / 100
        seen = 0
        for bucket, count in sorted(self._latencies.items()):
            seen += count
            if seen >= wanted:
                return min(math.exp(bucket / _STEPS), self._slowest)
        return 0.0

    def line(self) -> str:
        """Return the progress in one line of less than 80 columns."""
        of = f" of {self.total:,}" if self.total is not None else ""
        left = ""
        if self.total is not None and self.rate > 0 and self.total > self.done:
            left = f", {_time((self.total - self.done) / self.rate)} left"
        errors = f", {self.failed:,} with an error" if self.failed else ""
        return f"{self.done:,}{of} rows, {self.rate:,.0f}/s{left}{errors}"

    def summary(self) -> str:
        """Return what a run says at its end."""
        resumed = f" ({self.before:,} of them before)" if self.before else ""
        first = (
            f"scored {self.scored:,} rows{resumed} in {_time(self.seconds)} ({self.rate:,.0f}/s), "
            f"{self.failed:,} with an error, {self.retries:,} retries"
        )
        if not self.calls:
            return first
        percentiles = ", ".join(f"p{percent} {_time(self.latency(percent))}" for percent in (50, 95, 99))
        return f"{first}\nlatency of {self.calls:,} calls: {percentiles}, max {_time(self._slowest)}"


def _time(seconds: float) -> str:
    if seconds < 1:
        return f"{seconds * 1000:.1f} ms"
    if seconds < 100:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s"
