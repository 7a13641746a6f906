"""Updates without the proxy: what is lost of calls over connections that are kept, and over ones of their own."""

from tests.node.calls import gateway, service
from tests.node.load import Load
from tests.node.updates import SET, apply, updated
from tests.support.cluster_scene import Scene


def test_a_deployment_loses_no_call_of_clients_that_renew_their_connections(
    scene: Scene, load: Load, ignoring: str
) -> None:
    text = SET.replace("TARGET", "deployment: {replicas: 2, timeout: 3s}").replace("IMAGE", ignoring)
    apply(scene, text, 1)
    url = service(scene, "churn", "/model")
    renewed, fresh = updated(
        scene, load, text, (url, "-connections", "8", "-age", "5s"), (url, "-connections", "2", "-new")
    )
    assert (renewed.lost, fresh.lost) == (0, 0)


def test_knative_loses_no_call_in_updates(scene: Scene, load: Load, obeying: str) -> None:
    text = SET.replace("TARGET", "knative: {minScale: 2, timeout: 10s}").replace("IMAGE", obeying)
    apply(scene, text, 1)
    url, host = gateway(scene, "churn", "/model")
    kept, fresh = updated(
        scene,
        load,
        text,
        (url, "-host", host, "-connections", "8"),
        (url, "-host", host, "-connections", "2", "-new"),
    )
    assert (kept.lost, fresh.lost) == (0, 0)
