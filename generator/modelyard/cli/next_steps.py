"""What comes after a command that has written files, in a line or two."""

import re
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from modelyard import api
from modelyard.kustomize.kustomization import find, generators
from modelyard.kustomize.size import long_build

# API group -> what a cluster must have to take its objects. What Kubernetes brings is not here.
EXTENSIONS: Final[dict[str, str]] = {
    "serving.knative.dev": "Knative Serving",
    "networking.internal.knative.dev": "Knative Serving",
    "gateway.networking.k8s.io": "the Gateway API",
    "monitoring.coreos.com": "the Prometheus operator",
    "route.openshift.io": "OpenShift",
    "image.openshift.io": "OpenShift",
    "build.openshift.io": "OpenShift",
    "sagemaker.services.k8s.aws": "ACK's controller for SageMaker",
    "applicationautoscaling.services.k8s.aws": "ACK's controller for Application Auto Scaling",
    "dataproc.cnrm.cloud.google.com": "Config Connector",
    "storage.cnrm.cloud.google.com": "Config Connector",
    "iam.cnrm.cloud.google.com": "Config Connector",
    "eventarc.cnrm.cloud.google.com": "Config Connector",
    "cloudscheduler.cnrm.cloud.google.com": "Config Connector",
    "workflows.cnrm.cloud.google.com": "the alpha kinds of Config Connector",
    "sparkoperator.k8s.io": "the Spark operator",
}
# Kinds of Kubernetes that do nothing without a controller or a source of measures: kind -> what a cluster must have.
CONTROLLERS: Final[dict[str, str]] = {
    "Ingress": "an ingress controller",
    "HorizontalPodAutoscaler": "a source of metrics, such as metrics-server",
}


_COMPONENT: Final = ("kustomize.config.k8s.io", "Component")  # what generated/ itself is
_UNLISTED: Final = "MY629"  # the kustomization does not name generated/
_SITE_CONFIG: Final = "site-config/"  # the folder of what a deployment takes, and no object of the set
_OBJECT: Final = re.compile(r'^apiVersion: "?(?:([\w.-]+)/)?\w+"?\nkind: "?(\w+)', re.MULTILINE)


def needed(kinds: Iterable[tuple[str, str]]) -> list[str]:
    """Return what a cluster must have for objects of these API groups and kinds, besides Kubernetes."""
    found = {EXTENSIONS.get(group) or CONTROLLERS.get(kind, "") for group, kind in kinds}
    return sorted(found - {""})


def after_render(results: Mapping[Path, api.Rendering]) -> list[str]:
    """Return what to do with the folders that were written, and how CI guards them."""
    lines = [line for file, result in results.items() for line in _applied(file, result)]
    long = [line for each in results.values() if (line := long_build(len(_objects(each))))]
    files = " ".join(f"-f {shlex.quote(str(file))}" for file in results)
    return [*(f"Next: {line}" for line in lines), *long, f"In CI: modelyard render --check {files}"]


def _applied(file: Path, result: api.Rendering) -> list[str]:
    kinds = set(_objects(result))
    lines = []
    if kinds and (apply := _kustomized(api.models_file(file).parent, result)):
        lines.append(f"{apply}; the cluster needs {', '.join(wanted)}" if (wanted := needed(kinds)) else apply)
    lines += _gcloud(file, result)
    if any(name.startswith(_SITE_CONFIG) for name in result.content):
        lines.append(f"modelyard site-config install DEPLOY -f {shlex.quote(str(file))}")
    return lines


def _objects(result: api.Rendering) -> list[tuple[str, str]]:
    """Return API group and kind of each object in a rendered folder."""
    own = (text for name, text in result.content.items() if not name.startswith(_SITE_CONFIG))
    return [each for text in own for each in _OBJECT.findall(text) if each != _COMPONENT]


def _gcloud(file: Path, result: api.Rendering) -> list[str]:
    """Return what gcloud has to do for models on Dataproc."""
    found = [each for each in (result.models.models if result.models else ()) if "dataproc" in each.targets]
    if not found:
        return []
    from modelyard.targets.dataproc.workflow import commands

    return [line for each in found for line in commands(each, str(api.generated(file)))]


def _kustomized(folder: Path, result: api.Rendering) -> str:
    """Return how a folder is applied; empty if its kustomization renders the models itself."""
    path, shown = find(folder), shlex.quote(str(folder))
    if path is not None and next(generators(path), None) is not None:
        return ""
    if path is not None and all(each.code != _UNLISTED for each in result.problems):
        return f"kubectl apply -k {shown}"
    where = path or folder / "kustomization.yaml"
    return f"list {api.GENERATED} under components: in {where}, then run: kubectl apply -k {shown}"
