"""A large table: exact row by row, at a memory that does not grow with it."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

from tests.support.model_server import score

LARGE = 100_000
SMALL = 20_000
# A process counts what its parent had when it was forked (getrusage(2)): so the parent is a small one.
MEASURED = """
import os, sys
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(pid, 0)
print(usage.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))
"""
ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def quick_server() -> Iterator[str]:
    """Serve in a process of its own; give the model's URL."""
    command = [sys.executable, "-m", "tests.support.model_server"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}/credit_risk"
        process.communicate()


def _scored(url: str, folder: Path, rows: int) -> float:
    """Score a table of so many rows with the command; return its peak memory in MiB."""
    source, output = folder / f"{rows}.csv", folder / f"{rows}.out.csv"
    with source.open("w", encoding="utf-8") as file:
        file.write("ID,LOAN,VALUE,JOB\n")
        file.writelines(f'r{i},{i},{i % 9}.5,"Sales, {i}"\n' for i in range(rows))
    command = [sys.executable, "-m", "modelyard", "score", url, str(source), "-o", str(output)]
    done = subprocess.run([sys.executable, "-c", MEASURED, *command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return int(done.stdout) / 1024


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss has another unit")
def test_a_hundred_thousand_rows_are_exact_and_memory_is_flat(tmp_path: Path) -> None:
    with quick_server() as url:
        small = _scored(url, tmp_path, SMALL)
        large = _scored(url, tmp_path, LARGE)
    assert large < 150
    assert large < small * 1.1
    numbers = count()
    with (tmp_path / f"{LARGE}.out.csv").open(encoding="utf-8") as output:
        assert next(output) == "ID,LOAN,VALUE,JOB,P_BAD,I_BAD\n"
        for i, line in zip(numbers, output, strict=False):
            found = score({"LOAN": i})
            assert line == f'r{i},{i},{i % 9}.5,"Sales, {i}",{found["P_BAD"]},{found["I_BAD"]}\n'
    assert next(numbers) == LARGE + 1
