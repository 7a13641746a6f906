"""--crds cluster: definitions of a real API server, which judges the same objects itself."""

from collections.abc import Callable
from subprocess import CompletedProcess
from typing import Any

import pytest
import yaml

from modelyard.api.crds import Connection, Kinds, of_cluster
from tests.check.test_crds import CHANGES, SCORER, found, scorer
from tests.support.cluster_server import Cluster

Command = Callable[..., CompletedProcess[str]]


@pytest.fixture(scope="module")
def kinds(cluster: Cluster) -> Kinds:
    """Return the kinds of the cluster, which knows the scorer."""
    cluster.succeed("apply", "-f", "-", stdin=SCORER)
    cluster.succeed("wait", "--for=condition=Established", "crd/scorers.example.com", "--timeout=60s")
    return Kinds(own=of_cluster(Connection(kubeconfig=cluster.kubeconfig)))


@pytest.mark.parametrize(("changes", "refused"), CHANGES, ids=str)
def test_the_server_refuses_what_its_definition_refuses_here(
    changes: dict[str, Any], refused: str | None, cluster: Cluster, kinds: Kinds
) -> None:
    body = scorer(changes)
    done = cluster.run("create", "--dry-run=server", "--validate=strict", "-f", "-", stdin=yaml.safe_dump(body))
    assert (done.returncode != 0) == bool(refused), done.stderr
    assert bool(found(body, kinds)) == bool(refused)


def test_the_command_asks_the_cluster(cluster: Cluster, kinds: Kinds, modelyard: Command) -> None:
    assert found(scorer({}), kinds) == set()
    text = yaml.safe_dump(scorer({"unknown": 1}))
    done = modelyard("check", "-", "--crds", "cluster", "--kubeconfig", cluster.kubeconfig, stdin=text)
    assert done.returncode == 1
    assert "unknown field unknown [MY390]" in done.stderr
    done = modelyard("check", "-", "--crds", "cluster", env={"KUBECONFIG": str(cluster.kubeconfig)}, stdin=text)
    assert "unknown field unknown [MY390]" in done.stderr
    done = modelyard(
        "check", "-", "--crds", "cluster", "--kubeconfig", cluster.kubeconfig, "--context", "nowhere", stdin=text
    )
    assert done.returncode == 1
    assert "[MY701]" in done.stderr
