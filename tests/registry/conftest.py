"""A real registry for the tests of this folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import CACHE, need
from tests.support import registries

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
