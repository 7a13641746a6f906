"""SageMaker's forms of rows for TensorFlow Serving: through the real Caddy and what reads them, to a stand-in."""

import contextlib
import gzip
import http.client
import json
import signal
import socket
import subprocess
import sys
import threading
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
MODEL: Final = "/v1/models/wells"
CSV: Final = {"Content-Type": "text/csv"}
ATTRIBUTES: Final = "X-Amzn-SageMaker-Custom-Attributes"


class Site(NamedTuple):
    """A proxy, what reads rows behind it, and the model behind that. memory: its limit in bytes."""

    proxy: Proxy
    process: subprocess.Popen[bytes]
    ports: tuple[int, int]
    model_port: int
    memory: int

    def reached(self, model: scr_stub.Model, body: bytes, **headers: str) -> tuple[Answer, list[scr_stub.Call]]:
        """Post a body, and return the answer with the calls that the model got for it."""
        key = f"call-{time.monotonic_ns()}"
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.proxy.call("POST", "/invocations", body, {"X-Key": key, **named}), model.posts(key)


@contextlib.contextmanager
def serving(caddy: Path, folder: Path, timeout: str) -> Iterator[Site]:
    """Run both containers; the model listens at `model_port`, or does not yet."""
    model_port = sagemaker_proxy.free_port()
    container = sagemaker_proxy.rendered(folder / "set", timeout=timeout, text=sagemaker_proxy.TENSORFLOW)
    command, memory = container.invocations
    with (
        sagemaker_proxy.invoking(command, folder, model_port) as (process, *ports),
        sagemaker_proxy.running(caddy, container, folder / "run", ports[0]) as proxy,
    ):
        yield Site(proxy, process, (ports[0], ports[1]), model_port, memory)


@pytest.fixture(scope="module")
def both(caddy: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, scr_stub.Model]]:
    """Return a site with 20 s for an invocation, and its model."""
    with (
        serving(caddy, tmp_path_factory.mktemp("site"), "20s") as site,
        scr_stub.running(site.model_port, path=MODEL) as model,
    ):
        yield site, model


@pytest.fixture(scope="module")
def site(both: tuple[Site, scr_stub.Model]) -> Site:
    return both[0]


@pytest.fixture(scope="module")
def model(both: tuple[Site, scr_stub.Model]) -> scr_stub.Model:
    return both[1]


@pytest.fixture
def quick(caddy: Path, tmp_path: Path) -> Iterator[Site]:
    """Return a site with 1 s for an invocation, without a model."""
    with serving(caddy, tmp_path, "1s") as found:
        yield found


def error(answer: Answer) -> tuple[int, str]:
    """Return status and text of a JSON error."""
    assert answer.headers["Content-Type"] == "application/json"
    return answer.status, json.loads(answer.body)["error"]


@pytest.mark.parametrize(
    ("content_type", "body", "sent"),
    [
        ("text/csv", "1.0,2.0,5.0\n", "[[1.0,2.0,5.0]]"),
        ("text/csv; charset=UTF-8", "1,2\r\n\r\n3,4", "[[1,2],[3,4]]"),
        ("Text/CSV", "1\n2.50\n-3e-2\n", "[1,2.50,-3e-2]"),
        ("text/csv", '"a ""b"", c",1\n"ü\n",2\n', '[["a \\"b\\", c",1],["ü\\n",2]]'),
        ("text/csv", "esp,rod,x y\n1,2,3\n", '[["esp","rod","x y"],["1","2","3"]]'),
        ("application/json", '{"x": 1.50}', '[{"x": 1.50}]'),
        ("application/json", "[1, 2]", "[[1, 2]]"),
        ("application/json", "[[1], [2]]", "[[1], [2]]"),
        ("application/json", "7", "[7]"),
        ("application/jsonlines", '{"x": 1}\n\n{"x": 2}\n', '[{"x": 1},{"x": 2}]'),
        ("application/jsonlines", "[1, 2]\n[3, 4]\n", "[[1, 2],[3, 4]]"),
        ("application/jsons", '{"x":\n 1} {"x": 2}', '[{"x":\n 1},{"x": 2}]'),
    ],
)
def test_rows_become_instances(site: Site, model: scr_stub.Model, content_type: str, body: str, sent: str) -> None:
    answer, (call,) = site.reached(model, body.encode(), Content_Type=content_type)
    assert (answer.status, call.path) == (200, f"{MODEL}:predict")
    assert call.body.decode() == f'{{"instances":{sent}}}'
    assert call.headers["content-type"] == "application/json"


