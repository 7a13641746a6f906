"""The CronJob of the samples, as an API server takes it into a namespace that enforces Pod Security "restricted"."""

from tests.support.cluster_server import Cluster
from tests.support.pipelines import documents


def test_an_api_server_takes_the_cronjob_without_a_warning(cluster: Cluster) -> None:
    namespace = "promotion-sample"
    cluster.succeed("create", "namespace", namespace)
    modes = [f"pod-security.kubernetes.io/{mode}=restricted" for mode in ("enforce", "warn")]
    cluster.succeed("label", "namespace", namespace, *modes)
    try:
        cluster.apply(documents("cronjob.yaml"), "-n", namespace)
        spec = cluster.get("cronjobs", "promotion", namespace)["spec"]
        assert spec["jobTemplate"]["spec"]["template"]["spec"]["automountServiceAccountToken"] is False
        cluster.succeed("create", "job", "promotion-now", "--from=cronjob/promotion", "-n", namespace)
    finally:
        cluster.run("delete", "namespace", namespace, "--wait=false")
