"""ResourceQuotas in a set: what its workloads ask for together, and what a quota wants of each container.

Source: kubernetes 1.37, pkg/quota/v1/evaluator/core/pods.go: Constraints wants cpu and memory of every container that
a quota counts; scopes are those of podMatchesScopeFunc.
"""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, Final, NamedTuple

from modelyard.check.demands import QUEUE_ANNOTATION, Container, Demand, demands, shown, together
from modelyard.check.finding import Cluster, Finding, at, items, mapping, sequence, text
from modelyard.check.quantities import amount
from modelyard.manifests.manifest import Manifest

_PODS: Final = frozenset(["pods", "count/pods"])
_WANTED: Final = ("cpu", "memory")  # what a quota demands of each container, if it counts it
_NAMED: Final = 3  # workloads in a message


class Quota(NamedTuple):
    """A ResourceQuota: which object it is, its body, and the demands that it counts."""

    number: int
    body: Mapping[str, Any]
    demands: Sequence[Demand]

    @property
    def hard(self) -> Iterator[tuple[str, Fraction]]:
        """What it allows: key and amount."""
        for key, value in at(self.body, "spec", "hard").items():
            number = amount(value)
            if isinstance(key, str) and number is not None:
                yield key, number


def totals(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find quotas that the set exceeds, with the pods that always run, or when its autoscalers ask for all."""
    for quota in _quotas(manifests):
        for key, allowed in quota.hard:
            least = [(each, each.least * _of(each, key)) for each in quota.demands]
            most = [(each, each.most * _of(each, key)) for each in quota.demands]
            found = _exceeded("MY382", "always needs", key, allowed, least)
            found = found or _exceeded("MY383", "may grow to", key, allowed, most)
            if found:
                yield found._replace(manifest=quota.number)


def _exceeded(
    code: str, words: str, key: str, allowed: Fraction, parts: Sequence[tuple[Demand, Fraction]]
) -> Finding | None:
    needed = sum((number for _, number in parts), Fraction())
    if needed <= allowed:
        return None
    of = "pods" if key in _PODS else f"of {key}"
    message = f"the set {words} {_shown(key, needed)} {of}, and {_shown(key, allowed)} are allowed"
    first = max(parts, key=lambda part: part[1])[0]
    hint = f"{_largest(key, parts)}; allow more, or ask for less"
    where = ("spec", "hard", key)
    return Finding(code, message, hint, 0, where, first.template.path, "most of it", first.number)


def _largest(key: str, parts: Sequence[tuple[Demand, Fraction]]) -> str:
    parts = sorted((part for part in parts if part[1]), key=lambda part: -part[1])
    named = [f"{each.manifest} {_shown(key, number)}" for each, number in parts[:_NAMED]]
    return ", ".join(named) + (f" and {len(parts) - _NAMED} others" if len(parts) > _NAMED else "")


def wanted(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find containers that lack an amount that a quota counts, so that their pods are refused."""
    for quota in _quotas(manifests):
        keys = [key for key, _ in quota.hard if _split(key)[1] in _WANTED]
        name = mapping(quota.body.get("metadata")).get("name")
        for demand in quota.demands:
            for container in demand.containers if "resources" not in demand.template.spec else ():
                lacking = [key for key in keys if _split(key)[1] not in container.stated[_split(key)[0]]]
                if lacking:
                    found = _lacking(demand, container, lacking, f"which the ResourceQuota {name} requires")
                    yield found._replace(related=("spec", "hard", lacking[0]), other=quota.number)


def _lacking(demand: Demand, container: Container, lacking: Sequence[str], why: str) -> Finding:
    message = f"{container.name} states no {' and no '.join(lacking)}, {why}"
    if container.path is not None:
        hint = "state it under resources, or give a default with a LimitRange; the pods are refused"
        return Finding("MY384", message, hint, demand.number, container.path, related_message="wanted here")
    path = (*demand.template.path, "metadata") if demand.template.metadata else demand.template.path
    annotation = _annotation(lacking[0])
    hint = f"unless config-deployment gives it, annotate the template (podAnnotations of a model) with {annotation}"
    return Finding("MY385", message, hint, demand.number, path, related_message="wanted here")


def _annotation(key: str) -> str:
    which, resource = _split(key)
    return QUEUE_ANNOTATION.format(resource=resource, which=("request", "limit")[which])


def _quotas(manifests: Sequence[Manifest]) -> Iterator[Quota]:
    found = [
        (index, each.body) for index, each in enumerate(manifests) if each.kind == "ResourceQuota" and not each.group
    ]
    asked = list(demands(manifests)) if found else []
    for number, body in found:
        near = [each for each in asked if together(body, each.manifest.body)]
        yield Quota(number, body, [each for each in near if _counts(at(body, "spec"), each)])


def _counts(spec: Mapping[str, Any], demand: Demand) -> bool:
    """Tell whether a pod has all scopes of a quota."""
    chosen = [mapping(each) for _, each in items(mapping(spec.get("scopeSelector")).get("matchExpressions"))]
    chosen += [{"scopeName": each, "operator": "Exists"} for each in sequence(spec.get("scopes"))]
    return all(_has_scope(each, demand) for each in chosen)


def _has_scope(scope: Mapping[str, Any], demand: Demand) -> bool:
    pod = demand.template.spec
    ends = pod.get("activeDeadlineSeconds") is not None
    best_effort = not any(each in part for part in demand.pod for each in _WANTED)
    class_ = text(pod.get("priorityClassName"))
    match scope.get("scopeName"), scope.get("operator"):
        case "Terminating", _:
            return ends
        case "NotTerminating", _:
            return not ends
        case "BestEffort", _:
            return best_effort
        case "NotBestEffort", _:
            return not best_effort
        case "PriorityClass", "Exists" | "DoesNotExist" as operator:
            return bool(class_) is bool(operator == "Exists")
        case "PriorityClass", "In" | "NotIn" as operator:
            return bool(class_ in sequence(scope.get("values"))) is bool(operator == "In")
    return False  # of what a pod alone does not show


def _split(key: str) -> tuple[int, str]:
    """Return which amounts of `Stated` a key of a quota counts, and the resource."""
    if key.startswith("limits."):
        return 1, key.removeprefix("limits.")
    return 0, key.removeprefix("requests.")


def _of(demand: Demand, key: str) -> Fraction:
    """Return what one pod takes of a quota's key."""
    if key in _PODS:
        return Fraction(1)
    which, resource = _split(key)
    return demand.pod[which].get(resource, Fraction())


def _shown(key: str, number: Fraction) -> str:
    return shown(_split(key)[1], number)
