"""Packed CSV files and Parquet: what goes in comes out with its types, each row exactly once."""

import gzip
import io
import os
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from modelyard.api.scoring import Options, Scored, score
from modelyard.score import formats
from modelyard.score.options import Stopped
from modelyard.score.packing import unpacked
from modelyard.score.parquet import open_parquet
from modelyard.score.part_file import errors_path
from tests.support.model_server import Server, answer, running
from tests.support.score_tables import HEADER, OUTPUTS, beside, expected, read, rows, table

ENDINGS = (".csv", ".csv.gz", ".csv.zst")


@pytest.fixture
def server() -> Iterator[Server]:
    with running(Server()) as one:
        yield one


def _codes(scored: Scored) -> list[str]:
    return [each.code for each in scored.problems]


def _packed(path: Path, content: bytes) -> Path:
    if path.suffix == ".gz":
        content = gzip.compress(content[:50]) + gzip.compress(content[50:])
    elif path.suffix == ".zst":
        packer = zstandard.ZstdCompressor(write_checksum=True)
        content = packer.compress(content[:50]) + packer.compress(content[50:])
    path.write_bytes(content)
    return path


def _unpacked(path: Path) -> bytes:
    content = path.read_bytes()
    if path.suffix == ".gz":
        return gzip.decompress(content)
    if path.suffix == ".zst":
        frame = zstandard.ZstdDecompressor().decompressobj()
        found = frame.decompress(content)
        assert frame.eof
        assert not frame.unused_data  # one frame: there are readers that stop behind the first
        return found
    return content


@pytest.mark.parametrize("before", ENDINGS)
@pytest.mark.parametrize("behind", ENDINGS)
def test_packed_files_go_in_and_out(server: Server, tmp_path: Path, before: str, behind: str) -> None:
    body = rows(60)
    body[5][1] = "?"
    plain = table(tmp_path / "plain.csv", body)
    assert _codes(score(server.url(), plain, tmp_path / "right.csv")) == ["MY808"]
    source, output = _packed(tmp_path / f"in{before}", plain.read_bytes()), tmp_path / f"out{behind}"
    done = score(server.url(), source, output)
    assert _codes(done) == ["MY808"]
    assert done.measures is not None
    assert done.measures.total == 60
    assert _unpacked(output) == (tmp_path / "right.csv").read_bytes()
    failed = tmp_path / f"out.errors{behind}"
    assert failed.name in done.problems[0].hint
    assert _unpacked(failed) == (tmp_path / "right.errors.csv").read_bytes()
    assert beside(output) == []
    plain.write_bytes(failed.read_bytes())
    assert _codes(score(server.url(), _packed(failed, _unpacked(failed)), tmp_path / "again.csv")) == ["MY808"]


