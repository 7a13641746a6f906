"""Many rows of Parquet in one row group, at a memory that does not grow with them."""

import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.score.test_size import MEASURED

LARGE = tuple(pytest.param(rows, marks=pytest.mark.slow) for rows in (500_000, 1_000_000))
SMALL = 100_000
COLUMNS = ("ID", "LOAN", "JOB")
# Rows as a run has them, from a file to a file, without the calls between.
MADE = """
import sys
import numpy as np, pyarrow as pa, pyarrow.parquet as pq
count = int(sys.argv[2])
numbers = np.arange(count)
jobs = [f"Sales of number {i}".ljust(150, "x") for i in range(count)]
pq.write_table(pa.table({"ID": numbers, "LOAN": np.sqrt(numbers), "JOB": jobs}), sys.argv[1], row_group_size=count)
"""
COPIED = """
import sys
from pathlib import Path
from modelyard.score.contract import Contract
from modelyard.score.options import Options
from modelyard.score.parquet import Records, open_parquet
from modelyard.score.part_file import Part
table = open_parquet(Path(sys.argv[1]), Options())
contract = Contract("scr", (), ("P",), ("number",))
part = Part(Path(sys.argv[2]), Records([*table.header, "P"], table, contract, failed=False))
part.open()
part.begin()
for row in table.rows:
    row.outputs = [row.cells[1]]
    part.add(row)
    if row.number % 2000 == 0:
        part.bring()
part.bring()
part.publish()
"""


def _copied(folder: Path, count: int) -> float:
    """Copy so many rows; return the peak memory in MiB."""
    source, output = folder / f"{count}.parquet", folder / f"{count}.out.parquet"
    subprocess.run([sys.executable, "-c", MADE, source, str(count)], check=True)
    command = [sys.executable, "-c", MEASURED, sys.executable, "-c", COPIED, str(source), str(output)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = pq.read_table(output)
    assert found.select(COLUMNS).equals(pq.read_table(source))
    assert found["P"].equals(found["LOAN"])
    assert pq.ParquetFile(output).num_row_groups == -(-count // 66_000)
    return int(done.stdout) / 1024


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss has another unit")
@pytest.mark.parametrize("count", LARGE)
def test_the_rows_of_one_row_group_are_never_in_memory_at_once(count: int, tmp_path: Path) -> None:
    small, large = _copied(tmp_path, SMALL), _copied(tmp_path, count)
    assert large < small + 100  # as rows of Python they are more than 200, and more than 500
