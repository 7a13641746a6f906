"""The tables of the log in PostgreSQL 14, 15 and 18: made once, kept, and open to nobody more than needed."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import psycopg
import pytest

from modelyard.request_log.database import tables
from modelyard.request_log.database.batches import Batches
from modelyard.request_log.database.connecting import connect
from modelyard.request_log.rows import Row
from tests.support.postgres import Server

TABLE: Final = "scoring_log"
NOW = datetime.now(UTC)  # of each test: see _today


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each test have the day that the database has, also in a run that goes over midnight."""
    monkeypatch.setitem(globals(), "NOW", datetime.now(UTC))


@pytest.fixture
def uri(each_server: Server) -> str:
    """Return the address of a database with the tables."""
    found = each_server.uri(each_server.database())
    with closing(connect(found)) as connection:
        tables.migrate(connection, TABLE, 90)
    return found


@pytest.fixture
def owner(uri: str) -> Iterator[psycopg.Connection]:
    """Return a connection of who owns the tables."""
    with closing(connect(uri)) as connection:
        yield connection


def micros(at: datetime) -> int:
    return round(at.timestamp() * 1_000_000)


def row(identity: str, number: int = 0, at: datetime | None = None, **fields: Any) -> Row:
    made = Row(identity, number, micros(at or NOW), identity, "/churn", 200, 1500, '{"X":1}', '{"P":0.5}', 0.5)
    return made._replace(**fields)


def count(connection: psycopg.Connection, query: str = f"select count(*) from {TABLE}") -> int:
    found = connection.execute(query.encode()).fetchone()
    assert found is not None
    return int(found[0])


def batches() -> Batches:
    return Batches(TABLE, "churn", "champion", "sha256:0")


def test_a_second_migration_changes_nothing(owner: psycopg.Connection) -> None:
    assert tables.migrate(owner, TABLE, 90) == []
    assert tables.version(owner, TABLE) == tables.NEWEST
    assert tables.upkeep(owner, TABLE) == 0


@pytest.mark.parametrize("rows", [1, 7, 500])
def test_a_batch_that_is_sent_again_adds_nothing(owner: psycopg.Connection, rows: int) -> None:
    made = [row("call", i) for i in range(rows)]
    assert batches().write(owner, made) == rows
    assert batches().write(owner, made) == 0
    assert batches().write(owner, [*made, row("other")]) == 1  # one that is there does not fail the others
    assert count(owner) == rows + 1


def test_a_row_holds_what_was_scored(owner: psycopg.Connection) -> None:
    batches().write(owner, [row("a", inputs='{"X": [1, "ä", null]}', outputs=None, score=None, status=500)])
    found = owner.execute(
        "select id, row, at, key, model, variant, image, path, status, latency, inputs, outputs, score from scoring_log"
    ).fetchone()
    assert found is not None
    assert found[:2] == ("a", 0)
    assert abs(found[2] - NOW) < timedelta(microseconds=2)
    assert found[3:] == ("a", "churn", "champion", "sha256:0", "/churn", 500, 1.5, {"X": [1, "ä", None]}, None, None)


def test_days_have_partitions_and_no_row_is_without_one(owner: psycopg.Connection) -> None:
    days = [NOW - timedelta(days=1), NOW, NOW + timedelta(days=tables.AHEAD), NOW + timedelta(days=400)]
    batches().write(owner, [row(str(i), at=day) for i, day in enumerate(days)])
    assert count(owner) == len(days)
    assert count(owner, f"select count(*) from {TABLE}_default") == 1


def test_rows_of_the_default_partition_move_when_their_day_gets_one(owner: psycopg.Connection) -> None:
    owner.execute(f"drop table {TABLE}_{NOW:%Y%m%d}".encode())
    batches().write(owner, [row("a"), row("b", at=NOW + timedelta(days=400))])
    assert count(owner, f"select count(*) from {TABLE}_default") == 2
    assert tables.upkeep(owner, TABLE) == 1
    assert count(owner, f"select count(*) from {TABLE}_default") == 1
    assert count(owner, f"select count(*) from {TABLE}_{NOW:%Y%m%d}") == 1
    assert batches().write(owner, [row("a")]) == 0  # it is still the same row


def test_a_day_gets_its_partition_while_rows_of_it_come(owner: psycopg.Connection, uri: str) -> None:
    owner.execute(f"drop table {TABLE}_{NOW:%Y%m%d}".encode())
    batches().write(owner, [row("a")])
    with closing(connect(uri)) as other:
        other.execute("begin")
        batches().write(other, [row("b")])
        later = threading.Timer(0.5, lambda: other.execute("commit"))
        later.start()
        assert tables.upkeep(owner, TABLE) == 1
        later.join()
    assert count(owner, f"select count(*) from {TABLE}_default") == 0
    assert count(owner, f"select count(*) from {TABLE}_{NOW:%Y%m%d}") == 2


