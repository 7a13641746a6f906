"""SageMaker's container contract, kept by the real Caddy with exactly what the target sagemaker-proxy renders."""

import contextlib
import http.client
import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from tests.support import sagemaker_proxy, scr_stub
from tests.support.sagemaker_proxy import JSON, Answer, Proxy

MEBIBYTE: Final = 1 << 20
LIMIT: Final = 6 * MEBIBYTE  # maxBody of the rendered model
PING_LIMIT: Final = 2.0  # seconds; SageMaker's, "Custom Inference Code with Hosting"
ATTRIBUTES: Final = "X-Amzn-SageMaker-Custom-Attributes"


class Site(NamedTuple):
    """A proxy and the model behind it."""

    proxy: Proxy
    model: scr_stub.Model


@contextlib.contextmanager
def serving(caddy: Path, folder: Path, timeout: str) -> Iterator[Site]:
    port = sagemaker_proxy.free_port()
    container = sagemaker_proxy.rendered(folder / "set", timeout=timeout)
    with scr_stub.running(port) as model, sagemaker_proxy.running(caddy, container, folder / "run", port) as proxy:
        yield Site(proxy, model)


@pytest.fixture(scope="module")
def site(caddy: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Return a proxy with 20 s for an invocation."""
    with serving(caddy, tmp_path_factory.mktemp("site"), "20s") as found:
        yield found


@pytest.fixture(scope="module")
def quick(caddy: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Return a proxy with 1 s for an invocation."""
    with serving(caddy, tmp_path_factory.mktemp("quick"), "1s") as found:
        yield found


@pytest.fixture
def alone(caddy: Path, tmp_path: Path) -> Iterator[tuple[Proxy, int]]:
    """Return a proxy with 1 s for an invocation, and the port on which there is no model yet."""
    port = sagemaker_proxy.free_port()
    rendered = sagemaker_proxy.rendered(tmp_path / "set", timeout="1s")
    with sagemaker_proxy.running(caddy, rendered, tmp_path / "run", port) as proxy:
        yield proxy, port


def is_error(answer: Answer, status: int) -> bool:
    """Tell whether an answer is a short JSON error with this status."""
    text = json.loads(answer.body)["error"]
    wanted = (status, "application/json")
    return (answer.status, answer.headers["Content-Type"]) == wanted and 0 < len(text) < 60


def test_ping_is_200_and_empty_while_the_model_answers(site: Site) -> None:
    answer = site.proxy.ping()
    assert (answer.status, answer.body) == (200, b"")


def test_ping_takes_head_as_health_checks_send_it(site: Site) -> None:
    answer = site.proxy.call("HEAD", "/ping")
    assert (answer.status, answer.body) == (200, b"")


def test_ping_asks_the_model_for_its_description(site: Site) -> None:
    assert site.proxy.call("GET", "/ping", headers={"X-Key": "asked"}).status == 200
    asked = [each for each in site.model.calls if each.headers.get("x-key") == "asked"]
    assert [(each.method, each.path) for each in asked] == [("HEAD", "/credit_risk/apiMeta/api")]


@pytest.mark.parametrize("stub", ["hang", "reset", "status=302", "status=404", "status=500", "status=503"])
def test_ping_is_503_within_its_limit_when_the_model_does_not_answer(site: Site, stub: str) -> None:
    answer = site.proxy.ping(stub)
    assert (answer.status, answer.body) == (503, b"")
    assert answer.seconds < PING_LIMIT


def test_ping_is_503_before_the_model_is_up_and_then_200(alone: tuple[Proxy, int]) -> None:
    proxy, port = alone
    down = proxy.ping()
    assert (down.status, down.body) == (503, b"")
    assert down.seconds < PING_LIMIT
    with scr_stub.running(port):
        assert proxy.ping().status == 200
    assert proxy.ping().status == 503


def test_ping_is_503_within_its_limit_when_connections_hang(alone: tuple[Proxy, int]) -> None:
    proxy, port = alone
    with sagemaker_proxy.deaf(port):
        answer = proxy.ping()
    assert (answer.status, answer.body) == (503, b"")
    assert answer.seconds < PING_LIMIT


@pytest.mark.slow
def test_ping_keeps_its_limit_while_all_calls_hang(caddy: Path, tmp_path: Path) -> None:
    with serving(caddy, tmp_path, "6s") as site, ThreadPoolExecutor(80) as pool:
        calls = [pool.submit(site.proxy.score, "hang") for _ in range(80)]
        time.sleep(0.7)
        up, down = site.proxy.ping(), site.proxy.ping("hang")
        assert (up.status, down.status) == (200, 503)
        assert max(up.seconds, down.seconds) < PING_LIMIT
        assert {each.result().status for each in calls} == {504}


def test_a_call_reaches_the_model_as_it_was_sent(site: Site) -> None:
    body = bytes(range(256)) * 4
    content_type = "application/json; charset=utf-8"
    sent = {"Content-Type": content_type, ATTRIBUTES: "trace-id=4711", "Accept": "text/csv", "X-Key": "sent"}
    answer = site.proxy.call("POST", "/invocations", body, sent)
    (call,) = site.model.posts("sent")
    assert (call.path, call.body) == ("/credit_risk", body)
    named = [call.headers[name.lower()] for name in ("Content-Type", ATTRIBUTES, "Accept")]
    assert named == [content_type, "trace-id=4711", "text/csv"]
    assert "accept-encoding" not in call.headers or call.headers["accept-encoding"] == "identity"
    assert answer.status == 200


def test_an_answer_reaches_the_caller_as_it_was_given(site: Site) -> None:
    answer = site.proxy.score(headers={ATTRIBUTES: "trace-id=4711"})
    assert json.loads(answer.body) == {"path": "/credit_risk", "length": 13}
    assert (answer.headers["Content-Type"], answer.headers[ATTRIBUTES]) == ("application/json", "trace-id=4711")
    assert "Server" not in answer.headers


@pytest.mark.parametrize("status", [201, 400, 404, 405, 413, 415, 422, 429, 500, 502, 503, 504])
def test_a_status_of_the_model_is_kept_with_its_body(site: Site, status: int) -> None:
    answer = site.proxy.score(f"status={status}")
    assert (answer.status, json.loads(answer.body)["path"]) == (status, "/credit_risk")
    assert answer.headers.get("Retry-After") == ("7" if status == 429 else None)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_becomes_502_without_its_address(site: Site, status: int) -> None:
    answer = site.proxy.score(f"status={status}")
    assert is_error(answer, 502)
    assert "Location" not in answer.headers
    assert b"elsewhere" not in answer.body


@pytest.mark.parametrize(
    "path", ["/", "/invocations/", "/invocation", "/credit_risk", "/ping/x", "/credit_risk/apiMeta/api"]
)
def test_other_paths_are_404_and_do_not_reach_the_model(site: Site, path: str) -> None:
    before = len(site.model.calls)
    assert is_error(site.proxy.call("GET", path), 404)
    assert is_error(site.proxy.call("POST", path, b"{}", JSON), 404)
    assert len(site.model.calls) == before


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [("GET", "/invocations", "POST"), ("PUT", "/invocations", "POST"), ("DELETE", "/invocations", "POST"),
     ("POST", "/ping", "GET, HEAD")],
)  # fmt: skip
def test_other_methods_are_405_with_those_that_are_allowed(site: Site, method: str, path: str, allow: str) -> None:
    before = len(site.model.calls)
    answer = site.proxy.call(method, path)
    assert is_error(answer, 405)
    assert answer.headers["Allow"] == allow
    assert len(site.model.calls) == before


