"""The proxy as the target renders it, run with the real Caddy, and calls to it."""

import contextlib
import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from modelyard import api
from modelyard.manifests import names

MODELS: Final = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: risk}
spec:
  registry: registry.example.com/models
  models:
    - name: credit-risk
      image: credit_risk:1.4.0
      targets:
        sagemaker-proxy: {timeout: TIMEOUT, maxBody: 6Mi}
"""
JSON: Final = {"Content-Type": "application/json"}


class Answer(NamedTuple):
    """What a call got. seconds: how long it took."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes
    seconds: float


TENSORFLOW: Final = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: wells}
spec:
  toolImage: registry.example.com/modelyard:0.2.0
  models:
    - name: wells
      image: registry.example.com/wells:7
      runtime: tensorflow
      version: 7
      targets:
        sagemaker-proxy: {timeout: TIMEOUT, maxBody: 6Mi}
"""


@dataclass(frozen=True, slots=True)
class Container:
    """The proxy's container as it is rendered: command, variables, security context, mounts, and the Caddyfile.

    invocations: the command of the container between it and TensorFlow Serving, and its limit of memory in bytes.
    """

    command: Sequence[str]
    env: Mapping[str, str]
    security: Mapping[str, Any]
    mounts: Sequence[Mapping[str, Any]]
    caddyfile: str
    invocations: tuple[Sequence[str], int] = ((), 0)


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy that runs."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path

    def call(
        self,
        method: str,
        path: str,
        body: bytes | Iterator[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        timeout: float = 30.0,
    ) -> Answer:
        """Make one call on a connection of its own; a body that is an iterator is sent in chunks."""
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)) as connection:
            return call(connection, method, path, body, headers)

    def ping(self, stub: str = "") -> Answer:
        """Ask /ping; stub: what the model is to do."""
        return self.call("GET", "/ping", headers={"X-Stub": stub})

    def score(
        self, stub: str = "", *, body: bytes = b'{"inputs":[]}', headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Post to /invocations; stub: what the model is to do."""
        return self.call("POST", "/invocations", body, {**JSON, "X-Stub": stub, **(headers or {})})


def call(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    body: bytes | Iterator[bytes] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Make one call on a connection. Raises http.client.IncompleteRead for an answer that breaks off."""
    start = time.monotonic()
    connection.request(method, path, body, dict(headers or {}), encode_chunked=not isinstance(body, bytes | None))
    answer = connection.getresponse()
    content = answer.read()
    return Answer(answer.status, answer.headers, content, time.monotonic() - start)


def rendered(folder: Path, *, timeout: str, text: str = MODELS) -> Container:
    """Render a model on sagemaker-proxy with a time for one invocation."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "models.yaml").write_text(text.replace("TIMEOUT", timeout), "utf-8")
    result = api.render(folder)
    assert not result.problems
    bodies: dict[str, dict[str, Any]] = {each.kind: each.body for each in result.objects if "-serving" not in each.name}
    pod = bodies["Deployment"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    env = {each["name"]: each["value"] for each in container["env"]}
    caddyfile = bodies["ConfigMap"]["data"]["Caddyfile"]
    beside = next((each for each in pod.get("initContainers", ()) if each["name"] == "invocations"), None)
    invocations = (beside["command"], names.bytes_of(beside["resources"]["limits"]["memory"])) if beside else ((), 0)
    security, mounts = container["securityContext"], container["volumeMounts"]
    return Container(container["command"], env, security, mounts, caddyfile, invocations)


@contextlib.contextmanager
def running(
    caddy: Path, container: Container, folder: Path, model_port: int, *, wrap: Sequence[str] = ()
) -> Iterator[Proxy]:
    """Run the container's command with its variables; only ports and paths are those of this host.

    folder: where the Caddyfile and the log are put, and `tmp` is made. wrap: a command that runs the command.
    """
    port = free_port()
    tmp = folder / "tmp"
    tmp.mkdir(parents=True, exist_ok=True)
    (folder / "Caddyfile").write_text(container.caddyfile, "utf-8")
    env = {**container.env, "SAGEMAKER_BIND_TO_PORT": str(port), "MODEL_PORT": str(model_port)}
    env |= {name: str(tmp) for name in ("PROXY_TMP", "XDG_CONFIG_HOME", "XDG_DATA_HOME")}
    here = {"caddy": str(caddy), "/etc/caddy/Caddyfile": str(folder / "Caddyfile")}
    command = [*wrap, *(here.get(word, word) for word in container.command)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, env=env, stdout=log, stderr=log, cwd=folder)
    proxy = Proxy(port, process, folder / "log")
    try:
        wait_for_port(port, process)
        yield proxy
    finally:
        stop(process)


@contextlib.contextmanager
def invoking(
    command: Sequence[str], folder: Path, model_port: int
) -> Iterator[tuple[subprocess.Popen[bytes], int, int]]:
    """Run the command of the container beside TensorFlow Serving: its process, and its ports for calls and for probes.

    Only ports are those of this host.
    """
    folder.mkdir(parents=True, exist_ok=True)
    port, health = free_port(), free_port()
    here = {"--port": str(port), "--health-port": str(health)}
    words = [f"{name}={here[name]}" if (name := each.partition("=")[0]) in here else each for each in command[1:]]
    words = [each.replace("127.0.0.1:8501", f"127.0.0.1:{model_port}") for each in words]
    with (folder / "invocations.log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", "modelyard", *words], stdout=log, stderr=log)
    try:
        wait_for_port(health, process, 60)
        yield process, port, health
    finally:
        stop(process)


def wait_for_port(port: int, process: subprocess.Popen[bytes], seconds: float = 20.0) -> None:
    """Wait until a process listens on a port of this host."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert process.poll() is None, f"ended with {process.returncode}"
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    raise TimeoutError(f"nothing listens on {port}")


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process that may have ended, without the time that it takes to end by itself."""
    process.kill()
    process.wait()


def free_port() -> int:
    """Return a port on which nothing listens."""
    with socket.socket() as each:
        each.bind(("127.0.0.1", 0))
        return int(each.getsockname()[1])


@contextlib.contextmanager
def deaf(port: int) -> Iterator[None]:
    """Listen on a port without taking connections: its queue is full, so that a further SYN is lost."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(0)
        for _ in range(8):
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(("127.0.0.1", port))
        time.sleep(0.1)
        yield


def environment(**more: str) -> dict[str, str]:
    """Return a small environment with these variables."""
    return {"PATH": os.environ["PATH"], **more}
