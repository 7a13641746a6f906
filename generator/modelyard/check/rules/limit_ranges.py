"""LimitRanges in a set: what they allow a container and a pod.

Source: kubernetes 1.37, plugin/pkg/admission/limitranger/admission.go, PodValidateLimitFunc.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from modelyard.check.demands import Demand, Stated, demands, shown, together
from modelyard.check.finding import Cluster, Finding, Path, at, items, mapping
from modelyard.check.quantities import amount
from modelyard.manifests.manifest import Manifest


def limit_ranges(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find containers and pods that ask for less or more than a LimitRange of the set allows."""
    ranges = [(i, each.body) for i, each in enumerate(manifests) if each.kind == "LimitRange" and not each.group]
    for demand in demands(manifests) if ranges else ():
        for index, body in ranges:
            if together(body, demand.manifest.body):
                for i, each in items(at(body, "spec").get("limits")):
                    yield from _outside(demand, each, index, ("spec", "limits", i))


def _outside(demand: Demand, allowed: Mapping[str, Any], index: int, path: Path) -> Iterator[Finding]:
    """Yield what is outside one item of a LimitRange."""
    pod = [(f"a pod of {demand.manifest}", demand.template.spec_path, demand.pod)]
    every = [(each.name, each.path, each.stated) for each in demand.containers if each.path is not None]
    for name, where, stated in {"Pod": pod, "Container": every}.get(str(allowed.get("type")), ()):
        for bound in ("min", "max", "maxLimitRequestRatio"):
            for resource, value in mapping(allowed.get(bound)).items():
                if why := _why(bound, resource, value, stated):
                    hint = "the API server refuses the pods: change one of them"
                    related = (*path, bound, resource)
                    yield Finding("MY386", f"{name} {why}", hint, demand.number, where, related, "allowed here", index)


def _why(bound: str, resource: str, value: object, stated: Stated) -> str:
    """Return what is wrong with amounts, or nothing."""
    number = amount(value)
    asked, limit = stated.requests.get(resource), stated.limits.get(resource)
    if number is None:
        return ""
    allowed = shown(resource, number)
    if bound == "min":
        if asked is None:
            return f"requests no {resource}, but the minimum is {allowed}"
        return (
            f"requests {shown(resource, asked)} of {resource}, but the minimum is {allowed}" if asked < number else ""
        )
    if limit is None:
        return f"has no limit of {resource}, but the maximum is {allowed}"
    if bound == "max":
        return (
            f"is limited to {shown(resource, limit)} of {resource}, but the maximum is {allowed}"
            if limit > number
            else ""
        )
    if not asked:
        return f"requests no {resource}, and a limit may be {value} times the request"
    return f"has a limit of {resource} over {value} times its request" if limit / asked > number else ""
