"""What became true against what was scored: measures of a version that need outcomes.

Scores are grouped before they are summed up, for sums row by row are wrong where scores are tied. KS is the largest
distance of the two classes' distributions, as scipy.stats.ks_2samp has it; AUC counts ties as half (Mann and Whitney),
and has the variance of E. R. DeLong, D. M. DeLong and D. L. Clarke-Pearson, Biometrics 44 (1988), 837-845.
"""

from collections.abc import Iterator, Sequence
from math import sqrt
from typing import Any, Final

from psycopg import Cursor, sql

from modelyard.request_log.dialect import ON_COMMIT
from modelyard.request_log.measures.plan import NUMERIC, Measure, Plan, Version
from modelyard.request_log.measures.versions import numbers, part, within

Z: Final = 1.959963984540054  # of 95 %
BINS: Final = 10  # of calibration: as wide as each other, from 0 to 1
_JUDGED: Final = sql.SQL(
    "create temporary table judged{on_commit} as"
    " select {part} as part, score, o.number as y, case when abs(score - o.number) < 1e-150 then 0"
    " else score - o.number end as miss from {log} l join {outcomes} o on o.target = {target} and o.key = l.key"
    # NaN sorts behind all numbers; what is beyond these has no square.
    " where {rows} and status between 200 and 299 and score between -1e100 and 1e100"
    " and o.number between -1e100 and 1e100"
)
_SIMPLE: Final = sql.SQL(
    "select part, count(*) as n, count(*) filter (where y = 1) as positives, count(*) filter (where y = 0) as"
    " negatives, avg(miss * miss) as mse, avg(abs(miss)) as mae, var_samp(abs(miss)) as spread, var_pop(y) as variance,"
    " avg(((score >= 0.5) = (y = 1))::int)::float8 as accuracy, min(score) as lowest, max(score) as highest"
    " from judged group by part"
)
# Sums of whole numbers are exact in float8, and quicker than those of bigint; a product is quicker than power().
_RANKED: Final = sql.SQL(
    "with h as (select score, sum(y) as p, sum(1 - y) as n from judged where part = {part} group by score),"
    " c as materialized (select p, n, sum(p) over w as sp, sum(n) over w as sn"
    " from h window w as (order by score rows unbounded preceding)),"
    " t as materialized (select sum(p * (sn - n / 2)) / ({p} * {n}) as auc, max(abs(sp / {p} - sn / {n})) as ks"
    " from c),"
    " d as (select p, n, (sn - n / 2) / {n} - (select auc from t) as dp,"
    " ({p} - sp + p / 2) / {p} - (select auc from t) as dn from c)"
    " select (select auc from t), (select ks from t), sum(p * dp * dp) / nullif(({p} - 1) * {p}, 0)"
    " + sum(n * dn * dn) / nullif(({n} - 1) * {n}, 0) from d"
)
_CALIBRATION: Final = sql.SQL(
    "select part, least(floor(score * {bins})::int, {bins} - 1) as bin, count(*), avg(score), avg(y)"
    " from judged where score between 0 and 1 group by 1, 2 order by 1, 2"
)


def ranked(part: int, positives: int, negatives: int) -> sql.Composed:
    """Return the query for AUC, KS and the variance of AUC, of the rows of a part, which has so many of each class."""
    return _RANKED.format(part=sql.Literal(part), p=sql.Literal(float(positives)), n=sql.Literal(float(negatives)))


