"""Notices of what is applied: the address is in a Secret of the cluster, and in no output."""

import json
from collections.abc import Iterator

import pytest

from tests.support import notice_servers
from tests.support.cluster_scene import Scene
from tests.support.notice_servers import Received

SET = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: risk}
spec:
  notify: {webhook: {secret: hook}, slack: {secret: absent}}
  models:
    - {name: pricing, image: "registry.example.com/pricing:1.0.0", targets: {deployment: {replicas: 1}}}
"""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Received]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with notice_servers.webhook() as received:
        yield received


def test_what_apply_changes_is_told_by_the_address_in_a_secret(scene: Scene, server: Received) -> None:
    secret = ("create", "secret", "generic", "hook", "-n", scene.namespace, "--from-literal=key=planted-key")
    scene.cluster.succeed(*secret, f"--from-literal=url={server.url}")
    done = scene.apply(SET, "--notify")
    assert done.code == 0, done.err
    assert "notified: webhook accepted it" in done.err
    assert "slack did not get the notice: set MODELYARD_SLACK_URL, or let Secret absent have the key url" in done.err
    assert json.loads(server.bodies[0])["models"] == ["pricing"]
    done = scene.apply(SET.replace("1.0.0", "1.1.0"), "--notify")
    told = json.loads(server.bodies[1])
    assert told["event"] == "applied"
    assert told["changes"] == ["pricing: image 1.0.0 -> 1.1.0"]
    assert "planted" not in done.out + done.err + str(server.bodies)
    assert scene.apply(SET.replace("1.0.0", "1.1.0"), "--notify").code == 0
    assert len(server.bodies) == 2, "nothing has changed, so nobody is told"
