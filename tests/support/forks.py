"""Run modelyard's programs in processes of their own that need not load Python and its packages first.

A process that has loaded them takes calls from a socket and forks for each. The child has the arguments, the folder,
the environment and the standard streams of the call, runs the program as its script or `python -m modelyard` does, and
ends. A test calls `Forks.run`; what a shell or another program begins are the scripts in `Forks.programs`, each
of which is found by the name of a program of ours, hands its call over, waits, and ends as the child did.
"""

import atexit
import gc
import os
import pkgutil
import resource
import runpy
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Iterator, Mapping
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from importlib import import_module, metadata
from io import StringIO
from pathlib import Path
from typing import Final, NoReturn, Self

from pydantic import BaseModel

from modelyard.cli.app import app
from tests.support import forked_program, iri_syntax
from tests.support.command_line import commands

_OVERLAY: Final = str(Path(__file__).resolve().parents[2] / "overlays" / "dev")
# What typer draws help and errors with. It asks the environment for colours as it is loaded itself, so it comes later.
_DRAWING: Final = ("align", "columns", "markdown", "padding", "panel", "table", "traceback")
_SECONDS: Final = 300
BESIDE: Final = "FORKED_BESIDE"  # the variable of a call for which programs of ours are beside another Python
_SIZE: Final = 1 << 17  # of a call: its arguments and its environment


