"""Servers that receive notices: a webhook that can refuse, and mail by SMTP with TLS."""

import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword


@dataclass
class Received:
    """What reached a server. answers: status and headers of the next answers; 202 when none is left."""

    url: str = ""
    bodies: list[bytes] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)


@contextmanager
def webhook() -> Iterator[Received]:
    """Serve at an address that holds a secret, as those of Teams and Slack do."""
    received = Received()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            received.headers.append(dict(self.headers.items()))
            status, headers = received.answers.pop(0) if received.answers else (202, {})
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the base class's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    received.url = f"http://127.0.0.1:{server.server_address[1]}/workflows/planted-path?sig=planted-signature"
    try:
        yield received
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def certificate(folder: Path) -> Path:
    """Make a certificate of localhost, with its key in the same file."""
    made = folder / "localhost.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", str(folder / "key.pem")]
    subprocess.run([*command, "-out", str(folder / "cert.pem")], check=True, capture_output=True)
    made.write_text((folder / "cert.pem").read_text() + (folder / "key.pem").read_text())
    return made


@dataclass
class Mailbox:
    """What a mail server took, and who logged in. port: where it listens."""

    port: int = 0
    mails: list[bytes] = field(default_factory=list)
    to: list[list[str]] = field(default_factory=list)
    logins: list[tuple[bytes, bytes]] = field(default_factory=list)
    refuses: list[str] = field(default_factory=list)

    async def handle_DATA(self, _: SMTP, __: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Take a mail."""
        if self.refuses:
            return self.refuses.pop(0)
        self.mails.append(envelope.content)
        self.to.append(list(envelope.rcpt_tos))
        return "250 OK"

    def authenticate(self, _: SMTP, __: Any, ___: Any, ____: str, data: Any) -> AuthResult:
        """Let everybody in."""
        assert isinstance(data, LoginPassword)
        self.logins.append((data.login, data.password))
        return AuthResult(success=True)


@contextmanager
def mail(pem: Path, *, implicit: bool = False, plain: bool = False) -> Iterator[Mailbox]:
    """Serve SMTP: with STARTTLS, with TLS from the start, or without TLS at all."""
    box = Mailbox()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pem)

    class Server(Controller):
        def factory(self) -> SMTP:
            tls = None if implicit or plain else context
            return SMTP(
                box,
                tls_context=tls,
                require_starttls=tls is not None,
                authenticator=box.authenticate,
                auth_require_tls=not (implicit or plain),
                hostname="localhost",
            )

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        box.port = probe.getsockname()[1]
    server = Server(box, hostname="127.0.0.1", port=box.port, ssl_context=context if implicit else None)
    server.start()
    try:
        yield box
    finally:
        server.stop()
