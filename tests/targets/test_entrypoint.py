"""The entry point of the SageMaker image, run as the image runs it: as user 1001, and as PID 1 of a PID namespace."""

import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from modelyard.api import image
from modelyard.targets.sagemaker_proxy.image import SCR_COMMAND
from tests.support import sagemaker_proxy, sandboxes, scr_stub
from tests.support.sagemaker_proxy import Proxy

MODELS: Final = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: risk}
spec:
  registry: registry.example.com/models
  models:
    - name: credit-risk
      image: credit_risk:1.4.0
      command: COMMAND
      targets: {sagemaker-proxy: {}}
"""
DELAY: Final = 5.0  # seconds; PROXY_DELAY of the Caddyfile
STANDS_STILL: Final = "exec sleep 60\n"  # in place of the proxy


@dataclass(frozen=True, slots=True)
class Container:
    """An entry point that runs. top: PID 1 of the container, as the host calls it."""

    proxy: Proxy
    top: int

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """What ends with the container."""
        return self.proxy.process

    def find(self, part: str) -> int:
        """Return the process below PID 1 whose command line holds a text."""
        return next(pid for pid, command in sandboxes.processes(self.top).items() if part in command)


@pytest.fixture
def home() -> Iterator[Path]:
    """Return a folder in place of /opt/proxy, which user 1001 can read."""
    sandboxes.need_root()
    with sandboxes.open_folder() as found:
        yield found


def lay_out(home: Path, command: Sequence[str | dict[str, str]]) -> None:
    """Put into place what the Containerfile does, of a model with a command of its own."""
    with sandboxes.open_folder() as folder:
        (folder / "models.yaml").write_text(MODELS.replace("COMMAND", json.dumps(command)), "utf-8")
        made, problems = image.context(folder, "credit-risk")
    assert {each.code for each in problems} <= {"MY238"}  # the entry point itself gives MODEL_PORT
    for name, text in made.items():
        (home / name).write_text(text, "utf-8")
    (home / "tmp").mkdir()
    (home / "tmp").chmod(0o1777)


def lay_out_stub(home: Path, caddy: Path) -> None:
    """Put the stand-in for SCR and the real Caddy into place."""
    shutil.copy(scr_stub.__file__, home / "scr_stub.py")
    shutil.copy(caddy, home / "caddy")
    lay_out(home, [sandboxes.python(), str(home / "scr_stub.py"), {"expand": "--server.port=$(MODEL_PORT)"}])


@contextlib.contextmanager
def running(home: Path, *, sandbox: Sequence[str] = (), **env: str) -> Iterator[Container]:
    """Run `entrypoint.sh serve` as user 1001 and PID 1."""
    port = sagemaker_proxy.free_port()
    ports = {"SAGEMAKER_BIND_TO_PORT": str(port), "MODEL_PORT": str(sagemaker_proxy.free_port())}
    variables = sagemaker_proxy.environment(SAS_SCR_APP_PATH="/credit_risk", **ports, **env)
    command = [*sandboxes.pid_1(), *sandbox, *sandboxes.as_user(), "/bin/bash", str(home / "entrypoint.sh"), "serve"]
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(command, env=variables, stdout=log, stderr=log)
    top = _top(process.pid)
    try:
        yield Container(Proxy(port, process, home / "log"), top)
    finally:
        # The end of its parent does not reach it: it has changed its user (prctl(2), PR_SET_PDEATHSIG).
        with contextlib.suppress(ProcessLookupError):
            os.kill(top, signal.SIGKILL)
        process.kill()
        process.wait()


def _top(unshare: int) -> int:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        if found := sandboxes.processes(unshare):
            return next(iter(found))
        time.sleep(0.01)
    raise TimeoutError("the entry point has not started")


def until(true: Callable[[], bool], seconds: float = 15) -> None:
    """Wait until something is true."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


def answers(container: Container) -> bool:
    """Tell whether /ping says 200."""
    with contextlib.suppress(OSError):
        return container.proxy.ping().status == 200
    return False


def test_ping_turns_200_when_the_model_is_up_and_calls_are_answered(caddy: Path, home: Path) -> None:
    lay_out_stub(home, caddy)
    with running(home, STUB_START="1.5") as container:
        sagemaker_proxy.wait_for_port(container.proxy.port, container.process)
        assert container.proxy.ping().status == 503
        until(lambda: answers(container))
        scored = container.proxy.score()
        assert (scored.status, json.loads(scored.body)["path"]) == (200, "/credit_risk")
        users = {Path(f"/proc/{pid}").stat().st_uid for pid in (container.top, *sandboxes.processes(container.top))}
    assert users == {1001}
    log = (home / "log").read_text("utf-8")
    assert f"-Djava.io.tmpdir={home / 'tmp'}" in log
    assert "Read-only" not in log


