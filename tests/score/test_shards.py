"""A table by shards: each row in one part, however the shards are counted and whatever is tried again."""

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelyard.api import shards
from modelyard.score.manifest import Part, joined, part_of
from modelyard.score.options import Options, Stopped
from modelyard.score.parts import summed
from modelyard.score.shards import Shard, sliced
from modelyard.score.stores import opened
from tests.conftest import Run
from tests.support import log_files
from tests.support.model_server import REFUSED, Server, running
from tests.support.score_tables import HEADER, OUTPUTS, expected, read, rows, table


@pytest.fixture
def server() -> Iterator[Server]:
    with running(Server()) as one:
        yield one


def parquet(path: Path, start: int, count: int, group: int) -> Path:
    """Write rows with numbers that no other file has."""
    numbers = [float(each) for each in range(start, start + count)]
    columns = {"LOAN": pa.array(numbers, pa.float64()), "VALUE": pa.array(numbers, pa.float64())}
    columns["ID"] = columns["JOB"] = pa.array([f"r{each:g}" for each in numbers], pa.string())
    pq.write_table(pa.table(columns), path, row_group_size=group)
    return path


def seen(source: Path, count: int) -> list[list[str]]:
    """Return the cells of all rows of all shards, as they come."""
    store = opened(str(source), "MY805")
    tables = (sliced(store, Shard(index, count)).table(Options()) for index in range(count))
    return [row.cells for each in tables for row in each.rows]


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 12), st.integers(1, 5)), min_size=1, max_size=4), st.integers(1, 9))
def test_each_row_of_parquet_is_in_one_shard(
    tmp_path_factory: pytest.TempPathFactory, files: list[tuple[int, int]], count: int
) -> None:
    folder, total = tmp_path_factory.mktemp("in"), 0
    for name, (length, group) in enumerate(files):
        parquet(folder / f"{name}.parquet", total, length, group)
        total += length
    assert sorted(float(cells[0]) for cells in seen(folder, count)) == [*range(total)]


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(0, 6), min_size=1, max_size=5), st.integers(1, 7))
def test_each_row_of_csv_is_in_one_shard(
    tmp_path_factory: pytest.TempPathFactory, files: list[int], count: int
) -> None:
    folder, body = tmp_path_factory.mktemp("in"), rows(sum(files))
    start = 0
    for name, length in enumerate(files):
        path = table(folder / f"{name}.csv", body[start : start + length])
        if name % 2:
            (folder / f"{name}.csv.gz").write_bytes(gzip.compress(path.read_bytes()))
            path.unlink()
        start += length
    assert sorted(seen(folder, count)) == sorted(body)


def score(server: Server, source: Path, output: Path, index: int, count: int) -> Part:
    """Score a shard, and return what is in its part."""
    part, problems = shards.score_shard(server.url(), str(source), str(output), index, count)
    assert part is not None, problems
    return part


def test_parts_are_the_table_and_their_sums_its_manifest(server: Server, tmp_path: Path) -> None:
    body = rows(40)
    for start in (0, 10, 20, 30):
        table(tmp_path / f"{start}.csv", body[start : start + 10])
    source = tmp_path / "in"
    source.mkdir()
    for each in tmp_path.glob("*.csv"):
        each.rename(source / each.name)
    parts = [score(server, source, tmp_path / "out", index, 3) for index in range(3)]
    assert [each.rows for each in parts] == [20, 10, 10]
    found = [row for each in parts for row in read(tmp_path / "out" / each.part)[1:]]
    assert sorted(found) == sorted(expected(body)[1:])
    total = sum(summed(tmp_path / "out" / each.part)[1] for each in parts)
    whole = joined("churn", parts)
    assert (whole.rows, whole.scored, whole.failed, whole.checksum) == (40, 40, 0, str(total))
    assert json.loads(whole.text(parts))["parts"][1]["part"] == "part-00001.csv"
    assert (tmp_path / "out" / "_modelyard-00002.json").read_text("utf-8") == parts[2].text()


