"""A sidecar's log in files: where they lie, what is in them, and what becomes of rows that cannot be written."""

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from modelyard.request_log.counters import Count, Counters
from modelyard.request_log.files.folder import Folder, Unreachable
from modelyard.request_log.records import packed
from modelyard.request_log.sidecar import to_files
from modelyard.request_log.sidecar.destinations import Parent
from modelyard.request_log.sidecar.settings import Settings
from modelyard.request_log.sidecar.to_files import Files
from modelyard.request_log.spool import Reader, Writer
from tests.support import log_files, request_log, scr_stub
from tests.support.request_log import TABLE, call, sidecar

CANARY = "canary-91cc"
_DAY = 86_400_000_000
_MIDNIGHT = int(datetime(2026, 11, 2, tzinfo=UTC).timestamp() * 1e6)


@pytest.fixture(scope="module")
def model() -> Iterator[int]:
    port = request_log.free_port()
    with scr_stub.running(port):
        yield port


def until(found: Callable[[], object], seconds: float = 30.0) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_rows_are_in_a_file_of_their_model_and_day(model: int, tmp_path: Path) -> None:
    log, options = tmp_path / "log", ("--id=CUSTOMER", "--drop=NAME", "--hash=CUSTOMER", "--variant=v1")
    (tmp_path / "spool").mkdir()
    key = {"MODELYARD_HASH_KEY": "k"}
    with sidecar(model, "", tmp_path / "spool", f"--files={log}", "--every=1s", *options, **key) as made:
        body = {"data": {"CUSTOMER": 4711, "NAME": CANARY, "X": 1.5}}
        assert call(made.port, body=json.dumps(body).encode(), X_Request_Id="one")[0] == 200
        until(lambda: log_files.held(log))
        (path,) = log_files.held(log)
        said = made.end()
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    assert re.fullmatch(rf"{TABLE}/model=credit-risk/day={today}/[0-9a-f]{{16}}-0{{19}}1\.parquet", path)
    (row,) = log_files.read(log / TABLE).to_pylist()
    assert (row["id"], row["row"], row["model"], row["variant"], row["status"]) == ("one", 0, "credit-risk", "v1", 200)
    assert (row["image"], row["score"]) == (None, None)
    inputs = json.loads(row["inputs"])
    assert inputs == {"CUSTOMER": row["key"], "X": 1.5}
    assert re.fullmatch(r"[0-9a-f]{32}", row["key"])
    assert abs((datetime.now(UTC) - row["at"]).total_seconds()) < 60
    assert 0 < row["latency"] < 60_000
    assert CANARY not in said
    assert list((tmp_path / "spool").glob("*.parquet")) == []


def test_what_waits_is_uploaded_at_the_end(model: int, tmp_path: Path) -> None:
    log = tmp_path / "log"
    (tmp_path / "spool").mkdir()
    with sidecar(model, "", tmp_path / "spool", f"--files={log}") as made:
        for _ in range(3):
            call(made.port, body=b'{"data":{"X":1}}')
        assert log_files.held(log) == []
        made.end()
        assert made.process.returncode == 0
    assert log_files.read(log / TABLE).num_rows == 3


