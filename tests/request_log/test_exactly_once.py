"""Each row once: 10,000 calls at 64 connections, whatever happens to the database, the disk and the sidecar."""

import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

import pytest

from tests.support import request_log, scr_stub
from tests.support.postgres import Server
from tests.support.request_log import TABLE, Load, Sidecar, sidecar

pytestmark = pytest.mark.slow
CALLS: Final = 10_000


@pytest.fixture(scope="module")
def model() -> Iterator[int]:
    """Run a stand-in for a model, and return its port."""
    port = request_log.free_port()
    with scr_stub.running(port):
        yield port


def logged_once(made: Sidecar, load: Load) -> None:
    """Assert that what was answered is logged, each once."""
    assert made.rows(len(load.answered)) == len(load.answered)
    found = [identity for (identity,) in made.query(f"select id from {TABLE}")]
    assert len(found) == len(set(found))
    assert set(found) == load.answered.keys()


def test_each_call_is_logged_once(model: int, server: Server, tmp_path: Path) -> None:
    with sidecar(model, request_log.migrated(server), tmp_path) as made:
        load = Load(made.port, CALLS).run()
        assert load.statuses == {200: CALLS}
        logged_once(made, load)
        assert made.metric("lost_calls_total") == 0
        said = made.end()
    assert "canary-7f3a" not in said


def test_calls_go_on_while_the_database_is_away(model: int, server: Server, tmp_path: Path) -> None:
    with sidecar(model, request_log.migrated(server), tmp_path, "--flush=60s") as made:
        load = Load(made.port, CALLS)
        thread = threading.Thread(target=load.run)
        thread.start()
        while len(load.answered) < CALLS // 3:
            time.sleep(0.02)
        server.stop()
        try:
            while len(load.answered) < 2 * CALLS // 3:
                time.sleep(0.02)
        finally:
            server.start()
        thread.join()
        assert load.statuses == {200: CALLS}
        logged_once(made, load)
        said = made.end()
    assert "the database does not take the log" in said
    assert "the database takes the log again" in said
    assert "canary-7f3a" not in said


class _Commits:
    """What stands before a database, and breaks connections off when the answer to some commits comes by."""

    def __init__(self, port: int) -> None:
        self._to = port
        self.broken = 0
        self._seen = 0
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._server.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self._to))
            threading.Thread(target=self._pass, args=(near, far, False), daemon=True).start()
            threading.Thread(target=self._pass, args=(far, near, True), daemon=True).start()

    def _pass(self, one: socket.socket, other: socket.socket, back: bool) -> None:  # noqa: FBT001
        try:
            while part := one.recv(1 << 16):
                if back and b"COMMIT\x00" in part:
                    self._seen += 1
                    if self._seen % 3 == 0:
                        self.broken += 1
                        break
                other.sendall(part)
        except OSError:
            pass
        for each in (one, other):
            with closing(each), suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Take no more connections."""
        self._server.close()


def test_a_lost_answer_to_a_commit_doubles_nothing(model: int, server: Server, tmp_path: Path) -> None:
    uri = request_log.migrated(server)
    between = _Commits(server.port)
    try:
        with sidecar(model, uri.replace(f":{server.port}/", f":{between.port}/"), tmp_path, "--flush=60s") as made:
            load = Load(made.port, CALLS).run()
            made.uri = uri
            logged_once(made, load)
            assert between.broken > 1
            deadline = time.monotonic() + 60
            while not made.metric("repeated_rows_total") and time.monotonic() < deadline:
                time.sleep(0.1)
            assert made.metric("repeated_rows_total") > 0  # they were sent again, and were there
            made.end()
    finally:
        between.close()


def test_a_full_disk_drops_rows_and_no_call(model: int, server: Server, tmp_path: Path) -> None:
    with sidecar(model, request_log.migrated(server), tmp_path, before=("prlimit", "--fsize=200000")) as made:
        load = Load(made.port, CALLS).run()
        assert load.statuses == {200: CALLS}
        dropped = made.metric('dropped_calls_total{reason="disk"}')
        assert 0 < dropped < CALLS
        assert made.rows(CALLS - dropped) == CALLS - dropped
        assert made.metric("rows_total") == CALLS - dropped


def test_a_full_spool_drops_rows_and_no_call(model: int, server: Server, tmp_path: Path) -> None:
    away = server.uri("nowhere")
    with sidecar(model, away, tmp_path, "--spool-limit=300Ki") as made:
        load = Load(made.port, CALLS).run()
        assert load.statuses == {200: CALLS}
        deadline = time.monotonic() + 5
        while sum(each.stat().st_size for each in tmp_path.glob("*.log")) < 200_000 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert sum(each.stat().st_size for each in tmp_path.glob("*.log")) <= 300 << 10
        assert 0 < made.metric('dropped_calls_total{reason="spool_full"}') < CALLS
        assert made.metric("database_up") == 0


def test_sigterm_under_load_loses_no_row(model: int, server: Server, tmp_path: Path) -> None:
    with sidecar(model, request_log.migrated(server), tmp_path, "--stays=1s", "--flush=60s") as made:
        load = Load(made.port, 10 * CALLS)
        thread = threading.Thread(target=load.run)
        thread.start()
        while len(load.answered) < CALLS // 2:
            time.sleep(0.02)
        made.process.send_signal(signal.SIGTERM)
        made.process.wait(90)
        load.stop = True
        thread.join()
        assert made.process.returncode == 0
        found = {identity for (identity,) in made.query(f"select id from {TABLE}")}
        assert load.answered.keys() <= found


def test_sigkill_loses_200_ms_at_most_and_the_next_start_counts_it(model: int, server: Server, tmp_path: Path) -> None:
    uri = request_log.migrated(server)
    with sidecar(model, uri, tmp_path) as made:
        load = Load(made.port, 10 * CALLS)
        thread = threading.Thread(target=load.run)
        thread.start()
        while len(load.answered) < CALLS // 2:
            time.sleep(0.02)
        made.process.kill()
        killed = time.perf_counter()
        load.stop = True
        made.process.wait()
        thread.join()
    with sidecar(model, uri, tmp_path, "--flush=60s") as again:
        lost = again.metric("lost_calls_total")
        assert again.rows(len(load.answered) - lost) >= len(load.answered) - lost
        again.end()
        found = [identity for (identity,) in again.query(f"select id from {TABLE}")]
        assert len(found) == len(set(found))
        missing = load.answered.keys() - set(found)
        assert all(killed - load.answered[each][0] < 0.2 for each in missing)
        assert len(missing) <= lost <= len(missing) + load.connections  # answers that were on their way count too