def test_a_checksum_does_not_depend_on_the_order_of_rows(tmp_path: Path) -> None:
    body = rows(30)
    one, other = table(tmp_path / "one.csv", body), table(tmp_path / "other.csv", reversed(body))
    sums = [summed(each) for each in (one, other)]
    assert sums[0] == sums[1]
    lacking = table(tmp_path / "lacking.csv", body[1:])
    doubled = table(tmp_path / "doubled.csv", [*body, body[0]])
    assert len({sums[0], summed(lacking), summed(doubled)}) == 3


def test_rows_that_fail_are_counted_and_a_shard_that_is_tried_again_replaces_its_part(
    modelyard: Run, server: Server, tmp_path: Path
) -> None:
    body = rows(20)
    body[3][1] = str(REFUSED)
    source, output = table(tmp_path / "in.csv", body), tmp_path / "out"
    first = score(server, source, output, 0, 1)
    assert (first.rows, first.scored, first.failed) == (20, 19, 1)
    assert read(output / "part-00000.errors.csv")[1][0] == "4"
    table(source, rows(20))
    manifest = tmp_path / "message"
    manifest.touch()
    done = modelyard("score", server.url(), source, "-o", output, "--shard", "0/1", "--manifest", manifest)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    second = part_of(manifest.read_text("utf-8"))
    assert second is not None
    assert (second.scored, second.failed) == (20, 0)
    assert {each.name for each in output.iterdir()} == {"part-00000.csv", "_modelyard-00000.json"}


def test_an_empty_shard_has_the_columns_of_the_others(server: Server, tmp_path: Path) -> None:
    source = parquet(tmp_path / "in.parquet", 0, 10, 10)
    part = score(server, source, tmp_path / "out", 3, 4)
    assert part == Part("part-00003.parquet", 3, 4, 0, 0, 0, "0")
    assert pq.read_schema(tmp_path / "out" / "part-00003.parquet").names == ["LOAN", "VALUE", "ID", "JOB", *OUTPUTS]


def test_types_of_parquet_stay_and_its_row_numbers_are_those_of_the_file(server: Server, tmp_path: Path) -> None:
    source = parquet(tmp_path / "in.parquet", REFUSED - 5, 10, 2)
    for index in range(2):
        score(server, source, tmp_path / "out", index, 2)
    failed = [row for each in (tmp_path / "out").glob("*.errors.parquet") for row in pq.read_table(each).to_pylist()]
    assert [(row["row"], row["LOAN"]) for row in failed] == [(6, float(REFUSED))]
    done = [row for each in (tmp_path / "out").glob("part-?????.parquet") for row in pq.read_table(each).to_pylist()]
    assert Counter(row["LOAN"] for row in done) == Counter(
        float(each) for each in range(REFUSED - 5, REFUSED + 5) if each != REFUSED
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--shard", "3/3"), "--shard is I/N"),
        (("--shard", "x"), "--shard is I/N"),
        (("--shard", "0/3", "--resume"), "does not go with"),
        (("--shard", "0/3", "--on-error", "stop"), "does not go with"),
        (("--manifest", "file"), "has an effect only with --shard"),
    ],
)
def test_options_that_make_no_shard_are_refused(modelyard: Run, tmp_path: Path, options: list[str], said: str) -> None:
    done = modelyard("score", "http://127.0.0.1:1/x", tmp_path / "in.csv", "-o", tmp_path / "out", *options)
    assert done.returncode == 2
    assert said in " ".join(done.stderr.replace("│", " ").split())


def refused(source: Path, output: Path, server: Server, count: int = 2) -> tuple[str, str]:
    part, problems = shards.score_shard(server.url(), str(source), str(output), 0, count)
    assert part is None
    (found,) = problems
    return found.code, f"{found.message}; {found.hint}"


