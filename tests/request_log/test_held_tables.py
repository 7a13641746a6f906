"""Rows reach the log while a reader holds it for long: a backup, a notebook, a psql that was left open."""

import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import psycopg
import pytest

from modelyard.request_log.counters import Counters
from modelyard.request_log.database import tables
from modelyard.request_log.database.connecting import connect
from modelyard.request_log.sidecar import to_database
from modelyard.request_log.sidecar.destinations import Parent
from modelyard.request_log.sidecar.settings import Settings
from modelyard.request_log.spool import Reader
from tests.support import request_log, scr_stub
from tests.support.postgres import Server
from tests.support.request_log import TABLE, sidecar

OLD: Final = f"{datetime.now(UTC) - timedelta(days=100):%Y%m%d}"
LAST: Final = f"{datetime.now(UTC) + timedelta(days=tables.AHEAD):%Y%m%d}"


@pytest.fixture(scope="module")
def model() -> Iterator[int]:
    """Run a stand-in for a model, and return its port."""
    port = request_log.free_port()
    with scr_stub.running(port):
        yield port


@pytest.fixture
def due(server: Server) -> str:
    """Return the address of a log of which a day is to be made, and another one to be dropped."""
    uri = server.uri(server.database())
    with closing(connect(uri)) as owner:
        tables.migrate(owner, TABLE, 90)
        owner.execute(f"drop table {TABLE}_{LAST}".encode())
        owner.execute(
            f"create table {TABLE}_{OLD} partition of {TABLE} for values from ('{OLD} 00:00Z')"
            f" to ('{OLD} 23:00Z')".encode()
        )
    return uri


def days(connection: psycopg.Connection) -> list[str]:
    found = connection.execute(
        "select to_regclass(%s)::text, to_regclass(%s)::text", names := [f"{TABLE}_{OLD}", f"{TABLE}_{LAST}"]
    )
    return [name for name, each in zip(names, found.fetchone() or (), strict=True) if each]


class Clock:
    """A clock that goes on when it is told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        """Return the seconds."""
        return self.now


def test_rows_are_logged_while_a_reader_holds_the_log(due: str, model: int, tmp_path: Path) -> None:
    with closing(connect(due)) as reader, reader.transaction():
        reader.execute(f"select count(*) from {TABLE}".encode())
        with sidecar(model, due, tmp_path) as made:
            assert request_log.call(made.port)[0] == 200
            assert made.rows(1, 15) == 1
            said = made.end()
    assert "the upkeep of the log waits: LockNotAvailable (SQLSTATE 55P03)" in said


def test_the_upkeep_is_done_when_the_reader_has_gone(
    due: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = Clock()
    monkeypatch.setattr(to_database, "time", clock)
    settings = Settings("", 0, 0, 0, 0, 0, 0, tmp_path, 1 << 20, due, TABLE, "churn")
    with closing(Counters(tmp_path)) as counters, closing(connect(due)) as reader, closing(connect(due)) as writer:
        monkeypatch.setattr(to_database, "connect", lambda _: writer)
        own = to_database.Database(settings, counters, Reader(tmp_path, counters), Parent())
        with reader.transaction():
            reader.execute(f"select count(*) from {TABLE}".encode())
            own.tend()
        assert days(reader) == [f"{TABLE}_{OLD}"]
        clock.now += 299
        own.tend()
        assert days(reader) == [f"{TABLE}_{OLD}"]
        clock.now += 1
        own.tend()
        assert days(reader) == [f"{TABLE}_{LAST}"]
    assert capsys.readouterr().err.splitlines() == [
        "the upkeep of the log waits: LockNotAvailable (SQLSTATE 55P03); rows are logged meanwhile",
        "the upkeep of the log is done again",
    ]


def test_days_come_and_go_without_a_call(due: str, model: int, tmp_path: Path) -> None:
    with sidecar(model, due, tmp_path), closing(connect(due)) as reader:
        deadline = time.monotonic() + 30
        while days(reader) != [f"{TABLE}_{LAST}"]:
            assert time.monotonic() < deadline
            time.sleep(0.1)