def test_a_model_that_dies_ends_the_container_at_once(caddy: Path, home: Path) -> None:
    lay_out_stub(home, caddy)
    with running(home) as container:
        until(lambda: answers(container))
        start = time.monotonic()
        os.kill(container.find("scr_stub"), signal.SIGKILL)
        assert container.process.wait(10) == 128 + signal.SIGKILL
        assert time.monotonic() - start < 2
    assert "the model has ended with 137" in (home / "log").read_text("utf-8")


def test_a_proxy_that_dies_ends_the_container_at_once(caddy: Path, home: Path) -> None:
    lay_out_stub(home, caddy)
    with running(home) as container:
        until(lambda: answers(container))
        start = time.monotonic()
        os.kill(container.find("caddy run"), signal.SIGKILL)
        assert container.process.wait(10) == 128 + signal.SIGKILL
        assert time.monotonic() - start < 2
    assert "the proxy has ended with 137" in (home / "log").read_text("utf-8")


def test_sigterm_lets_a_call_in_flight_end(caddy: Path, home: Path) -> None:
    lay_out_stub(home, caddy)
    with running(home) as container, ThreadPoolExecutor(1) as pool:
        until(lambda: answers(container))
        call = pool.submit(container.proxy.score, f"slow={DELAY + 2}")
        time.sleep(0.5)
        start = time.monotonic()
        os.kill(container.top, signal.SIGTERM)
        assert container.process.wait(30) == 0
        assert call.result().status == 200
        assert call.result().headers["Connection"] == "close"
        assert DELAY + 1 < time.monotonic() - start < DELAY + 5


def test_sigterm_ends_an_idle_container_when_no_more_calls_are_taken(caddy: Path, home: Path) -> None:
    lay_out_stub(home, caddy)
    with running(home) as container:
        until(lambda: answers(container))
        start = time.monotonic()
        os.kill(container.top, signal.SIGTERM)
        time.sleep(DELAY - 1)
        assert container.proxy.score().status == 200
        assert container.process.wait(30) == 0
        assert time.monotonic() - start < DELAY + 3


@pytest.mark.slow
def test_it_ends_within_sagemakers_30_seconds_whatever_its_calls_and_its_model_do(caddy: Path, home: Path) -> None:
    shutil.copy(scr_stub.__file__, home / "scr_stub.py")
    shutil.copy(caddy, home / "caddy")
    stub = f"{sandboxes.python()} {home / 'scr_stub.py'} --server.port=$MODEL_PORT"
    lay_out(home, ["sh", "-c", f"trap '' TERM; {stub} & while :; do wait; done"])
    with running(home) as container, ThreadPoolExecutor(1) as pool:
        until(lambda: answers(container))
        start = time.monotonic()
        os.kill(container.top, signal.SIGTERM)
        time.sleep(DELAY - 1)
        call = pool.submit(_call_that_hangs, container.proxy)
        assert container.process.wait(40) == 0
        assert DELAY + 20 + 2 < time.monotonic() - start < 30
        call.result()


def _call_that_hangs(proxy: Proxy) -> None:
    with contextlib.suppress(http.client.HTTPException, OSError):
        proxy.score("hang")


@pytest.mark.parametrize("delay", [0.0, 0.02, 0.1])
def test_sigterm_is_not_lost_while_the_container_starts(home: Path, delay: float) -> None:
    lay_out(home, ["sleep", "60"])
    _put(home / "caddy", "#!/bin/sh\n" + STANDS_STILL)
    with running(home) as container:
        until(lambda: _catches_sigterm(container.top))
        time.sleep(delay)
        os.kill(container.top, signal.SIGTERM)
        assert container.process.wait(10) == 0


def _catches_sigterm(pid: int) -> bool:
    caught = re.search(r"SigCgt:\s*(\w+)", Path(f"/proc/{pid}/status").read_text("ascii"))
    return caught is not None and bool(int(caught[1], 16) & 1 << signal.SIGTERM - 1)


def test_a_model_that_ignores_sigterm_is_killed_in_time(home: Path) -> None:
    lay_out(home, ["sh", "-c", "trap '' TERM; while :; do sleep 1; done"])
    _put(home / "caddy", "#!/bin/sh\n" + STANDS_STILL)
    with running(home) as container:
        until(lambda: len(sandboxes.processes(container.top)) >= 3)
        time.sleep(0.2)
        os.kill(container.top, signal.SIGTERM)
        assert container.process.wait(10) == 0


