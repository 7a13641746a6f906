"""MLflow as a source: a real server tells its champion and gives its files; what goes wrong is named."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from modelyard.api import sources
from modelyard.problems import Problem
from tests.conftest import Run
from tests.sources.conftest import declare
from tests.support.mlflow_server import Team
from tests.support.registries import Stub

pytestmark = pytest.mark.slow

CANARY: Final = "planted-login-4f1c"
FILES: Final = {"MLmodel": "flavors: {}\n", "data/model.bin": "weights of 1"}
FOLLOWED: Final = "{mlflow: {model: churn, alias: champion}}"
ALIAS: Final = "GET /api/2.0/mlflow/registered-models/alias"


def problems(path: Path) -> list[Problem]:
    return sources.standings(path)[1]


@pytest.fixture
def version(team: Team, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return a version of the model churn that is its champion."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", team.url)
    number = team.register("churn", FILES, image="registry.example.com/models/churn:3", ks=0.41)
    team.client.set_registered_model_alias("churn", "champion", number)
    return number


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stub]:
    """Return a server that answers as no MLflow server should, with a login in its address."""
    with Stub() as server:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://scorer:{CANARY}@{server.host}")
        yield server


def test_the_champion_stands_beside_what_the_models_file_pins(modelyard: Run, version: str, tmp_path: Path) -> None:
    path = declare(tmp_path, FOLLOWED)
    done = modelyard("sources", "-f", path, "-o", "json")
    (standing,) = json.loads(done.stdout)
    assert standing["champion"]["version"] == version
    assert standing["champion"]["image"] == "registry.example.com/models/churn:3"
    assert standing["champion"]["details"]["metric ks"] == "0.41"
    assert standing["out_of_step"] == [f"the source has version {version}, and the models file pins no version"]
    assert modelyard("sources", "-f", path, "--exit-code").returncode == 1
    path.write_text(
        path.read_text("utf-8").replace("percent: 100", f"percent: 100, source: {{mlflow: {{version: {version}}}}}")
    )
    done = modelyard("sources", "churn", "-f", path, "--exit-code")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1].split() == ["churn", version, "champion", version, "-", "mlflow:churn"]


def test_files_come_with_checksums_that_other_programs_compare(modelyard: Run, version: str, tmp_path: Path) -> None:
    done = modelyard("fetch", "churn", "-f", declare(tmp_path, FOLLOWED), "-o", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert {path: (tmp_path / "out" / path).read_text("utf-8") for path in FILES} == FILES
    command = ["sha256sum", "--check", "--strict", "SHA256SUMS"]
    compared = subprocess.run(command, cwd=tmp_path / "out", capture_output=True, text=True, check=True)
    assert compared.stdout.splitlines() == [f"{path}: OK" for path in FILES]
    pinned = declare(tmp_path, f"{{mlflow: {{model: churn, version: {version}}}, checksum: {done.stdout.strip()}}}")
    assert modelyard("fetch", "churn", "-f", pinned, "-o", tmp_path / "out").stdout == done.stdout


def test_files_that_are_not_those_of_the_checksum_are_refused(version: str, tmp_path: Path) -> None:
    path = declare(tmp_path, f"{{mlflow: {{model: churn, version: {version}}}, checksum: 'sha256:{'0' * 64}'}}")
    found, problems = sources.fetch(path, "churn", tmp_path / "out")
    assert (found, [each.code for each in problems]) == (None, ["MY778"])
    assert sorted(each.name for each in tmp_path.iterdir()) == ["models.yaml"]


@pytest.mark.usefixtures("version")
@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{mlflow: {model: churn, alias: nobody}}", "no version of churn has the alias nobody"),
        ("{mlflow: {model: unknown, alias: champion}}", "has no model unknown with the alias champion"),
        ("{mlflow: {model: churn, version: 9999}}", "has no version 9999 of churn"),
    ],
)
def test_what_is_not_there_is_named(tmp_path: Path, source: str, said: str) -> None:
    (found,) = problems(declare(tmp_path, source))
    assert found.code == "MY774"
    assert said in found.message


def test_an_artefact_that_is_missing_leaves_no_folder(
    team: Team, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", team.url)
    number = team.version("lost")
    path = declare(tmp_path, f"{{mlflow: {{model: lost, version: {number}}}}}")
    found, wrong = sources.fetch(path, "churn", tmp_path / "out")
    assert (found, [each.code for each in wrong]) == (None, ["MY774"])
    assert f"version {number}" in wrong[0].message
    assert sorted(each.name for each in tmp_path.iterdir()) == ["models.yaml"]


def test_a_server_that_is_down_or_not_named_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = declare(tmp_path, FOLLOWED)
    assert [each.code for each in problems(path)] == ["MY776"]
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    assert [(each.code, each.message) for each in problems(path)] == [("MY772", "127.0.0.1:9 cannot be reached")]


@pytest.mark.parametrize(("status", "code"), [(401, "MY773"), (403, "MY773"), (500, "MY775"), (200, "MY775")])
def test_what_a_server_says_of_a_login_is_not_shown(
    stub: Stub, tmp_path: Path, status: int, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    stub.answers[ALIAS] = (status, {}, f"<html>{CANARY}</html>".encode())
    (found,) = problems(declare(tmp_path, FOLLOWED))
    assert found.code == code
    assert CANARY not in repr(found)


def test_no_login_follows_a_redirect_to_another_host(modelyard: Run, stub: Stub, tmp_path: Path) -> None:
    with Stub("127.0.0.2") as other:
        stub.answers[ALIAS] = (302, {"Location": f"http://{other.host}/"}, b"")
        done = modelyard("sources", "-f", declare(tmp_path, FOLLOWED))
    assert "redirects to another address, which gets no login [MY775]" in done.stderr
    assert "Basic" in stub.secrets()
    assert not other.seen
    assert CANARY not in done.stdout + done.stderr


def test_an_extra_that_is_missing_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "none"
    folder.mkdir()
    (folder / "mlflow.py").write_text("raise ImportError\n", "utf-8")
    command = [sys.executable, "-m", "modelyard", "sources", "-f", str(declare(tmp_path, FOLLOWED))]
    env = {**os.environ, "MLFLOW_TRACKING_URI": "http://127.0.0.1:9", "PYTHONPATH": str(folder)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    assert done.returncode == 1
    assert "pip install 'modelyard[mlflow]'" in done.stderr
