"""A chart on a real node: installed, tested, upgraded and rolled back under load, uninstalled."""

import json
import time
from pathlib import Path
from typing import Final

import pytest

from tests.conftest import CLUSTER, Run, need
from tests.node.calls import gateway, service
from tests.node.images import Images
from tests.node.load import Load
from tests.node.updates import SET, ending, wait_until_gone
from tests.support.charts import written
from tests.support.cluster_scene import KSVC, Scene

_WITHOUT_VERSION: Final = 'env: {VERSION: "1", TAKES: 20ms}'
_LEFT: Final = "all,configmaps,endpointslices,networkpolicies,poddisruptionbudgets,secrets,serviceaccounts"
_KNATIVE: Final = "services.serving.knative.dev,routes.serving.knative.dev,configurations.serving.knative.dev"


class Release:
    """A release of a chart in a scene's namespace."""

    def __init__(self, run: Run, helm: Path, scene: Scene) -> None:
        self.run, self.program, self.scene = run, helm, scene

    def helm(self, *words: str | Path) -> str:
        """Run Helm, and return what it says."""
        done = self.run(self.program, *words, "--namespace", self.scene.namespace)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def upgrade(self, chart: Path, *values: str) -> None:
        """Install or upgrade the release, and wait until the pods before it are gone."""
        words = [word for each in values for word in ("--set-string", each)]
        self.helm("upgrade", "--install", "risk", chart, "--wait", "--timeout", "2m", "--reuse-values", *words)
        wait_until_gone(self.scene, *ending(self.scene))


@pytest.fixture
def busybox(images: Images) -> str:
    """Return the image that the pods of `helm test` run."""
    remedy = "`tests/support/cluster/node build` brings it"
    return images.wget_image(need(Path("/bin/busybox"), remedy), need(CLUSTER / "debian.tar", remedy))


@pytest.fixture
def versions(images: Images) -> list[str]:
    """Return the tags of an image that says its version with each answer."""
    found = [images.model_image(f"chart:{each}", VERSION=each) for each in ("1", "2")]
    images.model_image("chart:broken", EXIT="1")
    return [each.rpartition(":")[2] for each in found]


def _chart(scene: Scene, target: str, folder: Path) -> Path:
    text = SET.replace("TARGET", target).replace(_WITHOUT_VERSION, "env: {TAKES: 20ms}")
    scene.file.write_text(text.replace("IMAGE", "127.0.0.1:5000/chart:1"))
    return written(scene.file, folder)


def test_a_release_is_upgraded_and_rolled_back_under_load_and_leaves_nothing(
    helm: Path, scene: Scene, load: Load, versions: list[str], busybox: str, tmp_path: Path, run: Run
) -> None:
    release = Release(run, helm, scene)
    chart = _chart(scene, "deployment: {replicas: 2, timeout: 3s}", tmp_path / "chart")
    before = _left(scene)
    release.upgrade(chart, f"test.image={busybox}")
    assert "Succeeded" in release.helm("test", "risk")
    url = service(scene, "churn", "/model")
    calls = [load.start(url, "-connections", "8", "-age", "5s"), load.start(url, "-connections", "2", "-new")]
    release.upgrade(chart, f"models.churn.image.tag={versions[1]}")
    upgraded = [load.stop(each) for each in calls]
    assert [each.lost for each in upgraded] == [0, 0]
    assert all(set(each.versions) == {"1", "2"} for each in upgraded), upgraded
    rolled = load.start(url, "-connections", "2", "-new")
    release.helm("rollback", "risk", "1", "--wait")
    wait_until_gone(scene, *ending(scene))
    result = load.stop(rolled)
    assert (result.lost, set(result.versions)) == (0, {"1", "2"})
    assert "Succeeded" in release.helm("test", "risk")
    release.helm("uninstall", "risk", "--wait")
    wait_until_gone(scene, *ending(scene))
    deadline = time.monotonic() + 30  # what the release's objects own goes after them
    while _left(scene) != before:
        assert time.monotonic() < deadline, _left(scene) - before
        time.sleep(0.5)


def test_a_release_on_knative_is_upgraded_without_a_lost_call(
    newest_helm: Path, scene: Scene, load: Load, versions: list[str], busybox: str, tmp_path: Path, run: Run
) -> None:
    release = Release(run, newest_helm, scene)
    chart = _chart(scene, "knative: {minScale: 2, timeout: 10s}", tmp_path / "chart")
    release.upgrade(chart, f"test.image={busybox}")
    _wait(scene)
    url, host = gateway(scene, "churn", "/model")
    calls = load.start(url, "-host", host, "-connections", "2", "-new")
    release.upgrade(chart, f"models.churn.image.tag={versions[1]}")
    _wait(scene)
    result = load.stop(calls)
    assert (result.lost, set(result.versions)) == (0, {"1", "2"})
    assert "Succeeded" in release.helm("test", "risk")
    release.helm("uninstall", "risk", "--wait")
    assert not scene.names("services.serving.knative.dev")


def test_the_test_of_a_release_fails_when_its_model_is_broken(
    newest_helm: Path, scene: Scene, versions: list[str], busybox: str, tmp_path: Path, run: Run
) -> None:
    assert versions
    chart = _chart(scene, "deployment: {replicas: 1, timeout: 3s}", tmp_path / "chart")
    values = f"test.image={busybox},models.churn.image.tag=broken"
    at = ("--namespace", scene.namespace)
    done = run(newest_helm, "install", "risk", chart, *at, "--set-string", values)
    assert done.returncode == 0, done.stderr
    tested = run(newest_helm, "test", "risk", *at)
    assert tested.returncode != 0
    assert "Failed" in tested.stdout
    said = scene.cluster.succeed("logs", "churn-test", "-n", scene.namespace)
    assert f"not ready http://churn.{scene.namespace}.svc/ready" in said


def _wait(scene: Scene) -> None:
    """Wait until Knative has made what a release asks for: Helm does not wait for that."""
    scene.cluster.succeed("wait", f"{KSVC}/churn", "--for=condition=Ready", "--timeout=90s", "-n", scene.namespace)


def _left(scene: Scene) -> set[str]:
    """Return what stands in the namespace."""
    text = scene.cluster.succeed("get", f"{_LEFT},{_KNATIVE}", "-n", scene.namespace, "-o", "json")
    return {f"{each['kind']} {each['metadata']['name']}" for each in json.loads(text)["items"]}
