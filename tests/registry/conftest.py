"""Real registries for the tests of this folder, and a models file that is committed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.conftest import CACHE, Run, need
from tests.support import registries
from tests.support.registries import PASSWORD, SET

OWN: Final = ("-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false")
WHEN: Final = "2026-11-24T10:00:00+01:00"
REGISTRY = CACHE / "registry-v3.1.1" / "registry"


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the host of a registry that anybody may write to."""
    with registries.real(need(REGISTRY, "`make tools` builds it"), tmp_path_factory.mktemp("registry")) as host:
        yield host


@pytest.fixture(scope="session")
def private(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the host of a registry that wants a name and a password."""
    folder = tmp_path_factory.mktemp("private")
    with registries.real(need(REGISTRY, "`make tools` builds it"), folder, private=True) as host:
        yield host


@pytest.fixture(autouse=True)
def _no_login(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep the credentials of who runs the tests out of them."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "nobody"))


@pytest.fixture
def overlay(tmp_path: Path, run: Run) -> Path:
    """Return a folder with a models file that is committed, in a repository whose remote has a password."""
    folder = tmp_path / "overlay"
    folder.mkdir()
    (folder / "models.yaml").write_text(SET.replace("HOST", "registry.example.com"), "utf-8")
    remote = f"https://ci:{PASSWORD}@git.example.com/risk.git"
    for words in (("init", "-q"), ("remote", "add", "origin", remote)):
        assert run("git", "-C", folder, *words).returncode == 0
    commit(run, folder)
    return folder


def commit(run: Run, folder: Path) -> str:
    """Commit all files of a folder, always at the same time; return the commit."""
    dates = {"GIT_AUTHOR_DATE": WHEN, "GIT_COMMITTER_DATE": WHEN}
    for words in (("add", "."), (*OWN, "commit", "-q", "-m", "models")):
        assert run("git", "-C", folder, *words, env=dates).returncode == 0
    return run("git", "-C", folder, "rev-parse", "HEAD").stdout.strip()
