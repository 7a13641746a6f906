"""What the proxy in front of a model costs, as ratios measured side by side in one run: part of `make bench`.

A model that takes 5 ms is called directly, through the proxy as it is rendered, and through a proxy of the shape that
SAS published for SageMaker: one process that takes one call at a time (gunicorn's sync worker), decodes and encodes
the body, and opens a connection to the model for each call. The three take turns, and each round is compared in
itself, so that a machine whose speed drifts drifts for all.
"""

import contextlib
import http.client
import json
import socketserver
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from tests.support import sagemaker_proxy

CADDY: Final = Path.home() / ".cache" / "modelyard" / "caddy-v2.11.9" / "caddy"
PATH: Final = "/credit_risk"
MILLISECONDS: Final = 5  # that the model takes
CONNECTIONS: Final = 32
SECONDS: Final = 1  # of one measurement
ROUNDS: Final = 11


class Measured(NamedTuple):
    """Calls a second, and the median latency in milliseconds."""

    rate: float
    latency: float


def sample(port: int, model: int) -> None:
    """Serve as the published sample does: one call at a time, a connection to the model for each."""

    class Worker(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            length = 0
            while (line := self.rfile.readline().strip().lower()) != b"":
                length = int(line.partition(b":")[2]) if line.startswith(b"content-length:") else length
            if not length:
                return  # no call: who waited for the port
            body = json.dumps(json.loads(self.rfile.read(length)))
            with contextlib.closing(http.client.HTTPConnection("127.0.0.1", model)) as connection:
                connection.request("POST", PATH, body, {"Content-Type": "application/json"})
                answer = json.dumps(json.loads(connection.getresponse().read())).encode()
            head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(answer)}\r\n"
            self.wfile.write(f"{head}Connection: close\r\n\r\n".encode() + answer)

    class Server(socketserver.TCPServer):
        allow_reuse_address = True
        request_queue_size = 2048  # gunicorn's own backlog

    with Server(("127.0.0.1", port), Worker) as server:
        server.serve_forever()


@contextlib.contextmanager
def serving(command: Sequence[str], port: int) -> Iterator[None]:
    """Run a server until it is not needed."""
    process = subprocess.Popen(command)
    try:
        sagemaker_proxy.wait_for_port(port, process)
        yield
    finally:
        process.kill()
        process.wait()


def measure(load: Path, address: str, connections: int) -> Measured:
    """Call a server for some seconds."""
    command = [str(load), "call", address, str(connections), str(SECONDS)]
    rate, latency = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return Measured(float(rate), float(latency) / 1000)


def rounds(load: Path, addresses: Mapping[str, str], connections: int) -> list[dict[str, Measured]]:
    """Measure all in turn, several times."""
    return [{name: measure(load, address, connections) for name, address in addresses.items()} for _ in range(ROUNDS)]


def compare(load: Path, addresses: Mapping[str, str]) -> bool:
    """Print what the proxy costs, as medians over the rounds, and tell whether it is within the limits."""
    many = rounds(load, addresses, CONNECTIONS)
    one = rounds(load, {name: addresses[name] for name in ("direct", "proxy")}, 1)
    kept = statistics.median(each["proxy"].rate / each["direct"].rate for each in many)
    gained = statistics.median(each["proxy"].rate / each["sample"].rate for each in many)
    added = statistics.median(each["proxy"].latency - each["direct"].latency for each in one)
    rates = ", ".join(f"{name} {statistics.median(each[name].rate for each in many):.0f}/s" for name in addresses)
    print(f"sagemaker-proxy: a model of {MILLISECONDS} ms, {CONNECTIONS} connections: {rates}")
    print(f"{'throughput, proxy / direct':<58}{kept:>7.2f} (at least 0.7)")
    print(f"{'throughput, proxy / the published shape':<58}{gained:>7.1f} (at least 10)")
    print(f"{'median latency that the proxy adds, 1 connection':<58}{added:>7.2f} ms (less than 1)")
    return kept >= 0.7 and gained >= 10 and added < 1


def main() -> int:
    """Print all ratios; exit with 1 if one is over its limit."""
    if len(sys.argv) == 3:
        sample(int(sys.argv[1]), int(sys.argv[2]))
    with tempfile.TemporaryDirectory(prefix="modelyard-bench-") as name:
        folder = Path(name)
        load = folder / "load"
        source = Path(__file__).with_name("load.go")
        subprocess.run(["go", "build", "-o", str(load), str(source)], check=True)
        model, published = sagemaker_proxy.free_port(), sagemaker_proxy.free_port()
        container = sagemaker_proxy.rendered(folder / "set", timeout="58s")
        alone = [sys.executable, "-m", "bench.sagemaker_proxy", str(published), str(model)]
        with (
            serving([str(load), "model", str(model), str(MILLISECONDS)], model),
            serving(alone, published),
            sagemaker_proxy.running(CADDY, container, folder / "run", model) as proxy,
        ):
            ports = {"direct": model, "proxy": proxy.port, "sample": published}
            addresses = {name: f"127.0.0.1:{port}" for name, port in ports.items()}
            return 0 if compare(load, addresses) else 1


if __name__ == "__main__":
    sys.exit(main())
