"""Annotations that Knative Serving reads: their ranges, and the metadata that they belong to.

Source: knative/serving v0.50.0, pkg/apis/autoscaling/{annotation_validation,register}.go,
pkg/apis/serving/metadata_validation.go, pkg/apis/serving/v1/revision_validation.go; knative.dev/networking,
pkg/apis/networking/{metadata_validation,register}.go. The cluster's own limits are those of
config-autoscaler as shipped.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final, TypeAlias

from modelyard.check import go_syntax
from modelyard.check.finding import Cluster, Finding, Found, Path, mapping
from modelyard.check.pods import KNATIVE
from modelyard.manifests.manifest import Manifest
from modelyard.manifests.names import MAX_LABEL, quantity

_AUTOSCALING: Final = "autoscaling.knative.dev"
_NETWORKING: Final = "networking.knative.dev"
_SERVING: Final = "serving.knative.dev"
_KPA: Final = "kpa.autoscaling.knative.dev"
_HPA: Final = "hpa.autoscaling.knative.dev"
# The names of one annotation, the one that counts first. register.go lists them in this order.
_SPELLINGS: Final[dict[str, tuple[str, ...]]] = {
    "min-scale": ("min-scale", "minScale"),
    "max-scale": ("max-scale", "maxScale"),
    "initial-scale": ("initial-scale", "initialScale"),
    "scale-down-delay": ("scale-down-delay", "scaleDownDelay"),
    "scale-to-zero-pod-retention-period": ("scale-to-zero-pod-retention-period", "scaleToZeroPodRetentionPeriod"),
    "metric-aggregation-algorithm": ("metric-aggregation-algorithm", "metricAggregationAlgorithm"),
    "target-utilization-percentage": ("target-utilization-percentage", "targetUtilizationPercentage"),
    "target-burst-capacity": ("target-burst-capacity", "targetBurstCapacity"),
    "panic-window-percentage": ("panic-window-percentage", "panicWindowPercentage"),
    "panic-threshold-percentage": ("panic-threshold-percentage", "panicThresholdPercentage"),
}
_FLOATS: Final = {
    "panic-window-percentage": (1.0, 100.0),
    "panic-threshold-percentage": (110.0, 1000.0),
    "target": (0.01, float("inf")),
    "target-utilization-percentage": (1.0, 100.0),
}
# Seconds from and to, and whether they must be whole.
_DURATIONS: Final = {
    "window": (6, 3600, True),
    "scale-down-delay": (0, 3600, True),
    "scale-to-zero-pod-retention-period": (0, 3600, False),
}
_ALGORITHMS: Final = ("", "linear", "weighted-exponential", "weightedExponential")
_NETWORKING_KNOWN: Final = frozenset(
    f"networking.knative.dev/{name}"
    for name in (
        "certificate-class",
        "certificate.class",
        "disable-auto-tls",
        "disable-external-domain-tls",
        "disableAutoTLS",
        "http-protocol",
        "httpOption",
        "ingress-class",
        "ingress.class",
    )
)
_QUEUE: Final = tuple(
    f"queue.sidecar.serving.knative.dev/{resource}-resource-{kind}"
    for resource in ("cpu", "memory", "ephemeral-storage")
    for kind in ("request", "limit")
)
_ROLLOUT: Final = (f"{_SERVING}/rollout-duration", f"{_SERVING}/rolloutDuration")
_DEADLINE: Final = (f"{_SERVING}/progress-deadline",)

Annotations: TypeAlias = Mapping[str, Any]


def annotation_values(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find annotations of revisions, Services and Routes whose values Knative refuses."""
    for index, manifest in enumerate(manifests):
        if manifest.group != KNATIVE:
            continue
        own = mapping(mapping(manifest.body.get("metadata")).get("annotations"))
        found = _wrong_type(("metadata", "annotations"), own)
        if manifest.kind == "Revision":
            found = (*found, *_autoscaling(_texts(own), ("metadata", "annotations")))
        elif manifest.kind in ("Service", "Route"):
            found = (*found, *_whole_duration(_texts(own), _ROLLOUT, ("metadata", "annotations")))
        if (template := _template(manifest)) is not None:
            path, annotations = template
            texts = _texts(annotations)
            found = (*found, *_wrong_type(path, annotations), *_autoscaling(texts, path), *_sidecar(texts, path))
        for each in found:
            yield each.on("MY307", index)