class Judged:
    """The rows of a window that have a score and an outcome, for one transaction."""

    def __init__(self, cursor: Cursor, plan: Plan, found: Sequence[Version]) -> None:
        query = _JUDGED.format(
            on_commit=ON_COMMIT, part=part(found), log=sql.Identifier(plan.table),
            outcomes=sql.Identifier(f"{plan.table}_outcomes"),
            target=sql.Literal(plan.target), rows=within(plan, plan.judged),
        )  # fmt: skip
        cursor.execute(query)
        self._cursor = cursor
        self._plan = plan
        self._found = found
        self._simple = numbers(cursor, _SIMPLE.format())
        rows = self._simple.values()
        # An outcome of 0 and 1 is an event, unless the metric takes it as a number.
        self.binary = all(row["positives"] + row["negatives"] == row["n"] for row in rows)
        self.binary = self.binary and plan.metric not in NUMERIC
        self._ranked = dict(self._rank()) if self.binary else {}

    def _rank(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield what needs the scores in their order, of each version that has both classes."""
        for number, row in self._simple.items():
            if row["positives"] and row["negatives"]:
                self._cursor.execute(ranked(number, row["positives"], row["negatives"]))
                yield number, dict(zip(("auc", "ks", "variance"), self._cursor.fetchone() or (), strict=True))

    def measures(self) -> Iterator[Measure]:
        """Yield the measures of each version."""
        for number, version in enumerate(self._found):
            row = self._simple.get(number, {"n": 0})
            if self.binary:
                yield from self._of_events(version, row, self._ranked.get(number, {}))
            else:
                yield from self._of_numbers(version, row)
        if self.binary:
            yield from self._calibration()

    def _measure(self, name: str, version: Version, row: dict[str, Any], value: float | None, note: str) -> Measure:
        """Return a measure: note says why it has no value. Without enough rows it has one, but no weight."""
        count = int(row["n"])
        if count == 0:
            note = "no row has both a score and an outcome"
        elif value is not None:
            note = f"{count} rows, fewer than {self._plan.min_rows}" if count < self._plan.min_rows else ""
        return Measure(name, version, self._plan.judged, value, count, note=note or None)

    def _of_events(self, version: Version, row: dict[str, Any], ranked: dict[str, Any]) -> Iterator[Measure]:
        class_ = next((f"no row has {self._plan.target} = {what}" for what, name in ((1, "positives"), (0, "negatives"))
                       if not row.get(name)), "")  # fmt: skip
        auc, variance = ranked.get("auc"), ranked.get("variance")
        yield self._measure("ks", version, row, ranked.get("ks"), class_)
        own = self._measure("auc", version, row, auc, class_)
        if auc is not None and variance is not None:
            own = own._replace(low=max(auc - Z * sqrt(variance), 0.0), high=min(auc + Z * sqrt(variance), 1.0))
        yield own
        yield self._measure("gini", version, row, None if auc is None else 2 * auc - 1, class_)
        sure = row["n"] and row["lowest"] >= 0 and row["highest"] <= 1
        beyond = "scores lie beyond 0 and 1, so they are no probabilities"
        yield self._measure("accuracy", version, row, row["accuracy"] if sure else None, beyond)
        yield self._measure("brier", version, row, row["mse"] if sure else None, beyond)

    def _of_numbers(self, version: Version, row: dict[str, Any]) -> Iterator[Measure]:
        mse, variance = row.get("mse"), row.get("variance")
        yield self._measure("mae", version, row, row.get("mae"), "")
        yield self._measure("rmse", version, row, None if mse is None else sqrt(mse), "")
        r2 = 1 - mse / variance if mse is not None and variance else None
        yield self._measure("r2", version, row, r2, f"{self._plan.target} is the same in all rows")

    def _calibration(self) -> Iterator[Measure]:
        """Yield what was scored and what became true, by bins of the score, and how far apart they are on average."""
        self._cursor.execute(_CALIBRATION.format(bins=sql.Literal(BINS)))
        apart: dict[int, float] = {}
        for number, at, count, scored, true in self._cursor.fetchall():
            version = self._found[number]
            detail = f"{at / BINS:.1f}-{(at + 1) / BINS:.1f}"
            yield Measure("scored", version, self._plan.judged, scored, count, detail)
            yield Measure("observed", version, self._plan.judged, true, count, detail)
            apart[number] = apart.get(number, 0.0) + count * abs(scored - true)
        for number, far in apart.items():
            row = self._simple[number]
            if row["lowest"] >= 0 and row["highest"] <= 1:
                yield self._measure("calibration_error", self._found[number], row, far / row["n"], "")

    def comparisons(self, champion: Version) -> Iterator[Measure]:
        """Yield how far each other version is from the champion, with an interval of 95 %.

        AUC, else the mean absolute error. Versions answer different calls, so the variances add up.
        """
        name, value, spread = ("auc", "auc", "variance") if self.binary else ("mae", "mae", "mean_variance")
        rows = self._ranked if self.binary else {
            number: row | {"mean_variance": row["spread"] / row["n"] if row["spread"] is not None else None}
            for number, row in self._simple.items()
        }  # fmt: skip
        own = rows.get(self._found.index(champion)) if champion in self._found else None
        for number, version in enumerate(self._found):
            if version == champion or version.variant not in self._plan.variants or own is None:
                continue
            other, count = rows.get(number, {}), int(self._simple.get(number, {"n": 0})["n"])
            if other.get(spread) is None or own.get(spread) is None:
                continue
            apart, far = other[value] - own[value], Z * sqrt(own[spread] + other[spread])
            few = f"{count} rows, fewer than {self._plan.min_rows}" if count < self._plan.min_rows else None
            against = champion.variant or champion.image
            yield Measure(
                f"{name}_difference", version, self._plan.judged, apart, count, against, apart - far, apart + far, few
            )  # fmt: skip
