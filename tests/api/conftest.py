"""A real registry, and a project whose images are in it, for the tests that propose."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.conftest import CACHE, need
from tests.support import registries
from tests.support.promotions import GIT, Project

REGISTRY: Final = CACHE / "registry-v3.1.1" / "registry"


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the host of a registry that anybody may write to."""
    with registries.real(need(REGISTRY, "`make tools` builds it"), tmp_path_factory.mktemp("registry")) as host:
        yield host


@pytest.fixture
def project(registry: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Return a project whose registry has three versions."""
    for name, value in {**GIT, "DOCKER_CONFIG": str(tmp_path / "nobody")}.items():
        monkeypatch.setenv(name, value)
    found = Project(tmp_path, registry)
    for version in ("1", "2", "3"):
        found.image(version)
    return found
