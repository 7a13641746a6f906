"""LimitRanges and ResourceQuotas: which amounts they name, and how those stand to each other.

Source: kubernetes v1.36.3, pkg/apis/core/validation/validation.go, ValidateLimitRange, ValidateResourceQuotaSpec and
validateScopedResourceSelectorRequirement; pkg/apis/core/helper/helpers.go, IsStandardQuotaResourceName,
IsResourceQuotaScopeValidForResource.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from modelyard.check.finding import Found, Path, items, mapping, sequence, text
from modelyard.check.quantities import amount
from modelyard.check.rules.refused.table import filled, quantity_of, unique, words
from modelyard.check.rules.refused.tree import Rows, Tables, of_mapping
from modelyard.manifests.names import label_key, resource_name

_TYPES: Final = ("Container", "PersistentVolumeClaim", "Pod")
_COUNTED: Final = (
    *(
        "configmaps",
        "persistentvolumeclaims",
        "pods",
        "replicationcontrollers",
        "resourcequotas",
        "secrets",
        "services",
    ),
    *("services.loadbalancers", "services.nodeports"),
)
_COMPUTE: Final = (
    *("cpu", "memory", "ephemeral-storage", "requests.cpu", "requests.memory", "requests.ephemeral-storage"),
    *("limits.cpu", "limits.memory", "limits.ephemeral-storage"),
)
_QUOTA: Final = frozenset([*_COUNTED, *_COMPUTE, "requests.storage"])
_OF_PODS: Final = frozenset([*_COMPUTE, "pods"])
_BEST_EFFORT: Final = frozenset(["pods"])
_SCOPES: Final[Mapping[str, frozenset[str]]] = {
    "BestEffort": _BEST_EFFORT,
    "CrossNamespacePodAffinity": _OF_PODS,
    "NotBestEffort": _OF_PODS,
    "NotTerminating": _OF_PODS,
    "PriorityClass": _OF_PODS,
    "Terminating": _OF_PODS,
    "VolumeAttributesClass": frozenset(["persistentvolumeclaims", "requests.storage"]),
}
_AGAINST: Final = (("BestEffort", "NotBestEffort"), ("NotTerminating", "Terminating"))
_EXISTS_ONLY: Final = frozenset(
    ["BestEffort", "CrossNamespacePodAffinity", "NotBestEffort", "NotTerminating", "Terminating"]
)
_PAIRS: Final = (("min", "max"), ("min", "defaultRequest"), ("defaultRequest", "max"), ("defaultRequest", "default"))
_MORE_PAIRS: Final = (("min", "default"), ("default", "max"))
_KINDS: Final = ("max", "min", "default", "defaultRequest", "maxLimitRequestRatio")
_PER: Final = ("count/", "requests.", "limits.")


@of_mapping
def _limit(path: Path, limit: Any) -> Iterator[Found]:
    kind = text(mapping(limit).get("type"))
    if "/" in kind:
        if wrong := label_key(kind):
            yield Found(f"type {wrong}", "write a type such as Container", (*path, "type"))
    else:
        yield from words(*_TYPES, empty=True)((*path, "type"), mapping(limit).get("type"))
    for key in _KINDS:
        if kind == "Pod" and key in ("default", "defaultRequest") and limit.get(key):
            yield Found(f"{key} is for containers", "take it out, or write type: Container", (*path, key))
        for name in mapping(limit.get(key)):
            if wrong := _resource(str(name), kind):
                yield Found(f"the resource {name} {wrong}", "change it", (*path, key, name))
    if kind == "PersistentVolumeClaim" and not any("storage" in mapping(limit.get(key)) for key in ("min", "max")):
        yield Found("claims are limited by storage", "add max: {storage: 10Gi}", path)
    yield from _order(path, limit, kind)


def _resource(name: str, kind: str) -> str | None:
    if kind in ("Pod", "Container"):
        return resource_name(name)
    if wrong := label_key(name):
        return wrong
    return (
        None
        if "/" in name or name in _QUOTA | {"storage"} or name.startswith("hugepages-")
        else "is none that Kubernetes knows"
    )


def _order(path: Path, limit: Mapping[str, Any], kind: str) -> Iterator[Found]:
    pairs = _PAIRS if kind != "Pod" else _PAIRS[:1]
    for less, more in (*pairs, *(_MORE_PAIRS if kind != "Pod" else ())):
        for name, value in mapping(limit.get(less)).items():
            least, most = amount(value), amount(mapping(limit.get(more)).get(name))
            if least is not None and most is not None and least > most:
                message = f"{less} of {name} is more than {more}"
                yield Found(message, "change one of them", (*path, less, name), (*path, more, name), more)
    for name, value in mapping(limit.get("maxLimitRequestRatio")).items():
        ratio, where = amount(value), (*path, "maxLimitRequestRatio", name)
        least, most = amount(mapping(limit.get("min")).get(name)), amount(mapping(limit.get("max")).get(name))
        if ratio is not None and ratio < 1:
            yield Found(f"the ratio of {name} is less than 1", "change it", where)
        elif ratio is not None and least and most is not None and ratio > most / least:
            yield Found(f"the ratio of {name} is more than max by min", "change it", where)


@of_mapping
def _quota(path: Path, spec: Any) -> Iterator[Found]:
    names = [str(name) for name in mapping(spec.get("hard"))]
    for name in names:
        if wrong := label_key(name) or (
            None if "/" in name or name in _QUOTA or _is_huge(name) else "is none that a quota counts"
        ):
            yield Found(f"the resource {name} {wrong}", "name one such as requests.cpu", (*path, "hard", name))
    scopes = [(("scopes", i), each) for i, each in enumerate(sequence(spec.get("scopes")))]
    yield from _scopes(path, scopes, names)
    selected = list(items(mapping(spec.get("scopeSelector")).get("matchExpressions")))
    where: tuple[str | int, ...] = ("scopeSelector", "matchExpressions")
    yield from _scopes(path, [((*where, i, "scopeName"), each.get("scopeName")) for i, each in selected], names)
    for i, each in selected:
        yield from _selected((*path, *where, i), each)


def _is_huge(name: str) -> bool:
    return name.removeprefix("requests.").startswith("hugepages-")


def _scopes(path: Path, scopes: Sequence[tuple[Path, Any]], names: list[str]) -> Iterator[Found]:
    for where, scope in scopes:
        if not isinstance(scope, str):
            continue
        if scope not in _SCOPES:
            yield from words(*_SCOPES, empty=True)((*path, *where), scope)
            continue
        for name in names:
            if name in _QUOTA and name not in _SCOPES[scope]:
                yield Found(f"the scope {scope} does not count {name}", "change one of them", (*path, *where))
    given = {scope: where for where, scope in scopes if isinstance(scope, str)}
    for one, other in _AGAINST:
        if one in given and other in given:
            yield Found(f"{one} and {other} exclude each other", "keep one of them", (*path, *given[other]))


def _selected(path: Path, each: Mapping[str, Any]) -> Iterator[Found]:
    operator, values = each.get("operator"), sequence(each.get("values"))
    yield from words("DoesNotExist", "Exists", "In", "NotIn", empty=True)((*path, "operator"), operator)
    if text(each.get("scopeName")) in _EXISTS_ONLY and operator != "Exists":
        yield Found(f"the scope {each['scopeName']} takes Exists alone", "write operator: Exists", path)
    if operator in ("In", "NotIn") and not values:
        yield Found(f"{operator} needs values", "add values: […]", path)
    elif operator in ("Exists", "DoesNotExist") and values:
        yield Found(f"{operator} takes no values", "take them out", (*path, "values"))


_LIMIT_RANGE: Final[Rows] = {
    "spec/limits": (unique("type"),),
    "spec/limits/*": (_limit, filled("type")),
}
_RESOURCE_QUOTA: Final[Rows] = {"spec": (_quota,), "spec/hard/*": (quantity_of(),)}
TABLES: Final[Tables] = {
    ("", "LimitRange"): (_LIMIT_RANGE,),
    ("", "ResourceQuota"): (_RESOURCE_QUOTA,),
}