@pytest.mark.parametrize("body", [b'{"signature_name": "plain", "instances": [[1, 2]]}', b'{"inputs": {"x": [1]}}'])
@pytest.mark.parametrize("headers", [{}, {"Content_Type": "application/json"}, {"Content_Type": "application/jsons"}])
def test_a_body_of_tensorflow_serving_goes_through_as_it_is(
    site: Site, model: scr_stub.Model, body: bytes, headers: dict[str, str]
) -> None:
    answer, (call,) = site.reached(model, body, **headers)
    assert (answer.status, call.path, call.body) == (200, f"{MODEL}:predict", body)


def test_large_bodies_pass_in_each_form(site: Site, model: scr_stub.Model) -> None:
    numbers = b"[" + b"1.5," * (LIMIT // 4 - 8) + b"1]"
    for body in (b'{"instances":' + numbers + b"}", numbers):
        assert len(body) < LIMIT
        answer, (call,) = site.reached(model, body, Content_Type="application/json")
        assert (answer.status, json.loads(answer.body)["length"]) == (200, len(call.body))
        assert numbers in call.body
    lines = b"1.5,2.5,3.5,4.5\n" * (LIMIT // 16)
    answer, (call,) = site.reached(model, lines, Content_Type="text/csv")
    assert (answer.status, call.body.count(b"[1.5,2.5,3.5,4.5]")) == (200, LIMIT // 16)


def test_a_body_in_chunks_or_packed_passes(site: Site, model: scr_stub.Model) -> None:
    packed = {"Content-Encoding": "gzip"}
    for headers, body in (({}, iter([b"1,", b"2\n3", b",4"])), (packed, gzip.compress(b"1,2\n3,4"))):
        answer = site.proxy.call("POST", "/invocations", body, {**CSV, **headers, "X-Key": "parts"})
        assert answer.status == 200
        assert model.posts("parts")[-1].body == b'{"instances":[[1,2],[3,4]]}'
    own = b'{"instances":[[1,2]]}'
    site.proxy.call("POST", "/invocations", gzip.compress(own), {**JSON, **packed, "X-Key": "packed"})
    (call,) = model.posts("packed")
    assert (call.body, "content-encoding" in call.headers) == (own, False)


@pytest.mark.parametrize(
    ("content_type", "body", "words"),
    [
        ("text/csv", b"1,2\n3\n", "row 2 has 1 cell, row 1 has 2"),
        ("text/csv", b"1,2\n\n3,\n", "row 2, cell 2 is empty: write NaN"),
        ("text/csv", b"1,2\n3,esp\n", "row 2, cell 2 is no number: put texts between quotes"),
        ("text/csv", b'1,2\n3,"4\n', "row 2, cell 2 has a quote that does not open it, close it or stand twice"),
        ("text/csv", b"\xff", "the body is not UTF-8, at byte 0"),
        ("text/csv", b" \n", "the body has no rows"),
        ("application/json", b"", "the body has no rows"),
        ("application/json", b"{'x': 1}", "row 1 is not JSON: Expecting property name enclosed in double quotes at"),
        ("application/jsonlines", b'{"x": 1}\n{"x": }', "row 2 is not JSON: Expecting value at character 7"),
        ("application/json", b"[" * 100_000, "row 1 is nested too deep"),
    ],
)
def test_bad_rows_are_named_and_do_not_reach_the_model(
    site: Site, model: scr_stub.Model, content_type: str, body: bytes, words: str
) -> None:
    answer, calls = site.reached(model, body, Content_Type=content_type)
    status, text = error(answer)
    assert (status, text.startswith(words), calls) == (400, True, []), text


def test_other_content_types_are_415_with_those_that_are_taken(site: Site, model: scr_stub.Model) -> None:
    for other in ("application/x-npy", "text/plain", "application/x-jsonlines"):
        answer, calls = site.reached(model, b"1,2", Content_Type=other)
        wanted = f"{other} is not taken: send application/json, application/jsonlines or text/csv"
        assert (error(answer), calls) == ((415, wanted), [])
    answer, calls = site.reached(model, b"1,2", Content_Type="text/csv; charset=latin-1")
    assert (error(answer), calls) == ((415, "only UTF-8 is taken"), [])


def test_a_body_above_the_limit_is_413_and_not_scored(site: Site, model: scr_stub.Model) -> None:
    packed = gzip.compress(b"1.5,2.5\n" * LIMIT)
    answer, calls = site.reached(model, packed, Content_Type="text/csv", Content_Encoding="gzip")
    assert (error(answer), calls) == ((413, f"a body has {LIMIT} bytes at most"), [])
    for content_type in ("text/csv", "application/json"):
        head = "POST /invocations HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Key: above\r\n"
        head += f"Content-Type: {content_type}\r\n"
        with socket.create_connection(("127.0.0.1", site.ports[0]), 10) as connection:
            connection.sendall(f"{head}Content-Length: {LIMIT + 1}\r\n\r\n".encode())
            assert http_status(connection) == 413
        with socket.create_connection(("127.0.0.1", site.proxy.port), 10) as connection:
            connection.sendall(f"{head}Content-Length: {LIMIT + 1}\r\n\r\n".encode())
            assert http_status(connection) == 413
    assert model.posts("above") == []


def http_status(connection: socket.socket) -> int:
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    return answer.status


def test_an_answer_is_one_line_where_the_caller_names_json(site: Site, model: scr_stub.Model) -> None:
    asked = {"application/jsonlines": "application/jsonlines", "application/json, text/csv": "application/json"}
    for accept, content_type in asked.items():
        answer, _ = site.reached(model, b"1", Content_Type="text/csv", Accept=accept, X_Stub="lines")
        assert (answer.headers["Content-Type"], answer.body) == (content_type, b'{    "predictions": [1]}')
    for accept in ("*/*", "text/csv", ""):
        answer, _ = site.reached(model, b"1", Content_Type="text/csv", Accept=accept, X_Stub="lines")
        assert answer.body == b'{\n    "predictions": [1]\n}'


@pytest.mark.parametrize(
    ("attributes", "path"),
    [
        ("trace=1, tfs-method=regress", f"{MODEL}:regress"),
        ("tfs-model-version=8,tfs-model-name=wells-b", f"{MODEL}-b/versions/8:predict"),
        ("tfs-other=x", f"{MODEL}:predict"),
    ],
)
def test_custom_attributes_name_model_version_and_method(
    site: Site, model: scr_stub.Model, attributes: str, path: str
) -> None:
    _, (call,) = site.reached(model, b"1", Content_Type="text/csv", **{ATTRIBUTES: attributes})
    assert (call.path, call.headers[ATTRIBUTES.lower()]) == (path, attributes)


@pytest.mark.parametrize("attribute", ["tfs-model-name=../x", "tfs-method=delete", "tfs-model-version=7:x"])
def test_attributes_that_lead_elsewhere_are_refused(site: Site, model: scr_stub.Model, attribute: str) -> None:
    answer, calls = site.reached(model, b"1", Content_Type="text/csv", **{ATTRIBUTES: attribute})
    assert (error(answer)[0], calls) == (400, [])


def test_other_headers_go_both_ways(site: Site, model: scr_stub.Model) -> None:
    answer, (call,) = site.reached(model, b"1", Content_Type="text/csv", X_Trace="4711", **{ATTRIBUTES: "trace=1"})
    assert call.headers["x-trace"] == "4711"
    assert answer.headers[ATTRIBUTES] == "trace=1"
    assert "Server" not in answer.headers


@pytest.mark.parametrize("status", [400, 404, 429, 500, 503])
def test_a_status_of_the_model_is_kept_with_its_body(site: Site, model: scr_stub.Model, status: int) -> None:
    answer, (call,) = site.reached(model, b"1", Content_Type="text/csv", X_Stub=f"status={status}")
    assert (answer.status, json.loads(answer.body)["path"]) == (status, call.path)
    assert answer.headers.get("Retry-After") == ("7" if status == 429 else None)


def test_an_answer_in_parts_passes_as_it_comes(site: Site) -> None:
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", site.proxy.port, timeout=10)) as connection:
        connection.request("POST", "/invocations", b"1", {**CSV, "X-Stub": "stream"})
        answer = connection.getresponse()
        first, start = answer.read(3), time.monotonic()
        rest = answer.read()
    assert (first, rest) == (b"one", b"two")
    assert time.monotonic() - start > 0.4


def test_what_breaks_off_is_no_answer_and_is_not_sent_again(site: Site, model: scr_stub.Model) -> None:
    answer, calls = site.reached(model, b"1", Content_Type="text/csv", X_Stub="reset")
    assert (error(answer), len(calls)) == ((502, "the model has broken off the call"), 1)
    with pytest.raises(http.client.IncompleteRead):
        site.proxy.call("POST", "/invocations", b"1", {**CSV, "X-Stub": "truncate"})


def test_it_takes_calls_of_its_own_pod_alone_and_probes_from_everywhere(site: Site) -> None:
    # 127.0.0.2 stands for another address of the pod.
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", site.ports[0]), 5)
    with contextlib.closing(http.client.HTTPConnection("127.0.0.2", site.ports[1], timeout=5)) as connection:
        assert sagemaker_proxy.call(connection, "GET", "/healthz").status == 200
        assert sagemaker_proxy.call(connection, "POST", "/invocations", b"1", CSV).status == 404


def test_ping_says_whether_the_model_can_score(quick: Site) -> None:
    assert quick.proxy.ping().status == 503
    assert error(quick.proxy.call("POST", "/invocations", b"1", CSV)) == (503, "the model does not take calls")
    with scr_stub.running(quick.model_port, path=MODEL) as model:
        assert quick.proxy.ping().status == 200
        assert [(each.method, each.path) for each in model.calls] == [("GET", f"{MODEL}/versions/7/metadata")]
        assert quick.proxy.call("POST", "/invocations", b"1", CSV).status == 200
        hanging = quick.proxy.ping("hang")
        assert hanging.status == 200, "headers of a ping do not reach the model"
    with sagemaker_proxy.deaf(quick.model_port):
        deaf = quick.proxy.ping()
    assert (deaf.status, deaf.seconds < 2) == (503, True)


def test_a_model_that_hangs_is_504_at_the_limit(quick: Site) -> None:
    with scr_stub.running(quick.model_port, path=MODEL):
        answer = quick.proxy.call("POST", "/invocations", b"1", {**CSV, "X-Stub": "hang"})
        assert answer.status == 504
        assert 0.9 < answer.seconds < 3
        assert quick.proxy.ping().status == 200


def test_sigterm_lets_a_call_end(quick: Site) -> None:
    with scr_stub.running(quick.model_port, path=MODEL) as model, ThreadPoolExecutor(1) as pool:
        asked = {**CSV, "X-Stub": "slow=0.8", "X-Key": "last"}
        call = pool.submit(quick.proxy.call, "POST", "/invocations", b"1", asked)
        while not model.posts("last"):
            time.sleep(0.01)
        quick.process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", quick.ports[0]), 5)
        assert call.result().status == 200
        assert quick.process.wait(5) == 0
    assert "listening on 127.0.0.1:" in (quick.proxy.log.parent.parent / "invocations.log").read_text("utf-8")


@pytest.mark.slow
def test_many_large_bodies_at_once_stay_within_its_memory(caddy: Path, tmp_path: Path) -> None:
    lines, pings, stopped = b'"a",2.5,3.5,4.5\n' * (LIMIT // 16), [], threading.Event()
    with serving(caddy, tmp_path, "10m") as site, scr_stub.running(site.model_port, path=MODEL):

        def ask() -> None:
            while not stopped.wait(0.3):
                pings.append(site.proxy.ping().status)

        def score(_: int) -> int:
            return site.proxy.call("POST", "/invocations", lines, CSV, timeout=500).status

        with ThreadPoolExecutor(13) as pool:
            asking = pool.submit(ask)
            answers = list(pool.map(score, range(12)))
            stopped.set()
            asking.result()
        status = Path(f"/proc/{site.process.pid}/status").read_text("ascii")
    peak = int(status.partition("VmHWM:")[2].split()[0]) * 1024
    print(f"{peak >> 20} MiB of {site.memory >> 20}, {sorted(answers)}")  # noqa: T201 - figures
    assert peak < site.memory
    assert {200} <= set(answers) <= {200, 503}, "what is too much at once is to come later"
    assert 200 in pings, "bodies are read while others are answered"


def test_without_an_image_for_it_caddy_refuses_what_the_model_cannot_read(caddy: Path, tmp_path: Path) -> None:
    text = sagemaker_proxy.TENSORFLOW.replace("  toolImage: registry.example.com/modelyard:0.2.0\n", "")
    container = sagemaker_proxy.rendered(tmp_path / "set", timeout="5s", text=text)
    assert container.invocations == ((), 0)
    port = sagemaker_proxy.free_port()
    with (
        scr_stub.running(port, path=MODEL) as model,
        sagemaker_proxy.running(caddy, container, tmp_path / "run", port) as proxy,
    ):
        for content_type in ("text/csv", "Text/CSV; charset=utf-8", "application/jsonlines", "application/jsons"):
            answer = proxy.call("POST", "/invocations", b"1,2\n", {"Content-Type": content_type})
            assert error(answer) == (415, "only application/json is taken here")
        assert model.calls == []
        for headers in (JSON, {}, {"Content-Type": "application/json; charset=utf-8"}):
            assert proxy.call("POST", "/invocations", b'{"instances":[1]}', headers).status == 200


def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        words = ["invocations", f"http://127.0.0.1:1{MODEL}", "--port", str(taken.getsockname()[1]), "--health-port"]
        command = [sys.executable, "-m", "modelyard", *words, str(sagemaker_proxy.free_port())]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=30, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert "[MY123]" in done.stderr


@pytest.mark.parametrize(
    "words", [["ftp://x/v1/models/y"], ["http://127.0.0.1/churn"], ["http://x/v1/models/y", "--max-body", "lots"]]
)
def test_what_is_no_model_of_tensorflow_serving_is_wrong_usage(words: list[str]) -> None:
    command = [sys.executable, "-m", "modelyard", "invocations", *words]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout) == (2, "")
