"""Distributions of numbers in bounded memory: how far two of them are apart.

A number is counted by the first 13 bits of its significand: numbers that are alike to 1 in 4,000 are one value here,
so that a million scores take the room of some thousand.
"""

import struct
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from math import isfinite, log
from typing import Final

LEAST: Final = 0.0001  # share of a bin
_SHIFT: Final = 40  # bits of a double that are not looked at: 52 of its significand, less 12
_SIGN: Final = (1 << 63) - 1
_DECILES: Final = 10


def psi(now: Sequence[int], then: Sequence[int]) -> float:
    """Return the population stability index of counts by bins."""
    total, before = sum(now), sum(then)
    shares = [(max(a / total, LEAST), max(b / before, LEAST)) for a, b in zip(now, then, strict=True)]
    return sum((a - b) * log(a / b) for a, b in shares)


class Distribution:
    """Numbers, counted; those that are not finite are in none."""

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()

    def add(self, value: float) -> None:
        """Count a number."""
        if isfinite(value):
            self._counts[_key(value)] += 1

    @property
    def count(self) -> int:
        """How many there are."""
        return self._counts.total()

    def psi(self, then: "Distribution") -> float | None:
        """Return the population stability index against an earlier one, whose deciles are the bins; None if empty."""
        if not self._counts or not then._counts:
            return None
        edges = list(then._deciles())
        return psi(self._bins(edges), then._bins(edges))

    def ks(self, then: "Distribution") -> float | None:
        """Return the largest distance of the two cumulative shares (Kolmogorov and Smirnov); None if one is empty."""
        if not self._counts or not then._counts:
            return None
        every = sorted(self._counts.keys() | then._counts.keys())
        pairs = zip(self._shares(every), then._shares(every), strict=True)
        return max(abs(one - other) for one, other in pairs)

    def _shares(self, keys: Iterable[int]) -> Iterator[float]:
        total = self.count
        return (reached / total for reached in accumulate(self._counts[each] for each in keys))

    def _deciles(self) -> Iterator[int]:
        """Yield the edges of the deciles, each once; what equals an edge is below it."""
        total, reached, last = self.count, 0, None
        wanted = iter(range(1, _DECILES))
        edge = next(wanted)
        for key, count in sorted(self._counts.items()):
            reached += count
            while edge * total <= reached * _DECILES:
                if key != last:
                    yield key
                last = key
                edge = next(wanted, 0)
                if not edge:
                    return

    def _bins(self, edges: Sequence[int]) -> list[int]:
        found = [0] * (len(edges) + 1)
        for key, count in self._counts.items():
            found[bisect_left(edges, key)] += count
        return found


def _key(value: float) -> int:
    """Return what a number is counted by, in the order of numbers (IEEE 754: the bits of positive doubles have it)."""
    bits: int = struct.unpack("<q", struct.pack("<d", value))[0]
    return bits >> _SHIFT if bits >= 0 else -((bits & _SIGN) >> _SHIFT)
