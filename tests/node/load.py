"""Calls of a model under load, and what was lost of them."""

import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple


class Result(NamedTuple):
    """What came of the calls: see programs/load."""

    calls: int
    lost: int
    connections: int
    versions: dict[str, int]
    errors: dict[str, int]


@dataclass
class Load:
    """Starts programs that call. program: the caller."""

    program: Path
    running: list[subprocess.Popen[str]] = field(default_factory=list)

    def run(self, url: str, host: str = "", *, calls: int) -> Result:
        """Make so many calls, and return what came of them."""
        command = [str(self.program), "-calls", str(calls), "-host", host, url]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=120)
        return Result(**json.loads(done.stdout))

    def start(self, url: str, *options: str) -> subprocess.Popen[str]:
        """Start to call an address over and over."""
        command = [str(self.program), *options, url]
        started = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # stopped with the test
        self.running.append(started)
        return started

    def stop(self, started: subprocess.Popen[str]) -> Result:
        """End calls after those that are in flight, and return what came of them."""
        started.terminate()
        text, _ = started.communicate(timeout=90)
        self.running.remove(started)
        return Result(**json.loads(text))

    def stop_all(self) -> None:
        """End all that still call."""
        for each in self.running:
            each.kill()
            each.communicate()
