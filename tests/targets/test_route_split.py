"""Shares of a Route in a real HAProxy: with the weights of OpenShift's router, and clients that keep cookies.

Source: openshift/router, haproxy-config.template (roundrobin and a cookie for each endpoint, unless the Route's
annotation says otherwise) and pkg/router/template/router.go, calculateServiceWeights.
"""

import http.client
import shutil
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import pytest

from modelyard import api
from tests.conftest import need

FILE: Final = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: risk}
spec:
  models:
    - name: churn
      path: /churn
      variants:
        - {name: champion, image: "r.example.com/churn:1", percent: 90}
        - {name: challenger, image: "r.example.com/churn:2", percent: 10}
      targets: {openshift: {host: churn.apps.example.com, timeout: 2m}}
"""
COOKIES: Final = "haproxy.router.openshift.io/disable_cookies"
CLIENTS: Final = 20
CALLS: Final = 1000


def computed(route: Mapping[str, Any], endpoints: Mapping[str, int]) -> dict[str, int]:
    """Return the weight of each endpoint of a Service, as the router computes it from the Route's weights."""
    spec = route["spec"]
    shares = {each["name"]: each["weight"] for each in (spec["to"], *spec["alternateBackends"])}
    each = {name: weight / endpoints[name] for name, weight in shares.items() if endpoints[name]}
    scale = 256 / max(each.values())
    return {name: max(int(weight * scale), 1 if weight else 0) for name, weight in each.items()}


@contextmanager
def served(name: str) -> Iterator[int]:
    """Run a server that answers with its name, and give its port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 65536  # else headers and body are two packets, and the second waits for an acknowledgement

        def do_GET(self) -> None:
            body = name.encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


@contextmanager
def routed(route: Mapping[str, Any], endpoints: Mapping[str, int], folder: Path) -> Iterator[int]:
    """Run HAProxy with a backend as the router writes it for a Route, and give its port."""
    program = need(Path(shutil.which("haproxy") or "/usr/sbin/haproxy"), "install Debian's package haproxy")
    weights = computed(route, endpoints)
    with ExitStack() as stack:
        port = _free_port()
        lines = ["defaults", "  mode http", "  timeout connect 5s", "  timeout client 30s", "  timeout server 30s"]
        lines += ["frontend public", f"  bind 127.0.0.1:{port}", "  default_backend churn", "backend churn"]
        lines.append("  balance roundrobin")
        if route["metadata"].get("annotations", {}).get(COOKIES) != "true":
            lines.append("  cookie 1e2670d92730b515ce3a1bb65da45062 insert indirect nocache httponly")
        for service, number in endpoints.items():
            for i in range(number):
                own = stack.enter_context(served(service))
                lines.append(f"  server {service}-{i} 127.0.0.1:{own} cookie {service}-{i} weight {weights[service]}")
        file = folder / "haproxy.cfg"
        file.write_text("\n".join([*lines, ""]), "utf-8")
        with subprocess.Popen([str(program), "-db", "-f", str(file)], stderr=subprocess.PIPE) as running:
            _opened(port)
            yield port
            running.terminate()


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _opened(port: int) -> None:
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    pytest.fail("HAProxy does not listen")


def answers(port: int) -> Counter[str]:
    """Return how many calls each Service answered to clients that keep their cookies and connections."""
    found: Counter[str] = Counter()
    for _ in range(CLIENTS):
        client, cookie = http.client.HTTPConnection("127.0.0.1", port, timeout=10), ""
        for _ in range(CALLS // CLIENTS):
            client.request("GET", "/churn", headers={"Cookie": cookie} if cookie else {})
            answer = client.getresponse()
            found[answer.read().decode()] += 1
            cookie = (answer.getheader("Set-Cookie") or cookie).partition(";")[0]
        client.close()
    return found


def route_of(folder: Path, text: str) -> Mapping[str, Any]:
    (folder / "models.yaml").write_text(text, "utf-8")
    (route,) = (each.body for each in api.render(folder).objects if each.kind == "Route")
    return route


@pytest.mark.parametrize(
    ("percent", "champions", "challengers"), [(90, 1, 1), (90, 3, 1), (99, 1, 1), (50, 1, 2), (1, 2, 3)]
)
def test_clients_that_keep_cookies_are_split_as_declared(
    percent: int, champions: int, challengers: int, tmp_path: Path
) -> None:
    text = FILE.replace("percent: 90", f"percent: {percent}").replace("percent: 10", f"percent: {100 - percent}")
    route = route_of(tmp_path, text)
    endpoints = {"churn-champion": champions, "churn-challenger": challengers}
    with routed(route, endpoints, tmp_path) as port:
        found = answers(port)
    share = 100 * found["churn-champion"] / CALLS
    # Round robin by weights of 1 to 256: what is off is what rounding leaves, far below 1 percent.
    assert abs(share - percent) <= 1, found


def test_without_the_annotation_a_client_stays_with_one_pod(tmp_path: Path) -> None:
    """The split above is the annotation's doing."""
    route = dict(route_of(tmp_path, FILE))
    assert route["metadata"]["annotations"][COOKIES] == "true"
    route["metadata"] = {"annotations": {}}
    with routed(route, {"churn-champion": 1, "churn-challenger": 1}, tmp_path) as port:
        found = answers(port)
    assert set(found.values()) <= {CALLS // CLIENTS * number for number in range(CLIENTS + 1)}


def test_a_call_gets_the_time_that_the_model_declares(tmp_path: Path) -> None:
    annotations = route_of(tmp_path, FILE)["metadata"]["annotations"]
    assert annotations["haproxy.router.openshift.io/timeout"] == "120s"


def test_a_share_that_the_weights_cannot_give_is_warned_of(tmp_path: Path) -> None:
    """As the warning says: one percent over many pods is more than one percent."""
    text = FILE.replace("percent: 90", "percent: 99").replace(
        "percent: 10}", "percent: 1, targets: {openshift: {replicas: 4}}}"
    )
    route = route_of(tmp_path, text)
    assert [each.code for each in api.check(tmp_path)] == ["MY240"]
    with routed(route, {"churn-champion": 1, "churn-challenger": 4}, tmp_path) as port:
        found = answers(port)
    assert found["churn-challenger"] > CALLS * 0.013