@pytest.mark.parametrize("size", [0, 900_000, LIMIT])
def test_bodies_up_to_the_limit_pass(site: Site, size: int) -> None:
    assert json.loads(site.proxy.score(body=b"x" * size).body)["length"] == size


def test_a_body_in_chunks_passes(site: Site) -> None:
    answer = site.proxy.call("POST", "/invocations", iter([b"x" * MEBIBYTE] * 6), JSON)
    assert json.loads(answer.body)["length"] == LIMIT


def test_an_answer_of_6_mebibytes_passes(site: Site) -> None:
    assert site.proxy.score(f"large={LIMIT}").body == b"x" * LIMIT


def test_a_body_above_the_limit_is_413_and_does_not_reach_the_model(site: Site) -> None:
    before = len(site.model.calls)
    head = f"POST /invocations HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {LIMIT + 1}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", site.proxy.port), 10) as connection:
        connection.sendall(head.encode())
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        found = Answer(answer.status, answer.headers, answer.read(), 0)
    assert is_error(found, 413)
    assert len(site.model.calls) == before


def test_chunks_above_the_limit_are_413_and_not_scored(site: Site) -> None:
    chunk = b"100000\r\n" + b"x" * MEBIBYTE + b"\r\n"
    head = b"POST /invocations HTTP/1.1\r\nHost: x\r\nX-Key: chunks\r\nTransfer-Encoding: chunked\r\n\r\n"
    with socket.create_connection(("127.0.0.1", site.proxy.port), 10) as connection:
        connection.sendall(head + chunk * 6 + b"1\r\nx\r\n0\r\n\r\n")
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        found = Answer(answer.status, answer.headers, answer.read(), 0)
    assert is_error(found, 413)
    assert site.model.posts("chunks") == []


def test_an_answer_in_parts_passes_as_it_comes(site: Site) -> None:
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", site.proxy.port, timeout=10)) as connection:
        connection.request("POST", "/invocations", b"{}", {**JSON, "X-Stub": "stream"})
        answer = connection.getresponse()
        first, start = answer.read(3), time.monotonic()
        rest = answer.read()
    assert (first, rest) == (b"one", b"two")
    assert time.monotonic() - start > 0.4


