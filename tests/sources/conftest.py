"""A real MLflow server for the tests of this folder, and a models file that follows a model of it."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.conftest import CACHE, need
from tests.support import mlflow_server
from tests.support.mlflow_server import Team

MLFLOW: Final = CACHE / "mlflow-server-3.17.2" / "bin" / "mlflow"
_LOGINS: Final = ("MLFLOW_", "SASCTL_", "AWS_")
SET: Final = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: risk}
spec:
  registry: registry.example.com/models
  models:
    - name: churn
      path: /churn
      source: SOURCE
      variants:
        - {name: champion, image: "churn:2.0.0", percent: 100}
      targets: {knative: {minScale: 1}}
"""


@pytest.fixture(scope="session")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    """Return what a team does in an MLflow server of its own."""
    program = need(MLFLOW, "`make tools` installs it")
    with mlflow_server.serving(program, tmp_path_factory.mktemp("mlflow")) as found:
        yield found


@pytest.fixture(autouse=True)
def _no_login(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep the logins and the cluster of who runs the tests out of them."""
    for name in [each for each in os.environ if each.startswith(_LOGINS)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    monkeypatch.setenv("HOME", str(tmp_path))
    for name, value in mlflow_server.VARIABLES.items():
        monkeypatch.setenv(name, value)


def declare(folder: Path, source: str) -> Path:
    """Write a models file whose model has this source, and return it."""
    path = folder / "models.yaml"
    path.write_text(SET.replace("SOURCE", source), "utf-8")
    return path
