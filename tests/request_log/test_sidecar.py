"""What goes through the sidecar comes out as it went in, and what is logged is what was scored."""

import contextlib
import json
import os
import re
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.support import request_log, scr_stub
from tests.support.postgres import Server
from tests.support.request_log import PATH, TABLE, Sidecar, call, sidecar

CANARY: Final = "canary-91cc"
UUID7: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


@pytest.fixture(scope="module")
def model() -> Iterator[tuple[int, scr_stub.Model]]:
    """Run a stand-in for a model."""
    port = request_log.free_port()
    with scr_stub.running(port) as stub:
        yield port, stub


@pytest.fixture(scope="module")
def uri(server: Server) -> str:
    """Return the address of a database with the tables."""
    return request_log.migrated(server)


@pytest.fixture(scope="module")
def front(model: tuple[int, scr_stub.Model], uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sidecar]:
    """Run a sidecar in front of it."""
    with sidecar(model[0], uri, tmp_path_factory.mktemp("spool")) as made:
        yield made


def raw(port: int, request: bytes, *, wait: float = 2.0) -> bytes:
    """Send bytes, and return all that comes until the connection is closed, or nothing more comes."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.settimeout(wait)
        connection.sendall(request)
        found = b""
        try:
            while part := connection.recv(1 << 16):
                found += part
        except (TimeoutError, ConnectionResetError):
            pass
        return found


def logged(front: Sidecar, identity: str, seconds: float = 30.0) -> list[tuple[object, ...]]:
    """Return the rows of a call, as soon as there are any."""
    deadline = time.monotonic() + seconds
    query = f"select row, status, inputs, outputs, key, path from {TABLE} where id = '{identity}' order by row"
    while not (found := front.query(query)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


def test_answers_are_counted_by_status_and_latency(model: tuple[int, scr_stub.Model], uri: str, tmp_path: Path) -> None:
    with sidecar(model[0], uri, tmp_path) as made:
        for status in (200, 201, 404, 429, 500):
            assert call(made.port, X_Stub=f"status={status}")[0] == status
        call(made.port, "GET")
        call(made.port, Modelyard_Log="none")
        assert [made.metric(f'answers_total{{code="{each}xx"}}') for each in (2, 4, 5)] == [2, 2, 1]
        assert made.metric("latency_seconds_count") == 5, "neither a GET nor a marked call"
        assert made.metric('latency_seconds_bucket{le="+Inf"}') == 5
        assert made.metric('latency_seconds_bucket{le="10.0"}') == 5
        assert call(made.port, X_Stub="slow=0.3")[0] == 200
        assert made.metric('latency_seconds_bucket{le="0.25"}') <= 5
        assert made.metric('latency_seconds_bucket{le="10.0"}') == 6
    with sidecar(request_log.free_port(), uri, tmp_path) as made:
        assert call(made.port)[0] == 503
        assert made.metric('answers_total{code="5xx"}') == 2, "what the sidecar answers is counted, and counts go on"


@pytest.mark.parametrize("what", ["", "status=201", "status=301", "status=404", "status=429", "status=500", "lines"])
def test_an_answer_is_the_same_with_and_without_the_sidecar(
    front: Sidecar, model: tuple[int, scr_stub.Model], what: str
) -> None:
    request = (
        f"POST {PATH} HTTP/1.1\r\nHost: a\r\nX-Stub: {what}\r\nX-Request-Id: same\r\nContent-Length: 2\r\n\r\n{{}}"
    ).encode()
    with_it, without = (raw(port, request, wait=0.5) for port in (front.port, model[0]))
    assert with_it.replace(b"X-Request-Id: same\r\n", b"") == without


def test_a_request_reaches_the_model_as_it_was(front: Sidecar, model: tuple[int, scr_stub.Model]) -> None:
    head = "POST /credit_risk/a?b=%20c HTTP/1.1\r\nHost: models.example.com\r\nX-Key: exact\r\nCookie: a=1; b=2\r\n"
    head += "accept: */*\r\nX-Empty:\r\nConnection: X-Gone\r\nX-Gone: 1\r\nTransfer-Encoding: chunked\r\n\r\n"
    raw(front.port, head.encode() + b"3\r\nabc\r\n5\r\n\x00\xff\r\nz\r\n0\r\n\r\n", wait=0.5)
    (found,) = model[1].posts("exact")
    assert (found.path, found.body) == ("/credit_risk/a?b=%20c", b"abc\x00\xff\r\nz")
    identity = found.headers["x-request-id"]
    assert UUID7.fullmatch(identity)
    assert dict(found.headers) == {
        "host": "models.example.com", "x-key": "exact", "cookie": "a=1; b=2", "accept": "*/*", "x-empty": "",
        "x-request-id": identity, "transfer-encoding": "chunked",
    }  # fmt: skip


def test_a_caller_gets_its_id_back_or_a_new_one(front: Sidecar) -> None:
    assert call(front.port, X_Request_Id="mine-1")[1]["X-Request-Id"] == "mine-1"
    assert UUID7.fullmatch(call(front.port)[1]["X-Request-Id"])
    assert UUID7.fullmatch(call(front.port, X_Request_Id="two words")[1]["X-Request-Id"])
    assert UUID7.fullmatch(call(front.port, X_Request_Id="x" * 129)[1]["X-Request-Id"])


def test_an_answer_that_comes_in_parts_goes_on_in_parts(front: Sidecar) -> None:
    with socket.create_connection(("127.0.0.1", front.port)) as connection:
        connection.sendall(f"POST {PATH} HTTP/1.1\r\nHost: a\r\nX-Stub: stream\r\nContent-Length: 0\r\n\r\n".encode())
        connection.settimeout(3)
        first = connection.recv(4096)
        while b"one" not in first:
            first += connection.recv(4096)
        start = time.monotonic()
        assert b"two" not in first
        assert b"two" in connection.recv(4096)
        assert time.monotonic() - start > 0.3


def test_a_head_request_has_no_body(front: Sidecar) -> None:
    status, headers, body = call(front.port, "HEAD")
    assert (status, body) == (200, b"")
    assert int(headers["Content-Length"]) > 0


def test_what_the_model_breaks_off_is_not_whole(front: Sidecar) -> None:
    assert call(front.port, X_Stub="reset")[0] == 502
    request = f"POST {PATH} HTTP/1.1\r\nHost: a\r\nX-Stub: truncate\r\nContent-Length: 0\r\n\r\n".encode()
    found = raw(front.port, request, wait=0.5)
    assert b"Content-Length: 1000" in found
    assert not found.endswith(b"}")


def test_a_model_that_is_not_there_is_said(uri: str, tmp_path: Path) -> None:
    with sidecar(request_log.free_port(), uri, tmp_path) as alone:
        status, headers, body = call(alone.port, X_Request_Id="none")
        assert (status, headers["X-Request-Id"]) == (503, "none")
        assert json.loads(body) == {"error": "the model takes no calls"}
        assert call(alone.port, "GET", "/-/modelyard/ready")[0] == 503
        assert call(alone.port, "GET", "/-/modelyard/live")[0] == 200
        assert call(alone.admin, "GET", "/ready")[0] == 503
        assert call(alone.admin, "GET", "/healthz")[0] == 200
        assert alone.metric("proxy_errors_total") == 1
        assert alone.metric("spooled_calls_total") == 0  # it was not scored


def test_probes_lead_through_it(front: Sidecar) -> None:
    assert call(front.port, "GET", "/-/modelyard/ready")[0] == 200
    assert call(front.port, "GET", "/-/modelyard/live")[0] == 200
    assert call(front.admin, "GET", "/ready")[0] == 200


def test_a_caller_that_asks_for_http_2_gets_http_1(front: Sidecar, model: tuple[int, scr_stub.Model]) -> None:
    head = f"POST {PATH} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
    head += "HTTP2-Settings: AAMAAABkAAQAAP\r\nX-Key: h2c\r\nContent-Length: 4\r\n\r\nabcd"
    found = raw(front.port, (head + head).encode(), wait=0.5)
    assert found.count(b"HTTP/1.1 200") == 2
    assert [each.body for each in model[1].posts("h2c")] == [b"abcd", b"abcd"]
    assert "upgrade" not in model[1].posts("h2c")[0].headers


def test_an_upgrade_does_not_hide_a_second_request(front: Sidecar, model: tuple[int, scr_stub.Model]) -> None:
    head = f"POST {PATH} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nX-Key: hidden\r\n"
    chunked = "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    found = raw(front.port, (head + chunked + head + "Content-Length: 0\r\n\r\n").encode(), wait=0.5)
    assert found.count(b"HTTP/1.1 200") == 2
    assert [each.body for each in model[1].posts("hidden")] == [b"abc", b""]
    assert raw(front.port, b"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", wait=0.5).startswith(b"HTTP/1.1 400")


def test_requests_that_are_sent_ahead_are_answered_in_order(front: Sidecar) -> None:
    requests = b"".join(
        b"POST %b HTTP/1.1\r\nHost: a\r\nX-Request-Id: ahead-%d\r\nContent-Length: %d\r\n\r\n%b"
        % (PATH.encode(), i, i, b"x" * i)
        for i in range(30)
    )
    found = raw(front.port, requests, wait=0.5)
    assert [int(each) for each in re.findall(rb"ahead-(\d+)", found)] == list(range(30))
    assert [int(each) for each in re.findall(rb'"length": (\d+)', found)] == list(range(30))


@pytest.mark.parametrize(
    "headers",
    ["Content-Length: 3\r\nTransfer-Encoding: chunked", "Content-Length: 3\r\nContent-Length: 4",
     "Content-Length: +3", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", "Bad Name: 1"],
)  # fmt: skip
def test_a_request_of_two_lengths_is_refused(front: Sidecar, model: tuple[int, scr_stub.Model], headers: str) -> None:
    before = len(model[1].calls)
    found = raw(front.port, f"POST {PATH} HTTP/1.1\r\nHost: a\r\n{headers}\r\n\r\n0\r\n\r\n".encode(), wait=0.5)
    assert found.startswith(b"HTTP/1.1 400")
    assert len(model[1].calls) == before


def test_a_head_without_an_end_is_refused(front: Sidecar) -> None:
    found = raw(front.port, b"POST / HTTP/1.1\r\nX-Long: " + b"x" * (1 << 17), wait=1)
    assert found.startswith(b"HTTP/1.1 431") or found == b""


def test_a_large_body_goes_through_and_is_not_logged(front: Sidecar, model: tuple[int, scr_stub.Model]) -> None:
    body = b"x" * (20 << 20)
    status, _, answer = call(front.port, body=body, X_Key="large", X_Stub="large=30000000", X_Request_Id="large")
    assert (status, len(answer)) == (200, 30_000_000)
    assert model[1].posts("large")[0].body == body
    assert front.metric('dropped_calls_total{reason="too_large"}') == 1


def test_a_row_has_what_went_in_and_what_came_out(front: Sidecar) -> None:
    call(
        front.port,
        path=f"{PATH}?x={CANARY}",
        body=b'{"data": {"LOAN": 1.50, "REASON": "\xc3\xa4"}}',
        X_Request_Id="row",
    )
    answer = {"path": f"{PATH}?x={CANARY}", "length": 40}
    assert logged(front, "row") == [(0, 200, {"LOAN": 1.5, "REASON": "ä"}, answer, "row", PATH)]


def test_each_row_of_a_call_has_a_row(front: Sidecar) -> None:
    body = json.dumps({"instances": [{"X": i} for i in range(500)]}).encode()
    call(front.port, body=body, X_Request_Id="batch")
    found = logged(front, "batch")
    assert [each[2] for each in found] == [{"X": i} for i in range(500)]
    assert [each[4] for each in found] == ["batch", *(f"batch/{i}" for i in range(1, 500))]


def test_errors_are_logged_without_an_answer(front: Sidecar) -> None:
    call(front.port, body=b'{"data": {"X": 1}}', X_Stub="status=500", X_Request_Id="error")
    assert logged(front, "error") == [(0, 500, {"X": 1}, None, "error", PATH)]


def test_a_caller_that_leaves_is_logged(front: Sidecar) -> None:
    with socket.create_connection(("127.0.0.1", front.port)) as connection:
        head = f"POST {PATH} HTTP/1.1\r\nHost: a\r\nX-Stub: slow=20\r\nX-Request-Id: left\r\nContent-Length: 2"
        connection.sendall(head.encode() + b"\r\n\r\n{}")
        time.sleep(0.3)
    assert logged(front, "left")[0][1] == 499


def test_calls_that_score_nothing_or_are_marked_are_not_logged(front: Sidecar) -> None:
    before = front.metric("spooled_calls_total"), front.metric('unlogged_calls_total{reason="marked"}')
    assert call(front.port, "GET")[0] == 200
    assert call(front.port, Modelyard_Log="none")[0] == 200
    after = front.metric("spooled_calls_total"), front.metric('unlogged_calls_total{reason="marked"}')
    assert after == (before[0], before[1] + 1)


def test_columns_are_left_out_and_hashed_and_no_value_is_said(
    model: tuple[int, scr_stub.Model], server: Server, tmp_path: Path
) -> None:
    uri = request_log.migrated(server).replace("owner@", f"owner:{CANARY}-password@")
    options = ("--drop=NAME", "--hash=CUSTOMER", "--id=customer", "--score=length", "--variant=champion")
    with sidecar(model[0], uri, tmp_path, *options, MODELYARD_HASH_KEY=f"{CANARY}-key") as made:
        body = json.dumps({"data": {"X": 1, "name": CANARY, "Customer": 42, "more": {"NAME": CANARY, "y": [CANARY]}}})
        call(made.port, body=body.encode(), X_Request_Id="a")
        call(made.port, body=body.replace("42", '"42"').encode(), X_Request_Id="b")
        call(made.port, body=f"{CANARY} is not JSON".encode(), X_Request_Id="c")
        call(made.port, body=b'{"data": {"X": "\\u0000\\ud800", "CUSTOMER": 1}}', X_Request_Id="d")
        call(made.port, body=f'{{"instances": [["{CANARY}"]]}}'.encode(), X_Request_Id="e")
        assert made.rows(5) == 5
        found = {each[0]: each[1:] for each in made.query(f"select id, inputs, key, score, variant from {TABLE}")}
        hashed = found["a"][1]
        assert re.fullmatch("[0-9a-f]{32}", str(hashed))
        assert found["a"] == ({"X": 1, "Customer": hashed, "more": {"y": [CANARY]}}, hashed, len(body), "champion")
        assert found["b"][1] == hashed  # a number and its text are one
        assert found["c"][0] is None
        assert found["d"][0]["X"] == "��"
        assert found["e"][0] is None  # without names, nothing can be left out
        assert made.metric("unreadable_bodies_total") == 1
        with_it = json.dumps(made.query(f"select inputs from {TABLE} where id in ('c', 'e')"))
        said = made.end()
    assert CANARY not in said + with_it


def test_a_sample_is_a_share_of_the_calls(model: tuple[int, scr_stub.Model], uri: str, tmp_path: Path) -> None:
    with sidecar(model[0], uri, tmp_path, "--sample=10%") as made:
        load = request_log.Load(made.port, 2000, 16, prefix="sample").run()
        taken = made.metric("spooled_calls_total")
        assert len(load.answered) == 2000
        assert 130 <= taken <= 270
        assert made.metric('unlogged_calls_total{reason="sample"}') == 2000 - taken


def test_sigterm_answers_what_is_in_flight_and_loses_no_row(
    model: tuple[int, scr_stub.Model], uri: str, tmp_path: Path
) -> None:
    with sidecar(model[0], uri, tmp_path, "--stays=1s", "--drain=5s", "--flush=60s") as made:
        answers: list[int] = []
        slow = threading.Thread(
            target=lambda: answers.append(call(made.port, X_Stub="slow=2.5", X_Request_Id="slow")[0])
        )
        slow.start()
        time.sleep(0.3)
        made.process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        status, headers, _ = call(made.port, X_Request_Id="late")  # endpoints still lead here
        assert (status, headers["Connection"]) == (200, "close")
        slow.join()
        made.end()
        assert answers == [200]
        assert made.process.returncode == 0
        assert logged(made, "slow", 0.5)  # they were there before it ended
        assert logged(made, "late", 0.5)


_SLOW_DISK: Final = """
import time
from modelyard.request_log.spool import Writer
fast = Writer.write
def slow(*what):
    time.sleep(0.7)
    fast(*what)
