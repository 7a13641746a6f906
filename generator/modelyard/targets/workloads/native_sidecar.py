"""A model as a native sidecar of pods that are not its own: ready before the pod's containers start.

It needs no ConfigMap of variables, and its volumes have names of their own.
"""

from typing import Any, Final, NamedTuple

from modelyard.manifests.template import Templates
from modelyard.models.declared import DeclaredModel, DeclaredSet, Served
from modelyard.targets.workloads import pods
from modelyard.targets.workloads.objects import config_name, port
from modelyard.targets.workloads.words import unexpanded

_PREFIX: Final = "model-"  # of the names of its volumes


class Sidecar(NamedTuple):
    """What stands in a pod. containers: before the pod's own, the model's last; pod: what else the model asks of it."""

    containers: list[dict[str, Any]]
    volumes: list[dict[str, Any]]
    pod: dict[str, Any]
    labels: dict[str, str]
    annotations: dict[str, str]


def address(model: DeclaredModel, served: Served) -> str:
    """Return where other containers of the pod call the model."""
    return f"http://127.0.0.1:{port(served.model)}{pods.url_path(model)}"


def sidecar(models: DeclaredSet, model: DeclaredModel, served: Served, target: str, templates: Templates) -> Sidecar:
    """Return a model as it runs on a target, as a sidecar."""
    made = pods.pod(models, model, served, target, templates, pods.Container("model", sidecar=True))
    pod = made["pod"]
    config = config_name(made["name"])
    before = [_alone(each, config, served.model.config or {}) for each in pod["initContainers"]]
    volumes = [{**each, "name": f"{_PREFIX}{each['name']}"} for each in pod["volumes"]]
    rest = {key: value for key, value in pod.items() if key not in ("initContainers", "volumes")}
    return Sidecar(before, volumes, rest, made["podLabels"], made["podAnnotations"])


def _alone(container: dict[str, Any], config: str, values: dict[str, str]) -> dict[str, Any]:
    given = [{"name": name, "value": unexpanded(values[name])} for name in sorted(values)]
    known = {each["name"] for each in container.get("env", ())}
    env = [*(each for each in given if each["name"] not in known), *container.get("env", ())]
    others = [each for each in container.get("envFrom", ()) if each != {"configMapRef": {"name": config}}]
    mounts = [{**each, "name": f"{_PREFIX}{each['name']}"} for each in container.get("volumeMounts", ())]
    changed = {**container, "env": env, "envFrom": others, "volumeMounts": mounts}
    return {key: value for key, value in changed.items() if value != []}
