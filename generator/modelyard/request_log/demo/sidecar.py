"""The sidecar as it runs in a pod, here beside this process; and calls through it."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

from psycopg import Connection, sql

from modelyard.request_log.demo.model import PATH, SCORE
from modelyard.request_log.demo.postgres import NotStarted
from modelyard.request_log.demo.story import ID, Call

_START: Final = 60.0  # seconds
_END: Final = 20.0
_LOGGED: Final = 60.0
_ONCE: Final = 4  # calls at once
_TIMEOUT: Final = 30.0  # seconds of a call
_EACH: Final = 100  # calls between two looks at whether to go on


@contextmanager
def running(
    variant: str, image: str, model: int, database: tuple[str, str], folder: Path, check: Callable[[], None]
) -> Iterator[int]:
    """Run a sidecar in front of a port of this machine, and yield its own.

    database: the name of the variable, and the address. check: is called while it starts, and may raise. Raises
    NotStarted, and what check raises.
    """
    port, admin = _free(), _free()
    command = [sys.executable, "-m", "modelyard", "request-log", f"http://127.0.0.1:{model}", f"--port={port}"]
    command += [f"--admin-port={admin}", f"--model={PATH[1:]}", f"--variant={variant}", f"--image={image}"]
    command += [f"--id={ID}", f"--score={SCORE}", f"--spool={folder / variant}", "--drain=1s", "--flush=1s"]
    (folder / variant).mkdir()
    with (folder / f"{variant}.log").open("wb") as log:
        process = subprocess.Popen(
            command, env={**os.environ, database[0]: database[1]}, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True,
        )  # fmt: skip
    try:
        deadline = time.monotonic() + _START
        while not _listens(admin):
            check()
            if process.poll() is not None or time.monotonic() > deadline:
                raise NotStarted(f"the sidecar of the {variant} does not start")
            time.sleep(0.05)
        yield port
    finally:
        _end(process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(_END)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # what it has begun is in its session
        process.wait()


def _free() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def make(calls: Iterable[Call], ports: dict[str, int], check: Callable[[], None]) -> None:
    """Make calls, each to the sidecar of its variant. check: is called in between, and may raise."""
    each = list(calls)
    parts = [each[i : i + _EACH] for i in range(0, len(each), _EACH)]
    with ThreadPoolExecutor(_ONCE) as pool:
        for start in range(0, len(parts), _ONCE):
            check()
            list(pool.map(lambda part: _make(part, ports), parts[start : start + _ONCE]))


def _make(calls: Iterable[Call], ports: dict[str, int]) -> None:
    connections = {
        name: http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT) for name, port in ports.items()
    }
    try:
        for each in calls:
            own = connections[each.variant]
            headers = {"Content-Type": "application/json", "X-Request-Id": each.id}
            own.request("POST", f"{PATH}/{each.variant}", json.dumps({"data": each.row}), headers)
            own.getresponse().read()
    finally:
        for own in connections.values():
            with closing(own):
                pass


def wait(connection: Connection, table: str, rows: int, check: Callable[[], None]) -> None:
    """Wait until the log has so many rows. check: is called meanwhile, and may raise. Raises NotStarted."""
    query = sql.SQL("select count(*) from {}").format(sql.Identifier(table))
    deadline = time.monotonic() + _LOGGED
    while (found := _count(connection, query)) < rows:
        check()
        if time.monotonic() > deadline:
            raise NotStarted(f"of {rows} rows {found} were logged")
        time.sleep(0.1)


def _count(connection: Connection, query: sql.Composed) -> int:
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0


def set_back(connection: Connection, table: str, calls: Iterable[Call], first: datetime) -> None:
    """Give the logged rows the times of the story. first: its beginning."""
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute("create temporary table story (id text, day double precision) on commit drop")
        with cursor.copy("copy story from stdin") as copy:
            for each in calls:
                copy.write_row((each.id, each.day))
        move = sql.SQL("update {} l set at = {} + s.day * interval '1 day' from story s where s.id = l.id")
        cursor.execute(move.format(sql.Identifier(table), sql.Literal(first)))
