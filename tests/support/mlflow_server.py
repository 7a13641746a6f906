"""A real MLflow server with SQLite and files, and what a team does in it: versions, aliases, tags."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

import requests

VARIABLES: Final = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false"}
_NO_JOBS: Final = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}  # a dozen processes that nothing here uses


class Team(NamedTuple):
    """A server, and a client of it with which a team works."""

    url: str
    folder: Path
    client: Any

    def register(self, name: str, files: Mapping[str, str], *, image: str = "", ks: float | None = None) -> str:
        """Register a version with its files, as MLflow 3 does, by a logged model of a run; return its number."""
        folder = self.folder / "new"
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, "utf-8")
        run = self.client.create_run("0").info.run_id
        if ks is not None:
            self.client.log_metric(run, "ks", ks)
        logged = self.client.create_logged_model("0", name=name, source_run_id=run)
        self.client.log_model_artifacts(logged.model_id, str(folder))
        self.client.finalize_logged_model(logged.model_id, "READY")
        for path in files:
            (folder / path).unlink()
        return self.version(name, f"models:/{logged.model_id}", image=image, run_id=run, model_id=logged.model_id)

    def version(self, name: str, source: str = "", *, image: str = "", **more: str) -> str:
        """Register a version whose files are somewhere, else of a run that has none; return its number."""
        if not source:
            info = self.client.create_run("0").info
            source, more = f"{info.artifact_uri}/model", {"run_id": info.run_id}
        with suppress(Exception):  # it may be there
            self.client.create_registered_model(name)
        tags = {"image": image} if image else {}
        return str(self.client.create_model_version(name, source, tags=tags, **more).version)


@contextmanager
def serving(program: Path, folder: Path) -> Iterator[Team]:
    """Serve MLflow from a folder, and yield a client's view of it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = ["server", "--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--artifacts-destination"]
    words += [str(folder / "artifacts"), "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [program, *words], stdout=log, stderr=log, cwd=folder, start_new_session=True,
            env={**os.environ, **VARIABLES, **_NO_JOBS, "PYTHONWARNINGS": "ignore", "TMPDIR": str(folder)},
        )  # fmt: skip
    try:
        url = f"http://127.0.0.1:{port}"
        _wait(url, process)
        os.environ.update(VARIABLES)
        from mlflow import MlflowClient  # noqa: PLC0415 - it takes seconds

        yield Team(url, folder, MlflowClient(url))
    finally:
        for signal in (15, 9):  # its workers end when all that they were asked is answered
            with suppress(ProcessLookupError, subprocess.TimeoutExpired):
                os.killpg(process.pid, signal)
                process.wait(10)


def _wait(url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(requests.RequestException):
            if requests.get(f"{url}/health", timeout=2).ok:
                return
        time.sleep(0.2)
    raise AssertionError("the MLflow server does not come up")