def test_a_folder_that_takes_nothing_is_said_once_and_calls_go_on(model: int, tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("a file in its place")
    (tmp_path / "spool").mkdir()
    with sidecar(model, "", tmp_path / "spool", f"--files={log}", "--every=1s") as made:
        assert call(made.port, body=b'{"data":{"NAME":"%b"}}' % CANARY.encode())[0] == 200
        until(lambda: made.metric("failed_batches_total") > 2)
        assert made.metric("database_up") == 0
        log.unlink()
        until(lambda: made.metric("database_up") == 1)
        assert made.metric("rows_total") == 1
        said = made.end()
    assert said.count("the bucket does not take the log") == 1
    assert said.count("the bucket takes the log again") == 1
    assert CANARY not in said


def spooled(folder: Path, calls: list[tuple[int, str]]) -> None:
    """Write calls into a spool: when each began, in microseconds, and its id; the first has the number 1."""
    counters = Counters(folder)
    writer = Writer(folder, 1 << 30, counters)
    for number, (at, identity) in enumerate(calls, counters[Count.TAKEN] + 1):
        texts = (identity, "/credit_risk", "application/json", "", "application/json", "")
        counters[Count.TAKEN] = number
        writer.write(number, [packed(number, at, 1000, 200, texts, [b'{"data":{"X":1}}'], [b'{"data":{"P":0.5}}'])])
    writer.close()
    counters.close()


def shipped(spool: Path, log: Path) -> None:
    """Ship what is in a spool, and end."""
    settings = Settings("", 1, 1, 1, 0, 0, 0, spool, 1, "", TABLE, "credit-risk", score="P", files=str(log))
    with closing(Counters(spool)) as counters, closing(Reader(spool, counters)) as reader:
        to = Files(settings, counters, reader, Parent())
        while found := reader.take(2, 1 << 20):
            to.take(found)
        to.end()


def test_rows_of_two_days_are_in_two_files(tmp_path: Path) -> None:
    spool, log = tmp_path / "spool", tmp_path / "log"
    spool.mkdir()
    spooled(spool, [(_MIDNIGHT - 1, "a"), (_MIDNIGHT, "b"), (_MIDNIGHT - 1, "c"), (_MIDNIGHT + _DAY, "d")])
    shipped(spool, log)
    found = {(row["id"], row["day"]) for row in log_files.read(log / TABLE).to_pylist()}
    assert found == {("a", "2026-11-01"), ("b", "2026-11-02"), ("c", "2026-11-01"), ("d", "2026-11-03")}
    names = [each.rpartition("-")[2] for each in log_files.held(log)]
    assert names == [f"{number:020d}.parquet" for number in (1, 2, 4)]


@pytest.mark.parametrize("first", range(1, 6))
@pytest.mark.parametrize("again", range(1, 6))
def test_a_batch_that_is_uploaded_again_replaces_itself(tmp_path: Path, first: int, again: int) -> None:
    """Killed between the upload and the word to the spool, whatever the batches are then."""
    spool, log = tmp_path / "spool", tmp_path / "log"
    spool.mkdir()
    every = [(_MIDNIGHT - 1, "a"), (_MIDNIGHT, "b"), (_MIDNIGHT - 1, "c"), (_MIDNIGHT, "d"), (_MIDNIGHT, "e")]
    spooled(spool, every[:first])
    kept = {each.name: each.read_bytes() for each in spool.glob("*.log")}
    shipped(spool, log)
    for name, content in kept.items():
        (spool / name).write_bytes(content)
    counters = Counters(spool)
    counters[Count.SHIPPED] = 0
    counters.close()
    if again < first:  # the second begins with fewer calls than the first had
        segment = sorted(spool.glob("*.log"))
        for each in segment[again:]:
            each.rename(each.with_suffix(".away"))
        shipped(spool, log)
        for each in spool.glob("*.away"):
            each.rename(each.with_suffix(".log"))
    spooled(spool, every[first:])
    shipped(spool, log)
    assert sorted(log_files.read(log / TABLE).column("id").to_pylist()) == ["a", "b", "c", "d", "e"]


def test_a_row_group_is_compressed_and_has_statistics_of_its_time(tmp_path: Path) -> None:
    spool, log = tmp_path / "spool", tmp_path / "log"
    spool.mkdir()
    spooled(spool, [(_MIDNIGHT + i, f"r{i}") for i in range(100)])
    shipped(spool, log)
    (path,) = log_files.held(log)
    group = pq.ParquetFile(log / path).metadata.row_group(0)
    columns = {group.column(i).path_in_schema: group.column(i) for i in range(group.num_columns)}
    assert group.num_rows == 100
    assert {each.compression for each in columns.values()} == {"ZSTD"}
    assert columns["at"].statistics.min == datetime(2026, 11, 2, tzinfo=UTC)
    assert "model" not in columns


def test_a_login_that_has_ended_is_read_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a bucket's client have a login that has ended: only another client has the new one."""
    spool, log = tmp_path / "spool", tmp_path / "log"
    spool.mkdir()
    spooled(spool, [(_MIDNIGHT, "a")])
    made: list[Folder] = []

    class Client(Folder):
        def __init__(self, address: str) -> None:
            super().__init__(address)
            made.append(self)

        def put(self, source: Path, path: str) -> None:
            if self is made[0]:
                raise Unreachable(OSError("AWS Error EXPIRED_TOKEN"))
            super().put(source, path)

    class Begun(Parent):
        def listen(self, seconds: float) -> None:  # noqa: ARG002 - nobody waits here
            self.gone = len(made) > 2 or self.ending
            self.ending = True

    monkeypatch.setattr(to_files, "Folder", Client)
    settings = Settings("", 1, 1, 1, 0, 0, 0, spool, 1, "", TABLE, "credit-risk", score="P", files=str(log))
    with closing(Counters(spool)) as counters, closing(Reader(spool, counters)) as reader:
        to = Files(settings, counters, reader, Begun())
        to.take(reader.take(2, 1 << 20))
        to.end()
    assert log_files.read(log / TABLE).num_rows == 1
