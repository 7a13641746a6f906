"""Packed and Parquet outputs are gone on with as CSV is: killed at any moment, each row is there exactly once."""

import gzip
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from modelyard.api.scoring import Options, Scored, score
from tests.score.test_resume import KILLED
from tests.support.model_server import Server, running
from tests.support.score_tables import beside, expected, read, rows, table

COUNT = 300
ENDINGS = (".csv.gz", ".csv.zst", ".parquet")


@pytest.fixture
def server() -> Iterator[Server]:
    with running(Server()) as one:
        yield one


def _codes(done: Scored) -> list[str]:
    return [each.code for each in done.problems]


def _texts(path: Path) -> list[list[str]]:
    """Return the rows of a file as CSV has them, its header first."""
    if path.suffix == ".parquet":
        found = pq.read_table(path)
        body = zip(*(column.to_pylist() for column in found.columns), strict=True)
        return [found.column_names, *(["" if cell is None else str(cell) for cell in row] for row in body)]
    content = path.read_bytes()
    plain = path.with_name("unpacked.csv")
    whole = (
        gzip.decompress(content) if path.suffix == ".gz" else zstandard.ZstdDecompressor().stream_reader(content).read()
    )
    plain.write_bytes(whole)
    return read(plain)


@pytest.mark.slow
@pytest.mark.parametrize("ending", ENDINGS)
def test_a_kill_at_each_change_of_a_file_loses_and_doubles_nothing(server: Server, tmp_path: Path, ending: str) -> None:
    server.delay = 0.004  # so that there is more than one checkpoint
    body = rows(COUNT)
    for row in body[::3]:
        row[1] = "?"
    source = table(tmp_path / "in.csv", body)
    whole = expected(row for row in body if row[1] != "?")
    failed = [
        [str(i), str(2 * i), *row, "column LOAN: '?' is not a number"] for i, row in enumerate(body, 1) if row[1] == "?"
    ]
    output, beside_it = tmp_path / f"out{ending}", tmp_path / f"out.errors{ending}"
    output.write_text("old")
    kills = 0
    for at in range(80):  # each run goes on from the last; one call further at every kill, they all come by
        command = [sys.executable, "-c", KILLED, server.url(), str(source), str(output), str(at)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL, done.stderr
        if output.read_bytes() != b"old":
            assert _texts(output) == whole
        if beside_it.exists():
            assert _texts(beside_it)[1:] == failed
        kills += 1
    assert kills >= 10
    assert _codes(score(server.url(), source, output, resume=True)) == ["MY808"]
    assert _texts(output) == whole
    assert _texts(beside_it)[1:] == failed
    assert beside(output) == []


def _begun(server: Server, source: Path, output: Path) -> None:
    """Leave an unfinished run behind: the server goes down in its middle."""

    async def down(_server: Server, writer: object, number: int) -> bool:
        if number > COUNT // 2:
            writer.transport.abort()  # type: ignore[attr-defined]
        return number > COUNT // 2

    server.fault = down
    assert _codes(score(server.url(), source, output, options=Options(retries=0, on_error="stop"))) == ["MY807"]
    server.fault = None


@pytest.mark.parametrize("cut", [0, 1, 2])
@pytest.mark.parametrize("ending", ENDINGS)
def test_a_part_that_was_cut_anywhere_is_gone_on_with(
    server: Server, tmp_path: Path, ending: str, cut: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("modelyard.score.engine._TICK", 0.005)
    server.delay = 0.002
    source, output = table(tmp_path / "in.csv", rows(COUNT)), tmp_path / f"out{ending}"
    _begun(server, source, output)
    part = tmp_path / f".out{ending}.modelyard-part"
    content = part.read_bytes()
    part.write_bytes([content + b"\x1f\x8b half of a member", content[: len(content) * 2 // 3], content[:20]][cut])
    (tmp_path / f".out{ending}.modelyard-whole").write_bytes(b"what a kill left")
    assert _codes(score(server.url(), source, output)) == ["MY810"] * (cut != 2)
    done = score(server.url(), source, output, resume=True)
    assert done.problems == []
    assert _texts(output) == expected(rows(COUNT))
    assert beside(output) == []
    assert done.measures is not None
    assert (done.measures.before > 0) is (cut != 2)


def test_resume_refuses_an_input_of_other_types(server: Server, tmp_path: Path) -> None:
    loans = list(range(COUNT))
    columns = {"VALUE": pa.array([1.5] * COUNT), "JOB": pa.array(["x"] * COUNT)}
    source = tmp_path / "in.parquet"
    pq.write_table(pa.table({"LOAN": pa.array(loans, pa.int32()), **columns}), source)
    _begun(server, source, tmp_path / "out.parquet")
    pq.write_table(pa.table({"LOAN": pa.array(loans, pa.int64()), **columns}), tmp_path / "other.parquet")
    done = score(server.url(), tmp_path / "other.parquet", tmp_path / "out.parquet", resume=True)
    assert [each.message.rpartition(": ")[2] for each in done.problems] == ["types differ"]
    done = score(server.url(), source, tmp_path / "out.parquet", options=Options(decimal=","), resume=True)
    assert [each.message.rpartition(": ")[2] for each in done.problems] == ["options differ"]
    assert score(server.url(), source, tmp_path / "out.parquet", resume=True).problems == []
    found = pq.read_table(tmp_path / "out.parquet")
    assert found["LOAN"].type == pa.int32()
    assert found["LOAN"].to_pylist() == loans
    assert found["P_BAD"].to_pylist() == [loan * 2 + 0.5 for loan in loans]


def test_resume_takes_another_name_of_the_same_encoding(server: Server, tmp_path: Path) -> None:
    source, output = table(tmp_path / "in.csv", rows(COUNT)), tmp_path / "out.csv"
    _begun(server, source, output)
    done = score(server.url(), source, output, options=Options(encoding="latin-1"), resume=True)
    assert [each.message.rpartition(": ")[2] for each in done.problems] == ["options differ"]
    assert score(server.url(), source, output, options=Options(encoding="UTF8"), resume=True).problems == []


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_full_disk_at_the_end_is_a_problem_and_resume_ends_it(
    server: Server, tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, output = table(tmp_path / "in.csv", rows(30)), tmp_path / f"out{ending}"

    def full(_fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    done = score(server.url(), source, output)
    assert _codes(done) == ["MY809"]
    assert "No space left on device" in done.problems[0].message
    assert not output.exists()
    monkeypatch.undo()
    posts = server.posts
    assert score(server.url(), source, output, resume=True).problems == []
    assert server.posts == posts
    assert _texts(output) == expected(rows(30))
    assert beside(output) == []