def test_a_log_of_before_gets_the_upkeep_of_today(owner: psycopg.Connection) -> None:
    owner.execute(f"delete from {TABLE}_versions where version = {tables.NEWEST}".encode())
    owner.execute(f"create or replace function {TABLE}_upkeep() returns integer language sql as 'select -1'".encode())
    assert tables.upkeep(owner, TABLE) == -1
    assert tables.migrate(owner, TABLE, None) == [tables.NEWEST]
    assert tables.upkeep(owner, TABLE) == 0


def test_days_that_are_too_old_are_dropped(owner: psycopg.Connection) -> None:
    old = NOW - timedelta(days=100)
    owner.execute(f"create table {TABLE}_{old:%Y%m%d} partition of {TABLE} for values from ('{old:%Y-%m-%d} 00:00Z')"
                  f" to ('{old + timedelta(days=1):%Y-%m-%d} 00:00Z')".encode())  # fmt: skip
    batches().write(owner, [row("old", at=old), row("older", at=old - timedelta(days=9)), row("new")])
    assert tables.upkeep(owner, TABLE) == 1
    assert count(owner) == 1
    tables.migrate(owner, TABLE, None)
    batches().write(owner, [row("old", at=old)])
    tables.upkeep(owner, TABLE)
    assert count(owner) == 2


def test_of_inputs_and_bins_those_of_a_day_s_last_run_stay(owner: psycopg.Connection) -> None:
    midnight = NOW.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    ages = [timedelta(days=2), timedelta(days=2, hours=-1), timedelta(days=1), timedelta(days=1, hours=-1)]
    for at in (midnight - age for age in ages):
        for model, measure, detail in (("churn", "ks", None), ("churn", "psi", "AGE"), ("fraud", "psi", "AGE")):
            if model == "churn" or at == midnight - ages[0]:
                owner.execute(
                    f'insert into {TABLE}_quality ("at", model, measure, detail, since, until, "rows")'
                    " values (%s, %s, %s, %s, now(), now(), 1)",
                    [at, model, measure, detail],
                )
    owner.execute(f"drop table {TABLE}_{NOW:%Y%m%d}".encode())
    assert tables.upkeep(owner, TABLE) == 1
    found = owner.execute(f"select model, at from {TABLE}_quality where detail is not null order by 1, 2").fetchall()
    kept = [("churn", midnight - age) for age in ages[1:]]
    assert found == [*kept, ("fraud", midnight - ages[0])]
    assert count(owner, f"select count(*) from {TABLE}_quality where detail is null") == len(ages)


def test_who_writes_can_do_nothing_else(owner: psycopg.Connection, each_server: Server) -> None:
    login = f"sidecar_{each_server.port}_{owner.info.dbname}"
    owner.execute(f"create role {login} login; grant {TABLE}_writer to {login}".encode())
    with closing(connect(each_server.uri(owner.info.dbname, login))) as writer:
        assert batches().write(writer, [row("a"), row("b")]) == 2
        assert batches().write(writer, [row("b"), row("c")]) == 1
        assert tables.upkeep(writer, TABLE) == 0
        assert tables.version(writer, TABLE) == tables.NEWEST
        for denied in (
            f"select * from {TABLE}", f"select key from {TABLE}", f"update {TABLE} set score = 0",
            f"delete from {TABLE}", f"truncate {TABLE}", f"drop table {TABLE}", f"select * from {TABLE}_outcomes",
            f"insert into {TABLE}_outcomes (target, key, value) values ('a', 'b', 'c')",
            f"insert into {TABLE}_settings values ('0 days')", f"select * from {TABLE}_default",
        ):  # fmt: skip
            with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.InvalidSchemaName)):
                writer.execute(denied.encode())


def test_who_reads_can_do_nothing_else(owner: psycopg.Connection, each_server: Server) -> None:
    batches().write(owner, [row("a")])
    login = f"reader_{each_server.port}_{owner.info.dbname}"
    owner.execute(f"create role {login} login; grant {TABLE}_reader to {login}".encode())
    with closing(connect(each_server.uri(owner.info.dbname, login))) as reader:
        assert count(reader) == 1
        assert count(reader, f"select count(*) from {TABLE}_outcomes") == 0
        for denied in (
            f"insert into {TABLE} (id, row, at, key, model, status, latency) values ('a', 0, now(), '', '', 0, 0)",
            f"update {TABLE} set score = 0", f"delete from {TABLE}", f"select {TABLE}_upkeep()", f"drop table {TABLE}",
        ):  # fmt: skip
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                reader.execute(denied.encode())


def test_a_migration_beside_a_writer_fails_no_batch(uri: str, owner: psycopg.Connection) -> None:
    with closing(connect(uri)) as writer:
        for i in range(20):
            assert batches().write(writer, [row(f"a{i}")]) == 1
            assert tables.migrate(owner, TABLE, 30 + i) == []
    assert count(owner) == 20


def test_a_server_that_vanished_is_noticed_in_a_minute(owner: psycopg.Connection) -> None:
    """Ask the kernel how it looks after a connection on which nothing is on its way, as while a statement runs."""
    with socket.socket(fileno=os.dup(owner.fileno())) as own:
        idle, each, count = (
            own.getsockopt(socket.IPPROTO_TCP, option)
            for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
        )
    assert idle + each * count <= 60
