"""The loop that keeps a model good, whole, on a real node: an alert, a retraining, a challenger, and the recovery."""

import csv
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
import yaml

from tests.conftest import CACHE, need
from tests.node.calls import gateway
from tests.node.images import REGISTRY, Images
from tests.node.test_alerts import TRUSTING, channel, logs, runs, texts, train, until
from tests.node.test_request_log import ADDRESS, rows, server, uri
from tests.support import mlflow_server
from tests.support.cluster_scene import Scene
from tests.support.faulty_proxy import modelyard
from tests.support.mlflow_server import Team
from tests.support.promotions import GIT, Project, git

__all__ = ["server", "uri"]  # fixtures
pytestmark = pytest.mark.long

SET: Final = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: risk}
spec:
  registry: HOST
  toolImage: TOOL
  notify: {teams: {secret: hook}}
  models:
    - name: churn
      path: /model
      runtime: scr
      env: {VERSION: "1"}
      securityContext: {runAsUser: 1001}
      resources: {requests: {cpu: 10m, memory: 16Mi}, limits: {memory: 128Mi}}
      source: SOURCE
      requestLog: {postgres: {secret: scoring-log}, id: ID}
      monitor:
        {metric: auc, threshold: 0.7, score: sum, target: FAILURE, minRows: 20, window: 1d, schedule: "* * * * *",
         retrain: {cronJob: churn-train}}
      gate: {psi: 0.2, errors: 1%}
      variants:
        - {name: champion, image: "looped:1", percent: 100, source: {mlflow: {version: 1}}}
