"""A deployment with the shape of SAS Viya, and a models file for it."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

from tests.support.kustomize_builds import Identity, Object, load

TODAY: Final = "2026-11-24"
HASHES: Final = re.compile('-[2456789bcdfghkmt]{10}"')  # behind generated names, in JSON
# Pod templates that the tree beside the checkout lacks. The first has no envFrom, as in a 2023.10 order.
MORE_TEMPLATES: Final = """\
apiVersion: v1
kind: PodTemplate
metadata: {name: sas-batch-cmd-pod-template, labels: {sas.com/template-intent: sas-launcher}}
template:
  spec:
    containers:
    - name: sas-programming-environment
      image: sas-programming-environment
      volumeMounts: [{name: tmp, mountPath: /tmp}]
    volumes: [{name: tmp, emptyDir: {}}]
---
apiVersion: v1
kind: PodTemplate
metadata: {name: sas-connect-pod-template, labels: {sas.com/template-intent: sas-launcher}}
template:
  spec:
    containers:
    - name: sas-programming-environment
      image: sas-programming-environment
      envFrom: [{configMapRef: {name: sas-shared-config}}]
      volumeMounts: [{name: tmp, mountPath: /tmp}]
    volumes: [{name: tmp, emptyDir: {}}]
"""


def deployment(shared: Path, target: Path, variant: str | None = None) -> Path:
    """Copy the deployment, with a variant laid over it and the files that can be written; return its folder."""
    source = shared / "data" / "viya-base"
    shutil.copytree(source / "deploy", target)
    if variant:
        ignored = shutil.ignore_patterns("expected.yaml")
        shutil.copytree(source / "variants" / variant, target, dirs_exist_ok=True, ignore=ignored)
    for path in (target, *target.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return target


def newest(shared: Path, target: Path) -> Path:
    """Copy the deployment with the newest base, in which model-manager has taken over; return its folder."""
    deploy = deployment(shared, target)
    base = "sas-bases/base/kustomization.yaml"
    shutil.copyfile(shared / "data" / "viya-base" / "variants" / "newest" / base, deploy / base)
    return deploy


def with_more(deploy: Path) -> Path:
    """Add the pod templates that the tree lacks, and the volume of analytic stores; return the folder."""
    base = deploy / "sas-bases" / "base"
    (base / "more-templates.yaml").write_text(MORE_TEMPLATES, "utf-8")
    listed = base / "kustomization.yaml"
    listed.write_text(
        listed.read_text("utf-8").replace("resources:\n", "resources:\n  - more-templates.yaml\n", 1), "utf-8"
    )
    path = deploy / "kustomization.yaml"
    astores = "sas-bases/overlays/sas-microanalytic-score/astores"
    text = path.read_text("utf-8").replace(f"  # - {astores}\n", f"  - {astores}\n")
    text = text.replace("transformers:\n", f"transformers:\n  - {astores}/astores-transformer.yaml\n", 1)
    path.write_text(text, "utf-8")
    return deploy


def models_file(folder: Path, viya: str, *, platform: str = "kubernetes") -> Path:
    """Write a models file whose spec.viya is this text in flow style or indented by four; return its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    head = "apiVersion: modelyard.dev/v1alpha1\nkind: ModelSet\nmetadata: {name: risk}\nspec:\n"
    (folder / "models.yaml").write_text(f"{head}  platform: {platform}\n  viya:{viya}\n", "utf-8")
    return folder


def build(kustomize: Path, deploy: Path) -> dict[Identity, Object]:
    """Return the objects that kustomize builds."""
    done = subprocess.run([str(kustomize), "build", str(deploy)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return load(done.stdout)


def config_map(objects: dict[Identity, Object], name: str) -> tuple[str, dict[str, str]]:
    """Return name and data of the ConfigMap that a generator made under this name."""
    found = [
        body for (_, kind, each), body in objects.items() if kind == "ConfigMap" and each.rpartition("-")[0] == name
    ]
    assert len(found) == 1, name
    return found[0]["metadata"]["name"], found[0]["data"]


def pod(body: Object) -> dict[str, Any]:
    """Return the pod spec of a Deployment, PodTemplate, CronJob or CASDeployment."""
    spec = body["template"] if body["kind"] == "PodTemplate" else body["spec"]
    spec = spec.get("jobTemplate", {}).get("spec", spec)
    return dict(spec.get("controllerTemplate", spec.get("template", spec))["spec"])