def test_an_output_that_holds_parts_of_another_run_is_refused(server: Server, tmp_path: Path) -> None:
    source, output = table(tmp_path / "in.csv", rows(3)), tmp_path / "out"
    output.mkdir()
    (output / "part-00002.csv").touch()
    code, said = refused(source, output, server)
    assert code == "MY809"
    assert "part-00002.csv, which is no part of this run" in said
    assert server.posts == 0


def test_tables_that_cannot_be_read_by_shards_are_refused(server: Server, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    assert refused(folder, tmp_path / "out", server)[0] == "MY805"
    folder.mkdir()
    assert "holds no files" in refused(folder, tmp_path / "out", server)[1]
    table(folder / "a.csv", rows(2))
    assert "is the input" in refused(folder, folder, server)[1]
    table(folder / "b.csv", [["1"]], ["LOAN"])
    assert "other columns" in refused(folder, tmp_path / "out", server, 1)[1]
    parquet(folder / "c.parquet", 0, 2, 1)
    assert "several formats" in refused(folder, tmp_path / "out", server)[1]
    (folder / "month=1").mkdir()
    assert "holds the folder month=1" in refused(folder, tmp_path / "out", server)[1]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("scheme", ["s3", "gs"])
def test_folders_of_buckets_are_read_and_written_as_others(
    scheme: str, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = rows(20)
    for start, name in ((0, "in/0.csv"), (10, "in/1.csv"), (0, "parts/0.csv"), (10, "parts/month=1/1.csv")):
        (tmp_path / "files" / name).parent.mkdir(parents=True, exist_ok=True)
        table(tmp_path / "files" / name, body[start : start + 10])
    table(tmp_path / "files" / "in" / "_temporary", body)
    with log_files.of_scheme(scheme, tmp_path) as bucket:
        for name, value in bucket.environment.items():
            monkeypatch.setenv(name, value)
        bucket.copy(tmp_path / "files", "risk")
        for _ in range(2):
            parts = [
                shards.score_shard(server.url(), f"{scheme}://bucket/risk/in", f"{scheme}://bucket/out", index, 2)
                for index in range(2)
            ]
        assert [(part and part.scored, problems) for part, problems in parts] == [(10, []), (10, [])]
        names = [
            f"{name}-{index:05d}.{end}" for name, end in (("_modelyard", "json"), ("part", "csv")) for index in (0, 1)
        ]
        assert log_files.held("bucket/out", bucket.system()) == names
        for name in names[2:]:
            with bucket.system().open_input_stream(f"bucket/out/{name}") as content:
                (tmp_path / name).write_bytes(content.read())
        found = [row for name in names[2:] for row in read(tmp_path / name)[1:]]
        assert sorted(found) == sorted(expected(body)[1:])
        with pytest.raises(Stopped) as stopped:
            opened(f"{scheme}://bucket/risk/parts", "MY805").files()
    assert f"{scheme}://bucket/risk/parts holds the folder month=1" in stopped.value.problems[0].message


@pytest.mark.parametrize("address", ["s3://key:hush@bucket/in", "ftp://host/in", "gs:///in"])
def test_an_address_that_is_no_bucket_is_refused_and_hides_its_credentials(
    server: Server, tmp_path: Path, address: str
) -> None:
    part, problems = shards.score_shard(server.url(), address, str(tmp_path / "out"), 0, 1)
    assert part is None
    assert [each.code for each in problems] == ["MY805"]
    assert "hush" not in problems[0].message


def test_files_that_begin_with_an_underscore_are_no_data(tmp_path: Path) -> None:
    table(tmp_path / "a.csv", rows(2))
    for name in ("_SUCCESS", ".a.csv.crc", "_modelyard-00000.json"):
        (tmp_path / name).write_text("{}", "utf-8")
    assert len(seen(tmp_path, 3)) == 2
    assert len(HEADER) == len(seen(tmp_path, 3)[0])