class Forks:
    """The process that forks, begun with the first call; `close` ends it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._server: subprocess.Popen[bytes] | None = None
        self._folder = Path()

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
        around = {**os.environ, **(env or {})}
        call = _Call(str(cwd or Path.cwd()), "", memory or 0, "", ["modelyard", *words], around)
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            code = self._called(call, stdin.encode(), out.fileno(), err.fileno())
            out.seek(0)
            err.seek(0)
            return subprocess.CompletedProcess(words, code, _text(out.read()), _text(err.read()))

    def programs(self) -> Path:
        """Return the folder of the scripts, which stand for the programs that are installed beside this Python."""
        self._begin()
        return self._folder

    def close(self) -> None:
        """End the process."""
        if self._server and self._server.stdin:
            self._server.stdin.close()
            self._server.wait()
            shutil.rmtree(self._folder)

    def _begin(self) -> None:
        with self._lock:
            if self._server:
                return
            self._folder = Path(tempfile.mkdtemp(prefix="programs-"))
            self._folder.chmod(0o755)  # some tests run as another user
            address = str(self._folder / "calls")
            own = {name: text for name, text in os.environ.items() if name.startswith("PYTHON")}
            text = f"#!{sys.executable} -IS\n{Path(forked_program.__file__).read_text('utf-8')}\n\n"
            for each in metadata.distribution("modelyard").entry_points:
                program, script = Path(sys.executable).with_name(each.name), self._folder / each.name
                values = (str(program), each.value, address, forked_program.around(), own)
                script.write_text(f"{text}{forked_program.hand_over.__name__}{values}\n", "utf-8")
                script.chmod(0o755)
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
                listener.bind(address)
                Path(address).chmod(0o777)
                listener.listen(64)
                command = [sys.executable, "-m", "tests.support.forks", str(listener.fileno())]
                self._server = subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=[listener.fileno()])

    def _called(self, call: "_Call", stdin: bytes, out: int, err: int) -> int:
        self._begin()
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as caller:
            caller.settimeout(_SECONDS)
            caller.connect(str(self._folder / "calls"))
            reader, writer = os.pipe()
            try:
                socket.send_fds(caller, [call.written()], [reader, out, err])
            finally:
                os.close(reader)
            feeding = threading.Thread(target=_feed, args=(writer, stdin))
            feeding.start()
            try:
                return int(caller.recv(64))
            finally:
                feeding.join()


FORKS: Final = Forks()  # of this process, which is a worker: tests/conftest.py closes it


@dataclass(frozen=True)
class _Call:
    """A call. mask: the umask, or nothing for that of the server; memory: bytes that it may have, 0 for all.

    entry: module and function of a script, or nothing for `python -m modelyard`.
    """

    cwd: str
    mask: str
    memory: int
    entry: str
    words: list[str]
    env: dict[str, str]

    def written(self) -> bytes:
        """Return it as a list of texts, each but the first after a NUL, which none of them holds."""
        head = [self.cwd, self.mask, str(self.memory), self.entry, str(len(self.words))]
        return b"\0".join(map(os.fsencode, [*head, *self.words, *("=".join(each) for each in self.env.items())]))

    @classmethod
    def read(cls, written: bytes) -> Self:
        """Return the call that has been written."""
        cwd, mask, memory, entry, count, *rest = map(os.fsdecode, written.split(b"\0"))
        words, env = rest[: int(count)], rest[int(count) :]
        return cls(cwd, mask, int(memory), entry, words, dict(each.split("=", 1) for each in env))


def _text(data: bytes) -> str:
    return data.decode().replace("\r\n", "\n").replace("\r", "\n")  # as subprocess does for text


def _feed(writer: int, data: bytes) -> None:
    with suppress(BrokenPipeError), open(writer, "wb") as stream:
        stream.write(data)


def _load() -> None:
    """Load modelyard, and make what it makes when it is first used: schemas, patterns, templates, the command line."""
    iri_syntax.load_later()
    for module in pkgutil.walk_packages(import_module("modelyard").__path__, "modelyard."):
        if module.name.endswith("__main__"):
            continue
        try:
            import_module(module.name)
        except ModuleNotFoundError as error:
            if str(error.name).startswith("modelyard"):
                raise  # else it is of an extra, which is not installed here
    for shape in _below(BaseModel):
        shape.model_rebuild()  # returns at once where it is made
    commands()
    for each in _DRAWING:
        import_module(f"rich.{each}")
    for words in ("render --stdout", "check"):
        with redirect_stdout(StringIO()), redirect_stderr(StringIO()), suppress(SystemExit):
            app([*words.split(), "-f", _OVERLAY])
    if threading.active_count() != 1:
        raise RuntimeError("a process with threads cannot be forked")
    gc.freeze()


def _below(shape: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for each in shape.__subclasses__():
        if each.__module__.startswith("modelyard."):
            yield each
        yield from _below(each)


def _serve(listener: socket.socket) -> None:
    """Fork for each call, until standard input ends. A caller that goes before its child has ended takes it along."""
    children: dict[int, tuple[int, socket.socket]] = {}  # what tells that it has ended -> its number, and who waits
    waiting: dict[socket.socket, int] = {}  # who waits -> what tells that the child has ended
    while True:
        watched: list[int | socket.socket] = [0, listener, *children, *waiting]
        ready, _, _ = select.select(watched, [], [])
        if 0 in ready:
            return
        for each in ready:
            if each is listener:
                caller, _ = listener.accept()
                if number := _forked(caller):
                    end = os.pidfd_open(number)
                    children[end], waiting[caller] = (number, caller), end
            elif isinstance(each, int):
                number, caller = children.pop(each)
                waiting.pop(caller, None)
                os.close(each)
                _, status = os.waitpid(number, 0)
                with suppress(OSError), caller:
                    caller.send(str(os.waitstatus_to_exitcode(status)).encode())
            elif each in waiting:  # else the child has ended at the same time
                signal.pidfd_send_signal(waiting.pop(each), signal.SIGTERM)


def _forked(caller: socket.socket) -> int:
    """Take a call, and return the number of the child that runs it; 0 where the caller has gone."""
    call, descriptors, _, _ = socket.recv_fds(caller, _SIZE, 3)
    child = os.fork() if call else 0
    if call and child == 0:
        for number, descriptor in enumerate(descriptors):
            os.dup2(descriptor, number)
        os.closerange(3, os.sysconf("SC_OPEN_MAX"))
        _become(_Call.read(call))
    for descriptor in descriptors:
        os.close(descriptor)
    return child


def _become(call: _Call) -> NoReturn:
    """Turn this process into a program of ours, called as the call says."""
    os.chdir(call.cwd)
    if call.mask:
        os.umask(int(call.mask))
    os.environ.clear()
    os.environ.update(call.env)
    sys.stdin = open(0, encoding="utf-8")  # noqa: SIM115 - a descriptor
    sys.stdout = open(1, "w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace")  # noqa: SIM115
    sys.argv = call.words
    sys.executable = call.env.get(BESIDE, sys.executable)
    if call.memory:
        resource.setrlimit(resource.RLIMIT_AS, (call.memory, call.memory))
    os._exit(_ran(call.entry))


def _ran(entry: str) -> int:
    code: object = 0
    try:
        if entry:
            vars(sys.modules["__main__"]).update(__spec__=None, __package__=None)  # as of a script
            metadata.EntryPoint("", entry, "").load()()
        else:
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
    _load()
    _serve(socket.socket(fileno=int(sys.argv[1])))
