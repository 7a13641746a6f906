"""`helm modelyard` and the post-renderer on a real API server: what is installed; a mistake changes nothing."""

import json
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from modelyard.plugin.helm import folders
from modelyard.plugin.helm.post_renderer import POST_RENDERER
from tests.support import helm_plugin
from tests.support.cluster_scene import Scene
from tests.support.helm_plugin import BIN, MISTAKES, PATCHES, Person, person

KINDS = "deployments,configmaps,secrets,services,jobs"


class Shop:
    """A person, and their namespace. ways: the words of a call before the command of Helm, and those at its end."""

    def __init__(self, user: Person, scene: Scene) -> None:
        self.user, self.scene = user, scene
        is_4 = "v4" in Path(user.helm).resolve().parent.name
        post_renderer = POST_RENDERER if is_4 else str(BIN / "modelyard-helm")
        self.ways: dict[str, tuple[Sequence[str], Sequence[str]]] = {
            "command": (["modelyard"], ["--models", "models.yaml"]),
            "post-renderer": (
                [],
                ["--post-renderer", post_renderer, "--post-renderer-args", "--models=models.yaml"],
            ),
        }

    def run(self, way: str, command: str, *words: str) -> subprocess.CompletedProcess[str]:
        """Run Helm's install or upgrade of the chart in one of the ways."""
        before, after = self.ways[way]
        return self.helm(*before, command, "shop", "chart", *after, *words)

    def helm(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run Helm in the namespace."""
        where = ["--namespace", self.scene.namespace, "--kubeconfig", str(self.scene.cluster.kubeconfig)]
        return self.user.run(self.user.helm, *words, *where)

    def replicas(self) -> int:
        """Return how many pods the Deployment of the chart wants."""
        return int(self.scene.get("deployment", "shop-web")["spec"]["replicas"])

    def state(self) -> dict[str, Any]:
        """Return what the cluster holds: each object with its version, and the releases of Helm among them."""
        found = json.loads(self.scene.cluster.succeed("get", KINDS, "-n", self.scene.namespace, "-o", "json"))
        return {
            f"{each['kind']} {each['metadata']['name']}": (each["metadata"]["uid"], each["metadata"].get("generation"))
            if each["kind"] == "Deployment"  # whose status pods change
            else (each["metadata"]["uid"], each["metadata"]["resourceVersion"])
            for each in found["items"]
            if each["metadata"]["name"] != "kube-root-ca.crt"
        }


@pytest.fixture
def shop(helm: Path, scene: Scene, tmp_path: Path) -> Iterator[Shop]:
    """Return somebody with one Helm, its plugin, and with Helm 4 the post-renderer."""
    user = person(tmp_path, helm)
    assert folders.install(user.env, post_renderer=False)[1] == []
    if "v4" in helm.parent.name:
        assert folders.install(user.env, post_renderer=True)[1] == []
    yield Shop(user, scene)
    scene.cluster.run("delete", KINDS, "--all", "-n", scene.namespace, "--wait=false")


@pytest.mark.parametrize("way", ["command", "post-renderer"])
def test_install_upgrade_and_rollback(way: str, shop: Shop) -> None:
    shop.user.write(PATCHES)
    done = shop.run(way, "install")
    assert done.returncode == 0, done.stderr
    assert "STATUS: deployed" in done.stdout
    assert shop.replicas() == 3
    shop.user.write(PATCHES.replace("value: 3", "value: 4"))
    done = shop.run(way, "upgrade", "--set", "text=new", "--install")
    assert done.returncode == 0, done.stderr
    assert shop.replicas() == 4
    assert shop.scene.get("configmap", "shop-web")["data"]["text"] == "new"
    assert shop.scene.get("configmap", "shop-before")["data"] == {"step": "first"}  # a hook
    assert shop.helm("rollback", "shop", "1").returncode == 0
    assert shop.replicas() == 3
    assert shop.helm("uninstall", "shop").returncode == 0


@pytest.mark.parametrize("way", ["command", "post-renderer"])
@pytest.mark.slow
def test_a_mistake_leaves_the_cluster_as_it_was(way: str, shop: Shop) -> None:
    for mistake, (text, place, words) in MISTAKES.items():
        shop.user.write(text)
        done = shop.run(way, "install")
        assert (done.returncode, f"models.yaml:{place}: error" in done.stderr) == (1, True), (mistake, done.stderr)
        assert words in done.stderr
        assert shop.state() == {}, mistake
    shop.user.write(PATCHES)
    assert shop.run(way, "install").returncode == 0
    before = shop.state()
    assert before
    for mistake, (text, place, _) in MISTAKES.items():
        shop.user.write(text)
        for command in (["upgrade"], ["upgrade", "--install"]):
            done = shop.run(way, *command)
            assert (done.returncode, f"models.yaml:{place}: error" in done.stderr) == (1, True), (mistake, done.stderr)
            assert shop.state() == before, mistake
    (shop.user.folder / "models.yaml").unlink()
    assert shop.run(way, "upgrade").returncode == 1
    for name in ("web", "secret", "hook"):
        (shop.user.folder / "chart" / "templates" / f"{name}.yaml").unlink()
    shop.user.write(PATCHES)
    done = shop.run(way, "upgrade")
    assert done.returncode == 1, done.stdout
    assert shop.state() == before
    assert "deployed" in shop.helm("list").stdout
    assert shop.helm("history", "shop").stdout.count("web-1.0.0") == 1


SAS = (
    """\
apiVersion: v1
kind: PodTemplate
metadata: {name: sas-batch-pod-template}
template: {spec: {containers: [{name: main, image: x, envFrom: [], volumeMounts: []}], volumes: []}}
---
apiVersion: v1
kind: PodTemplate
metadata: {name: sas-batch-cmd-pod-template}
template: {spec: {containers: [{name: main, image: x, volumeMounts: []}], volumes: []}}
"""
    + helm_plugin.POLICY_MAP
)
VIYA = helm_plugin.VIYA.replace("SERVICES", "batch")


def test_the_server_takes_the_volumes_of_viya(shop: Shop) -> None:
    (shop.user.folder / "chart" / "templates" / "sas.yaml").write_text(SAS)
    for path, command in (("python3", "install"), ("python3.12", "upgrade")):
        shop.user.write(VIYA.replace("DM_PYPATH: /python/bin/python3", f"DM_PYPATH: /python/bin/{path}"))
        done = shop.run("command", command)
        assert done.returncode == 0, done.stderr
        for name in ("sas-batch-pod-template", "sas-batch-cmd-pod-template"):
            pod = shop.scene.get("podtemplate", name)["template"]["spec"]
            (named,) = (each["configMapRef"]["name"] for each in pod["containers"][0]["envFrom"])
            assert shop.scene.get("configmap", named)["data"]["DM_PYPATH"] == f"/python/bin/{path}"
            assert [each["name"] for each in pod["volumes"]] == ["python-volume"]


def test_a_patch_that_plain_helm_lost_is_found(shop: Shop) -> None:
    shop.user.write(PATCHES)
    installed = shop.run("command", "install")
    assert installed.returncode == 0, installed.stderr

    def checked() -> subprocess.CompletedProcess[str]:
        manifest = shop.helm("get", "manifest", "shop").stdout
        return shop.user.run(BIN / "modelyard", "check", "-f", "models.yaml", "--built", "-", stdin=manifest)

    before = checked()
    assert before.returncode == 0, before.stderr
    assert shop.helm("upgrade", "shop", "chart").returncode == 0
    found = checked()
    assert found.returncode == 1
    assert "models.yaml:6:" in found.stderr
    assert "Deployment.apps shop-web is not as the patch leaves it [MY637]" in found.stderr
