"""Copies of calls for a shadow: what it does changes nothing for callers, and is logged as its own."""

import contextlib
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bench import sidecar as bench
from tests.support import request_log, scr_stub
from tests.support.postgres import Server
from tests.support.request_log import TABLE, call, sidecar

pytestmark = pytest.mark.long

ROOT = Path(__file__).resolve().parents[2]
_WAIT = 20.0


@pytest.fixture(scope="module")
def uri(server: Server) -> str:
    """Return the address of a database with the tables."""
    return request_log.migrated(server)


def _until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _WAIT
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@contextlib.contextmanager
def _mute() -> Iterator[int]:
    """Take connections, and never answer."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(512)
        held: list[socket.socket] = []

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    held.append(listener.accept()[0])

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
            for each in held:
                each.close()


def test_a_shadow_gets_each_call_as_it_was_and_logs_it_by_the_same_id(uri: str, tmp_path: Path) -> None:
    ports = [request_log.free_port() for _ in range(2)]
    with (
        scr_stub.running(ports[0]) as model,
        scr_stub.running(ports[1]) as copied,
        sidecar(ports[1], uri, tmp_path / "v9", "--variant=v9") as shadow,
        sidecar(ports[0], uri, tmp_path / "v8", "--variant=v8", f"--mirror=http://127.0.0.1:{shadow.port}") as front,
    ):
        headers = {"X_Request_Id": "one", "X_Key": "mirrored", "Content_Type": "application/json"}
        status, _, body = call(front.port, path=f"{scr_stub.PATH}/a?b=%20c", body=b'{"data": {"A": 1}}', **headers)
        call(front.port, X_Key="mirrored", Modelyard_Log="none")
        call(front.port, method="GET", X_Key="mirrored")
        _until(lambda: bool(copied.posts("mirrored")))
        assert status == 200
        (got,) = copied.posts("mirrored")
        (sent, _) = model.posts("mirrored")
        assert (got.path, got.body) == (sent.path, sent.body)
        assert got.headers["host"] == f"127.0.0.1:{shadow.port}"
        assert {key: got.headers[key] for key in ("x-request-id", "x-key", "content-type")} == {
            "x-request-id": "one", "x-key": "mirrored", "content-type": "application/json",
        }  # fmt: skip
        query = f"select variant, inputs ->> 'A' from {TABLE} where id = 'one' order by variant"
        _until(lambda: len(front.query(query)) == 2)
        assert front.query(query) == [("v8", "1"), ("v9", "1")]
        assert front.metric('mirrored_calls_total{result="answered"}') == 1
    assert body


def test_a_body_in_chunks_is_copied_whole(uri: str, tmp_path: Path) -> None:
    ports = [request_log.free_port() for _ in range(2)]
    with (
        scr_stub.running(ports[0]),
        scr_stub.running(ports[1]) as copied,
        sidecar(ports[0], uri, tmp_path / "a", f"--mirror=http://127.0.0.1:{ports[1]}") as front,
    ):
        with socket.create_connection(("127.0.0.1", front.port)) as connection:
            head = f"POST {scr_stub.PATH} HTTP/1.1\r\nHost: a\r\nX-Key: c\r\nTransfer-Encoding: chunked\r\n\r\n"
            connection.sendall(head.encode() + b'3\r\n{"a\r\n4\r\n": 1\r\n1\r\n}\r\n0\r\n\r\n')
            connection.recv(1 << 16)
        _until(lambda: bool(copied.posts("c")))
        assert copied.posts("c")[0].body == b'{"a": 1}'
        assert copied.posts("c")[0].headers["content-length"] == "8"


def test_a_shadow_that_is_dead_or_answers_nothing_changes_no_answer_and_is_counted(uri: str, tmp_path: Path) -> None:
    port, dead = request_log.free_port(), request_log.free_port()
    with scr_stub.running(port), _mute() as mute:
        mirrors = (f"--mirror=http://127.0.0.1:{dead}", f"--mirror=http://127.0.0.1:{mute}")
        with sidecar(port, uri, tmp_path / "a", *mirrors) as front, sidecar(port, uri, tmp_path / "b") as plain:
            for status in (200, 404, 500):
                answers = [call(each.port, X_Stub=f"status={status}", X_Request_Id="same") for each in (front, plain)]
                assert answers[0][0] == answers[1][0] == status
                assert answers[0][2] == answers[1][2]
                assert sorted(answers[0][1].items()) == sorted(answers[1][1].items())
            began = time.monotonic()
            for _ in range(1_100):
                assert call(front.port)[0] == 200
            assert time.monotonic() - began < 30
            _until(lambda: front.metric('mirrored_calls_total{result="failed"}') > 0)
            assert front.metric('mirrored_calls_total{result="dropped"}') > 0
            assert front.metric('mirrored_calls_total{result="answered"}') == 0
            assert front.end().count("Traceback") == 0


def _median(port: int) -> float:
    """Return the median latency of an open loop of 500 calls a second, in milliseconds."""
    program = "import asyncio, sys; from bench import sidecar; sidecar.SECONDS = 4.0; "
    program += "print(asyncio.run(sidecar.opened(int(sys.argv[1]))).median)"
    done = subprocess.run(
        [sys.executable, "-c", program, str(port)], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return float(done.stdout)


@pytest.mark.slow
def test_a_shadow_slow_or_dead_costs_callers_less_than_a_millisecond(uri: str, tmp_path: Path) -> None:
    with bench._model() as port, _mute() as mute, contextlib.ExitStack() as stack:
        ways = {
            "none": (),
            "well": (f"--mirror=http://127.0.0.1:{port}",),
            "slow": (f"--mirror=http://127.0.0.1:{mute}",),
            "dead": (f"--mirror=http://127.0.0.1:{request_log.free_port()}",),
        }
        fronts = {name: stack.enter_context(sidecar(port, uri, tmp_path / name, *each)) for name, each in ways.items()}
        medians: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(3):
            for name, front in fronts.items():
                medians[name].append(_median(front.port))
        best = {name: min(each) for name, each in medians.items()}
        for name in ("well", "slow", "dead"):
            assert best[name] < best["none"] + 1.0, best
        assert fronts["well"].metric('mirrored_calls_total{result="answered"}') > 5_000
        assert fronts["slow"].metric('mirrored_calls_total{result="dropped"}') > 3_000
        print(best)  # noqa: T201 - what was measured
