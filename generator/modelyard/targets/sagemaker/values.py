"""What the fields of a model come to on SageMaker."""

import re
from collections.abc import Mapping
from typing import Final

from modelyard.files.yaml.marked import derived, in_order
from modelyard.manifests import expansion
from modelyard.manifests.manifest import TypeMeta
from modelyard.models.declared import DeclaredModel, DeclaredSet, Served
from modelyard.targets.sagemaker.spec import Spec
from modelyard.targets.workloads import pods
from modelyard.targets.workloads.objects import spec_of

_GROUP: Final = "sagemaker.services.k8s.aws/v1alpha1"
_AUTOSCALING: Final = "applicationautoscaling.services.k8s.aws/v1alpha1"
MODEL: Final = TypeMeta(_GROUP, "Model")
CONFIG: Final = TypeMeta(_GROUP, "EndpointConfig")
ENDPOINT: Final = TypeMeta(_GROUP, "Endpoint")
SCALING: Final = (TypeMeta(_AUTOSCALING, "ScalableTarget"), TypeMeta(_AUTOSCALING, "ScalingPolicy"))
MAIN: Final = "main"  # the one production variant of a model without variants
MAX_TEXT: Final = 64 * 1024  # characters that `expand` may give: variables can double each other
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
    """Return the environment: config, env over it, as Kubernetes lays env over envFrom, and the target's over both.

    SageMaker expands nothing, so what `expand` asks for is done here as the kubelet does it; what names a variable
    without a known text is left out, see `unknown`.
    """
    own = fields(served).env or {}
    texts = {**(served.model.config or {}), **own}
    for name, value in pods.variables(model, served).items():
        if name in own:
            continue
        text = value if isinstance(value, str) else _expanded(value.expand, texts)
        if text is not None:
            texts[name] = text
    return in_order(texts)


def unknown(served: Served, name: str, texts: Mapping[str, str]) -> list[str]:
    """Return what a variable's `expand` names that is not text; texts: what `environment` returns."""
    value = (served.model.env or {}).get(name)
    return [] if value is None else sorted(each for each in pods.used_by(value) if each not in texts or each == name)


def _expanded(asked: str | None, texts: Mapping[str, str]) -> str | None:
    if asked is None or any(each not in texts for each in expansion.references(asked)):
        return None
    text = expansion.expanded(asked, texts, MAX_TEXT)
    return None if text is None else derived(text, asked)


def environments(model: DeclaredModel, served: Served) -> list[dict[str, str]]:
    """Return the environment of each container."""
    shared = environment(model, served)
    containers = fields(served).containers
    return [in_order({**shared, **(each.env or {})}) for each in containers] if containers else [shared]


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
