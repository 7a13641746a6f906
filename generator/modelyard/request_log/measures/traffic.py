"""What calls were like: how many, how long they took, and how many failed."""

from collections.abc import Iterator, Sequence
from typing import Final

from psycopg import Cursor, sql

from modelyard.request_log.dialect import percentiles
from modelyard.request_log.measures.plan import Measure, Plan, Version
from modelyard.request_log.measures.versions import numbers, part, within

_SHARES: Final = (("50", 0.5), ("95", 0.95), ("99", 0.99))
# Latency and status are those of a call, which its first row has.
_TRAFFIC: Final = sql.SQL(
    'select part, count(*) as "rows", count(*) filter (where "row" = 0) as calls,'
    ' count(*) filter (where "row" = 0 and status >= 500) as failed,'
    ' count(*) filter (where "row" = 0 and status between 400 and 498) as refused,'
    " {latency} as latency"
    ' from (select {part} as part, "row", status, latency from {log} where {rows}) x group by part'
)


def traffic(cursor: Cursor, plan: Plan, found: Sequence[Version]) -> Iterator[Measure]:
    """Yield calls, rows, latencies in milliseconds, and the shares of calls that failed (5xx) or were refused (4xx)."""
    query = _TRAFFIC.format(
        latency=percentiles([share for _, share in _SHARES], "latency", '"row" = 0'),
        part=part(found), log=sql.Identifier(plan.table),
        rows=within(plan, plan.seen),
    )  # fmt: skip
    for number, row in numbers(cursor, query).items():
        calls = int(row["calls"])
        named = {"calls": calls, "rows": row["rows"]}
        if calls:
            named |= {"error_rate": row["failed"] / calls, "refused_rate": row["refused"] / calls}
            named |= {f"latency_p{name}": ms for (name, _), ms in zip(_SHARES, row["latency"], strict=True)}
        for name, value in named.items():
            yield Measure(name, found[number], plan.seen, float(value), calls)
