"""Jobs of Spark on a real API server with the kinds of Config Connector and of the Spark operator, which do not run."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest

from modelyard.api import spark_runs
from modelyard.cluster import Connection
from tests.conftest import ROOT
from tests.support.cluster_scene import Scene
from tests.support.faulty_proxy import modelyard

CASES: Final = ROOT / "tests" / "render" / "cases"
APPLICATIONS: Final = "sparkapplications.sparkoperator.k8s.io"
KINDS: Final = (
    "dataprocworkflowtemplates.dataproc.cnrm.cloud.google.com",
    "storagebuckets.storage.cnrm.cloud.google.com",
    "iamserviceaccounts.iam.cnrm.cloud.google.com",
    "iampolicymembers.iam.cnrm.cloud.google.com",
    "eventarctriggers.eventarc.cnrm.cloud.google.com",
    "cloudschedulerjobs.cloudscheduler.cnrm.cloud.google.com",
)
SET: Final = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: risk}
spec:
  models:
    - name: network-anomaly
      runtime: spark
      spark:
        bucket: network-spark-migrate
        train: {main: model/train.py}
        score: {main: model/score.py}
        triggers: [{schedule: "0 3 * * *", run: score}]
      ignore: [{code: MY269, reason: it is trained by hand}]
      targets: {spark-operator: {image: "registry.example.com/spark:4.0.4", sparkVersion: "4.0.4"}}
"""


def text_of(case: str) -> str:
    lines = (CASES / case / "models.yaml").read_text("utf-8").splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith("  namespace:") and "kubernetes.namespace" not in line)


@pytest.mark.parametrize("case", ["dataproc-network-anomaly", "dataproc-every-field", "dataproc-serverless"])
def test_objects_for_google_cloud_are_taken_and_pruned(scene: Scene, case: str) -> None:
    applied = scene.apply(text_of(case))
    assert applied.code == 0, applied.err
    assert all(scene.names(kind) for kind in KINDS[2:5])
    assert bool(scene.names(KINDS[0])) == (case != "dataproc-serverless")
    pruned = scene.apply(f"{SET.partition('  models:')[0]}  allowEmpty: true\n", "--prune", "--yes")
    assert pruned.code == 0, pruned.err
    assert [scene.names(kind) for kind in KINDS] == [set()] * len(KINDS)


def test_a_changed_job_is_a_new_template_and_the_old_one_is_pruned(scene: Scene) -> None:
    text = text_of("dataproc-network-anomaly")
    assert scene.apply(text).code == 0
    before = scene.names(KINDS[0])
    changed = scene.apply(text.replace("workers: 2", "workers: 3"), "--prune", "--yes")
    assert changed.code == 0, changed.err
    after = scene.names(KINDS[0])
    assert len(before) == len(after) == 2
    assert not before & after


def test_applications_of_the_spark_operator_are_taken(scene: Scene) -> None:
    text = text_of("spark-operator-every-field")
    applied = scene.apply(text)
    assert applied.code == 0, applied.err
    live = scene.get("scheduledsparkapplications.sparkoperator.k8s.io", "anomaly-score")
    assert live["spec"]["template"]["executor"]["initContainers"][0]["restartPolicy"] == "Always"
    assert scene.get(APPLICATIONS, "anomaly-train")["spec"]["suspend"] is True
    (subject,) = scene.get("rolebindings.rbac.authorization.k8s.io", "anomaly-driver")["subjects"]
    assert subject["namespace"] == scene.namespace


class Operator:
    """Plays the Spark operator: gives each run that begins its states, one after the other."""

    def __init__(self, scene: Scene, states: list[dict[str, Any]]) -> None:
        self.scene, self.states = scene, states
        self.seen: list[dict[str, Any]] = []

    def work(self, stop: threading.Event) -> None:
        """Look for runs until it is told to stop."""
        while not stop.wait(0.2):
            for name in self.scene.names(APPLICATIONS):
                live = self.scene.get(APPLICATIONS, name)
                if live["spec"].get("suspend") or name in {each["metadata"]["name"] for each in self.seen}:
                    continue
                self.seen.append(live)
                for state in self.states:
                    self.scene.cluster.set_status(APPLICATIONS, name, self.scene.namespace, state)
                    time.sleep(1.5)


@contextmanager
def operated(scene: Scene, *states: dict[str, Any]) -> Iterator[Operator]:
    operator, stop = Operator(scene, list(states)), threading.Event()
    thread = threading.Thread(target=operator.work, args=(stop,))
    thread.start()
    try:
        yield operator
    finally:
        stop.set()
        thread.join()


def state(word: str, error: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {"applicationState": {"state": word}, "driverInfo": {}}
    return found | ({"applicationState": {"state": word, "errorMessage": error}} if error else {})


def test_a_run_is_followed_and_leaves_nothing(scene: Scene) -> None:
    assert scene.apply(SET).code == 0
    with operated(scene, state("SUBMITTED"), state("RUNNING"), state("COMPLETED")) as operator:
        done = modelyard("run", "network-anomaly", "score", "--wait", "-f", scene.file, *scene.where)
    assert done.code == 0, done.err
    (live,) = operator.seen
    name = live["metadata"]["name"]
    assert name.startswith("network-anomaly-score-")
    assert done.out == f"{name} succeeded\n"
    assert all(word in done.err for word in ("submitted", "running", "completed"))
    assert live["spec"]["timeToLiveSeconds"] > 0
    assert "app.kubernetes.io/part-of" not in live["metadata"]["labels"]
    assert scene.names(APPLICATIONS) == {"network-anomaly-train"}


def test_a_run_that_fails_says_why_and_leaves_nothing(scene: Scene) -> None:
    assert scene.apply(SET).code == 0
    with operated(scene, state("FAILED", "driver container failed with ExitCode: 1, Reason: Error")):
        done = modelyard("run", "network-anomaly", "train", "--wait", "-f", scene.file, *scene.where)
    assert (done.code, done.out) == (1, "")
    assert "driver container failed with ExitCode: 1" in done.err
    assert "MY726" in done.err
    assert scene.names(APPLICATIONS) == {"network-anomaly-train"}


def test_a_run_that_nobody_waits_for_stays_and_is_not_pruned(scene: Scene) -> None:
    assert scene.apply(SET).code == 0
    began = [modelyard("run", "network-anomaly", "train", "-f", scene.file, *scene.where) for _ in range(2)]
    assert [each.code for each in began] == [0, 0]
    names = {each.out.strip() for each in began}
    assert len(names) == 2
    pruned = scene.apply(SET, "--prune", "--yes")
    assert pruned.code == 0, pruned.err
    assert names < scene.names(APPLICATIONS)


def test_a_run_without_an_operator_ends_with_what_to_look_at(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    assert scene.apply(SET).code == 0
    monkeypatch.setattr("modelyard.cluster.spark_runs._UNSEEN", 1.0)
    where = Connection(kubeconfig=scene.cluster.kubeconfig, namespace=scene.namespace)
    done = spark_runs.run("network-anomaly", "train", file=scene.file, wait=True, where=where)
    (found,) = done.problems
    assert found.code == "MY725"
    assert "watches this namespace" in found.hint
    assert scene.names(APPLICATIONS) == {"network-anomaly-train"}
