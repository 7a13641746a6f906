"""PostgreSQL servers of the tests' own: 14 of Maven's zonky, 15 of Debian, 18 of PyPI. None runs as root."""

import contextlib
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql

from modelyard.request_log.demo.postgres import programs, reachable, unprivileged

_CACHE: Final = Path.home() / ".cache" / "modelyard"
VERSIONS: Final = ("14", "15", "18")
NEWEST: Final = "18"
_START: Final = 30.0  # seconds


def binaries(version: str) -> Path | None:
    """Return the folder bin of a version; None where it is not installed."""
    places = {
        "14": _CACHE / "postgres-14.20.0" / "bin",
        "15": Path("/usr/lib/postgresql/15/bin"),
        "18": programs() or Path("/nowhere"),
    }
    return places[version] if (places[version] / "postgres").exists() else None


class Server:
    """A server with its data in a folder of its own. It can be stopped and started again.

    address: where it takes connections.
    """

    def __init__(self, bin_folder: Path, folder: Path, address: str) -> None:
        self.address = address
        self._user = unprivileged()
        self._bin = reachable(bin_folder, folder, self._user)
        self._folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        self._process: subprocess.Popen[bytes] | None = None
        self._count = 0
        self._run("initdb", "-D", str(folder / "data"), "-U", "owner", "-A", "trust", "-E", "UTF8", "--no-sync")
        with (folder / "data" / "pg_hba.conf").open("a", encoding="utf-8") as rules:
            rules.write("host all all 10.0.0.0/8 trust\n")

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._bin / program), *arguments]
        done = subprocess.run(command, user=self._user, cwd=self._folder, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        command = [str(self._bin / "postgres"), "-D", "data", "-p", str(self.port), "-k", str(self._folder), "-h"]
        command += [self.address, "-c", "max_connections=50", "-c", "fsync=off"]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, user=self._user, cwd=self._folder, stdout=log, stderr=log)
        deadline = time.monotonic() + _START
        while True:
            try:
                self.connect("postgres").close()
            except psycopg.OperationalError:
                assert time.monotonic() < deadline, (self._folder / "log").read_text("utf-8")
                time.sleep(0.05)
            else:
                return

    def stop(self) -> None:
        """Stop it at once, without a word to who is connected."""
        if self._process is not None:
            self._process.send_signal(3)  # SIGQUIT: immediate shutdown
            self._process.wait(30)
            self._process = None

    def uri(self, database: str, user: str = "owner", password: str = "") -> str:
        """Return the address of a database."""
        login = f"{user}:{password}" if password else user
        return f"postgresql://{login}@{self.address}:{self.port}/{database}"

    def connect(self, database: str) -> psycopg.Connection:
        """Return a connection of the owner's."""
        return psycopg.connect(self.uri(database), autocommit=True)

    def database(self) -> str:
        """Return the name of a new, empty database."""
        self._count += 1
        name = f"log{self._count}"
        with self.connect("postgres") as connection:
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        return name


@contextlib.contextmanager
def running(bin_folder: Path, address: str = "127.0.0.1") -> Iterator[Server]:
    """Run a server that takes connections at an address of this machine."""
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    user = unprivileged()
    if user is not None:
        shutil.chown(folder, user)
    server = Server(bin_folder, folder, address)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
