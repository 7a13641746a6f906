"""A stub of a model with two versions, which speaks as SAS Container Runtime does: one row a call."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from math import exp
from typing import Any, Final

PATH: Final = "/churn"
SCORE: Final = "P_CHURN"


def champion(row: Mapping[str, Any]) -> float:
    """Return the score of the version that was made before customers changed: it knows their tenure alone."""
    return _logistic(-0.4 - 1.7 * (row["TENURE"] - 36) / 12)


def challenger(row: Mapping[str, Any]) -> float:
    """Return the score of the version that knows the price too."""
    return _logistic(-0.6 - 1.0 * (row["TENURE"] - 36) / 12 + 1.3 * (row["PRICE"] - 40) / 8)


def _logistic(value: float) -> float:
    return round(1 / (1 + exp(-value)), 4)


VERSIONS: Final = {f"{PATH}/champion": champion, f"{PATH}/challenger": challenger}


class _Model(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        """Score a row; one without a price is an error of the model."""
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        version = VERSIONS.get(self.path)
        try:
            row = json.loads(body)["data"]
            answer: object = {"data": {SCORE: version(row)}} if version else None
            status = 200 if version else 404
        except (KeyError, TypeError, ValueError):
            answer, status = None, 500
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False


@contextmanager
def running() -> Iterator[int]:
    """Run it in a thread, and yield its port."""
    with _Server(("127.0.0.1", 0), _Model) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield int(server.server_port)
        finally:
            server.shutdown()
            thread.join()
