"""Scoring a table, side by side with one `requests.post` per row: rows per second as a ratio, and peak memory.

`python -m bench.score [ROWS]`; with 1,000,000 rows it also shows that memory does not grow. The server imitates SAS
Container Runtime in a process of its own, and takes 1 ms for a row (published answers of the real one say 0.8 to 4 ms),
then no time at all, which no model does: that ratio has no limit. Both ways run in turn, so that a machine whose speed
drifts drifts for both.
"""

import csv
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 3
SINGLE = 1_000  # rows that are sent one by one, each round
RATIO = 5.0
MEMORY = 150.0  # MiB


def table(path: Path, rows: int) -> Path:
    """Write a table."""
    with path.open("w", encoding="utf-8") as file:
        file.write("ID,LOAN,VALUE,JOB\n")
        file.writelines(f'r{i},{i},{i % 9}.5,"Sales, {i}"\n' for i in range(rows))
    return path


def one_by_one(url: str, source: Path, output: Path) -> float:
    """Score with a call of requests.post per row, as SAS's sample client does; return rows per second."""
    began = time.perf_counter()
    with source.open(encoding="utf-8", newline="") as file, output.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        for row in csv.DictReader(file):
            data = {"LOAN": float(row["LOAN"]), "VALUE": float(row["VALUE"]), "JOB": row["JOB"]}
            writer.writerow(requests.post(url, json={"data": data}, timeout=60).json()["data"].values())
    return SINGLE / (time.perf_counter() - began)


def modelyard(url: str, source: Path, output: Path, rows: int) -> tuple[float, float]:
    """Score with the command; return rows per second, its start included, and its peak memory in MiB."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "modelyard", "score", url, str(source), "-o", str(output)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if code := os.waitstatus_to_exitcode(status):
        raise subprocess.CalledProcessError(code, command)
    return rows / (time.perf_counter() - began), usage.ru_maxrss / 1024


def compare(url: str, folder: Path, rows: int, delay: int) -> bool:
    """Print the ratio and the memory; tell whether both are within their limits."""
    few, many = table(folder / "few.csv", SINGLE), table(folder / "many.csv", rows)
    single: list[float] = []
    ours: list[float] = []
    peak = 0.0
    for _ in range(ROUNDS if rows <= 100_000 else 1):
        single.append(one_by_one(url, few, folder / "few.out.csv"))
        rate, memory = modelyard(url, many, folder / "many.out.csv", rows)
        ours.append(rate)
        peak = max(peak, memory)
    a, b = statistics.median(ours), statistics.median(single)
    name = f"score, {rows:,} rows of {delay} ms / one requests.post per row"
    least = RATIO if delay else 0.0
    print(f"{name:<58}{a / b:>7.2f} (at least {least:g}; {a:,.0f} to {b:,.0f} rows/s)")
    print(f"{f'score, {rows:,} rows: peak memory':<58}{peak:>7.0f} MiB (at most {MEMORY:g})")
    return a / b >= least and peak <= MEMORY


@contextmanager
def server(delay: float) -> Iterator[str]:
    """Run the stand-in, which takes so many seconds for a row; give the URL of a model."""
    command = [sys.executable, "-m", "tests.support.model_server", str(delay)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None  # noqa: S101 - for the type checker
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}/credit_risk"
        finally:
            process.communicate()


def measure(rows: int, delay: int) -> bool:
    """Compare with a model that takes so many milliseconds."""
    with tempfile.TemporaryDirectory(prefix="modelyard-bench-") as folder, server(delay / 1000) as url:
        return compare(url, Path(folder), rows, delay)


def main() -> int:
    """Compare; exit with 1 if a figure is beyond its limit."""
    rows = int(sys.argv[1].replace(",", "")) if len(sys.argv) > 1 else 20_000
    within = [measure(rows, delay) for delay in (1, 0)]
    return 0 if all(within) else 1


if __name__ == "__main__":
    sys.exit(main())
