"""A million rows, with 5 numeric and 2 text inputs: the server takes seconds, and the client no memory."""

import resource
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import psycopg
import pytest

from modelyard.request_log.database.connecting import connect
from modelyard.request_log.measures import quality
from modelyard.request_log.measures.plan import Span, Version
from tests.support import request_log, windows
from tests.support.postgres import Server
from tests.support.windows import DAY, NOW, plan

pytestmark = pytest.mark.slow
ROWS: Final = 1_000_000
_TICKS: Final = 100.0  # of the kernel in a second, USER_HZ
_FILL: Final = """
insert into scoring_log (id, "row", at, key, model, image, status, latency, inputs, outputs, score)
select i::text, 0, timestamptz '{at:%Y-%m-%d}' + i * interval '0.1 s', '{key}' || i, 'churn', 'sha256:1', 200,
 random() * 10, jsonb_build_object('A', random(), 'B', round(random()::numeric * 100, 1), 'C', random() * {by},
 'D', (random() * 10)::int, 'E', random(), 'F', 'city' || (random() * 20)::int, 'G', chr(97 + (random() * 2)::int)),
 '{{}}', random() from generate_series(1, {rows}) i
"""


@pytest.fixture(scope="module")
def uri(server: Server) -> Iterator[str]:
    """Return the address of a log with a baseline and a window of a million rows each."""
    found = request_log.migrated(server)
    with closing(connect(found, statement=0)) as connection:
        for at, key, by in ((NOW - 30 * DAY, "b", 1.0), (NOW - 3 * DAY, "w", 1.5)):
            connection.execute(_FILL.format(at=at, key=key, by=by, rows=ROWS).encode())
        true = "select 'FAILURE', key, '', (score + random() > 1)::int from scoring_log where key like 'w%'"
        connection.execute(f"insert into scoring_log_outcomes {true}".encode())
        connection.execute("analyze")
    yield found
    windows.clear(found)


def seconds(connection: psycopg.Connection) -> float:
    """Return the processor's seconds that a connection's server has taken: other programs take no part of them."""
    fields = Path(f"/proc/{connection.info.backend_pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / _TICKS


@pytest.mark.parametrize(("scores", "most"), [("round(score::numeric, 3)::float8", 0.5), ("score", 4.0)])
def test_a_million_rows_are_ranked_in_half_a_second_where_scores_are_tied(uri: str, scores: str, most: float) -> None:
    with closing(connect(uri, statement=0)) as connection, connection.transaction(), connection.cursor() as cursor:
        cursor.execute("set local max_parallel_workers_per_gather = 0")
        quality.Judged(cursor, plan(), [Version(None, "sha256:1")])
        cursor.execute(f"update judged set score = {scores}; analyze judged".encode())
        taken = []
        for _ in range(3):
            before = seconds(connection)
            cursor.execute(quality.ranked(0, 500_000, 500_000))
            taken.append(seconds(connection) - before)
    assert min(taken) <= most


def test_all_measures_of_a_million_rows_take_little_of_the_client(uri: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    own = plan(baseline=Span(NOW - 31 * DAY, NOW - 20 * DAY), min_rows=500)
    began = time.monotonic()
    first = windows.measure(uri, own)
    again = time.monotonic()
    second = windows.measure(uri, own)
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) < 20 * 1024  # KiB
    assert time.monotonic() - again < again - began, "the baseline is kept"
    assert time.monotonic() - again < 60
    assert first.one("calls").value == ROWS
    assert second.one("auc").rows == ROWS
    drifted = {each.detail: each.value for each in second if each.measure == "psi"}
    assert len(drifted) == 8  # the score, and 7 inputs
    assert max(drifted, key=lambda each: drifted[each] or 0) == "C"
