"""What workloads ask of a namespace: how many pods, and which amounts each of them requests and is limited to.

Source: kubernetes 1.37, pkg/api/v1/resource/helpers.go, PodRequests: init containers run before the others, restartable
ones beside them; pkg/apis/core/v1/defaults.go: what is limited and not requested is requested; plugin/pkg/admission/
limitranger. knative/serving v0.51.0, pkg/reconciler/revision/resources/queue.go and pkg/deployment/config.go.
"""

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import reduce
from typing import Any, Final, NamedTuple, TypeAlias

from modelyard.check.finding import Path, at, integer, items, mapping, namespace_of, text
from modelyard.check.pods import KNATIVE, PodTemplate, all_pod_templates
from modelyard.check.quantities import amount
from modelyard.manifests.manifest import Manifest

Amounts: TypeAlias = Mapping[str, Fraction]

QUEUE_PROXY: Final = "queue-proxy"
QUEUE_ANNOTATION: Final = "queue.sidecar.serving.knative.dev/{resource}-resource-{which}"
_QUEUE_CPU: Final = "25m"  # requested where neither an annotation nor config-deployment says otherwise
_KEDA_MAX: Final = 100  # keda.sh, maxReplicaCount
_RESOURCES: Final = ("cpu", "memory", "ephemeral-storage")


class Stated(NamedTuple):
    """Amounts of a container or a pod."""

    requests: Amounts
    limits: Amounts


NOTHING: Final = Stated({}, {})


class Container(NamedTuple):
    """A container with what it states and gets by default. path: of its mapping; None for Knative's queue-proxy."""

    name: str
    path: Path | None
    stated: Stated


class Demand(NamedTuple):
    """The pods of one workload. number: of its object; least: that always run; most: that an autoscaler may ask for."""

    number: int
    manifest: Manifest
    template: PodTemplate
    containers: Sequence[Container]
    pod: Stated
    least: int
    most: int


