"""DuckDB reads a log in files whole, however many of its threads are at one file."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from modelyard.request_log.files import layout, opened
from modelyard.request_log.files.folder import Folder
from modelyard.request_log.files.part import Part
from modelyard.request_log.rows import Row
from tests.support.request_log import TABLE

_AT = 1_790_000_000_000_000
_LONG = "x" * 200


def test_threads_that_share_a_file_read_each_its_own_place(tmp_path: Path) -> None:
    place = tmp_path / layout.place(TABLE, "churn", layout.day(_AT), 1, 1)
    place.parent.mkdir(parents=True)
    part = Part(place.parent, "day", 1)
    for k in range(60):
        made = [
            Row(
                f"{k}-{i}",
                0,
                _AT + k * 10_000 + i,
                f"k{i}",
                "/",
                200,
                1000,
                f'{{"a":{i},"b":"{"x" * 200}"}}',
                "{}",
                0.5,
            )
            for i in range(2000)
        ]
        part.add(layout.batch(made, None, None))
    part.end()
    part.path.rename(place)
    length = 60 * sum(len(made[i].inputs or "") for i in range(2000))
    rows = f"from {TABLE} where \"at\" > '2026-01-01' and inputs is not null"
    for _ in range(12):
        with opened.opened(str(tmp_path), TABLE) as log:
            log.own.execute("set threads = 4")
            for _ in range(3):
                assert log.execute(f"select sum(length(inputs)) {rows}").fetchone() == (length,)
                assert len(log.execute(f"select key {rows} limit 5000").fetchall()) == 5000
                assert log.execute(f"select count(*), sum(score) {rows}").fetchone() == (120_000, 60_000.0)


@pytest.mark.parametrize("days", [3, 99, 100, 3000])
def test_files_of_a_time_are_those_of_its_days_however_long_it_is(tmp_path: Path, days: int) -> None:
    until = datetime(2026, 12, 1, 6, tzinfo=UTC)
    ages = [0, 1, days, days + 1, -1]
    for age in ages:
        place = tmp_path / layout.place(TABLE, "churn", f"{until - timedelta(days=age):%Y-%m-%d}", 1, 1)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()
    part = opened.Part("churn", until - timedelta(days=days), until)
    found = opened.files(Folder(str(tmp_path)), TABLE, [part, part])
    assert [each.split("/")[2][4:] for each in found] == [
        f"{until - timedelta(days=age):%Y-%m-%d}" for age in (days, 1, 0)
    ]
