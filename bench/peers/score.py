"""Scoring a table, beside a call per row and a pool of threads: the same rows, the same stand-in for a model."""

import csv
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from bench.peers.measure import Command, Failed, Measured, in_turn, run
from bench.peers.peers import MODELYARD, PROGRAMS
from bench.peers.render import LIMIT, Rounds, usual
from bench.peers.tables import Row
from bench.score import server, table

DELAY: Final = 0.001  # seconds that the stand-in takes for a row; published answers of the real one say 0.8 to 4 ms
ABOUT: Final = "A stand-in for SAS Container Runtime, in a process of its own, takes 1 ms for a row."
WAYS: Final[dict[str, Callable[[str, str, str], list[str]]]] = {
    "modelyard score": lambda url, source, output: [*MODELYARD, "score", url, source, "-o", output],
    "a pool of 16 threads": lambda *it: [sys.executable, str(PROGRAMS / "score" / "threads.py"), *it],
    "a call per row": lambda *it: [sys.executable, str(PROGRAMS / "score" / "one_by_one.py"), *it],
}
REMARKS: Final = {
    "modelyard score": "resumes, retries, checks",
    "a pool of 16 threads": "nothing besides",
    "a call per row": "nothing besides",
}


def compare(root: Path, sizes: Sequence[int], rounds: Rounds = usual) -> list[Row]:
    """Return a row for each way; sizes are rows of the table."""
    cells: dict[str, dict[int, Measured | str]] = {name: {} for name in WAYS}
    with server(DELAY) as url:
        for size in sorted(sizes):
            for name, cell in in_turn(_same(root / "score" / str(size), url, size), rounds(size), LIMIT).items():
                cells[name][size] = cell
    return [Row(name, "", REMARKS[name], cells[name]) for name in WAYS]


def _same(folder: Path, url: str, size: int) -> dict[str, Command]:
    """Return what is run. Raises Failed if it does not give the same rows."""
    folder.mkdir(parents=True)
    source = table(folder / "rows.csv", size)
    commands: dict[str, Command] = {}
    scored: dict[str, list[dict[str, str]]] = {}
    for name, line in WAYS.items():
        output = folder / f"{name.replace(' ', '-')}.csv"
        command = Command(
            [line(url, str(source), str(output))],
            folder,
            output.with_suffix(".out"),
            fresh=lambda output=output: output.unlink(missing_ok=True),  # type: ignore[misc]
        )
        run(command, LIMIT)
        with output.open(encoding="utf-8", newline="") as file:
            scored[name] = list(csv.DictReader(file))
        commands[name] = command
    first = next(iter(scored.values()))
    if len(first) != size or any(each != first for each in scored.values()):
        raise Failed("the ways do not give the same rows")
    return commands