def together(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Tell whether two objects are in one namespace; what names none comes into that of the others."""
    names = {namespace_of(one), namespace_of(other)} - {""}
    return len(names) < 2


def demands(manifests: Sequence[Manifest]) -> Iterator[Demand]:
    """Yield the demand of each workload of a set, with the defaults that the set's LimitRanges give."""
    scales = _scales(manifests)
    ranges = [each.body for each in manifests if each.kind == "LimitRange" and not each.group]
    for index, manifest, template in all_pod_templates(manifests):
        least, most = _pods(manifest, template, scales)
        if most:
            defaults = _defaults([each for each in ranges if together(each, manifest.body)])
            found = list(_containers(manifest, template, defaults))
            yield Demand(index, manifest, template, found, _pod(template.spec, found), least, most)


def _scales(manifests: Sequence[Manifest]) -> dict[tuple[str, str, str], tuple[int, int]]:
    """Return least and most pods of what autoscalers name, by namespace, kind and name."""
    found = {}
    for manifest in manifests:
        spec, group = at(manifest.body, "spec"), manifest.group
        target = mapping(spec.get("scaleTargetRef"))
        keda = (group, manifest.kind) == ("keda.sh", "ScaledObject")
        if keda or (group, manifest.kind) == ("autoscaling", "HorizontalPodAutoscaler"):
            least = integer(spec.get("minReplicaCount" if keda else "minReplicas"))
            most = integer(spec.get("maxReplicaCount" if keda else "maxReplicas"))
            key = (namespace_of(manifest.body), text(target.get("kind")) or "Deployment", text(target.get("name")))
            none = 0 if keda else 1
            found[key] = (none if least is None else least, (_KEDA_MAX if keda else 1) if most is None else most)
    return found


def _pods(
    manifest: Manifest, template: PodTemplate, scales: Mapping[tuple[str, str, str], tuple[int, int]]
) -> tuple[int, int]:
    """Return how many pods of a workload always run, and how many may."""
    if manifest.group == KNATIVE:
        return _knative(manifest, template)
    if manifest.kind == "PodTemplate":
        return 0, 0
    scaled = scales.get((namespace_of(manifest.body), manifest.kind, manifest.name))
    if scaled:
        return scaled
    spec = at(manifest.body, "spec")
    if manifest.kind in ("Job", "CronJob"):
        job = at(spec, "jobTemplate", "spec") if manifest.kind == "CronJob" else spec
        parallel, complete = integer(job.get("parallelism")), integer(job.get("completions"))
        pods = min(1 if parallel is None else parallel, complete or parallel or 1)
        return pods, pods
    stated = integer(spec.get("replicas"))
    pods = 1 if stated is None else max(stated, 0)
    return pods, pods


def _knative(manifest: Manifest, template: PodTemplate) -> tuple[int, int]:
    metadata = mapping(manifest.body.get("metadata")) if manifest.kind == "Revision" else template.metadata
    annotations = mapping(metadata.get("annotations"))
    least, most = (_scale(annotations, key) for key in ("min", "max"))
    return least, max(least, most or 1)  # without a limit there is no sum; one pod runs as soon as there is a call


def _scale(annotations: Mapping[str, Any], key: str) -> int:
    prefix = f"autoscaling.knative.dev/{key}"
    value = annotations.get(f"{prefix}-scale", annotations.get(f"{prefix}Scale"))
    return int(value) if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 10 else 0


def _defaults(ranges: Sequence[Mapping[str, Any]]) -> Stated:
    """Return what LimitRanges give a container that says nothing: what is left out follows from max and min.

    Source: kubernetes 1.37, pkg/apis/core/v1/defaults.go, SetDefaults_LimitRange.
    """
    requests: dict[str, Fraction] = {}
    limits: dict[str, Fraction] = {}
    for body in ranges:
        for _, each in items(at(body, "spec").get("limits")):
            if each.get("type") == "Container":
                limit = {**_amounts(each.get("max")), **_amounts(each.get("default"))}
                limits |= limit
                requests |= {**_amounts(each.get("min")), **limit, **_amounts(each.get("defaultRequest"))}
    return Stated(requests, limits)


def _amounts(stated: object) -> dict[str, Fraction]:
    found = {name: amount(value) for name, value in mapping(stated).items() if isinstance(name, str)}
    return {name: number for name, number in found.items() if number is not None}


def _containers(manifest: Manifest, template: PodTemplate, defaults: Stated) -> Iterator[Container]:
    for key in ("initContainers", "containers"):
        for i, each in items(template.spec.get(key)):
            stated = _stated(mapping(each.get("resources")), defaults)
            yield Container(text(each.get("name")) or f"{key}[{i}]", (*template.spec_path, key, i), stated)
    if manifest.group == KNATIVE:
        metadata = mapping(manifest.body.get("metadata")) if manifest.kind == "Revision" else template.metadata
        yield Container(QUEUE_PROXY, None, _stated(_queue_proxy(mapping(metadata.get("annotations"))), defaults))


def _queue_proxy(annotations: Mapping[str, Any]) -> dict[str, Any]:
    """Return the resources of Knative's own container, as its annotations and Knative as shipped have them."""
    found: dict[str, Any] = {"requests": {"cpu": _QUEUE_CPU}, "limits": {}}
    for resource in _RESOURCES:
        for which in ("request", "limit"):
            value = annotations.get(QUEUE_ANNOTATION.format(resource=resource, which=which))
            if amount(value) is not None:
                found[f"{which}s"][resource] = value
    return found


def _stated(resources: Mapping[str, Any], defaults: Stated) -> Stated:
    limits = _amounts(resources.get("limits"))
    requests = {**defaults.requests, **limits, **_amounts(resources.get("requests"))}
    return Stated(requests, {**defaults.limits, **limits})


def _pod(spec: Mapping[str, Any], found: Sequence[Container]) -> Stated:
    """Return what a pod asks for: its containers together, or one that runs before them if that is more."""
    initial = [each for _, each in items(spec.get("initContainers"))]
    beside = [each.get("restartPolicy") == "Always" for each in initial]
    first, rest = found[: len(initial)], found[len(initial) :]
    running = [each.stated for each, stays in zip(first, beside, strict=True) if stays]
    total = reduce(_sum, [*running, *(each.stated for each in rest)], NOTHING)
    for i, each in enumerate(first):
        before = [one.stated for one, stays in zip(first[:i], beside[:i], strict=True) if stays]
        total = _larger(total, reduce(_sum, before, each.stated))
    own = _stated(mapping(spec.get("resources")), NOTHING)  # of the pod itself (KEP-2837)
    extra = Stated(_amounts(spec.get("overhead")), {})
    return _sum(Stated({**total.requests, **own.requests}, {**total.limits, **own.limits}), extra)


def _sum(one: Stated, other: Stated) -> Stated:
    return _each(one, other, operator.add)


def _larger(one: Stated, other: Stated) -> Stated:
    return _each(one, other, max)


def _each(one: Stated, other: Stated, what: Callable[[Fraction, Fraction], Fraction]) -> Stated:
    none = Fraction()
    pairs = ((one.requests, other.requests), (one.limits, other.limits))
    return Stated(*({key: what(a.get(key, none), b.get(key, none)) for key in {**a, **b}} for a, b in pairs))


def shown(resource: str, number: Fraction) -> str:
    """Return an amount as people write it."""
    if resource.endswith(("memory", "storage")) and number >= 1024:
        power = max(each for each in range(1, 7) if number >= 1024**each or each == 1)
        return f"{_short(number / 1024**power)}{' KMGTPE'[power]}i"
    return _short(number)


def _short(number: Fraction) -> str:
    whole, rest = divmod(round(abs(number) * 1000), 1000)
    sign = "-" if number < 0 else ""
    return f"{sign}{whole}.{rest:03}".rstrip("0").rstrip(".") if rest else f"{sign}{whole}"
