"""What a team writes for kustomize: a base for each kind of object, and a kustomization for each model and variant.

kustomize has no templates and no loops: so that is what its documentation leads to. A model's kustomization names its
ConfigMap, its image and its labels by the generators and transformers that there are, and patches the rest.
"""

import shutil
from pathlib import Path
from typing import Any, Final

from bench.peers.written import quoted

PROGRAM: Final = Path(__file__).parent / "programs" / "kustomize"
_HEAD: Final = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}
_POD: Final = "/spec/template/spec/containers/0"
_SCALE: Final = {"min-scale": "minScale", "max-scale": "maxScale", "target": "target", "window": "window"}
_TEMPLATE: Final = {
    "path": "spec/template/metadata/labels",
    "group": "serving.knative.dev",
    "kind": "Service",
    "create": True,
}
_SELECTOR: Final = {"path": "spec/podSelector/matchLabels", "kind": "NetworkPolicy", "create": True}
Values = dict[str, Any]


def lay_out(folder: Path, values: Values) -> None:
    """Write the bases, the models' kustomizations, and the one over all."""
    shutil.copytree(PROGRAM / "bases", folder / "bases")
    common = {
        "app.kubernetes.io/component": "scr",
        "app.kubernetes.io/part-of": values["set"],
        "app.kubernetes.io/managed-by": "modelyard",
    }
    for model in values["models"]:
        _model(folder / "models" / model["name"], model, values["registry"])
    overall = {
        "resources": [f"models/{model['name']}" for model in values["models"]],
        "namespace": values["namespace"],
        "labels": [{"pairs": common, "fields": [_TEMPLATE]}],
    }
    _write(folder, overall)


def _model(folder: Path, model: Values, registry: str) -> None:
    named = {"pairs": {"app.kubernetes.io/name": model["name"]}, "fields": [_TEMPLATE, _SELECTOR]}
    rename = _operation("replace", "/metadata/name", model["name"])
    policy = _patch("NetworkPolicy", "model", [rename])
    if "variants" not in model:
        own = _workload(folder, model, model["image"], registry, model["name"], [])
        resources = ["../../bases/workload", "../../bases/policy"]
        _write(folder, {**own, "resources": resources, "patches": [*own["patches"], policy], "labels": [named]})
        return
    for each in model["variants"]:
        name = f"{model['name']}-{each['name']}"
        below = folder / each["name"]
        inside = _operation("add", "/metadata/labels", {"networking.knative.dev/visibility": "cluster-local"})
        own = _workload(below, model, each["image"], registry, name, [inside])
        labels = [{"pairs": {"modelyard.dev/variant": each["name"]}, "fields": [_TEMPLATE]}]
        _write(below, {**own, "resources": ["../../../bases/workload"], "labels": labels})
    resources = [*(each["name"] for each in model["variants"]), "../../bases/route", "../../bases/policy"]
    route = _patch("Route", "model", [rename, _operation("replace", "/spec/traffic", _traffic(model))])
    _write(folder, {"resources": resources, "patches": [policy, route], "labels": [named]})


def _traffic(model: Values) -> list[Values]:
    return [
        {
            "configurationName": f"{model['name']}-{each['name']}",
            "latestRevision": True,
            "percent": each["percent"],
            "tag": each["name"],
        }
        for each in model["variants"]
    ]


def _workload(folder: Path, model: Values, image: str, registry: str, name: str, more: list[Values]) -> Values:
    """Return what makes a ConfigMap and the Knative Service that reads it, and write the values of the ConfigMap.

    Each is a file of its own, as literals lose quotes at both ends.
    """
    (folder / "config").mkdir(parents=True)
    shutil.copy(PROGRAM / "kustomizeconfig.yaml", folder)  # kustomize reads none from above
    for key, value in model["config"].items():
        (folder / "config" / key).write_bytes(value.encode())
    repository, _, tag = image.rpartition(":")
    config = {
        "name": f"{name}-config",
        "files": [f"config/{key}" for key in model["config"]],
        "options": {"immutable": True},
    }
    environment = [{"name": key, "value": value} for key, value in model["env"].items()]
    operations = [
        _operation("replace", "/metadata/name", name),
        *(
            _operation(
                "replace", f"/spec/template/metadata/annotations/autoscaling.knative.dev~1{key}", str(model[field])
            )
            for key, field in _SCALE.items()
        ),
        _operation("add", f"{_POD}/env", [{"name": "SAS_SCR_APP_PATH", "value": model["path"]}, *environment]),
        _operation("replace", f"{_POD}/envFrom/0/configMapRef/name", config["name"]),
        *more,
    ]
    return {
        "configMapGenerator": [config],
        "images": [{"name": "model", "newName": f"{registry}/{repository}", "newTag": tag}],
        "patches": [_patch("Service", "model", operations)],
        "configurations": ["kustomizeconfig.yaml"],
    }


def _operation(op: str, path: str, value: Any) -> Values:
    return {"op": op, "path": path, "value": value}


def _patch(kind: str, name: str, operations: list[Values]) -> Values:
    text = quoted(operations)
    return {"target": {"kind": kind, "name": name}, "patch": text, "options": {"allowNameChange": True}}


def _write(folder: Path, content: Values) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    text = quoted({**_HEAD, **content})
    (folder / "kustomization.yaml").write_text(text, "utf-8")
