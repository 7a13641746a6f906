"""Faults at a chosen system call of a command, by strace(1): a kill before the call, or an error in place of it."""

import re
import subprocess
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

# Calls that no file system sees; how often they occur depends on the allocator and the clock.
UNSEEN: Final = frozenset(
    {"brk", "clock_gettime", "clock_nanosleep", "futex", "getpid", "gettid", "madvise", "mmap", "mprotect", "mremap"}
    | {"munmap", "restart_syscall", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sched_yield"}
)
_LINE: Final = re.compile(r"(\d+) +(\w+)\((.*)")


@dataclass(frozen=True, slots=True)
class Call:
    """One system call of a run: its name, its number among the calls of that name, and its line in the trace."""

    name: str
    number: int
    text: str

    def __str__(self) -> str:
        """Return what a failed test shows."""
        return f"{self.name} number {self.number}: {self.text}"


def calls(argv: Sequence[str], folder: Path) -> list[Call]:
    """Run a command in a folder; return its calls from the moment when it locks the folder, to the end."""
    trace = folder.parent / f"{folder.name}.trace"
    command = ["strace", "-f", "-y", "-o", str(trace), *argv]
    subprocess.run(
        command, cwd=folder, check=True, capture_output=True, timeout=60
    )  # as in run_with: start-up looks at the pipes
    lines = [found for line in trace.read_text("utf-8").splitlines() if (found := _LINE.match(line))]
    start = next(line for line in lines if line[2] == "flock" and f"<{folder.resolve()}>" in line[3])
    counts: Counter[str] = Counter()
    seen: list[Call] = []
    for line in lines:
        if line[1] == start[1]:  # `when` counts for each process
            counts[line[2]] += 1
            if seen or line is start:
                seen.append(Call(line[2], counts[line[2]], line[3]))
    return [call for call in seen if call.name not in UNSEEN]


def run_with(argv: Sequence[str], folder: Path, *faults: tuple[Call, str]) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder with faults, such as (call, "signal=KILL"): strace kills before the call acts."""
    names = ",".join(call.name for call, _ in faults)
    inject = [f"--inject={call.name}:{fault}:when={call.number}" for call, fault in faults]
    strace = ["strace", "-f", "-o", "/dev/null", f"--trace={names}", *inject]
    return subprocess.run([*strace, *argv], cwd=folder, capture_output=True, text=True, check=False, timeout=60)
