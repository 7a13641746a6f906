"""The end of the proxy, with the real Caddy: what callers on kept connections are told, and how long it takes."""

import contextlib
import http.client
import signal
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import pytest

from modelyard.manifests.names import seconds
from tests.support import sagemaker_proxy, scr_stub
from tests.support.sagemaker_proxy import JSON, Answer, Proxy

DELAY: Final = 5.0  # seconds; PROXY_DELAY as rendered
CALLS: Final = {  # each sort of answer: method, path, what the model does, the status
    "scored": ("POST", "/invocations", "", 200),
    "in parts": ("POST", "/invocations", "stream", 200),
    "an error of the model": ("POST", "/invocations", "status=500", 500),
    "a redirect": ("POST", "/invocations", "status=302", 502),
    "broken off": ("POST", "/invocations", "reset", 502),
    "ping": ("GET", "/ping", "", 200),
    "ping by HEAD": ("HEAD", "/ping", "", 200),
    "ping while the model is down": ("GET", "/ping", "reset", 503),
    "another method": ("GET", "/invocations", "", 405),
    "another path": ("GET", "/other", "", 404),
}


@contextlib.contextmanager
def serving(caddy: Path, folder: Path, timeout: str = "20s") -> Iterator[Proxy]:
    """Run a proxy and the model behind it."""
    port = sagemaker_proxy.free_port()
    container = sagemaker_proxy.rendered(folder / "set", timeout=timeout)
    assert seconds(container.env["PROXY_DELAY"]) == DELAY
    with scr_stub.running(port), sagemaker_proxy.running(caddy, container, folder / "run", port) as proxy:
        yield proxy


@contextlib.contextmanager
def kept(proxy: Proxy) -> Iterator[http.client.HTTPConnection]:
    """Return a connection that has had a call, and is kept."""
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=30)) as connection:
        assert not closes(score(connection))
        yield connection


def score(connection: http.client.HTTPConnection, stub: str = "") -> Answer:
    return sagemaker_proxy.call(connection, "POST", "/invocations", b"{}", {**JSON, "X-Stub": stub})


def closes(answer: Answer) -> bool:
    """Tell whether an answer says that its connection is closed."""
    return answer.headers["Connection"] == "close"


def refuses(proxy: Proxy) -> bool:
    """Tell whether nothing listens any more."""
    with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", proxy.port), 1):
        return False
    return True


@pytest.mark.slow
def test_after_sigterm_every_answer_on_a_kept_connection_closes_it(caddy: Path, tmp_path: Path) -> None:
    with serving(caddy, tmp_path) as proxy, contextlib.ExitStack() as stack:
        connections = {name: stack.enter_context(kept(proxy)) for name in CALLS}
        for name, (method, path, stub, status) in CALLS.items():
            answer = sagemaker_proxy.call(connections[name], method, path, b"{}", {**JSON, "X-Stub": stub})
            assert (answer.status, closes(answer)) == (status, False), name
        proxy.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        for name, (method, path, stub, status) in CALLS.items():
            answer = sagemaker_proxy.call(connections[name], method, path, b"{}", {**JSON, "X-Stub": stub})
            assert (answer.status, closes(answer)) == (status, True), name
        assert proxy.process.wait(10) == 0


@pytest.mark.parametrize("took", [1.0, 4.0, 7.0])  # before the delay is over, and after
def test_a_call_in_flight_at_sigterm_ends_with_200_and_closes_its_connection(
    caddy: Path, tmp_path: Path, took: float
) -> None:
    with serving(caddy, tmp_path) as proxy, kept(proxy) as connection, ThreadPoolExecutor(1) as pool:
        call = pool.submit(score, connection, f"slow={took}")
        time.sleep(0.3)
        proxy.process.send_signal(signal.SIGTERM)
        answer = call.result()
        assert (answer.status, closes(answer)) == (200, True)
        assert proxy.process.wait(10) == 0


@pytest.mark.slow
def test_new_connections_are_served_until_the_delay_is_over(caddy: Path, tmp_path: Path) -> None:
    with serving(caddy, tmp_path) as proxy:
        start = time.monotonic()
        proxy.process.send_signal(signal.SIGTERM)
        while time.monotonic() - start < DELAY - 0.5:
            assert (proxy.score().status, proxy.ping().status) == (200, 200)
            time.sleep(0.2)
        assert proxy.process.wait(10) == 0
        assert refuses(proxy)


@pytest.mark.slow
def test_calls_in_flight_end_when_nothing_listens_any_more(caddy: Path, tmp_path: Path) -> None:
    with serving(caddy, tmp_path) as proxy, ThreadPoolExecutor(8) as pool:
        calls = [pool.submit(proxy.score, "slow=8") for _ in range(8)]
        time.sleep(0.5)
        proxy.process.send_signal(signal.SIGTERM)
        time.sleep(DELAY + 1)
        assert refuses(proxy)
        assert {each.result().status for each in calls} == {200}
        assert proxy.process.wait(10) == 0


@pytest.mark.slow
def test_without_calls_it_ends_with_the_delay(caddy: Path, tmp_path: Path) -> None:
    with serving(caddy, tmp_path) as proxy, kept(proxy):
        start = time.monotonic()
        proxy.process.send_signal(signal.SIGTERM)
        assert proxy.process.wait(20) == 0
        assert DELAY - 0.1 < time.monotonic() - start < DELAY + 3


@pytest.mark.slow
def test_a_call_that_does_not_end_is_cut_after_its_time(caddy: Path, tmp_path: Path) -> None:
    with serving(caddy, tmp_path, "3s") as proxy:
        start = time.monotonic()
        proxy.process.send_signal(signal.SIGTERM)
        time.sleep(DELAY - 1)
        thread = threading.Thread(target=_break, args=(proxy,))
        thread.start()
        proxy.process.wait(20)
        assert DELAY + 2.5 < time.monotonic() - start < DELAY + 3 + 2
        thread.join(10)


def _break(proxy: Proxy) -> None:
    with contextlib.suppress(http.client.HTTPException, OSError):
        proxy.score("drip")


@pytest.mark.slow
def test_no_call_on_a_kept_connection_is_lost_while_one_takes_the_place_of_another(caddy: Path, tmp_path: Path) -> None:
    with serving(caddy, tmp_path / "old") as old, serving(caddy, tmp_path / "new") as new:
        switched = threading.Event()

        def caller(_: int) -> tuple[int, list[str]]:
            """Call until the new one has answered, on one connection for as long as nothing says to close it."""
            count, lost, ends = 0, [], time.monotonic() + 20
            connection, on_new = http.client.HTTPConnection("127.0.0.1", old.port, timeout=10), False
            while time.monotonic() < ends and not (on_new and old.process.poll() is not None):
                try:
                    answer = score(connection)
                    count += 1
                    lost += [] if answer.status == 200 else [str(answer.status)]
                    again = closes(answer)
                except (http.client.HTTPException, OSError) as error:
                    lost.append(repr(error))
                    again = True
                if again:
                    connection.close()
                    on_new = switched.is_set()
                    port = new.port if on_new else old.port
                    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            connection.close()
            return count, lost

        with ThreadPoolExecutor(16) as pool:
            calls = [pool.submit(caller, number) for number in range(16)]
            time.sleep(1)
            old.process.send_signal(signal.SIGTERM)
            time.sleep(1)
            switched.set()  # endpoints have followed
            found = [each.result() for each in calls]
        assert [lost for _, lost in found if lost] == []
        assert sum(count for count, _ in found) > 500
        assert old.process.poll() == 0
