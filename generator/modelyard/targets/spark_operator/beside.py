"""The model that stands beside each executor: a native sidecar, ready before the executor's own container starts."""

from typing import Any, Final

from modelyard.files.yaml.marked import derived
from modelyard.manifests.template import Templates
from modelyard.models.declared import DeclaredModel, DeclaredSet
from modelyard.targets.spark_operator.spec import Spec
from modelyard.targets.workloads.native_sidecar import address, sidecar

ADDRESS: Final = "spark.modelyard.beside"


def found(models: DeclaredSet, spec: Spec) -> DeclaredModel | None:
    """Return the model that stands beside, if the set has it."""
    return next((each for each in models.models if each.name == spec.beside), None)


def settings(models: DeclaredSet, spec: Spec) -> dict[str, str]:
    """Return where a job calls the model."""
    model = found(models, spec)
    return {} if model is None else {ADDRESS: derived(address(model, model.served[0]), spec.beside)}


def stands(models: DeclaredSet, spec: Spec, templates: Templates) -> dict[str, Any]:
    """Return the containers before an executor's own, and their volumes.

    The volumes are those of the executor's pod template: of the application's own the operator gives a pod only what
    Spark's container mounts (kubeflow/spark-operator v2.5.2, internal/webhook/sparkpod_defaulter.go).
    """
    other = found(models, spec)
    if other is None or not other.targets:
        return {}
    made = sidecar(models, other, other.served[0], other.targets[0], templates)
    return {"beside": derived(made.containers, spec.beside), "besideVolumes": derived(made.volumes, spec.beside)}