def annotation_places(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find autoscaling annotations beside the template, and networking annotations that do not exist."""
    for index, manifest in enumerate(manifests):
        if manifest.group != KNATIVE:
            continue
        path: Path = ("metadata", "annotations")
        own = mapping(mapping(manifest.body.get("metadata")).get("annotations"))
        if manifest.kind in ("Service", "Configuration", "Route"):
            for key in own:
                if key.startswith(_AUTOSCALING):
                    hint = "move it to spec.template.metadata.annotations"
                    yield Finding("MY308", f"{key} belongs to the revision", hint, index, (*path, key))
        if (template := _template(manifest)) is not None:
            path, annotations = template
            for key in annotations:
                if key.startswith(_NETWORKING) and key not in _NETWORKING_KNOWN:
                    hint = "take it out; visibility is a label of the Service"
                    yield Finding("MY308", f"Knative does not know the annotation {key}", hint, index, (*path, key))


def _template(manifest: Manifest) -> tuple[Path, dict[str, Any]] | None:
    """Return path and mapping of the annotations of a revision's template."""
    if manifest.kind not in ("Service", "Configuration"):
        return None
    spec = mapping(manifest.body.get("spec"))
    metadata = mapping(mapping(spec.get("template")).get("metadata"))
    return ("spec", "template", "metadata", "annotations"), mapping(metadata.get("annotations"))


def _wrong_type(path: Path, annotations: Annotations) -> tuple[Found, ...]:
    # The schema of Knative leaves the template's metadata open, so that it lets these through.
    return tuple(
        Found(f"the annotation {key} is not a string", "put its value between quotes", (*path, key))
        for key, value in annotations.items()
        if not isinstance(value, str)
    )


def _texts(annotations: Annotations) -> dict[str, str]:
    return {key: value for key, value in annotations.items() if isinstance(value, str)}


def _get(annotations: Mapping[str, str], name: str) -> tuple[str, str] | None:
    """Return key and value of an annotation under its first spelling that is there."""
    for key in _keys(name):
        if key in annotations:
            return key, annotations[key]
    return None


@cache
def _keys(name: str) -> tuple[str, ...]:
    return tuple(f"{_AUTOSCALING}/{each}" for each in _SPELLINGS.get(name, (name,)))


def _autoscaling(annotations: Mapping[str, str], path: Path) -> Iterator[Found]:
    if not any(key.startswith(_AUTOSCALING) for key in annotations):
        return
    yield from _scales(annotations, path)
    for name, (low, high) in _FLOATS.items():
        if found := _get(annotations, name):
            number = go_syntax.floating(found[1])
            if number is None or number < low or number > high:
                limits = f"a number of at least {low:g}" if high == float("inf") else f"between {low:g} and {high:g}"
                yield _wrong(found, f"is not {limits}", path)
    if found := _get(annotations, "target-burst-capacity"):
        number = go_syntax.floating(found[1])
        if number is None or (number < 0 and number != -1):
            yield _wrong(found, "is neither -1 nor a number of at least 0", path)
    for name, (shortest, longest, whole) in _DURATIONS.items():
        if found := _get(annotations, name):
            seconds = go_syntax.duration(found[1])
            if seconds is None or not shortest <= seconds <= longest:
                yield _wrong(found, f"is not a duration between {shortest}s and 1h", path)
            elif whole and seconds.denominator != 1:
                yield _wrong(found, "is not a whole number of seconds", path)
    yield from _words(annotations, path)


def _words(annotations: Mapping[str, str], path: Path) -> Iterator[Found]:
    named = _get(annotations, "class")
    if named and named[1].endswith(".knative.dev") and named[1] not in (_KPA, _HPA):
        yield _wrong(named, f"is neither {_KPA} nor {_HPA}", path)
    class_ = named[1] if named else _KPA
    if metric := _get(annotations, "metric"):
        if class_ == _KPA and metric[1] not in ("concurrency", "rps"):
            yield _wrong(metric, "is neither concurrency nor rps, which is what Knative's own autoscaler knows", path)
        elif class_ == _HPA and not metric[1]:
            yield _wrong(metric, "is not the name of a metric", path)
    algorithm = _get(annotations, "metric-aggregation-algorithm")
    if algorithm and named and class_ == _KPA and algorithm[1] not in _ALGORITHMS:
        yield _wrong(algorithm, "is neither linear nor weighted-exponential", path)


def _scales(annotations: Mapping[str, str], path: Path) -> Iterator[Found]:
    numbers = {"min-scale": 0, "max-scale": 0}
    for name in numbers:
        if found := _get(annotations, name):
            number = go_syntax.integer(found[1])
            if number is None or not 0 <= number <= go_syntax.MAX_INT32:
                yield _wrong(found, "is not an integer of at least 0", path)
            else:
                numbers[name] = number
    low, high = numbers.values()
    if high and high < low and (found := _get(annotations, "max-scale")):
        yield _wrong(found, f"is less than min-scale, {low}", path)
    if found := _get(annotations, "activation-scale"):
        number = go_syntax.integer(found[1])
        if number is None or number > go_syntax.MAX_INT32 or number < max(low, 2) or (high and number > high):
            most = f" and at most {high}" if high else ""
            yield _wrong(found, f"is not an integer of at least {max(low, 2)}{most}", path)
    if found := _get(annotations, "initial-scale"):
        number = go_syntax.integer(found[1])
        if number is None or number < 1:
            yield _wrong(found, "is not an integer of at least 1", path)


def _whole_duration(annotations: Mapping[str, str], keys: Sequence[str], path: Path) -> Iterator[Found]:
    found = next(((key, annotations[key]) for key in keys if key in annotations), None)
    if found and found[1]:
        seconds = go_syntax.duration(found[1])
        if seconds is None or seconds < 0 or seconds.denominator != 1:
            yield _wrong(found, "is not a duration of whole seconds such as 5m", path)


def _sidecar(annotations: Mapping[str, str], path: Path) -> Iterator[Found]:
    yield from _whole_duration(annotations, _DEADLINE, path)
    for key in _QUEUE:
        if key in annotations and quantity(annotations[key]):
            yield _wrong((key, annotations[key]), "is not a quantity such as 100m or 64Mi", path)
    for name in ("resource-percentage", "resourcePercentage"):
        key = f"queue.sidecar.serving.knative.dev/{name}"
        if key in annotations:
            number = go_syntax.floating(annotations[key])
            if number is None or not 0.1 <= number <= 100:
                yield _wrong((key, annotations[key]), "is not a number between 0.1 and 100", path)
            return


def _wrong(found: tuple[str, str], what: str, path: Path) -> Found:
    key, value = found
    shown = value if len(value) <= MAX_LABEL else f"{value[:MAX_LABEL]}…"
    return Found(f"{key.rpartition('/')[2]} {shown or 'without a value'} {what}", "change it", (*path, key))
