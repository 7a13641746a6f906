"""Calls of modelyard's cluster commands in this process, and a proxy that fails between them and the API server."""

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

import yaml
from typer.testing import CliRunner

from modelyard.cli.app import app

FAULTS: Final = ("drop", "cut", "delay", "404", "409", "429", "500", "html", "gone")
TOKEN: Final = "planted-token-3f9c"  # noqa: S105 - planted, to be looked for in outputs
PASSWORD: Final = "planted-password-77"  # noqa: S105 - as above


class Answer(NamedTuple):
    """What a command gives."""

    code: int
    out: str
    err: str


def modelyard(*arguments: str | Path) -> Answer:
    """Run modelyard in this process; a bug passes through as an exception."""
    done = CliRunner().invoke(app, [str(each) for each in arguments], catch_exceptions=False)
    return Answer(done.exit_code, done.stdout, done.stderr)


class Proxy(ThreadingHTTPServer):
    """Hands calls on to an API server, and does the fault to the call of this number (from 0).

    The fault `gone` is done to all calls after it too.
    """

    daemon_threads = True
    fault: str = ""
    number: int = -1
    seen: int = 0
    absent: str = ""  # what stands below this path is not there

    def __init__(self, kubeconfig: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        config = yaml.safe_load(kubeconfig.read_text("utf-8"))
        cluster = config["clusters"][0]["cluster"]
        self.upstream = urlsplit(cluster["server"]).netloc
        self.token = config["users"][0]["user"]["token"]
        self.context = ssl.create_default_context(cafile=cluster["certificate-authority"])

    def fail(self, fault: str, number: int) -> None:
        """Do a fault to the call of this number from here on."""
        self.fault, self.number, self.seen = fault, number, 0

    @property
    def gone(self) -> bool:
        """Tell whether the fault goes on."""
        return self.fault == "gone"

    def kubeconfig(self, folder: Path) -> Path:
        """Write a kubeconfig that leads here, with planted secrets, and return its path."""
        server = f"http://planted:{PASSWORD}@127.0.0.1:{self.server_address[1]}"
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "proxy",
            "contexts": [{"name": "proxy", "context": {"cluster": "proxy", "user": "proxy"}}],
            "clusters": [{"name": "proxy", "cluster": {"server": server}}],
            "users": [{"name": "proxy", "user": {"token": TOKEN}}],
        }
        path = folder / "kubeconfig"
        path.write_text(json.dumps(config), "utf-8")
        return path


class _Handler(BaseHTTPRequestHandler):
    server: Proxy
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else each answer waits 40 ms for an acknowledgement

    def setup(self) -> None:
        """Open a connection of its own to the API server, as long as that of the client."""
        super().setup()
        self.upstream = HTTPSConnection(self.server.upstream, context=self.server.context, timeout=10)

    def finish(self) -> None:
        """Close both connections."""
        self.upstream.close()
        super().finish()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class calls it so
        """Say nothing."""

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        reached = self.server.seen >= self.server.number
        fault = self.server.fault if reached and (self.server.seen == self.server.number or self.server.gone) else ""
        self.server.seen += 1
        if self.server.absent and self.path.startswith(self.server.absent):
            self._answer(404, b"404 page not found", "text/plain")
            return
        if fault in ("drop", "gone"):
            self.close_connection = True
            return
        if fault.isdigit():
            self._answer(int(fault), b"{}", "application/json")
        elif fault == "html":
            self._answer(200, b"<html>sign in</html>", "text/html")
        else:
            self._hand_on(body, fault)

    def _hand_on(self, body: bytes, fault: str) -> None:
        headers = {"Authorization": f"Bearer {self.server.token}", "Content-Type": self.headers["Content-Type"]}
        self.upstream.request(self.command, self.path, body or None, headers)
        answer = self.upstream.getresponse()
        status, text, kind = answer.status, answer.read(), answer.headers["Content-Type"]
        if fault == "delay":
            threading.Event().wait(0.3)
        self._answer(status, text, kind, cut=fault == "cut")

    def _answer(self, status: int, text: bytes, kind: str, *, cut: bool = False) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text)))
        self.send_header("Retry-After", "0")
        self.end_headers()
        self.wfile.write(text[: len(text) // 2] if cut else text)
        self.close_connection = self.close_connection or cut

    do_GET = do_PATCH = do_DELETE = _serve  # noqa: N815 - the base class calls them so


@contextmanager
def proxied(kubeconfig: Path) -> Iterator[Proxy]:
    """Run a proxy to the API server of a kubeconfig."""
    with Proxy(kubeconfig) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield proxy
        finally:
            proxy.shutdown()
            thread.join()
