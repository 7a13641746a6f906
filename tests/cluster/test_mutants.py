"""`check` and a real API server agree about objects with one thing changed, but for the exceptions that are listed."""

from typing import Final

import pytest

from tests.support import server_mutants
from tests.support.cluster_server import Cluster

MUTANTS: Final = 2_000  # `make acceptance-check` tries all, more than 20,000


@pytest.mark.slow
def test_what_the_server_refuses_is_an_error_and_nothing_else(cluster: Cluster) -> None:
    cluster.succeed("create", "namespace", "mutants")
    result = server_mutants.compared(cluster, "mutants", list(server_mutants.chosen(MUTANTS)))
    assert result.tried.total() >= MUTANTS
    assert result.refused.total() > result.tried.total() / 2
    assert result.excepted.total() < result.tried.total() / 20
    assert result.differences == [], str(result)
