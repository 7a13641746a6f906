"""What the sidecar does beside its calls goes on after a failure that nobody has thought of; calls see none of it."""

import asyncio
import json
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from modelyard.request_log.sidecar import desk, server
from modelyard.request_log.sidecar.desk import Desk
from modelyard.request_log.sidecar.mirror import Mirror
from modelyard.request_log.sidecar.settings import Settings
from modelyard.request_log.sidecar.shipper import Shipper
from modelyard.request_log.spool import Writer
from tests.support import log_files, request_log, scr_stub
from tests.support.request_log import TABLE, call

CANARY = "canary-4e1d"


class Scene:
    """A sidecar in this process, whose model is a stub and whose log is in files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports = [request_log.free_port() for _ in range(4)]
        self.statuses: list[int] = []

    def served(self, calls: int = 3) -> int:
        """Serve some calls with a failure before or between them, end as at SIGTERM, and return the rows of the log."""
        model, shadow, listen, admin = self.ports
        settings = Settings(
            "127.0.0.1", model, listen, admin, 0, 1, 20, self.folder / "spool", 1 << 20, "", TABLE, "churn",
            mirrors=(f"http://127.0.0.1:{shadow}",), files=str(self.folder / "log"),
        )  # fmt: skip
        with scr_stub.running(model), scr_stub.running(shadow):
            asking = threading.Thread(target=self._ask, args=(listen, calls))
            server.serve(settings, asking.start)
            asking.join()
        return int(log_files.read(self.folder / "log" / TABLE).num_rows)

    def _ask(self, port: int, calls: int) -> None:
        try:
            for number in range(calls):
                body = json.dumps({"data": {"X": number, "NAME": CANARY}}).encode()
                self.statuses.append(call(port, body=body)[0])
                time.sleep(0.3)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """Return a sidecar that begins again at once."""
    monkeypatch.setattr(server, "_AGAIN", 0.05)
    return Scene(tmp_path)


def once(monkeypatch: pytest.MonkeyPatch, owner: type, name: str) -> None:
    """Let the first use of a method fail."""
    real, failed = getattr(owner, name), list[bool]()

    def broken(*arguments: Any) -> Any:
        if not failed:
            failed.append(True)
            raise KeyError(CANARY)
        return real(*arguments)

    monkeypatch.setattr(owner, name, broken)


@pytest.mark.parametrize(("owner", "name"), [(Desk, "write"), (Shipper, "run"), (Shipper, "_tell"), (Mirror, "run")])
def test_what_failed_is_begun_again_and_no_row_is_lost(
    scene: Scene, owner: type, name: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    once(monkeypatch, owner, name)
    assert scene.served() == 3
    assert scene.statuses == [200] * 3
    said = capfd.readouterr().err
    assert "modelyard request-log: a bug: KeyError in test_sidecar_tasks.py, line " in said
    assert CANARY not in said


def test_a_write_that_failed_loses_its_own_calls_alone(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    once(monkeypatch, Writer, "write")
    monkeypatch.setattr(desk, "MOST_HELD", 250)  # of one call: the first is to give its bytes back
    assert scene.served() == 2
    assert scene.statuses == [200] * 3
    assert "a bug: KeyError" in capfd.readouterr().err


def test_work_that_is_done_is_not_begun_again() -> None:
    begun: list[int] = []

    async def work() -> None:
        begun.append(1)

    asyncio.run(server._lasting(work))
    assert begun == [1]
