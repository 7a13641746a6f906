"""A run that is killed again and again: `python -m tests.support.score_kills ROWS KILLS` prints what that cost."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final, NamedTuple

from tests.support.model_server import Server, running
from tests.support.score_tables import expected, read, rows, table

MOST: Final = 100  # rows that one kill may cost


class Killed(NamedTuple):
    """Rows that were scored twice, for each kill; whole: each row stands once in the output, in order."""

    twice: list[int]
    whole: bool
    seconds: float

    def __str__(self) -> str:
        """Return the figures in a line."""
        each = "each row once in the output" if self.whole else "THE OUTPUT IS WRONG"
        return (
            f"{len(self.twice)} kills: {sum(self.twice)} rows scored twice, at most {max(self.twice)} a kill "
            f"({', '.join(map(str, self.twice))}); {each}; {self.seconds:.1f} s"
        )


def killed(folder: Path, count: int, kills: int) -> Killed:
    """Score rows, kill the run so many times, evenly over them, and let it end."""
    body = rows(count)
    source, output = table(folder / "in.csv", body), folder / "out.csv"
    twice: list[int] = []
    began = time.monotonic()
    with running(Server()) as server:
        for number in range(1, kills + 2):
            last = number > kills
            _run(server, source, output, None if last else number * count // (kills + 1))
            twice.append(sum(server.calls.values()) - len(server.calls) - sum(twice))
    # What a kill costs is seen in the run after it.
    return Killed(twice[1:], read(output) == expected(body), time.monotonic() - began)


def _run(server: Server, source: Path, output: Path, until: int | None) -> None:
    """Score until so many rows have been answered at least once, and be killed there; None: to the end."""
    command = [sys.executable, "-m", "modelyard", "score", server.url(), str(source), "-o", str(output), "--resume"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        while process.poll() is None and (until is None or len(server.calls) < until):
            time.sleep(0.001)
        assert until is None or process.returncode is None, "it came to its end before it was killed"
        process.kill() if until is not None else None
        _, said = process.communicate(timeout=60)
    assert until is not None or process.returncode == 0, said.decode()


def main() -> int:
    """Print the figures; returns 1 where a kill cost too much, or the output is wrong."""
    count, kills = map(int, sys.argv[1:])
    with tempfile.TemporaryDirectory() as folder:
        found = killed(Path(folder), count, kills)
    sys.stdout.write(f"{count} rows, {found}\n")
    return 0 if found.whole and max(found.twice) <= MOST else 1


if __name__ == "__main__":
    sys.exit(main())
