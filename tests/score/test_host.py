"""Calls at once of several processes of a host: bounded together, shared, and free again when a process is killed."""

import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

# Makes calls for some seconds; each is a line in a log: + when it begins, - when it ends, and which process made it.
PROGRAM: Final = """
import asyncio, os, sys, time
from modelyard.score.host import Turns

run, most, workers, seconds, length = sys.argv[1], *map(float, sys.argv[2:])
log = os.open(sys.argv[1] + ".log", os.O_WRONLY | os.O_APPEND | os.O_CREAT)

async def work(turns, end):
    while time.monotonic() < end:
        turn = await turns.take()
        os.write(log, b"+%d\\n" % os.getpid())
        await asyncio.sleep(length)
        os.write(log, b"-%d\\n" % os.getpid())
        turns.give(turn)

async def main():
    with Turns(run, int(most)) as turns:
        end = time.monotonic() + seconds
        await asyncio.gather(*(work(turns, end) for _ in range(int(workers))))

asyncio.run(main())
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return uuid.uuid4().hex


@contextmanager
def calling(run: str, most: int, seconds: float, *, workers: int = 8, length: float = 0.01) -> Iterator[int]:
    """Run a process that calls; give its number."""
    words = [sys.executable, "-c", PROGRAM, run, *map(str, (most, workers, seconds, length))]
    with subprocess.Popen(words) as process:
        try:
            yield process.pid
        finally:
            process.kill() if seconds > 60 else None
    assert seconds > 60 or process.returncode == 0


def calls(run: str) -> list[tuple[bool, int]]:
    """Return the beginnings and ends of calls, in order, with the process that made each."""
    lines = Path(f"{run}.log").read_text("ascii").splitlines()
    return [(line[0] == "+", int(line[1:])) for line in lines]


def most_at_once(found: list[tuple[bool, int]]) -> int:
    active = most = 0
    for begins, _ in found:
        active += 1 if begins else -1
        most = max(most, active)
    return most


@pytest.mark.slow
def test_processes_share_the_calls_and_never_make_more(run: str, tmp_path: Path) -> None:
    with calling(run, 4, 4.0) as one, calling(run, 4, 4.0) as two, calling(run, 4, 4.0) as three:
        pass
    found = calls(run)
    assert most_at_once(found) == 4
    both = [sum(begins and process == each for begins, process in found) for each in (one, two, three)]
    assert min(both) * 4 > max(both), both
    assert [each.name for each in tmp_path.iterdir()] == [f"{run}.log"], "the file of locks is left"


@pytest.mark.slow
def test_more_processes_than_calls_all_get_their_turn(run: str) -> None:
    with calling(run, 1, 5.0) as one, calling(run, 1, 5.0) as two, calling(run, 1, 5.0) as three:
        pass
    found = calls(run)
    assert most_at_once(found) == 1
    assert {process for _, process in found} == {one, two, three}


def test_a_killed_process_leaves_its_turns_to_the_others(run: str) -> None:
    with calling(run, 3, 1000.0, length=600.0):
        while not Path(f"{run}.log").exists() or len(calls(run)) < 3:
            time.sleep(0.05)
        with calling(run, 3, 3.0) as other:
            time.sleep(1.5)
            before = [process for _, process in calls(run)]
            assert other not in before, "it made a call that was one too many"
            break_off(run)
    assert sum(process == other for _, process in calls(run)) > 10


def break_off(run: str) -> None:
    """Kill the process that holds all turns."""
    (holder,) = {process for _, process in calls(run)}
    subprocess.run(["kill", "-9", str(holder)], check=True)


def test_one_process_alone_is_not_held_up(run: str) -> None:
    with calling(run, 64, 3.0, workers=64, length=0.02):
        pass
    assert sum(begins for begins, _ in calls(run)) > 64 * 3 / 0.02 * 0.2, "of what 64 calls at once can be"


def test_what_the_server_tells_one_process_holds_for_all(run: str) -> None:
    program = (
        "import sys, time\nfrom modelyard.score.host import Turns\nwith Turns(sys.argv[1], 2) as turns:\n"
        "    print(round(turns.calm()), flush=True)\n    sys.stdin.readline()\n"
        "    if sys.argv[2] == 'tells': turns.slow(50.0); turns.slow(5.0)\n"
        "    print(round(turns.calm()), flush=True)\n    sys.stdin.readline()\n"
    )
    words = [sys.executable, "-c", program, run]
    with (
        subprocess.Popen([*words, "tells"], stdin=-1, stdout=-1, text=True, bufsize=1) as one,
        subprocess.Popen([*words, "hears"], stdin=-1, stdout=-1, text=True, bufsize=1) as two,
    ):
        pipes = [(each.stdin, each.stdout) for each in (one, two)]
        before = [int(said.readline()) for _, said in pipes if said is not None]
        after = []
        for asked, said in pipes:  # one after the other: the first has told when the second looks
            assert asked is not None
            assert said is not None
            asked.write("\n")
            after.append(int(said.readline()))
            asked.write("\n")
    assert max(before) <= 0
    assert min(after) > 40
