"""What whole processes take: wall and CPU seconds, in turn; peak memory, in a run of its own that is not timed."""

import contextlib
import os
import re
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

# Installers compile packages; a checkout is compiled by the first run, which is not counted, unless this forbids it.
ENVIRONMENT: Final = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
SAMPLE: Final = 0.02  # seconds between two looks at the memory

# Linux counts what a process had before its exec too, so what is counted begins in a small one: 9 MiB at least.
_LAUNCHER: Final = (
    sys.executable,
    "-ISc",
    """
import os, sys
pid = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(pid, 0)
open(sys.argv[1], "w").write(str(usage.ru_maxrss))
code = os.waitstatus_to_exitcode(status)
os.kill(os.getpid(), -code) if code < 0 else os._exit(code)
""",
)


class Failed(Exception):  # noqa: N818 - what came of a program, not a fault of this one
    """A command failed, or took too long; says which, and its last words."""


@dataclass(frozen=True)
class Command:
    """What is run: commands one after the other, where, and where what the last one prints goes."""

    lines: Sequence[Sequence[str]]
    folder: Path
    output: Path
    stdin: Path | None = None
    codes: frozenset[int] = frozenset([0])  # that are no failure
    fresh: Callable[[], None] = lambda: None  # before each run, not counted
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Taken:
    """Seconds of the clock, and of processors in user and system mode, with all that a command began."""

    wall: float
    cpu: float


@dataclass(frozen=True)
class Peak:
    """Peak memory in MiB: of the largest process, and of all together, where pages that they share count once.

    The first is what the system has counted; the second is a sum of proportional set sizes, looked at every SAMPLE
    seconds, and at least the first. (getrusage(2): ru_maxrss; proc(5): Pss of smaps_rollup.)
    """

    largest: float
    together: float


def run(command: Command, limit: float) -> Taken:
    """Run a command to its end. Raises Failed, also after so many seconds of the clock."""
    command.fresh()
    wall = cpu = 0.0
    for line in command.lines:
        began = time.perf_counter()
        process = _start(line, command)
        over = threading.Timer(max(limit - wall, 0.1), _kill, [process.pid])
        over.start()
        _, status, usage = os.wait4(process.pid, 0)
        over.cancel()
        wall += time.perf_counter() - began
        cpu += usage.ru_utime + usage.ru_stime
        process.returncode = os.waitstatus_to_exitcode(status)
        _require(process.returncode, line, command, limit)
    return Taken(wall, cpu)


def peak(command: Command, limit: float) -> Peak:
    """Run it once more, and look at the memory of all its processes. Raises Failed."""
    command.fresh()
    largest = together = 0.0
    began = time.monotonic()
    counted = command.output.with_suffix(".rss")
    for line in command.lines:
        process = _start([*_LAUNCHER, str(counted), *line], command)
        while process.poll() is None:
            together = max(together, sum(_share(each) for each in _below(process.pid)))
            if time.monotonic() - began > limit:
                _kill(process.pid)
            time.sleep(SAMPLE)
        _require(process.returncode, line, command, limit)
        largest = max(largest, int(counted.read_text("utf-8")) / 1024)
    return Peak(largest, max(largest, together))


def _start(line: Sequence[str], command: Command) -> subprocess.Popen[bytes]:
    with (
        command.output.open("wb") as output,
        command.output.with_suffix(".err").open("wb") as errors,
        (command.stdin or Path(os.devnull)).open("rb") as stdin,
    ):
        environment = {**ENVIRONMENT, **command.environment}
        return subprocess.Popen(
            line,
            cwd=command.folder,
            env=environment,
            stdin=stdin,
            stdout=output,
            stderr=errors,
            start_new_session=True,
        )


def _kill(pid: int) -> None:
    """End a command and what it began: it leads a session and a group of its own."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def _below(pid: int) -> Iterator[int]:
    """Yield the processes below one."""
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in path.read_text("utf-8").split():
                yield int(child)
                yield from _below(int(child))


def _share(pid: int) -> float:
    """Return a process's share of the memory in MiB; nothing once it has ended."""
    with contextlib.suppress(OSError):
        text = Path(f"/proc/{pid}/smaps_rollup").read_text("utf-8")
        if found := re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE):
            return int(found[1]) / 1024
    return 0.0


def _require(code: int, line: Sequence[str], command: Command, limit: float) -> None:
    if code == -signal.SIGKILL:
        raise Failed(f"more than {limit:.0f} s, or too much memory")
    if code not in command.codes:
        words = command.output.with_suffix(".err").read_text("utf-8", "replace").strip().splitlines()
        raise Failed(f"{Path(line[0]).name} exited with {code}: {words[-1] if words else 'without a word'}")


@dataclass(frozen=True)
class Measured:
    """Medians of the runs of one command."""

    wall: float
    cpu: float
    peak: Peak
    runs: int


def in_turn(commands: Mapping[str, Command], rounds: int, limit: float) -> dict[str, Measured | str]:
    """Run commands A B C A B C …, after one run of each that is not counted; what failed is why, in words."""
    peaks: dict[str, Peak] = {}
    failed: dict[str, str] = {}
    taken: dict[str, list[Taken]] = {name: [] for name in commands}
    for name, command in commands.items():
        try:
            peaks[name] = peak(command, limit)
        except Failed as error:
            failed[name] = str(error)
    for _ in range(rounds):
        for name, command in commands.items():
            if name not in failed:
                try:
                    taken[name].append(run(command, limit))
                except Failed as error:
                    failed[name] = str(error)
    return {name: failed.get(name) or _medians(taken[name], peaks[name]) for name in commands}


def _medians(taken: Sequence[Taken], peak: Peak) -> Measured:
    wall, cpu = (statistics.median(values) for values in zip(*((each.wall, each.cpu) for each in taken), strict=True))
    return Measured(wall, cpu, peak, len(taken))
