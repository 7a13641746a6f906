"""A tunnel to pods through the API server, as `kubectl port-forward` makes one.

The package kubernetes speaks the protocol (kubernetes.stream). Each connection to a socket of this machine becomes one
to a pod, with a WebSocket of its own. The socket lies in a folder that only this user can enter: whoever reaches it
reaches the model.
"""

import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import cycle
from pathlib import Path
from socket import socket
from socketserver import BaseRequestHandler, ThreadingUnixStreamServer
from typing import Any, Final

from kubernetes.stream.ws_client import PortForward

from modelyard.cluster.addresses import Entry
from modelyard.cluster.client import Client, ClusterProblem, Object
from modelyard.problems import problem

_LONG: Final = 60  # characters; the whole path of a socket may have 104 (macOS) or 108 (Linux)
_PROTOCOL: Final = "v4.channel.k8s.io"


class Pods:
    """The pods of an entry that are ready, in turn. They are looked up again after one of them has failed."""

    def __init__(self, client: Client, entry: Entry) -> None:
        self._client = client
        self._entry = entry
        self._turns: Iterator[Object] | None = None
        self._lock = threading.Lock()

    def open(self) -> tuple[Any, int]:
        """Return a WebSocket to the next pod, and the port that it leads to. Raises ClusterProblem."""
        with self._lock:
            if self._turns is None:
                self._turns = cycle(self._ready())
            pod = next(self._turns)
        name, port = str(pod["metadata"]["name"]), _port(pod, self._entry.port)
        path = f"{self._client.kind('v1', 'Pod').path(self._client.namespace, name)}/portforward"
        what = f"a tunnel to port {port} of pod {name}"
        try:
            return self._client.websocket(path, what, query={"ports": str(port)}, protocol=_PROTOCOL), port
        except ClusterProblem:
            self.look_again()
            raise

    def look_again(self) -> None:
        """Look the pods up before the next turn."""
        with self._lock:
            self._turns = None

    def _ready(self) -> list[Object]:
        pods = self._client.select("v1", "Pod", self._entry.selector)
        found = [each for each in pods if _is_ready(each)]
        if not found:
            many = f"none of its {len(pods)} pods is ready" if pods else "it is scaled to zero"
            hint = "`modelyard status MODEL` says more"
            if not pods:
                hint = "a call through the cluster's gateway wakes it: --ingress HOST:PORT; or set minScale: 1"
            raise ClusterProblem(problem("MY816", f"no tunnel can lead to the model: {many}", hint=hint))
        return found


def _is_ready(pod: Object) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or []
    ready = any(each.get("type") == "Ready" and each.get("status") == "True" for each in conditions)
    return ready and not pod["metadata"].get("deletionTimestamp")


def _port(pod: Object, wanted: int | tuple[str, ...]) -> int:
    """Return the number of a port: of the first name that a container has, else the first port of all."""
    if isinstance(wanted, int) and wanted:
        return wanted
    declared = [each for container in pod["spec"]["containers"] for each in container.get("ports") or []]
    named = {each.get("name"): each["containerPort"] for each in reversed(declared)}
    for name in wanted or ():
        if name in named:
            return int(named[name])
    return int(declared[0]["containerPort"]) if declared else 8080


class _Forward(PortForward):
    """The package's own, between a WebSocket and a connection that was accepted here."""

    def __init__(self, websocket: Any, port: int, local: socket, pods: Pods) -> None:
        self._local = local
        self._pods = pods
        self.ended = threading.Event()
        super().__init__(websocket, [port])  # type: ignore[no-untyped-call]

    def _proxy(self) -> None:
        """Run in a thread of its own. Whatever ends it, both sides are closed, so that the caller is told."""
        [port] = self.local_ports.values()
        port.socket.close()
        port.python.close()
        port.python = self._local  # in place of a pair of sockets that would have to be copied from
        try:
            super()._proxy()  # type: ignore[no-untyped-call]
        except Exception:  # noqa: BLE001 - the caller sees that the connection broke, and tries again
            self._pods.look_again()
        finally:
            if port.error:
                self._pods.look_again()
            with suppress(Exception):
                self.websocket.close()
            self._local.close()
            self.ended.set()


class _Server(ThreadingUnixStreamServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, path: Path, pods: Pods) -> None:
        self.pods = pods
        super().__init__(str(path), _Connection)


class _Connection(BaseRequestHandler):
    server: _Server
    request: socket

    def handle(self) -> None:
        """Serve one connection until it ends; without a pod it ends at once."""
        with suppress(ClusterProblem):
            websocket, port = self.server.pods.open()
            _Forward(websocket, port, self.request, self.server.pods).ended.wait()


@contextmanager
def tunnel(client: Client, entry: Entry) -> Iterator[Path]:
    """Give the path of a Unix socket that leads to the pods of an entry. Raises ClusterProblem if none can be reached.

    A connection that breaks is closed; the next one may lead to another pod.
    """
    pods = Pods(client, entry)
    pods.open()[0].close()  # so that what is not permitted is said before anything is sent
    root = tempfile.gettempdir()
    with tempfile.TemporaryDirectory(prefix="modelyard-", dir=root if len(root) < _LONG else "/tmp") as folder:  # noqa: S108
        path = Path(folder) / "socket"
        with _Server(path, pods) as server:
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
            thread.start()
            try:
                yield path
            finally:
                server.shutdown()
                thread.join()
