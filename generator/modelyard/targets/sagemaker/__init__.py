"""Target sagemaker: Model, EndpointConfig and Endpoint of Amazon SageMaker, and autoscaling, through ACK.

Facts: aws-controllers-k8s/sagemaker-controller v1.9.1 and applicationautoscaling-controller v1.4.1, config/crd/bases.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, get_args

from modelyard.files.yaml.marked import derived, in_order, plain
from modelyard.manifests.manifest import Manifest, Rendered
from modelyard.manifests.names import seconds
from modelyard.manifests.template import Templates
from modelyard.models.declared import DeclaredModel, DeclaredSet, Served
from modelyard.targets import Claim
from modelyard.targets.sagemaker.rules import check as check
from modelyard.targets.sagemaker.serving import Container
from modelyard.targets.sagemaker.spec import Canary, DataCapture, RollingUpdate, Spec
from modelyard.targets.sagemaker.texts import CaptureMode
from modelyard.targets.sagemaker.values import (
    CONFIG,
    ENDPOINT,
    MODEL,
    SCALING,
    environments,
    fields,
    image,
    instances,
    megabytes,
    variant_name,
)
from modelyard.targets.workloads.objects import (
    base_mark,
    base_name,
    common,
    manifest,
    object_name,
    registered,
)

__all__ = ["KINDS", "SHARED_FIELDS", "SUMMARY", "Spec", "check", "claims", "render"]

SUMMARY: Final = (
    "SageMaker endpoint through ACK: Model, EndpointConfig, Endpoint, autoscaling; variants split its calls"
)
# What an endpoint has once, and what SageMaker wants to be the same in all its models.
SHARED_FIELDS: Final = frozenset(
    [
        "async",
        "canary",
        "dataCapture",
        "executionRoleARN",
        "kmsKeyID",
        "name",
        "networkIsolation",
        "region",
        "rollingUpdate",
        "tags",
        "vpc",
    ]
)

KINDS: Final = frozenset([MODEL, CONFIG, ENDPOINT, *SCALING])


def claims(model: DeclaredModel) -> Iterator[Claim]:
    """Yield the names of the Endpoint and, before their hashes, of the Models; the rest is named alike."""
    base = base_name(model, "sagemaker")
    yield Claim("Endpoint", base, base_mark(model, "sagemaker"))
    for each in model.served:
        mark = each.name_mark if each.variant else base_mark(model, "sagemaker")
        yield Claim("Model", object_name(base, each), mark)


def render(models: DeclaredSet, model: DeclaredModel, templates: Templates) -> Rendered:
    """Return a Model per variant, the EndpointConfig over them, the Endpoint, and the autoscaling of each variant."""
    rendered = Rendered()
    base = base_name(model, "sagemaker")
    spec = fields(model.whole)
    over_all = common(models, base, model.whole, base) | {
        "spec": spec,
        "tags": _tags(spec),
        "dataCapture": _data_capture(spec.dataCapture) if spec.dataCapture else None,
        "canary": _canary(spec.canary) if spec.canary else None,
        "rolling": _rolling(spec.rollingUpdate) if spec.rollingUpdate else None,
        "asynchronous": spec.async_,
        "variants": [_variant(base, each) for each in model.served],
    }
    for served in model.served:
        rendered.manifests += _own(models, model, served, over_all, templates)
    rendered.manifests.append(manifest("sagemaker/endpointconfig.yaml", over_all, templates, model.whole, hashed=True))
    rendered.manifests.append(manifest("sagemaker/endpoint.yaml", over_all, templates, model.whole))
    return rendered


def _own(
    models: DeclaredSet, model: DeclaredModel, served: Served, over_all: Mapping[str, Any], templates: Templates
) -> Iterator[Manifest]:
    base = base_name(model, "sagemaker")
    context = {**over_all, **common(models, base, served, object_name(base, served))}
    spec = fields(served)
    context |= {"containers": _containers(models, model, served), "several": bool(spec.containers)}
    context |= {"mode": spec.inferenceExecutionConfig.mode if spec.inferenceExecutionConfig else "Serial"}
    yield manifest("sagemaker/model.yaml", context, templates, served, hashed=True)
    autoscale = fields(served).autoscale
    if autoscale:
        context |= {"endpoint": base, "variant": variant_name(served), "autoscale": autoscale}
        yield manifest("sagemaker/scalabletarget.yaml", context, templates, served)
        yield manifest("sagemaker/scalingpolicy.yaml", context, templates, served)


def _containers(models: DeclaredSet, model: DeclaredModel, served: Served) -> list[dict[str, Any]]:
    spec, variables = fields(served), environments(model, served)
    if spec.containers is None:
        return [_container(spec, image(models, served), variables[0])]
    return [
        {"containerHostname": each.name, **_container(each, registered(models, each.image), own)}
        for each, own in zip(spec.containers, variables, strict=True)
    ]


def _container(own: Spec | Container, reference: str, variables: dict[str, str]) -> dict[str, Any]:
    data = plain(own.modelDataSource) if own.modelDataSource else None
    found = {"image": reference, "environment": variables, "modelDataURL": own.modelDataURL, "modelDataSource": data}
    return {key: value for key, value in found.items() if value}


def _variant(base: str, served: Served) -> dict[str, Any]:
    """Return one production variant; a model without variants has all calls."""
    spec = fields(served)
    serverless = spec.serverless
    return {
        "name": variant_name(served),
        "model": object_name(base, served),
        "weight": 1 if served.percent is None else served.percent,
        "instanceType": spec.instanceType,
        "instances": instances(spec),
        "startupTimeout": _seconds(spec.startupTimeout),
        "downloadTimeout": _seconds(spec.modelDataDownloadTimeout),
        "memory": megabytes(serverless.memory) if serverless else None,
        "maxConcurrency": serverless.maxConcurrency if serverless else None,
    }


def _tags(spec: Spec) -> list[dict[str, str]]:
    return derived([{"key": key, "value": value} for key, value in in_order(spec.tags or {}).items()], spec.tags)


def _data_capture(capture: DataCapture) -> dict[str, Any]:
    types = capture.contentTypes
    modes = sorted(set(capture.captureModes or get_args(CaptureMode)))
    return {
        "destination": capture.destinationS3URI,
        "percent": capture.initialSamplingPercentage,
        "options": derived([{"captureMode": mode} for mode in modes], capture.captureModes),
        "kmsKeyID": capture.kmsKeyID,
        "csv": types.csv if types else None,
        "json": types.json_ if types else ["application/json"],
    }


def _canary(canary: Canary) -> dict[str, Any]:
    return {"percent": canary.percent, "wait": _seconds(canary.wait), "alarms": _alarms(canary.alarms)}


def _rolling(rolling: RollingUpdate) -> dict[str, Any]:
    return {
        "size": rolling.maximumBatchSize,
        "wait": _seconds(rolling.waitInterval),
        "timeout": _seconds(rolling.maximumExecutionTimeout),
        "back": rolling.rollbackMaximumBatchSize,
        "alarms": _alarms(rolling.alarms),
    }


def _alarms(alarms: list[str] | None) -> list[dict[str, str]]:
    return derived([{"alarmName": name} for name in sorted(set(alarms or []))], alarms)


def _seconds(text: str | None) -> int | None:
    return None if text is None else derived(seconds(text), text)
