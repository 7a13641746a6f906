"""Registries for tests: a real one, a stub that does what no real one should, and what docker knows of both."""

import base64
import contextlib
import hashlib
import json
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final, Self

import requests

MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
INDEX: Final = "application/vnd.oci.image.index.v1+json"
USER: Final = "scorer"
PASSWORD: Final = "planted-password-5d1e"  # noqa: S105 - planted, to be looked for in outputs
TOKEN: Final = "planted-token-77ab"  # noqa: S105 - as above
# Of PASSWORD, by `htpasswd -nbB`, with the least cost.
HTPASSWD: Final = "scorer:$2b$04$abcdefghijklmnopqrstuuI748sCHuXhO/6UZFp/eMvDnUIcQD40i\n"

# A models file whose images lie in the registry HOST.
SET: Final = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: risk}
spec:
  registry: HOST/models
  models:
    - name: churn
      path: /churn
      variants:
        - {name: champion, image: "churn:2.0.0", percent: 90}
        - {name: challenger, image: "churn:2.1.0", percent: 10}
      targets: {knative: {minScale: 1}}
    - name: fraud
      image: fraud:1.0.0
      targets: {deployment: {replicas: 2}}
"""


def digest(content: bytes) -> str:
    """Return the digest of a content."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@contextmanager
def real(program: Path, folder: Path, *, private: bool = False, tls: bool = False) -> Iterator[str]:
    """Serve a registry, and yield its host. private: only with USER and PASSWORD. tls: by cert.pem of the folder."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{probe.getsockname()[1]}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "htpasswd").write_text(HTPASSWD, "utf-8")
    config: dict[str, Any] = {"version": "0.1", "storage": {"inmemory": {}}, "http": {"addr": host}}
    config["log"] = {"accesslog": {"disabled": True}, "level": "error"}
    if private:
        config["auth"] = {"htpasswd": {"realm": "models", "path": str(folder / "htpasswd")}}
    if tls:
        config["http"]["tls"] = {"certificate": str(_certificate(folder)), "key": str(folder / "key.pem")}
    (folder / "config.yml").write_text(json.dumps(config), "utf-8")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([program, "serve", folder / "config.yml"], stdout=log, stderr=log)
    try:
        _wait(host, process)
        yield host
    finally:
        process.terminate()
        process.wait(10)


def _certificate(folder: Path) -> Path:
    """Make a certificate of 127.0.0.1 that nobody else has signed."""
    words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    words += ["-days", "2", "-subj", "/CN=registry", "-addext", "subjectAltName=IP:127.0.0.1"]
    words += ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run(words, check=True, capture_output=True)
    return folder / "cert.pem"


def _wait(host: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(tuple(host.split(":")), 1):  # type: ignore[arg-type]
            return
        time.sleep(0.05)
    raise AssertionError("the registry does not come up")


def put(host: str, name: str, note: str, *, login: tuple[str, str] | None = None) -> str:
    """Put an image without content there, and return its digest. name: with its tag; note: makes it another one."""
    repository, _, tag = name.rpartition(":")
    blob(host, repository, b"{}", login)
    config = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest(b"{}"), "size": 2}
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [], "annotations": {"n": note}}
    return put_manifest(host, repository, tag, manifest, login)


def put_index(host: str, name: str, images: list[str]) -> str:
    """Put an index over images of the same repository there, and return its digest."""
    repository, _, tag = name.rpartition(":")
    entries = []
    for number, each in enumerate(images):
        own = requests.get(f"http://{host}/v2/{repository}/manifests/{each}", headers={"Accept": MANIFEST}, timeout=10)
        platform = {"os": "linux", "architecture": ("amd64", "arm64")[number]}
        entries.append({"mediaType": MANIFEST, "digest": each, "size": len(own.content), "platform": platform})
    return put_manifest(host, repository, tag, {"schemaVersion": 2, "mediaType": INDEX, "manifests": entries})


def put_manifest(
    host: str, repository: str, tag: str, manifest: dict[str, Any], login: tuple[str, str] | None = None
) -> str:
    """Put a manifest there, and return its digest."""
    body, headers = json.dumps(manifest).encode(), {"Content-Type": manifest["mediaType"]}
    url = f"http://{host}/v2/{repository}/manifests/{tag}"
    done = requests.put(url, data=body, headers=headers, auth=login, timeout=10)
    assert done.ok, done.text
    return digest(body)


def blob(host: str, repository: str, content: bytes, login: tuple[str, str] | None = None) -> str:
    """Put a blob there, and return its digest."""
    begun = requests.post(f"http://{host}/v2/{repository}/blobs/uploads/", auth=login, timeout=10)
    location = begun.headers["Location"]
    joined = "&" if "?" in location else "?"
    done = requests.put(f"{location}{joined}digest={digest(content)}", data=content, auth=login, timeout=10)
    assert done.ok, done.text
    return digest(content)


def docker_config(folder: Path, *hosts: str, **more: Any) -> dict[str, str]:
    """Write docker's config.json with USER and PASSWORD for these hosts; return the environment that names it."""
    folder.mkdir(parents=True, exist_ok=True)
    auth = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    config = {"auths": {each: {"auth": auth} for each in hosts}, **more}
    (folder / "config.json").write_text(json.dumps(config), "utf-8")
    return {"DOCKER_CONFIG": str(folder)}


class Stub(ThreadingHTTPServer):
    """A server that answers with what stands in `answers`, by method and path; it keeps what it was asked.

    answers: "GET /path" -> status, headers, body; or a function of the handler that writes the answer itself.
    """

    daemon_threads = True

    def __init__(self, name: str = "127.0.0.1") -> None:
        super().__init__((name, 0), _Handler)
        self.host = f"{name}:{self.server_address[1]}"
        self.answers: dict[str, Any] = {}
        self.seen: list[tuple[str, str]] = []
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05})

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.thread.join()
        self.server_close()

    def secrets(self) -> str:
        """Return all that it was sent as credentials."""
        return "\n".join(secret for _, secret in self.seen if secret)


class _Handler(BaseHTTPRequestHandler):
    server: Stub
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer("GET")

    def do_HEAD(self) -> None:
        self._answer("HEAD")

    def do_POST(self) -> None:
        self._answer("POST")

    def do_PUT(self) -> None:
        self._answer("PUT")

    def _answer(self, method: str) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = self.path.partition("?")[0]
        secret = "\n".join([*self.headers.get_all("Authorization", []), *self.headers.get_all("Cookie", [])])
        self.server.seen.append(
            (f"{method} {self.path}", secret or (body.decode("latin-1") if method == "POST" else ""))
        )
        answer = self.server.answers.get(f"{method} {path}", (404, {}, b""))
        if callable(answer):
            answer = answer(self)
        if answer is None:
            return
        status, headers, content = answer
        self.send_response(status)
        for key, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(key, value)
        self.end_headers()
        if method != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the base has it
        pass
