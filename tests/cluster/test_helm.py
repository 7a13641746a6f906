"""A chart on a real API server: what Helm installs, and what the commands of a cluster say of it."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.test_logs import line
from tests.conftest import Run
from tests.support.charts import written
from tests.support.cluster_scene import KSVC, SET, Scene
from tests.support.model_server import Server, running
from tests.support.score_tables import expected, read, rows, table


@pytest.fixture
def chart(scene: Scene, tmp_path: Path) -> Path:
    """Return the chart of a set."""
    scene.file.write_text(SET)
    return written(scene.file, tmp_path / "chart")


def _helm(run: Run, helm: Path, scene: Scene, *words: str | Path) -> str:
    """Run Helm in the scene's namespace, and return what it says."""
    done = run(helm, *words, "--namespace", scene.namespace, "--kubeconfig", scene.cluster.kubeconfig)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_server_takes_what_a_chart_gives(helm: Path, chart: Path, scene: Scene, run: Run) -> None:
    said = _helm(run, helm, scene, "install", "risk", chart, "--dry-run=server")
    assert "http://churn." in said
    assert scene.names("configmaps") <= {"kube-root-ca.crt"}


def _log(folder: Path) -> Path:
    """Return a log as container runtimes write it, of one line."""
    path = folder / "log"
    path.write_text(line("started"), "utf-8")
    return path


def _told(scene: Scene, kind: str, spec: dict[str, Any]) -> None:
    """Tell KWOK what the make-believe pods of the namespace say, or where their ports lead."""
    selected = {"selector": {"matchNamespaces": [scene.namespace]}, **spec}
    body = {"apiVersion": "kwok.x-k8s.io/v1alpha1", "kind": kind, "metadata": {"name": scene.namespace}}
    scene.cluster.succeed("apply", "-f", "-", stdin=json.dumps({**body, "spec": selected}))


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Return a stand-in of the runtimes."""
    with running(Server()) as one:
        yield one


def test_list_status_logs_and_score_know_what_helm_has_installed(
    helm: Path, chart: Path, scene: Scene, server: Server, tmp_path: Path, run: Run
) -> None:
    _helm(run, helm, scene, "install", "release", chart, "--wait", "--timeout", "90s")
    for kind, name in ((KSVC, "fraud"), ("routes.serving.knative.dev", "churn")):  # of which Helm 3 does not wait
        scene.cluster.succeed("wait", f"{kind}/{name}", "--for=condition=Ready", "--timeout=60s", "-n", scene.namespace)
    shown = scene.run("list").out
    assert shown.count("  by Helm, release release") == 3, shown
    assert "*" not in shown
    assert max(map(len, shown.splitlines())) <= 80
    models = {each["name"]: each for each in json.loads(scene.run("list", "-o", "json").out)}
    assert {name: (each["part_of"], each["release"], each["ready"]) for name, each in models.items()} == dict.fromkeys(
        ("churn", "fraud", "pricing"), ("risk", "release", True)
    )
    assert [each["percent"] for each in models["churn"]["variants"]] == [40, 60]
    assert scene.run("status", "churn").code == 0
    assert scene.run("status", "pricing").code == 0
    _told(scene, "ClusterLogs", {"logs": [{"logsFile": str(_log(tmp_path))}]})
    _told(scene, "ClusterPortForward", {"forwards": [{"target": {"port": server.port, "address": "127.0.0.1"}}]})
    deadline = time.monotonic() + 20
    while (logs := scene.run("logs", "pricing")).code:
        assert time.monotonic() < deadline, logs.err
        time.sleep(0.3)
    assert [each.split(": ")[1] for each in logs.out.splitlines()] == ["started", "started"]
    for name in ("pricing", "fraud"):
        source = str(table(tmp_path / "in.csv", rows(20)))
        scored = scene.run("score", name, source, "-o", str(tmp_path / "out.csv"))
        assert scored.code == 0, scored.err
        assert read(tmp_path / "out.csv") == expected(rows(20))
        (tmp_path / "out.csv").unlink()


def test_apply_traffic_and_delete_leave_a_release_to_helm(helm: Path, chart: Path, scene: Scene, run: Run) -> None:
    _helm(run, helm, scene, "install", "release", chart)
    at = f"--namespace {scene.namespace}"
    for options in ((), ("--force-conflicts",), ("--prune", "--yes")):
        applied = scene.apply(SET.replace("fraud:1.0", "fraud:1.1"), *options)
        assert (applied.code, applied.out) == (1, "")
        assert applied.err.count("[MY730]") == 1, applied.err
        assert f"the set risk is installed by Helm: release release in the namespace {scene.namespace}" in applied.err
        assert f"helm upgrade release CHART {at}" in applied.err.replace("\n", " ")
    for arguments in (("traffic", "churn", "champion=80", "challenger=20"), ("promote", "churn", "champion")):
        changed = scene.run(*arguments)
        assert changed.code == 1
        assert "churn is installed by Helm: release release [MY730]" in changed.err, changed.err
    assert (
        "--reuse-values --set models.churn.variants.champion.percent=80"
        in scene.run("traffic", "churn", "champion=80").err
    )
    for name in ("churn", "pricing"):
        deleted = scene.run("delete", name, "--yes", "--force")
        assert deleted.code == 1
        assert f"helm uninstall release {at}" in deleted.err, deleted.err
    _helm(run, helm, scene, "uninstall", "release", "--wait")
    assert "pricing" not in scene.names("deployments")  # Knative takes away its own later
    assert scene.names(KSVC) == set()


def test_a_set_that_helm_has_uninstalled_can_be_applied(newest_helm: Path, chart: Path, scene: Scene, run: Run) -> None:
    _helm(run, newest_helm, scene, "install", "release", chart)
    _helm(run, newest_helm, scene, "uninstall", "release", "--wait")
    assert scene.apply(SET).code == 0
    assert "by Helm" not in scene.run("list").out


def test_what_another_chart_installs_is_none_of_ours(newest_helm: Path, scene: Scene, tmp_path: Path, run: Run) -> None:
    scene.file.write_text(SET)
    folder = written(scene.file, tmp_path / "chart")
    for each in folder.rglob("*.yaml"):
        each.write_text(each.read_text().replace("managed-by: modelyard", "managed-by: somebody"))
    _helm(run, newest_helm, scene, "install", "release", folder)
    rows = {line.split()[0] for line in scene.run("list").out.splitlines()}
    assert "fraud*" in rows
    assert "pricing" not in rows
