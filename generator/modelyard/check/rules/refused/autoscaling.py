"""Autoscalers and disruption budgets; metrics of autoscalers stand in `autoscalers`.

Source: kubernetes v1.36.3, pkg/apis/autoscaling/validation/validation.go, validateHorizontalPodAutoscalerSpec and
ValidateCrossVersionObjectReference; pkg/apis/policy/validation/validation.go, ValidatePodDisruptionBudgetSpec.
"""

from collections.abc import Iterator
from typing import Any, Final

from modelyard.check.finding import Found, Path, integer, mapping
from modelyard.check.rules.refused.table import (
    DNS_LABEL,
    between,
    exclusive,
    filled,
    named,
    quantity_of,
    selector,
    share,
    words,
)
from modelyard.check.rules.refused.tree import Rows, Tables, of_mapping
from modelyard.manifests.names import path_segment, resource_name

_KINDS: Final = ("ContainerResource", "External", "Object", "Pods", "Resource")
_SELECT: Final = ("Disabled", "Max", "Min")


@of_mapping
def _spec(path: Path, spec: Any) -> Iterator[Found]:
    least, most = integer(spec.get("minReplicas")), integer(spec.get("maxReplicas"))
    if least is not None and most is not None and 0 < most < least:
        yield Found("maxReplicas is less than minReplicas", "change one of them", (*path, "maxReplicas"))
    for key in ("scaleUp", "scaleDown"):
        rules = mapping(mapping(spec.get("behavior")).get(key))
        yield from quantity_of()((*path, "behavior", key, "tolerance"), rules.get("tolerance"))


@of_mapping
def _scaled(path: Path, reference: Any) -> Iterator[Found]:
    version = reference.get("apiVersion", "")
    if not isinstance(version, str):
        return
    if version.count("/") > 1 or (not version.rpartition("/")[0] and reference.get("kind") != "ReplicationController"):
        where = (*path, "apiVersion") if "apiVersion" in reference else path
        yield Found("apiVersion names no API group", "write one such as apps/v1", where)


def _version(value: str) -> str | None:
    return "is no group and version" if value.count("/") > 1 else None


def _target(path: str) -> Rows:
    return {
        path: (filled("kind", "name"),),
        f"{path}/kind": (named(path_segment),),
        f"{path}/name": (named(path_segment),),
    }


@of_mapping
def _metric(path: Path, metric: Any) -> Iterator[Found]:
    for key in ("object", "pods", "external", "resource", "containerResource"):
        source = mapping(mapping(metric).get(key))
        kind = mapping(source.get("target")).get("type")
        yield from words("AverageValue", "Utilization", "Value", empty=True)((*path, key, "target", "type"), kind)


_METRIC: Final = "spec/metrics/*"
_AUTOSCALER: Final[Rows] = {
    "spec": (_spec,),
    "spec/minReplicas": (between(1),),
    "spec/maxReplicas": (between(1),),
    **_target("spec/scaleTargetRef"),
    "spec/scaleTargetRef": (filled("kind", "name"), _scaled),
    f"{_METRIC}/object/describedObject/apiVersion": (named(_version),),
    _METRIC: (_metric,),
    f"{_METRIC}/type": (words(*_KINDS, empty=True),),
    **_target(f"{_METRIC}/object/describedObject"),
    **{f"{_METRIC}/{key}/metric": (filled("name"),) for key in ("object", "pods", "external")},
    **{f"{_METRIC}/{key}/metric/name": (named(path_segment),) for key in ("object", "pods", "external")},
    f"{_METRIC}/resource": (filled("name"),),
    f"{_METRIC}/containerResource": (filled("name", "container"),),
    f"{_METRIC}/containerResource/name": (named(resource_name),),
    f"{_METRIC}/containerResource/container": (named(DNS_LABEL),),
    "spec/behavior/scaleUp/selectPolicy": (words(*_SELECT, empty=True),),
    "spec/behavior/scaleDown/selectPolicy": (words(*_SELECT, empty=True),),
}
_BUDGET: Final[Rows] = {
    "spec": (exclusive("minAvailable", "maxUnavailable"),),
    "spec/minAvailable": (share(),),
    "spec/maxUnavailable": (share(),),
    "spec/selector": (selector,),
    "spec/unhealthyPodEvictionPolicy": (words("AlwaysAllow", "IfHealthyBudget", empty=True),),
}
TABLES: Final[Tables] = {
    ("autoscaling", "HorizontalPodAutoscaler"): (_AUTOSCALER,),
    ("policy", "PodDisruptionBudget"): (_BUDGET,),
}
