"""A chart on a real API server: what Helm installs, and what the commands of a cluster say of it."""

import json
from pathlib import Path

import pytest

from tests.conftest import Run
from tests.support.charts import written
from tests.support.cluster_scene import KSVC, SET, Scene


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


def test_list_status_and_logs_know_what_helm_has_installed(helm: Path, chart: Path, scene: Scene, run: Run) -> None:
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
    assert "pricing-" in scene.run("logs", "pricing").err + scene.run("logs", "pricing").out


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
    assert scene.names("deployments") == set()
    assert scene.names("services.serving.knative.dev") == set()


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
