"""Run the command modelyard in a process of its own that need not load Python and its packages first.

A process that has loaded them takes calls from a socket and forks for each. The child has the arguments, the folder,
the environment and the standard streams of the call, runs modelyard as `python -m modelyard` does, and ends.
"""

import atexit
import gc
import json
import os
import pkgutil
import resource
import runpy
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Final, NoReturn

from tests.support import iri_syntax

_SECONDS: Final = 300
_SIZE: Final = 1 << 17  # of a call: its arguments and its environment


class Forks:
    """The process that forks, begun with the first call; `close` ends it. It takes one call at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._server: subprocess.Popen[bytes] | None = None
        self._socket, self._theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.settimeout(_SECONDS)

    def run(
        self,
        *arguments: str | Path,
        stdin: str = "",
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        memory: int | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run modelyard; return its exit code, output and errors as text.

        env: what is added to the environment of here; memory: bytes that it may have.
        """
        words = [str(word) for word in arguments]
        around = {"cwd": str(cwd or Path.cwd()), "env": {**os.environ, **(env or {})}, "memory": memory}
        call = {"arguments": words, **around}
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, self._lock:
            code = self._called(json.dumps(call).encode(), stdin.encode(), out.fileno(), err.fileno())
            out.seek(0)
            err.seek(0)
            return subprocess.CompletedProcess(words, code, _text(out.read()), _text(err.read()))

    def close(self) -> None:
        """End the process: it does when nobody is left to call."""
        self._socket.close()
        self._theirs.close()
        if self._server:
            self._server.wait()

    def _called(self, call: bytes, stdin: bytes, out: int, err: int) -> int:
        if not self._server:
            command = [sys.executable, "-m", "tests.support.forks", str(self._theirs.fileno())]
            self._server = subprocess.Popen(command, pass_fds=[self._theirs.fileno()])
            self._theirs.close()  # so that a server that ends is no wait
        reader, writer = os.pipe()
        feeding = threading.Thread(target=_feed, args=(writer, stdin))
        try:
            socket.send_fds(self._socket, [call], [reader, out, err])
        finally:
            os.close(reader)
        feeding.start()
        try:
            return int(self._socket.recv(_SIZE))
        finally:
            feeding.join()


def _text(data: bytes) -> str:
    return data.decode().replace("\r\n", "\n").replace("\r", "\n")  # as subprocess does for text


def _feed(writer: int, data: bytes) -> None:
    with suppress(BrokenPipeError), open(writer, "wb") as stream:
        stream.write(data)


def _serve(calls: socket.socket) -> None:
    """Load modelyard, then fork for each call."""
    iri_syntax.load_later()
    for module in pkgutil.walk_packages(import_module("modelyard").__path__, "modelyard."):
        if module.name.endswith("__main__"):
            continue
        try:
            import_module(module.name)
        except ModuleNotFoundError as error:
            if str(error.name).startswith("modelyard"):
                raise  # else it is of an extra, which is not installed here
    if threading.active_count() != 1:
        raise RuntimeError("a process with threads cannot be forked")
    gc.freeze()
    while True:
        call, descriptors, _, _ = socket.recv_fds(calls, _SIZE, 3)
        if not call:
            return
        child = os.fork()
        if child == 0:
            calls.close()
            _become(descriptors, **json.loads(call))
        for descriptor in descriptors:
            os.close(descriptor)
        _, status = os.waitpid(child, 0)
        calls.send(str(os.waitstatus_to_exitcode(status)).encode())


def _become(
    descriptors: list[int], arguments: list[str], cwd: str, env: dict[str, str], memory: int | None
) -> NoReturn:
    """Turn this process into modelyard, called as the call says."""
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    sys.stdin = open(0, encoding="utf-8")  # noqa: SIM115 - a descriptor
    sys.stdout = open(1, "w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace")  # noqa: SIM115
    sys.argv = ["modelyard", *arguments]
    if memory:
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    os._exit(_ran())


def _ran() -> int:
    code: object = 0
    try:
        runpy.run_module("modelyard", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        code = end.code
    except BaseException:  # noqa: BLE001 - as Python itself does at its end
        traceback.print_exc()
        code = 1
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    return code if isinstance(code, int) else int(code is not None)


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
