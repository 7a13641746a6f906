"""Calls of a model under load, and what was lost of them."""

import json
import subprocess
from collections.abc import Callable
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
    seconds: float


@dataclass
class Load:
    """Starts programs that call. program: the caller. figure: takes a line about what came of them."""

    program: Path
    figure: Callable[[str], None]
    running: list[subprocess.Popen[str]] = field(default_factory=list)

    def run(self, url: str, host: str = "", *, calls: int) -> Result:
        """Make so many calls, and return what came of them."""
        return self._result(self.start(url, "-calls", str(calls), "-host", host))

    def start(self, url: str, *options: str) -> subprocess.Popen[str]:
        """Start to call an address over and over."""
        command = [str(self.program), *options, url]
        started = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # stopped with the test
        self.running.append(started)
        return started

    def stop(self, started: subprocess.Popen[str]) -> Result:
        """End calls after those that are in flight, and return what came of them."""
        started.terminate()
        return self._result(started)

    def stop_all(self) -> None:
        """End all that still call."""
        for each in self.running:
            each.kill()
            each.communicate()

    def _result(self, started: subprocess.Popen[str]) -> Result:
        text, _ = started.communicate(timeout=180)
        self.running.remove(started)
        found = Result(**json.loads(text))
        self.figure(
            f"{found.calls:,} calls over {found.connections:,} connections in {found.seconds:.0f} s,"
            f" {found.lost:,} lost {found.errors or ''}".rstrip()
        )
        return found
