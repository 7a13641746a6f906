"""`modelyard score --engine spark`: one session of this machine reads, scores and writes, and says what is in it."""

import csv
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.conftest import Run
from tests.support.model_server import REFUSED, Server, running
from tests.support.score_tables import rows, scored, table

pytestmark = pytest.mark.slow
OURS = ("P_BAD", "I_BAD", "error")


@pytest.fixture
def server() -> Iterator[Server]:
    with running(Server()) as one:
        yield one


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep all files of Java and Spark in the test's folder."""
    java = f"-Djava.io.tmpdir={tmp_path} -Dspark.driver.host=127.0.0.1 -Dspark.ui.enabled=false"
    monkeypatch.setenv("JDK_JAVA_OPTIONS", java)
    monkeypatch.setenv("SPARK_LOCAL_DIRS", str(tmp_path / "local"))
    monkeypatch.chdir(tmp_path)


def read(folder: Path) -> list[list[str]]:
    """Return the rows of the CSV files that Spark wrote, without their headers."""
    found = []
    for path in sorted(folder.glob("part-*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            header, *body = csv.reader(file, strict=True)
            assert header == ["ID", "LOAN", "VALUE", "JOB", *OURS]
            found += body
    return found


def test_csv_goes_in_and_out_with_a_manifest(run: Run, server: Server, tmp_path: Path) -> None:
    body = rows(50)
    body[7][1] = str(REFUSED)
    source = table(tmp_path / "in.csv", body)
    done = run(sys.executable, "-m", "modelyard", "score", server.url(), source, "-o", "out.csv", "--engine", "spark")
    assert done.returncode == 1
    assert done.stdout == ""
    assert "MY808" in done.stderr
    manifest = json.loads((tmp_path / "out.csv" / "_modelyard.json").read_text())
    assert (manifest["rows"], manifest["scored"], manifest["failed"]) == (50, 49, 1)
    assert manifest["model"] == server.url()
    wanted = [[*scored(row), ""] for row in body]
    wanted[7][4:] = ["", "", 'status 400: {"error": "not scored"}']
    assert sorted(read(tmp_path / "out.csv")) == sorted(wanted)


def test_parquet_keeps_types_and_an_output_that_exists_is_left_alone(run: Run, server: Server, tmp_path: Path) -> None:
    source = table(tmp_path / "in.csv", rows(20))
    words = (sys.executable, "-m", "modelyard", "score", server.url(), source, "-o", "out", "--engine", "spark")
    done = run(*words)
    assert done.returncode == 0, done.stderr
    written = pq.read_table(tmp_path / "out")
    assert [str(each.type) for each in written.schema][4:] == ["double", "string", "string"]
    assert sorted(written["P_BAD"].to_pylist()) == [2 * i + 0.5 for i in range(20)]
    before = sorted((each.name, each.stat().st_mtime_ns) for each in (tmp_path / "out").iterdir())
    done = run(*words)
    assert done.returncode == 1
    assert "MY809" in done.stderr
    assert sorted((each.name, each.stat().st_mtime_ns) for each in (tmp_path / "out").iterdir()) == before


def test_what_is_wrong_is_a_problem(run: Run, server: Server, tmp_path: Path) -> None:
    words = (sys.executable, "-m", "modelyard", "score", server.url())
    done = run(*words, "none.parquet", "-o", "out", "--engine", "spark")
    assert (done.returncode, done.stdout) == (1, "")
    assert "MY805" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()