def test_300_calls_share_a_connection_to_the_model(site: Site) -> None:
    before = site.model.connections
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", site.proxy.port, timeout=10)) as connection:
        answers = [sagemaker_proxy.call(connection, "POST", "/invocations", b"{}", JSON) for _ in range(300)]
    assert {each.status for each in answers} == {200}
    assert site.model.connections - before <= 8


def test_64_callers_share_connections_and_nothing_is_lost_or_sent_twice(site: Site) -> None:
    before = site.model.connections

    def caller(number: int) -> list[int]:
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", site.proxy.port, timeout=30)) as connection:
            keys = [{**JSON, "X-Key": f"{number}-{turn}"} for turn in range(20)]
            return [sagemaker_proxy.call(connection, "POST", "/invocations", b"{}", each).status for each in keys]

    with ThreadPoolExecutor(64) as pool:
        found = [status for statuses in pool.map(caller, range(64)) for status in statuses]
    assert found == [200] * 1280
    keys = [f"{number}-{turn}" for number in range(64) for turn in range(20)]
    assert [key for key in keys if len(site.model.posts(key)) != 1] == []
    # Go dials while a call waits for a connection that comes free, and keeps both (net/http, Transport.getConn).
    assert site.model.connections - before <= 2 * 64


def test_a_call_that_the_model_breaks_off_is_502_and_not_sent_again(site: Site) -> None:
    assert is_error(site.proxy.score("reset", headers={"X-Key": "reset"}), 502)
    assert len(site.model.posts("reset")) == 1


def test_calls_on_connections_that_the_model_closes_unannounced_are_not_sent_twice(site: Site) -> None:
    answers = [site.proxy.score("close", headers={"X-Key": f"close-{turn}"}) for turn in range(60)]
    counts = [len(site.model.posts(f"close-{turn}")) for turn in range(60)]
    assert set(counts) <= {0, 1}
    assert all(count == 1 for answer, count in zip(answers, counts, strict=True) if answer.status == 200)
    assert {each.status for each in answers} <= {200, 502}
    assert sum(each.status == 200 for each in answers) > 30
    time.sleep(0.3)  # until the proxy knows of the last one


def test_an_answer_that_breaks_off_is_not_taken_for_a_whole_one(site: Site) -> None:
    with pytest.raises(http.client.IncompleteRead):
        site.proxy.score("truncate")


def test_a_model_that_hangs_is_504_at_the_limit_and_asked_once(quick: Site) -> None:
    answer = quick.proxy.score("hang", headers={"X-Key": "hang"})
    assert is_error(answer, 504)
    assert 0.9 < answer.seconds < 2.5
    assert len(quick.model.posts("hang")) == 1
    assert quick.proxy.score().status == 200


@pytest.mark.slow
@pytest.mark.parametrize("stub", ["hang-body", "drip"])
def test_an_answer_that_does_not_end_is_cut(quick: Site, stub: str) -> None:
    start = time.monotonic()
    with pytest.raises(http.client.IncompleteRead):
        quick.proxy.score(stub)
    assert time.monotonic() - start < 1 + 7 + 1.5  # timeout, what is added to it, and a slow machine


@pytest.mark.slow
def test_the_limit_does_not_shrink_while_a_connection_is_idle(quick: Site) -> None:
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", quick.proxy.port, timeout=10)) as connection:
        assert sagemaker_proxy.call(connection, "POST", "/invocations", b"{}", JSON).status == 200
        time.sleep(4.5)
        slow = sagemaker_proxy.call(connection, "POST", "/invocations", b"{}", {**JSON, "X-Stub": "slow=0.8"})
    assert slow.status == 200


def test_a_model_that_is_down_is_502_and_comes_back(alone: tuple[Proxy, int]) -> None:
    proxy, port = alone
    down = proxy.score()
    assert is_error(down, 502)
    assert down.seconds < 1
    with scr_stub.running(port):
        assert proxy.score().status == 200
    assert is_error(proxy.score(), 502)
    with scr_stub.running(port):
        assert proxy.score().status == 200


def test_a_model_that_hangs_at_connect_is_502_or_504(alone: tuple[Proxy, int]) -> None:
    proxy, port = alone
    with sagemaker_proxy.deaf(port):
        answer = proxy.score()
    assert is_error(answer, answer.status)
    assert answer.status in (502, 504)
    assert answer.seconds < 3


def test_the_log_holds_no_header(site: Site) -> None:
    site.proxy.score("reset", headers={"X-Api-Key": "do-not-log-this"})
    time.sleep(0.2)
    log = site.proxy.log.read_text("utf-8")
    assert '"uri":"/' in log
    assert "do-not-log-this" not in log
