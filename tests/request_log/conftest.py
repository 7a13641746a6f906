"""Servers of PostgreSQL: the newest for most tests, each version for what depends on it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import need
from tests.support import postgres
from tests.support.postgres import NEWEST, VERSIONS, Server


def _server(version: str) -> Iterator[Server]:
    found = postgres.binaries(version)
    remedy = {"14": "`make tools` brings it", "15": "apt-get install postgresql-15", "18": "pip install --group dev"}
    if found is None:
        need(Path(f"/usr/lib/postgresql/{version}/bin/postgres"), remedy[version])
        return
    with postgres.running(found) as server:
        yield server


@pytest.fixture(scope="session", params=VERSIONS)
def each_server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """Run each version in turn."""
    yield from _server(str(request.param))


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """Run the newest version."""
    yield from _server(NEWEST)
