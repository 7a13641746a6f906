"""Credentials that are planted wherever a login may hold one, and a server that repeats what it is sent."""

import base64
import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

NAMES: Final = (
    "kubeconfig-token", "token-file", "basic-password", "server-password", "proxy-url-password", "client-key",
    "client-certificate", "exec-env", "exec-argument", "exec-output", "exec-stderr", "exec-stdout", "oidc-id-token",
    "oidc-refresh-token", "oidc-client-secret", "gcp-access-token", "proxy-env-password", "unused-context-token",
    "broken-kubeconfig-token", "modelyard-token", "score-token-file", "score-url-password", "score-header",
    "score-cookie", "set-cookie", "redirect-location", "www-authenticate", "cluster-secret",
)  # fmt: skip
# Characters that JSON and URLs write otherwise are among them.
SECRETS: Final = {name: f'canary-{i:02}-"{name}"/{"qz" * 6}' for i, name in enumerate(NAMES)}


def appearing(text: str) -> list[str]:
    """Return the names of the secrets that a text shows, as they are or as headers, JSON and URLs write them."""
    found = []
    for name, secret in SECRETS.items():
        written = (
            secret, json.dumps(secret)[1:-1], quote(secret, safe=""), base64.b64encode(secret.encode()).decode(),
            base64.b64encode(f"user:{secret}".encode()).decode(), f"canary-{NAMES.index(name):02}",
        )  # fmt: skip
        if any(each in text for each in written):
            found.append(name)
    return found


def users() -> dict[str, dict[str, Any]]:
    """Return the ways to log in that a kubeconfig knows, by name."""

    def encoded(name: str) -> str:
        return base64.b64encode(SECRETS[name].encode()).decode()

    def plugin(code: str) -> dict[str, Any]:
        arguments = ["-c", code, SECRETS["exec-argument"]]
        env = [{"name": "PLANTED", "value": SECRETS["exec-env"]}]
        version = "client.authentication.k8s.io/v1"
        return {"exec": {"apiVersion": version, "command": sys.executable, "args": arguments, "env": env}}

    credential = {
        "apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",
        "status": {"token": SECRETS["exec-output"]},
    }  # fmt: skip
    provider = {
        "id-token": SECRETS["oidc-id-token"], "refresh-token": SECRETS["oidc-refresh-token"],
        "client-secret": SECRETS["oidc-client-secret"], "client-id": "me", "idp-issuer-url": "http://127.0.0.1:1",
    }  # fmt: skip
    fails = f"import os, sys; sys.exit({SECRETS['exec-stderr']!r} + os.environ['PLANTED'])"
    return {
        "token": {"token": SECRETS["kubeconfig-token"]},
        "token file": {"tokenFile": "token"},
        "password": {"username": "user", "password": SECRETS["basic-password"]},
        "keys": {
            "client-key-data": encoded("client-key"), "client-certificate-data": encoded("client-certificate"),
        },
        "login program": plugin(f"print({json.dumps(credential)!r})"),
        "login program that fails": plugin(fails),
        "login program that says something else": plugin(f"print({SECRETS['exec-stdout']!r})"),
        "oidc": {"auth-provider": {"name": "oidc", "config": provider}},
        "gcp": {"auth-provider": {"name": "gcp", "config": {"access-token": SECRETS["gcp-access-token"]}}},
    }  # fmt: skip


def kubeconfig(folder: Path, port: int, user: dict[str, Any], **cluster: str) -> Path:
    """Write a kubeconfig that leads to a port of this machine, with a password in the URL."""
    server = f"http://user:{quote(SECRETS['server-password'], safe='')}@127.0.0.1:{port}"
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "planted",
        "contexts": [{"name": "planted", "context": {"cluster": "planted", "user": "planted"}}],
        "clusters": [{"name": "planted", "cluster": {"server": server, **cluster}}],
        "users": [
            {"name": "planted", "user": user},
            {"name": "other", "user": {"token": SECRETS["unused-context-token"]}},
        ],
    }
    (folder / "token").write_text(SECRETS["token-file"], "utf-8")
    path = folder / "kubeconfig"
    path.write_text(json.dumps(config), "utf-8")
    return path


class Echo(ThreadingHTTPServer):
    """Refuses all, and repeats what it was sent. how: `status`, `401`, `500`, `html`, `redirect` or `drop`."""

    daemon_threads = True
    how: str = "status"
    seen: int = 0

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def port(self) -> int:
        """Its port."""
        return int(self.server_address[1])


class _Handler(BaseHTTPRequestHandler):
    server: Echo
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class calls it so
        """Say nothing."""

    def _serve(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.seen += 1
        how = self.server.how
        if how == "drop":
            self.close_connection = True
            return
        said = "\n".join([self.path, *(f"{name}: {value}" for name, value in self.headers.items())])
        message = {"kind": "Status", "message": said, "reason": said, "details": {"causes": [{"message": said}]}}
        status = {"401": 401, "500": 500, "html": 200, "redirect": 302}.get(how, 403)
        text = f"<html>{said}</html>" if how == "html" else json.dumps(message)
        self.send_response(status, said.split("\n", maxsplit=1)[0])
        self.send_header("Content-Type", "text/html" if how == "html" else "application/json")
        self.send_header("Content-Length", str(len(text.encode())))
        self.send_header("Set-Cookie", f"session={SECRETS['set-cookie']}")
        self.send_header("WWW-Authenticate", f"Bearer realm={SECRETS['www-authenticate']}")
        self.send_header("Location", f"http://elsewhere.invalid/?token={quote(SECRETS['redirect-location'])}")
        self.end_headers()
        self.wfile.write(text.encode())

    do_GET = do_PATCH = do_DELETE = do_POST = _serve  # noqa: N815 - the base class calls them so


@contextmanager
def echo() -> Iterator[Echo]:
    """Run the server."""
    with Echo() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
