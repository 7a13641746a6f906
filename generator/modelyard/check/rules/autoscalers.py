"""Metrics and behaviour of autoscalers, which schemas leave open.

Source: kubernetes 1.37, pkg/apis/autoscaling/validation/validation.go, validateMetrics and validateBehavior.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from modelyard.check.finding import Cluster, Finding, Found, Path, at, integer, items, mapping, text
from modelyard.check.quantities import amount
from modelyard.manifests.manifest import Manifest
from modelyard.manifests.names import one_of

# Type of a metric -> its own field, and what its target can be.
_SOURCES: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "ContainerResource": ("containerResource", ("averageUtilization", "averageValue")),
    "External": ("external", ("averageValue", "value")),
    "Object": ("object", ("averageValue", "value")),
    "Pods": ("pods", ("averageValue",)),
    "Resource": ("resource", ("averageUtilization", "averageValue")),
}
_FIELDS: Final = tuple(field for field, _ in _SOURCES.values())
_VALUES: Final = ("averageUtilization", "averageValue", "value")
_MAX_WINDOW: Final = 3600  # seconds
_MAX_PERIOD: Final = 1800  # seconds


def autoscalers(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find metrics without what their type needs, and behaviour out of its range."""
    for index, manifest in enumerate(manifests):
        if (manifest.group, manifest.kind) == ("autoscaling", "HorizontalPodAutoscaler"):
            spec = at(manifest.body, "spec")
            found = [each for i, one in items(spec.get("metrics")) for each in _metric(("spec", "metrics", i), one)]
            found += [
                each for key in ("scaleUp", "scaleDown") for each in _behavior(key, mapping(spec.get("behavior")))
            ]
            yield from (each.on("MY336", index) for each in found)


def _metric(path: Path, metric: Mapping[str, Any]) -> Iterator[Found]:
    kind = text(metric.get("type"))
    if kind not in _SOURCES:
        return  # schemas and enumerations say so
    field, targets = _SOURCES[kind]
    if field not in metric:
        yield Found(f"a metric of type {kind} needs {field}", f"add {field}:", path)
    for other in (each for each in _FIELDS if each in metric and each != field):
        yield Found(f"a metric of type {kind} cannot have {other}", "take it out", (*path, other))
    if isinstance(metric.get(field), dict):
        yield from _target((*path, field, "target"), mapping(metric[field].get("target")), targets)


def _target(path: Path, target: Mapping[str, Any], wanted: Sequence[str]) -> Iterator[Found]:
    if not target:
        return  # schemas say so
    for key in (each for each in _VALUES if each in target):
        number = amount(target[key])
        if number is not None and number <= 0:
            yield Found(f"{key} is not more than 0", "change it", (*path, key))
    given = [each for each in wanted if each in target]
    if len(given) != 1 and not (given and path[-2] == "object"):
        said = f"the target has {' and '.join(given)}" if given else f"the target has no {one_of(wanted)}"
        yield Found(said, f"give exactly one of {one_of(wanted)}" if given else f"add {wanted[0]}:", path)


def _behavior(key: str, behavior: Mapping[str, Any]) -> Iterator[Found]:
    rules, path = mapping(behavior.get(key)), ("spec", "behavior", key)
    yield from _range((*path, "stabilizationWindowSeconds"), rules.get("stabilizationWindowSeconds"), 0, _MAX_WINDOW)
    if rules.get("policies") == []:
        yield Found("policies is empty", "take it out, or add one", (*path, "policies"))
    for i, policy in items(rules.get("policies")):
        where = (*path, "policies", i)
        if policy.get("type") not in (None, "Percent", "Pods"):
            yield Found("the type of a policy is Percent or Pods", "change it", (*where, "type"))
        yield from _range((*where, "value"), policy.get("value"), 1, None)
        yield from _range((*where, "periodSeconds"), policy.get("periodSeconds"), 1, _MAX_PERIOD)


def _range(path: Path, value: object, least: int, most: int | None) -> Iterator[Found]:
    number = integer(value)
    if number is not None and (number < least or (most is not None and number > most)):
        bounds = f"at least {least}" if most is None else f"{least} to {most}"
        yield Found(f"{path[-1]} {number} is out of range", f"Kubernetes takes {bounds}", path)