def test_where_its_own_folder_cannot_be_written_it_takes_tmp(caddy: Path) -> None:
    sandboxes.need_root()
    tmp = Path("/tmp")  # noqa: S108 - the container's
    with sandboxes.open_folder(Path("/var/tmp")) as home:  # noqa: S108 - not below the other
        lay_out_stub(home, caddy)
        with running(home, sandbox=sandboxes.read_only(tmp)) as container:
            until(lambda: answers(container))
        assert "-Djava.io.tmpdir=/tmp" in (home / "log").read_text("utf-8")


# What follows needs no namespace: the script alone, with commands that say what they were given.


def _put(path: Path, text: str) -> None:
    path.write_text(text, "utf-8")
    path.chmod(0o755)


def started(home: Path, command: Sequence[str], **env: str) -> subprocess.CompletedProcess[str]:
    """Run the entry point with a model that ends by itself and a proxy that stands still."""
    lay_out(home, command)
    _put(home / "caddy", "#!/bin/sh\n" + STANDS_STILL)
    script = ["/bin/bash", str(home / "entrypoint.sh"), "serve"]
    return subprocess.run(
        script, env=sagemaker_proxy.environment(**env), capture_output=True, text=True, timeout=20, check=False
    )


def variables(home: Path, **env: str) -> Mapping[str, str]:
    """Return the variables that the model is given."""
    done = started(home, ["env"], SAS_SCR_APP_PATH="/credit_risk", **env)
    assert done.returncode == 0, done.stderr
    return dict(line.split("=", 1) for line in done.stdout.splitlines())


def test_ports_and_paths_without_settings(tmp_path: Path) -> None:
    given = variables(tmp_path)
    assert (given["SAGEMAKER_BIND_TO_PORT"], given["MODEL_PORT"]) == ("8080", "9090")
    assert given["MODEL_PING_PATH"] == "/credit_risk/apiMeta/api"
    assert given["_JAVA_OPTIONS"] == f"-Djava.io.tmpdir={tmp_path / 'tmp'}"


def test_what_is_set_stays(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    given = variables(tmp_path, MODEL_PORT="9999", PROXY_TMP=str(tmp_path / "mine"), _JAVA_OPTIONS="-Xmx1g")
    assert (given["MODEL_PORT"], given["PROXY_TMP"]) == ("9999", str(tmp_path / "mine"))
    assert given["_JAVA_OPTIONS"] == f"-Xmx1g -Djava.io.tmpdir={tmp_path}/mine"


@pytest.mark.parametrize(
    ("env", "port"),
    [({"SAGEMAKER_BIND_TO_PORT": "9090"}, "9091"), ({"SAGEMAKER_SAFE_PORT_RANGE": "21000-21999"}, "21000"),
     ({"SAGEMAKER_SAFE_PORT_RANGE": "21000-21999", "SAGEMAKER_BIND_TO_PORT": "21000"}, "21001")],
)  # fmt: skip
def test_the_model_has_a_port_that_nobody_else_has(tmp_path: Path, env: dict[str, str], port: str) -> None:
    assert variables(tmp_path, **env)["MODEL_PORT"] == port


def test_without_a_path_it_says_what_is_missing(tmp_path: Path) -> None:
    done = started(tmp_path, ["env"])
    assert (done.returncode, done.stdout) == (1, "")
    assert "SAS_SCR_APP_PATH is not set" in done.stderr


@pytest.mark.parametrize("code", [0, 3])
def test_the_exit_code_is_that_of_what_ended(tmp_path: Path, code: int) -> None:
    done = started(tmp_path, ["sh", "-c", f"exit {code}"], SAS_SCR_APP_PATH="/x")
    assert done.returncode == code
    assert f"the model has ended with {code}" in done.stderr


def test_a_model_that_cannot_start_ends_the_container(tmp_path: Path) -> None:
    start = time.monotonic()
    done = started(tmp_path, ["/no/such/java"], SAS_SCR_APP_PATH="/x")
    assert done.returncode == 127
    assert time.monotonic() - start < 7  # at the latest when the script looks again


def test_scr_is_started_with_its_own_full_command(tmp_path: Path) -> None:
    (tmp_path / "models.yaml").write_text(MODELS.replace("command: COMMAND", "runtime: scr"), "utf-8")
    made, _ = image.context(tmp_path, "credit-risk")
    words = re.search(r"exec_model\(\) \{\n    exec (.*)\n", made["entrypoint.sh"])
    assert words
    command = ["bash", "-c", f"printf '%s\\n' {words[1]}"]
    done = subprocess.run(command, env={"MODEL_PORT": "9090"}, capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:-1] == [*SCR_COMMAND[:-1], "--server.port=9090"]
