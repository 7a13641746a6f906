"""Rows of the page on hosts that need a cluster: the mistake is made, and the command beside it finds it."""

import re
import shutil
from pathlib import Path

from tests.conftest import ROOT, Run, need
from tests.docs.test_hosts import rows
from tests.support.charts import written
from tests.support.cluster_scene import SET, Scene
from tests.support.consoles import environment


def _command(part: str) -> str:
    (found,) = (command for row, command in rows().items() if part in row)
    return found


def test_defaults_of_an_old_chart_that_helm_kept_are_seen(newest_helm: Path, scene: Scene, run: Run) -> None:
    overlay = scene.file.parent / "overlays" / "prod"
    overlay.mkdir(parents=True)
    where = f"--namespace {scene.namespace} --kubeconfig {scene.cluster.kubeconfig}"
    env = dict(environment(newest_helm.parent))

    def says(command: str) -> str:
        done = run("bash", "-o", "pipefail", "-c", command, cwd=scene.file.parent, env=env)
        assert done.returncode == 0, done.stderr
        return done.stderr

    for text in (SET, SET.replace("fraud:1.0", "fraud:1.1")):
        (overlay / "models.yaml").write_text(text, "utf-8")
        written(overlay, scene.file.parent / "charts" / "risk")
        says(f"helm upgrade --install risk charts/risk --reuse-values {where}")
    check = _command("--reuse-values").replace("manifest risk", f"manifest risk {where}")
    found = says(check)
    assert "overlays/prod/models.yaml:15:28: note: Service.serving.knative.dev fraud: " in found
    assert re.search("/image is .*fraud:1.0.*not .*fraud:1.1", found)
    says(f"helm upgrade risk charts/risk --reset-then-reuse-values {where}")
    assert "fraud" not in says(check)


def test_health_rules_that_argo_cd_does_not_have_are_seen(scene: Scene, run: Run) -> None:
    need(Path(shutil.which("kubectl") or "kubectl"), "install kubectl")
    place = scene.file.parent
    shutil.copytree(ROOT / "overlays", place / "overlays")
    for words in (("init", "-q"), ("remote", "add", "origin", "https://git.example.com/risk.git")):
        assert run("git", "-C", place, *words).returncode == 0
    done = run("bash", "-c", "modelyard render -f overlays/prod --argocd argocd", cwd=place, env=dict(environment()))
    assert done.returncode == 0, done.stderr
    command = _command("argocd-cm-patch.yaml")
    env = {"KUBECONFIG": str(scene.cluster.kubeconfig)}
    scene.cluster.succeed("create", "namespace", "argocd")  # the patch names it
    scene.cluster.succeed("create", "configmap", "argocd-cm", "-n", "argocd")
    first = run("bash", "-c", command, cwd=place, env=env)
    assert first.stdout == "configmap/argocd-cm patched\n", first.stderr
    assert run("bash", "-c", command.replace("--dry-run=server", ""), cwd=place, env=env).returncode == 0
    assert run("bash", "-c", command, cwd=place, env=env).stdout == "configmap/argocd-cm patched (no change)\n"
