"""A readiness probe, asked from outside of the container; and a sample call, from what the model says of itself."""

import http.client
import json
import shlex
import socket
import ssl
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from modelyard.score import contract
from modelyard.score.contract import NotUnderstood
from modelyard.score.pinned import pin
from modelyard.targets.workloads.contracts.named import NoContract
from modelyard.targets.workloads.contracts.requests import called
from modelyard.targets.workloads.contracts.schemas import sample as example

_HERE: Final = "127.0.0.1"
_TIMEOUT: Final = 2.0  # seconds of a probe
_QUIET: Final = 0.5  # seconds for which a port that is open must not be closed again
_MOST: Final = 4 << 20  # bytes of a description


class Asked(NamedTuple):
    """What a probe asks. path: of HTTP; None asks whether the port is open."""

    port: int
    path: str | None
    https: bool

    @classmethod
    def of(cls, probe: Mapping[str, Any], port: int, ports: Mapping[int, int], scheme: str) -> "Asked":
        """Return what a probe of Kubernetes asks. port: the container's first; ports: of it -> of this machine."""
        get = probe.get("httpGet")
        handler = get or probe.get("tcpSocket") or probe.get("grpc") or {}
        inside = handler.get("port", port)
        outside = ports.get(inside if isinstance(inside, int) else port, ports[port])
        if get is None:
            return cls(outside, None, https=False)
        return cls(outside, str(get.get("path", "/")), https=get.get("scheme", scheme.upper()) == "HTTPS")


def succeeds(asked: Asked) -> bool:
    """Tell whether a probe succeeds, as the kubelet says it: an answer from 200 to 399, or an open port."""
    if asked.path is None:
        return _is_open(asked.port)
    try:
        return 200 <= get(asked.port, asked.path, https=asked.https)[0] < 400
    except (OSError, http.client.HTTPException, ValueError):
        return False


def _is_open(port: int) -> bool:
    """Tell whether somebody listens. Programs for containers take a connection at once, and close it if nobody does."""
    try:
        with socket.create_connection((_HERE, port), _TIMEOUT) as connection:
            connection.settimeout(_QUIET)
            return connection.recv(1) != b""
    except TimeoutError:
        return True
    except OSError:
        return False


def get(port: int, path: str, *, https: bool) -> tuple[int, bytes]:
    """Return status and body of a GET at a port of this machine. Raises OSError and HTTPException."""
    connection = (
        http.client.HTTPSConnection(_HERE, port, timeout=_TIMEOUT, context=_trusting())
        if https
        else http.client.HTTPConnection(_HERE, port, timeout=_TIMEOUT)
    )
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read(_MOST)
    finally:
        connection.close()


def _trusting() -> ssl.SSLContext:
    """Return a context for a server on this machine, whose certificate is for its name in the cluster."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def description(address: str, path: str, port: int) -> bytes | None:
    """Return what a model says of itself; None if it says nothing."""
    try:
        status, body = get(port, contract.document_path(path), https=address.startswith("https:"))
    except (OSError, http.client.HTTPException, ValueError):
        return None
    return body if status == 200 else None


def sample(address: str, path: str, port: int) -> str | None:
    """Return a call of a model as a command, made of what it says of itself; None if it says nothing."""
    try:
        found = contract.read(description(address, path, port) or b"")
        pinned = pin(found)
    except (ValueError, NotUnderstood, NoContract):
        return None
    how = called(pinned, found.runtime, path, "")
    words = ["curl", *(["--insecure"] if address.startswith("https:") else []), "--header"]
    body = json.dumps(example(how.request, how.definitions()), ensure_ascii=False)
    words += ["Content-Type: application/json", "--data", body, f"{address}{how.path}"]
    return shlex.join(words)
