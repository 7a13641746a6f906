"""What the fields of a model come to on SageMaker."""

import re
from typing import Final

from modelyard import pods
from modelyard.manifest import TypeMeta
from modelyard.models.declared import DeclaredModel, DeclaredSet, Served
from modelyard.places import derived, in_order
from modelyard.targets.sagemaker.spec import Spec
from modelyard.workload import spec_of

_GROUP: Final = "sagemaker.services.k8s.aws/v1alpha1"
_AUTOSCALING: Final = "applicationautoscaling.services.k8s.aws/v1alpha1"
MODEL: Final = TypeMeta(_GROUP, "Model")
CONFIG: Final = TypeMeta(_GROUP, "EndpointConfig")
ENDPOINT: Final = TypeMeta(_GROUP, "Endpoint")
SCALING: Final = (TypeMeta(_AUTOSCALING, "ScalableTarget"), TypeMeta(_AUTOSCALING, "ScalingPolicy"))
MAIN: Final = "main"  # the one production variant of a model without variants
_MEMORY: Final = re.compile(r"([0-9]+)(Mi|Gi)")


def fields(served: Served) -> Spec:
    """Return the fields of the target."""
    return spec_of(served, "sagemaker", Spec)


def variant_name(served: Served) -> str:
    """Return the name of the production variant."""
    return served.variant or MAIN


def image(models: DeclaredSet, served: Served) -> str:
    """Return the image that SageMaker runs: the target's own, else the model's with the set's registry."""
    return fields(served).image or pods.image(models, served.model)


def environment(model: DeclaredModel, served: Served) -> dict[str, str]:
    """Return the container's environment: config, then env over it, as Kubernetes lays env over envFrom."""
    own = {each["name"]: each["value"] for each in pods.environment(model, served) if "value" in each}
    return in_order({**(served.model.config or {}), **own})


def instances(spec: Spec) -> int | None:
    """Return the instances that a new variant starts with; None for a serverless one."""
    if spec.serverless:
        return None
    if spec.instances is not None:
        return spec.instances
    return spec.autoscale.min if spec.autoscale else 1


def megabytes(quantity: str) -> int | None:
    """Return a quantity of whole Mi or Gi in units of 1024 x 1024 bytes, which SageMaker calls MB; else None."""
    match = _MEMORY.fullmatch(quantity)
    return derived(int(match[1]) * (1024 if match[2] == "Gi" else 1), quantity) if match else None