PATCHES      targets: {knative: {minScale: 1}}
"""
CANARY: Final = "canary-7"
_OPENER: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@pytest.fixture
def team(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Team]:
    """Return what a team does in an MLflow server, whose address modelyard knows."""
    program = need(CACHE / "mlflow-server-3.17.2" / "bin" / "mlflow", "`make tools` installs it")
    with mlflow_server.serving(program, tmp_path_factory.mktemp("mlflow")) as found:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", found.url)
        yield found


class World:
    """Callers of a model, and what becomes true of what they have asked: X, and later the contrary of X."""

    def __init__(self, scene: Scene, uri: str, project: Project) -> None:
        self.scene, self.uri, self.project = scene, uri, project
        self.file = project.file()
        self.turned = False
        self._asked = 0

    def command(self, *words: str) -> str:
        """Run a command about the models file; return what it says."""
        done = modelyard(*words, "-f", self.file)
        assert done.code == 0, done.out + done.err
        return done.out + done.err

    def deliver(self) -> None:
        """Bring what Git says into the cluster, and wait until it serves."""
        git(self.project.checkout, "pull", "--quiet", "--ff-only", "origin", "main")
        done = modelyard("apply", "-f", self.file, *self.scene.where, "--wait", "--timeout", "120")
        assert done.code == 0, done.err

    def live(self, calls: int) -> None:
        """Ask so many times, wait for the log, and say what became true."""
        url, host = gateway(self.scene, "churn", "/model")
        outcomes = []
        for number in range(self._asked, self._asked + calls):
            x = 0.75 if number // 2 % 2 else 0.25  # exact in binary; the gateway may alternate between variants
            body = json.dumps({"data": {"ID": f"id-{number}", "NAME": CANARY, "X": x}}).encode()
            headers = {"Content-Type": "application/json", "Host": host}
            request = urllib.request.Request(url, body, headers)  # noqa: S310 - of a test
            try:
                _OPENER.open(request, timeout=30).close()
            except urllib.error.HTTPError as error:
                pytest.fail(f"call {number}: {error.code}, {dict(error.headers)}, {error.read()!r}")
            outcomes.append((f"id-{number}", int((x > 0.5) != self.turned)))
        self._asked += calls
        until(self.scene, lambda: rows(self.uri) == self._asked)
        true = self.project.folder / "actuals.csv"
        with true.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([("ID", "FAILURE"), *outcomes])
        self.command("monitor", "actuals", str(true), "--id", "ID", "--target", "FAILURE")

    def promote(self) -> None:
        """Give the challenger all calls, as a person does, and bring that into the cluster."""
        self.command("promote", "churn", "challenger", "--commit")
        git(self.project.checkout, "push", "--quiet", "origin", "HEAD:main")
        self.deliver()

    def roll_out(self) -> str:
        """Take one step, as CI does, and bring what comes of it into the cluster."""
        where = ("--ingress", f"{ADDRESS}:80", "--domain", "kn.example.com", *self.scene.where)
        said = self.command("rollout", "churn", "--steps", "20,50", "--push", *where)
        self.deliver()
        return said


@pytest.fixture
def world(
    scene: Scene, own_image: str, images: Images, uri: str, team: Team, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> World:
    """Return the world about a model whose version 1 is registered, and served to nobody yet."""
    for name, value in {**GIT, "MODELYARD_DATABASE": uri}.items():
        monkeypatch.setenv(name, value)
    images.model_image("looped:1", OBEYS="true")
    images.model_image("looped:2", OBEYS="true", LESS="1")
    register(team, "1")
    return World(
        scene, uri, Project(tmp_path, REGISTRY, text=SET.replace("TOOL", own_image).replace("PATCHES", TRUSTING))
    )


@pytest.fixture
def bodies(scene: Scene, own_image: str, tmp_path: Path) -> Iterator[list[bytes]]:
    """Return what comes to the channel that the Secret of a namespace leads to, in which a training waits, too."""
    where = ("-n", scene.namespace)
    with channel(tmp_path) as (found, url):
        scene.cluster.succeed("create", "secret", "generic", "hook", f"--from-literal=url={url}", *where)
        scene.cluster.succeed("create", "configmap", "ca", f"--from-file={tmp_path / 'ca.pem'}", *where)
        scene.cluster.succeed("apply", "-f", "-", *where, stdin=yaml.safe_dump(train(own_image)))
        yield found


def register(team: Team, version: str) -> None:
    """Register the next version, and make it the champion."""
    assert team.version("churn", image=f"{REGISTRY}/looped:{version}") == version
    team.client.set_registered_model_alias("churn", "champion", version)


def restarts(scene: Scene) -> dict[str, int]:
    """Return the containers that were begun again, and how often."""
    found = {}
    for pod in scene.names("pods"):
        for each in scene.get("pods", pod)["status"].get("containerStatuses", []):
            found[f"{pod} {each['name']}"] = each["restartCount"]
    return {name: count for name, count in found.items() if count}


def trainings(scene: Scene) -> list[str]:
    """Return the Jobs that train."""
    return [each for each in scene.names("jobs.batch") if each.startswith("churn-train-")]


def test_what_has_drifted_is_told_retrained_proved_promoted_and_has_recovered(
    scene: Scene, uri: str, team: Team, world: World, bodies: list[bytes]
) -> None:
    world.deliver()
    world.live(60)
    until(scene, lambda: runs(uri) >= 1)
    assert bodies == [], "it is healthy"

    world.turned = True
    world.live(600)
    until(scene, lambda: bool(bodies))
    after = runs(uri)
    (alert,) = [texts(each) for each in bodies]
    assert alert[0] == "risk: churn degraded"
    assert alert[1].startswith("churn champion: auc is 0.")
    (job,) = trainings(scene)
    assert alert[2] == f"retraining: Job {job} of CronJob churn-train"
    where = ("-n", scene.namespace)
    scene.cluster.succeed("wait", "--for=condition=complete", f"job/{job}", *where, "--timeout=90s")
    said = scene.cluster.succeed("logs", f"job/{job}", *where)
    assert "MODELYARD_METRIC=auc MODELYARD_MODEL=churn" in said
    assert "MODELYARD_WINDOW_FROM=20" in said

    # What was trained is registered, proposed, and approved by a person.
    register(team, "2")
    world.command("challenger", "churn", "--percent", "0", "--push")
    (branch,) = world.project.branches()
    world.project.merge(branch)
    world.deliver()
    assert "has passed a replay of 660 rows, and gets 20 %" in world.roll_out()
    world.live(300)
    assert "and gets 50 %" in world.roll_out()
    until(scene, lambda: runs(uri) >= after + 2)
    assert len(bodies) == 1, "what is known is not told again, and the champion is as it was"
    world.promote()
    world.live(60)
    until(scene, lambda: len(bodies) > 1)
    after = runs(uri)
    until(scene, lambda: runs(uri) > after)
    assert [texts(each)[0] for each in bodies] == ["risk: churn degraded", "risk: churn recovered"]
    assert texts(bodies[1])[1].startswith("churn: auc is 1, no longer below 0.7; champion had 0.")
    assert trainings(scene) == [job]
    assert restarts(scene) == {}, "probes say for minutes that all is well"
    everything = logs(scene, "app.kubernetes.io/component=monitor") + str(bodies)
    assert CANARY not in everything
    assert "planted" not in everything
