"""Addresses of models on the node, and single calls of them."""

import json
import socket
import time
import urllib.request
from collections.abc import Mapping
from typing import Final

from tests.support.cluster_scene import Scene

_GATEWAY: Final = "http://10.99.0.1:80"
_OPENER: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def service(scene: Scene, name: str, path: str) -> str:
    """Return the address of a model behind a Service, as soon as the node leads there.

    A pod is ready before kube-proxy knows it, which writes its rules once a second at most.
    """
    spec = scene.get("services", name)["spec"]
    host, port = str(spec["clusterIP"]), int(spec["ports"][0]["port"])
    end = time.monotonic() + 15
    while not _is_open(host, port):
        assert time.monotonic() < end, f"the Service {name} leads nowhere"
        time.sleep(0.1)
    return f"http://{host}:{port}{path}"


def _is_open(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=5).close()
    except OSError:  # refused, or no route to host
        return False
    return True


def gateway(scene: Scene, name: str, path: str) -> tuple[str, str]:
    """Return the address of a model on Knative, and the host that its calls name."""
    return f"{_GATEWAY}{path}", f"{name}.{scene.namespace}.kn.example.com"


def answer(url: str, host: str = "", *, method: str = "POST", headers: Mapping[str, str] | None = None) -> str:
    """Call a model once and return its answer, which must be a success."""
    body = json.dumps({"inputs": []}).encode() if method == "POST" else None
    said = {"Content-Type": "application/json", **({"Host": host} if host else {}), **(headers or {})}
    request = urllib.request.Request(url, data=body, headers=said, method=method)  # noqa: S310 - of a test
    with _OPENER.open(request, timeout=30) as found:
        return str(found.read(), "utf-8")