@pytest.mark.parametrize("name", ["in.csv.gz", "in.csv.zst"])
@pytest.mark.parametrize("damage", ["cut", "checksum", "plain", "behind"])
def test_a_damaged_packed_file_is_no_table(server: Server, tmp_path: Path, name: str, damage: str) -> None:
    plain = table(tmp_path / "plain.csv", rows(300)).read_bytes()
    source = _packed(tmp_path / name, plain)
    content = source.read_bytes()
    damaged = {
        "cut": content[: len(content) // 2],
        "checksum": content[:-2] + bytes([content[-2] ^ 255]) + content[-1:],
        "plain": plain,
        "behind": content + b"more",
    }
    source.write_bytes(damaged[damage])
    done = score(server.url(), source, tmp_path / "out.csv")
    assert _codes(done) == ["MY805"]
    assert "cannot be unpacked" in done.problems[0].message
    assert done.problems[0].place is not None
    assert server.posts == 0
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize("ending", [".csv.gz", ".csv.zst", ".parquet"])
def test_a_file_with_the_name_of_another_kind_says_what_it_is(server: Server, tmp_path: Path, ending: str) -> None:
    source = _packed(tmp_path / f"in{ending}", table(tmp_path / "plain.csv", rows(300)).read_bytes())
    if ending == ".parquet":
        pq.write_table(_typed(20), source)
    wrong = source.rename(tmp_path / "in.txt")
    for data in (wrong, io.BytesIO(wrong.read_bytes())):
        done = score(server.url(), data, tmp_path / "out.csv")
        assert _codes(done) == ["MY805"]
        assert "is not text" in done.problems[0].message
        assert done.problems[0].hint.endswith(ending)


@pytest.mark.parametrize("packing", ["gzip", "Zstandard"])
def test_what_is_packed_like_a_bomb_is_read_in_pieces(packing: str) -> None:
    size = 1 << 27
    content = gzip.compress(bytes(size)) if packing == "gzip" else zstandard.ZstdCompressor().compress(bytes(size))
    assert len(content) < size >> 9
    tracemalloc.start()
    source = unpacked(io.BytesIO(content), packing)
    read = 0
    while piece := source.read(1 << 16):
        read += len(piece)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert read == size
    assert peak < size * 0.7


def _typed(count: int) -> pa.Table:
    """Return a table with columns of types that text would not keep."""
    when = datetime(2024, 2, 29, 12, 0, 0, 123456, UTC)
    some = [None if i % 7 == 3 else i for i in range(count)]
    columns = {
        "ID": pa.array([f"r{i}" for i in range(count)]),
        "LOAN": pa.array(some, pa.int32()),
        "VALUE": pa.array([None if i is None else i + 0.5 for i in some], pa.float64()),
        "JOB": pa.array(["", "Mgr", None, 'a,"b"\nc'] * (count // 4 + 1)).slice(0, count).dictionary_encode(),
        "when": pa.array([when] * count, pa.timestamp("us", "UTC")),
        "nanos": pa.array([1_234_567_891 + i for i in range(count)], pa.timestamp("ns")),
        "day": pa.array(range(count), pa.date32()),
        "exact": pa.array([Decimal("1.10") + i for i in range(count)], pa.decimal128(12, 2)),
        "flag": pa.array([i % 2 == 0 for i in range(count)]),
        "blob": pa.array([b"\xff\x00"] * count),
        "list": pa.array([[1.5, None]] * count),
        "nested": pa.array([{"a": i} for i in range(count)]),
    }
    return pa.table(columns).replace_schema_metadata({"made by": "a test"})


def _scores(typed: pa.Table) -> pa.Table:
    loans = typed["LOAN"].to_pylist()
    p_bad = pa.array([None if loan is None else loan * 2 + 0.5 for loan in loans], pa.float64())
    i_bad = pa.array(["           1" if (loan or 0) > 500 else "0 " for loan in loans], pa.string())
    return typed.append_column("P_BAD", p_bad).append_column("I_BAD", i_bad)


def test_a_parquet_file_keeps_its_types(server: Server, tmp_path: Path) -> None:
    typed = _typed(900)
    pq.write_table(typed, tmp_path / "in.parquet", row_group_size=100)
    done = score(server.url(), tmp_path / "in.parquet", tmp_path / "out.parquet")
    assert done.problems == []
    assert done.measures is not None
    assert done.measures.total == 900
    found = pq.read_table(tmp_path / "out.parquet")
    right = _scores(pq.read_table(tmp_path / "in.parquet"))
    assert found.schema.equals(right.schema, check_metadata=True)
    assert found.equals(right)
    assert found.select(["LOAN", "JOB", "nanos", "exact"]).equals(typed.select(["LOAN", "JOB", "nanos", "exact"]))
    assert beside(tmp_path / "out.parquet") == []


def test_failed_rows_of_a_parquet_file_keep_their_types_and_can_be_scored_again(server: Server, tmp_path: Path) -> None:
    typed = _typed(40).set_column(1, "LOAN", pa.array([str(i) if i % 10 else "?" for i in range(40)]))
    pq.write_table(typed, tmp_path / "in.parquet")
    done = score(server.url(), tmp_path / "in.parquet", tmp_path / "out.parquet")
    assert [each.message for each in done.problems] == [
        f"4 of 40 rows failed, the first in row 1 of {tmp_path / 'in.parquet'}: column LOAN: '?' is not a number"
    ]
    failed = pq.read_table(tmp_path / "out.errors.parquet")
    assert failed["row"].to_pylist() == [1, 11, 21, 31]
    assert failed["line"].to_pylist() == [None] * 4
    assert set(failed["error"].to_pylist()) == {"column LOAN: '?' is not a number"}
    assert failed.select(typed.column_names).equals(typed.take([0, 10, 20, 30]))
    assert pq.read_metadata(tmp_path / "out.parquet").num_rows == 36
    again = score(server.url(), tmp_path / "out.errors.parquet", tmp_path / "again.csv")
    assert _codes(again) == ["MY808"]


def test_parquet_becomes_csv_and_csv_parquet(server: Server, tmp_path: Path) -> None:
    pq.write_table(_typed(5), tmp_path / "in.parquet")
    assert score(server.url(), tmp_path / "in.parquet", tmp_path / "out.csv").problems == []
    when, nanos = "2024-02-29 12:00:00.123456Z", "1970-01-01 00:00:01.23456789"
    ends = ["/wA=", "[1.5, null]"]
    assert read(tmp_path / "out.csv")[:3] == [
        [*_typed(0).column_names, *OUTPUTS],
        ["r0", "0", "0.5", "", when, f"{nanos}1", "1970-01-01", "1.10", "true", *ends, '{"a": 0}', "0.5", "0 "],
        ["r1", "1", "1.5", "Mgr", when, f"{nanos}2", "1970-01-02", "2.10", "false", *ends, '{"a": 1}', "2.5", "0 "],
    ]
    body = rows(20)
    body[4][1] = "?"
    assert _codes(score(server.url(), table(tmp_path / "in.csv", body), tmp_path / "out.parquet")) == ["MY808"]
    found = pq.read_table(tmp_path / "out.parquet")
    assert found.schema.types == [pa.string()] * 4 + [pa.float64(), pa.string()]
    right = [[cell or None for cell in row] for row in expected(body[:4] + body[5:])[1:]]
    assert [[row[name] for name in (*HEADER, *OUTPUTS)] for row in found.to_pylist()] == [
        [*row[:4], row[4] and float(row[4]), row[5]] for row in right
    ]
    failed = pq.read_table(tmp_path / "out.errors.parquet").to_pylist()
    assert [(each["row"], each["line"], each["LOAN"]) for each in failed] == [(5, 10, "?")]


def test_a_table_without_rows_stays_one(server: Server, tmp_path: Path) -> None:
    none = _typed(1).slice(0, 0)
    pq.write_table(none, tmp_path / "in.parquet")
    for name in ("out.parquet", "out.csv.gz", "out.csv.zst"):
        assert score(server.url(), tmp_path / "in.parquet", tmp_path / name).problems == []
    assert pq.read_table(tmp_path / "out.parquet").equals(_scores(none))
    assert _unpacked(tmp_path / "out.csv.gz") == _unpacked(tmp_path / "out.csv.zst")
    assert _unpacked(tmp_path / "out.csv.gz").endswith(b",P_BAD,I_BAD\n")


def test_a_score_of_another_type_than_declared_is_no_value_of_its_column(server: Server, tmp_path: Path) -> None:
    async def odd(_server: Server, writer: object, number: int) -> bool:
        if number == 3:
            answer(writer, 200, {"data": {"P_BAD": "high", "I_BAD": "0"}})  # type: ignore[arg-type]
        return number == 3

    server.fault = odd
    source = table(tmp_path / "in.csv", rows(5))
    options = Options(concurrency=1)
    done = score(server.url(), source, tmp_path / "out.parquet", options=options)
    reason = "the answer has P_BAD: 'high' is not a number, which the model declares"
    assert [each.message for each in done.problems] == [f"1 of 5 rows failed, the first in row 3: {reason}"]
    server.posts = 0
    assert score(server.url(), source, tmp_path / "out.csv", options=options).problems == []


def test_a_damaged_parquet_file_is_a_problem_whatever_byte_is_wrong(tmp_path: Path) -> None:
    whole = io.BytesIO()
    pq.write_table(_typed(30), whole)
    content = whole.getvalue()
    flipped = [content[:at] + bytes([content[at] ^ 0x55]) + content[at + 1 :] for at in range(0, len(content), 7)]
    found = []
    for damaged in [*flipped, *(content[:at] for at in (0, 3, 100, len(content) - 1))]:
        (tmp_path / "in.parquet").write_bytes(damaged)
        try:
            opened = open_parquet(tmp_path / "in.parquet", Options())
            assert all(len(row.cells) == len(opened.header) for row in opened.rows)
            opened.close()
        except Stopped as stopped:
            found.extend(stopped.problems)
    assert len(found) > 50
    assert {each.code for each in found} == {"MY805"}


def test_columns_of_one_name_and_none_at_all_are_no_table(server: Server, tmp_path: Path) -> None:
    pq.write_table(pa.Table.from_arrays([[1], [2]], ["LOAN", "LOAN"]), tmp_path / "in.parquet")
    done = score(server.url(), tmp_path / "in.parquet", tmp_path / "out.csv")
    assert [each.message for each in done.problems] == ["columns have the same name: 'LOAN'"]
    pq.write_table(pa.table({}), tmp_path / "in.parquet")
    assert _codes(score(server.url(), tmp_path / "in.parquet", tmp_path / "out.csv")) == ["MY805"]
    assert _codes(score(server.url(), tmp_path / "none.parquet", tmp_path / "out.csv")) == ["MY805"]
    os.mkfifo(tmp_path / "pipe.parquet")
    (tmp_path / "folder.parquet").mkdir()
    for name in ("pipe.parquet", "folder.parquet"):
        done = score(server.url(), tmp_path / name, tmp_path / "out.csv")
        assert [each.code for each in done.problems] == ["MY805"]
        assert "is not a plain file" in done.problems[0].message


@pytest.mark.parametrize(("source", "output"), [("in.parquet", "out.csv"), ("in.csv", "out.parquet")])
def test_parquet_without_its_package_says_what_to_install(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, output: str
) -> None:
    table(tmp_path / "in.csv", rows(2))
    monkeypatch.setattr(formats, "find_spec", lambda _name: None)
    done = score(server.url(), tmp_path / source, tmp_path / output)
    assert _codes(done) == ["MY817"]
    assert "pip install 'modelyard[parquet]'" in done.problems[0].hint
    assert server.posts == 0
    assert beside(tmp_path / output) == []


def test_failed_rows_of_a_stream_go_to_a_file_of_any_kind(server: Server, tmp_path: Path) -> None:
    body = rows(6)
    body[2][1] = "?"
    source = table(tmp_path / "in.csv", body)
    for name in ("failed.csv.gz", "failed.csv.zst", "failed.parquet"):
        sink = io.BytesIO()
        assert _codes(score(server.url(), source, sink, errors=tmp_path / name)) == ["MY808"]
        assert sink.getvalue().startswith(b"ID,LOAN,VALUE,JOB,P_BAD,I_BAD\nr0,")
    assert _unpacked(tmp_path / "failed.csv.gz") == _unpacked(tmp_path / "failed.csv.zst")
    assert pq.read_table(tmp_path / "failed.parquet")["LOAN"].to_pylist() == ["?"]
    assert beside(tmp_path / "failed.parquet") == []


def test_the_failed_rows_have_the_whole_ending(tmp_path: Path) -> None:
    names = {
        "a.csv": "a.errors.csv", "a": "a.errors.csv", "a.csv.gz": "a.errors.csv.gz", "a.zst": "a.errors.csv.zst",
        "a.b.tsv.ZST": "a.b.errors.tsv.ZST", "a.parquet": "a.errors.parquet",
    }  # fmt: skip
    assert {name: errors_path(tmp_path / name).name for name in names} == names
