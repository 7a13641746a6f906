"""Git over HTTP as sites of Git serve it, with tokens: some may push, the others read. It is git's own http-backend."""

import base64
import os
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final
from urllib.parse import unquote

BACKEND: Final = Path("/usr/lib/git-core/git-http-backend")


@contextmanager
def serving(folder: Path, tokens: Mapping[str, bool], host: str = "127.0.0.1") -> Iterator[str]:
    """Serve the bare repositories of a folder, and yield the address. tokens: token -> whether it may push."""

    class Handler(_Handler):
        root, rights = folder, tokens

    server = ThreadingHTTPServer((host, 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://{host}:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    root: Path
    rights: Mapping[str, bool]

    def do_GET(self) -> None:
        self._serve(b"")

    def do_POST(self) -> None:
        self._serve(self._body())

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        found = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            found += self.rfile.read(size)
            self.rfile.readline()
        return found

    def _serve(self, body: bytes) -> None:
        scheme, _, encoded = self.headers.get("Authorization", "").partition(" ")
        login = base64.b64decode(encoded).decode() if scheme.lower() == "basic" else ""
        token = login.partition(":")[2]
        if token not in self.rights:
            self._answer(401, {"WWW-Authenticate": 'Basic realm="models"'}, b"")
        elif "git-receive-pack" in self.path and not self.rights[token]:
            self._answer(403, {}, b"this token may not push\n")
        else:
            self._answer(*self._backend(body))

    def _backend(self, body: bytes) -> tuple[int, Mapping[str, str], bytes]:
        path, _, query = self.path.partition("?")
        asked = {
            "GIT_PROJECT_ROOT": str(self.root), "GIT_HTTP_EXPORT_ALL": "1", "REQUEST_METHOD": self.command,
            "PATH_INFO": unquote(path), "QUERY_STRING": query, "REMOTE_USER": "someone",
            "CONTENT_LENGTH": str(len(body)), "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
        }  # fmt: skip
        done = subprocess.run([BACKEND], input=body, env={**os.environ, **asked}, capture_output=True, check=False)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().splitlines() if line)
        return int(headers.pop("Status", "200").split()[0]), headers, content

    def _answer(self, status: int, headers: Mapping[str, str], content: bytes) -> None:
        self.send_response(status)
        for key, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the base has it
        pass
