"""Without pyspark and pyarrow the room can be imported, and says what is missing when it is used."""

import subprocess
import sys

PROGRAM = """
import sys
from importlib.machinery import PathFinder

find = PathFinder.find_spec
PathFinder.find_spec = lambda name, *rest: None if name in ("pyspark", "pyarrow") else find(name, *rest)
from modelyard.spark import score_table

manifest, problems = score_table("http://127.0.0.1:1/x", "in.parquet", "out")
print(manifest, [(each.code, each.hint) for each in problems])
"""


def test_the_room_is_imported_without_the_packages_of_the_extra() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    hint = "install modelyard[spark], as with pip install 'modelyard[spark]'"
    assert done.stdout.strip() == f"None {[('MY817', hint)]}"
