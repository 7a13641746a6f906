"""What `check` takes, a real API server and Knative's webhook take: random models files, as a dry run."""

from typing import Final

from tests.support import refusals
from tests.support.cluster_server import Cluster

FILES: Final = 200  # `make acceptance-refused` tries 2,000
LEAST: Final = 0.3  # of them are taken by check, so that there is something to try


def test_what_check_takes_no_server_refuses(cluster: Cluster) -> None:
    cluster.succeed("create", "namespace", "refusals")
    with cluster.features(refusals.FEATURES):
        tried = refusals.tried(cluster, "refusals", FILES)
    assert tried.taken > LEAST * FILES, str(tried)
    assert tried.refused == [], f"{tried}\n{tried.refused[0]}"


def test_a_refusal_is_told_with_its_models_file(cluster: Cluster) -> None:
    cluster.succeed("create", "namespace", "not-taken")
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"a b": "c"}}
    assert "a b" in refusals.answer(cluster, "not-taken", body)
    assert refusals.answer(cluster, "not-taken", {**body, "data": {"a": "c"}}) == ""
