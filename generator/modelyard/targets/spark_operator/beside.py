"""The model that stands beside each executor: a native sidecar, ready before the executor's own container starts."""

from typing import Any, Final

from modelyard.files.yaml.marked import derived
from modelyard.manifests.template import Templates
from modelyard.models.declared import DeclaredModel, DeclaredSet
from modelyard.targets.spark_operator.spec import Spec
from modelyard.targets.workloads import pods
from modelyard.targets.workloads.objects import config_name, port
from modelyard.targets.workloads.words import unexpanded

ADDRESS: Final = "spark.modelyard.beside"
_PREFIX: Final = "model-"  # of the names of its volumes, which stand beside those of the job


def found(models: DeclaredSet, spec: Spec) -> DeclaredModel | None:
    """Return the model that stands beside, if the set has it."""
    return next((each for each in models.models if each.name == spec.beside), None)


def settings(models: DeclaredSet, spec: Spec) -> dict[str, str]:
    """Return where a job calls the model."""
    model = found(models, spec)
    if model is None:
        return {}
    path = pods.url_path(model)
    return {ADDRESS: derived(f"http://127.0.0.1:{port(model.served[0].model)}{path}", spec.beside)}


def stands(models: DeclaredSet, spec: Spec, templates: Templates) -> dict[str, Any]:
    """Return the containers before an executor's own, and their volumes.

    The volumes are those of the executor's pod template: of the application's own the operator gives a pod only what
    Spark's container mounts (kubeflow/spark-operator v2.5.2, internal/webhook/sparkpod_defaulter.go).
    """
    other = found(models, spec)
    if other is None or not other.targets:
        return {}
    served, target = other.served[0], other.targets[0]
    made = pods.pod(models, other, served, target, templates, pods.Container("model", sidecar=True))
    config = config_name(made["name"])
    before = [_alone(each, config, served.model.config or {}) for each in made["pod"]["initContainers"]]
    own = [{**each, "name": f"{_PREFIX}{each['name']}"} for each in made["pod"]["volumes"]]
    return {"beside": derived(before, spec.beside), "besideVolumes": derived(own, spec.beside)}


def _alone(container: dict[str, Any], config: str, values: dict[str, str]) -> dict[str, Any]:
    """Return a container that needs no ConfigMap of another model, and whose volumes have names of their own."""
    given = [{"name": name, "value": unexpanded(values[name])} for name in sorted(values)]
    known = {each["name"] for each in container.get("env", ())}
    env = [*(each for each in given if each["name"] not in known), *container.get("env", ())]
    others = [each for each in container.get("envFrom", ()) if each != {"configMapRef": {"name": config}}]
    mounts = [{**each, "name": f"{_PREFIX}{each['name']}"} for each in container.get("volumeMounts", ())]
    changed = {**container, "env": env, "envFrom": others, "volumeMounts": mounts}
    return {key: value for key, value in changed.items() if value != []}
