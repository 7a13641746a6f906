"""The sidecar of the request log as users run it, between a model and callers."""

import asyncio
import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.request import urlopen

from modelyard.request_log.database import tables
from modelyard.request_log.database.connecting import connect
from tests.support.postgres import Server

TABLE: Final = "scoring_log"
_WAIT: Final = 90.0  # seconds
PATH: Final = "/credit_risk"


def free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def migrated(server: Server) -> str:
    """Return the address of a new database with the tables."""
    uri = server.uri(server.database())
    with closing(connect(uri)) as connection:
        tables.migrate(connection, TABLE, None)
    return uri


class Sidecar:
    """One that runs. said: what it has written to its standard error, once it has ended."""

    def __init__(
        self, model: int, uri: str, spool: Path, *options: str, before: tuple[str, ...] = (), **more: str
    ) -> None:
        self.port, self.admin = free_port(), free_port()
        self.uri = uri
        self.said = ""
        command = [
            *before,
            sys.executable,
            "-m",
            "modelyard",
            "request-log",
            f"http://127.0.0.1:{model}",
            f"--port={self.port}",
        ]
        named = () if any(each.startswith("--model=") for each in options) else ("--model=credit-risk",)
        command += [f"--admin-port={self.admin}", *named, f"--spool={spool}", *options]
        self.process = subprocess.Popen(
            command, env={**os.environ, "MODELYARD_DATABASE": uri, **more}, stderr=subprocess.PIPE
        )
        deadline = time.monotonic() + _WAIT
        while not self._listens():
            assert self.process.poll() is None, self.end()
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.admin)) == 0

    def metric(self, name: str) -> int:
        """Return a counter, by its name without the prefix, with its labels."""
        with urlopen(f"http://127.0.0.1:{self.admin}/metrics") as answer:
            lines = answer.read().decode().splitlines()
        values = dict(line.rpartition(" ")[::2] for line in lines if not line.startswith("#"))
        return int(values[f"modelyard_request_log_{name}"])

    def end(self, how: int = signal.SIGTERM) -> str:
        """End it, and return what it has said."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        _, said = self.process.communicate(timeout=_WAIT)
        self.said += said.decode()
        return self.said

    def query(self, text: str) -> list[tuple[Any, ...]]:
        """Return what the database has."""
        with closing(connect(self.uri)) as connection:
            return connection.execute(text.encode()).fetchall()

    def rows(self, wanted: int, seconds: float = _WAIT) -> int:
        """Return how many rows there are, as soon as there are so many."""
        deadline = time.monotonic() + seconds
        while (found := int(self.query(f"select count(*) from {TABLE}")[0][0])) < wanted:
            if time.monotonic() > deadline:
                break
            time.sleep(0.1)
        return found


@contextlib.contextmanager
def sidecar(model: int, uri: str, spool: Path, *options: str, **more: Any) -> Iterator[Sidecar]:
    """Run one, and end it."""
    made = Sidecar(model, uri, spool, *options, **more)
    try:
        yield made
    finally:
        made.end(signal.SIGKILL)


def call(
    port: int, method: str = "POST", path: str = PATH, body: bytes = b"{}", **headers: str
) -> tuple[int, Any, bytes]:
    """Return status, headers and body of a call. headers: with _ for -."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_WAIT)
    with closing(connection):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body if method == "POST" else None, named)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()


@dataclass(slots=True)
class Load:
    """Calls in a closed loop: as many at once as there are connections. answered: ids, with when and how long."""

    port: int
    calls: int
    connections: int = 64
    prefix: str = "r"
    answered: dict[str, tuple[float, float]] = field(default_factory=dict)
    failed: int = 0
    statuses: dict[int, int] = field(default_factory=dict)
    stop: bool = False
    _next: int = 0

    def run(self) -> "Load":
        """Make the calls, and return what came of them."""
        asyncio.run(self._run())
        return self

    async def _run(self) -> None:
        await asyncio.gather(*(self._worker() for _ in range(self.connections)))

    async def _worker(self) -> None:
        reader: asyncio.StreamReader | None = None
        writer: asyncio.StreamWriter | None = None
        while self._next < self.calls and not self.stop:
            number, self._next = self._next, self._next + 1
            try:
                if reader is None or writer is None:
                    reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
                closes = await self._call(number, reader, writer)
            except (OSError, asyncio.IncompleteReadError):
                self.failed += 1
                closes = True
                await asyncio.sleep(0.01)
            if closes:
                if writer is not None:
                    writer.close()
                reader = writer = None
        if writer is not None:
            writer.close()

    async def _call(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        identity = f"{self.prefix}{number}"
        body = b'{"data":{"ID":%d,"X":1.5,"NAME":"canary-7f3a"}}' % number
        start = time.perf_counter()
        writer.write(
            b"POST %b HTTP/1.1\r\nHost: model\r\nContent-Type: application/json\r\nX-Request-Id: %b\r\n"
            b"Content-Length: %d\r\n\r\n%b" % (PATH.encode(), identity.encode(), len(body), body)
        )
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        await reader.readexactly(length)
        end = time.perf_counter()
        status = int(head[9:12])
        self.statuses[status] = self.statuses.get(status, 0) + 1
        if status == 200:
            self.answered[identity] = (end, end - start)
        return b"\r\nconnection: close" in head
