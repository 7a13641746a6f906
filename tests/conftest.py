"""What tests share: real binaries, the facts beside the checkout, and a way to run modelyard as users do."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
CACHE = Path.home() / ".cache" / "modelyard"
KUSTOMIZE = CACHE / "kustomize-v5.8.1" / "kustomize"

Run = Callable[..., subprocess.CompletedProcess[str]]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --update: cases rewrite what they expect, to be reviewed with git diff."""
    parser.addoption("--update", action="store_true", help="rewrite the expected files of tests/cases")


def need(path: Path, remedy: str) -> Path:
    """Return the path; where it is missing, skip with the reason, and in CI fail."""
    if path.exists():
        return path
    reason = f"{path} is missing: {remedy}"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of facts and data that lies beside the checkout."""
    return need(SHARED, "this test compares with data that is not part of the project")


@pytest.fixture(scope="session")
def kustomize() -> Path:
    """Return the pinned kustomize that `make test` builds."""
    return need(KUSTOMIZE, "`make tools` builds it")


@pytest.fixture(scope="session")
def run() -> Run:
    """Return a function that runs a command and gives its exit code, output and errors as text."""

    def call(
        *command: str | Path, stdin: str = "", cwd: Path | None = None, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(word) for word in command],
            input=stdin,
            capture_output=True,
            text=True,
            cwd=cwd,
            env={**os.environ, **(env or {})},
            timeout=300,
            check=False,
        )

    return call


@pytest.fixture(scope="session")
def modelyard(run: Run) -> Run:
    """Return a function that runs the modelyard command of this environment."""

    def call(*arguments: str | Path, **options: object) -> subprocess.CompletedProcess[str]:
        return run(sys.executable, "-m", "modelyard", *arguments, **options)

    return call
