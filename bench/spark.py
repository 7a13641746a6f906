"""Scoring with Spark, side by side with `modelyard score`: `python -m bench.spark [ROWS]`.

The server imitates SAS Container Runtime in a process of its own, and takes 20 ms for a row. Rates are those of the
scoring alone: of `modelyard score` what it says itself, of Spark a job that writes Parquet, in a session that has
scored before.
"""

import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import SparkSession

from bench.score import server
from modelyard.spark import Options, score
from tests.support.spark_session import session

ROUNDS = 3
DELAY = 0.02  # seconds
RATIO = 0.8  # of `modelyard score` with as many calls
GAIN = 1.7  # of two workers over one
FEW = 8  # calls of a worker, whose gain is measured


def spark_rate(spark: SparkSession, url: str, folder: Path, rows: int, workers: int, calls: int) -> float:
    """Return rows per second."""
    frame = spark.range(0, rows, 1, workers).selectExpr(
        "id", "cast(id AS double) AS LOAN", "1.5D AS VALUE", "'x' AS JOB"
    )
    scored = score(frame, url, options=Options(concurrency=calls))
    began = time.perf_counter()
    scored.write.mode("overwrite").parquet(str(folder / "scored"))
    return rows / (time.perf_counter() - began)


def own_rate(url: str, folder: Path, rows: int, calls: int) -> float:
    """Return rows per second of `modelyard score`, as it says itself."""
    source, output = folder / "in.parquet", folder / "out.parquet"
    if not source.exists():
        ids = list(range(rows))
        columns = {"id": ids, "LOAN": [float(each) for each in ids], "VALUE": [1.5] * rows, "JOB": ["x"] * rows}
        pq.write_table(pa.table(columns), source)
    command = [sys.executable, "-m", "modelyard", "score", url, str(source), "-o", str(output)]
    done = subprocess.run([*command, "--concurrency", str(calls)], capture_output=True, text=True, check=True)
    found = re.search(r"\(([0-9,]+)/s\)", done.stderr)
    assert found is not None  # noqa: S101 - for the type checker
    return float(found[1].replace(",", ""))


def rates(url: str, folder: Path, rows: int) -> dict[str, list[float]]:
    """Measure in turn, so that a machine whose speed drifts drifts for all."""
    found: dict[str, list[float]] = {"own": [], "spark": [], "two": [], "one": []}
    with session(folder / "sessions", 2) as spark:
        spark_rate(spark, url, folder, 2_000, 2, 64)
        for _ in range(ROUNDS):
            found["spark"].append(spark_rate(spark, url, folder, rows, 2, 64))
            found["own"].append(own_rate(url, folder, rows, 64))
            found["two"].append(spark_rate(spark, url, folder, rows // 4, 2, 2 * FEW))
    with session(folder / "sessions", 1) as spark:
        spark_rate(spark, url, folder, 2_000, 1, 64)
        found["one"] = [spark_rate(spark, url, folder, rows // 4, 1, FEW) for _ in range(ROUNDS)]
    return found


def main() -> int:
    """Compare; exit with 1 if a figure is beyond its limit."""
    rows = int(sys.argv[1].replace(",", "")) if len(sys.argv) > 1 else 20_000
    with tempfile.TemporaryDirectory(prefix="modelyard-bench-") as name, server(DELAY) as url:
        (Path(name) / "sessions").mkdir()
        found = {key: statistics.median(each) for key, each in rates(url, Path(name), rows).items()}
    ratio, gain = found["spark"] / found["own"], found["two"] / found["one"]
    print(f"{'spark, 64 calls of 20 ms / modelyard score':<58}{ratio:>7.2f} (at least {RATIO:g}; "
          f"{found['spark']:,.0f} to {found['own']:,.0f} rows/s)")  # fmt: skip
    print(f"{f'spark, {FEW} calls a worker: two workers / one':<58}{gain:>7.2f} (at least {GAIN:g}; "
          f"{found['two']:,.0f} to {found['one']:,.0f} rows/s)")  # fmt: skip
    return 0 if ratio >= RATIO and gain >= GAIN else 1


if __name__ == "__main__":
    sys.exit(main())