Writer.write = slow
"""


def test_sigterm_in_the_middle_of_a_write_to_the_spool_loses_no_row(
    model: tuple[int, scr_stub.Model], uri: str, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(_SLOW_DISK)
    paths = os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH")]))
    with sidecar(model[0], uri, tmp_path / "spool", "--flush=60s", PYTHONPATH=paths) as made:
        assert call(made.port, X_Request_Id="slow-disk")[0] == 200
        time.sleep(0.2)  # the write has begun
        made.end()
        assert logged(made, "slow-disk", 0.5)


def test_what_ships_is_begun_again_when_it_dies_and_at_the_end_too(
    model: tuple[int, scr_stub.Model], uri: str, tmp_path: Path
) -> None:
    with sidecar(model[0], uri, tmp_path, "--flush=60s") as made:
        assert call(made.port, X_Request_Id="first")[0] == 200
        assert logged(made, "first")
        (ships,) = Path(f"/proc/{made.process.pid}/task/{made.process.pid}/children").read_text().split()
        os.kill(int(ships), signal.SIGKILL)
        assert call(made.port, X_Request_Id="second")[0] == 200
        said = made.end()
        assert made.process.returncode == 0, said
        assert logged(made, "second", 0.5)


def test_what_ships_is_begun_when_there_are_descriptors_again(
    model: tuple[int, scr_stub.Model], uri: str, tmp_path: Path
) -> None:
    with sidecar(model[0], uri, tmp_path, before=("prlimit", "--nofile=64:64")) as made:
        assert call(made.port, X_Request_Id="before-many")[0] == 200
        assert logged(made, "before-many")
        (ships,) = Path(f"/proc/{made.process.pid}/task/{made.process.pid}/children").read_text().split()
        with contextlib.ExitStack() as callers:
            for _ in range(80):
                callers.enter_context(socket.create_connection(("127.0.0.1", made.port)))
            time.sleep(1)
            os.kill(int(ships), signal.SIGKILL)
            time.sleep(2)
        deadline = time.monotonic() + 20
        while call(made.port, X_Request_Id="after-many")[0] != 200:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert logged(made, "after-many")


def test_two_sidecars_do_not_share_a_spool(model: tuple[int, scr_stub.Model], uri: str, tmp_path: Path) -> None:
    with sidecar(model[0], uri, tmp_path), pytest.raises(AssertionError, match="MY821"):
        Sidecar(model[0], uri, tmp_path)


def test_an_answer_that_comes_before_the_request_is_whole_spoils_neither(uri: str, tmp_path: Path) -> None:
    """The stand-in answers at the head, in one piece, and reads the chunks after that."""
    got: list[bytes] = []

    def early(server: socket.socket) -> None:
        near, _ = server.accept()
        with near:
            got.append(near.recv(4096))
            near.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab")
            while not b"".join(got).endswith(b"0\r\n\r\n") and (part := near.recv(4096)):
                got.append(part)
            near.sendall(b"cd")

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=early, args=(server,))
        thread.start()
        with (
            sidecar(server.getsockname()[1], uri, tmp_path) as made,
            socket.create_connection(("127.0.0.1", made.port)) as near,
        ):
            near.settimeout(5)
            near.sendall(f"POST {PATH} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n".encode())
            found = near.recv(4096)
            near.sendall(b"3\r\ntwo\r\n0\r\n\r\n")
            while not found.endswith(b"abcd"):
                found += near.recv(4096)
            thread.join()
    assert b"".join(got).partition(b"\r\n\r\n")[2] == b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"
    assert b"chunked" not in found
