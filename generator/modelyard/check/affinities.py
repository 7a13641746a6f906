"""Affinity of pods: what its terms need, which schemas leave open.

Source: kubernetes 1.37, pkg/apis/core/validation/validation.go, validateNodeAffinity, validatePodAffinityTerm and
ValidateNodeSelectorRequirement; apimachinery pkg/apis/meta/v1/validation, ValidateLabelSelectorRequirement.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from modelyard.check.finding import Cluster, Finding, Found, Path, integer, items, mapping, sequence, text
from modelyard.check.pod_templates import all_pod_templates
from modelyard.manifest import Manifest

_MAX_WEIGHT: Final = 100
_REQUIRED: Final = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED: Final = "preferredDuringSchedulingIgnoredDuringExecution"
_INTEGER: Final = re.compile(r"[+-]?[0-9]+")


def affinities(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find terms of an affinity that the API server refuses."""
    for index, _, template in all_pod_templates(manifests):
        affinity, path = mapping(template.spec.get("affinity")), (*template.spec_path, "affinity")
        found = list(_nodes((*path, "nodeAffinity"), mapping(affinity.get("nodeAffinity"))))
        for key in ("podAffinity", "podAntiAffinity"):
            found += _pods((*path, key), mapping(affinity.get(key)))
        yield from (each.on("MY337", index) for each in found)


def _nodes(path: Path, affinity: Mapping[str, Any]) -> Iterator[Found]:
    required = affinity.get(_REQUIRED)
    where: Path = (*path, _REQUIRED, "nodeSelectorTerms")
    if isinstance(required, dict):
        if not required.get("nodeSelectorTerms"):
            yield Found("nodeSelectorTerms is empty", "add a term with matchExpressions", (*path, _REQUIRED))
        for i, term in items(required.get("nodeSelectorTerms")):
            yield from _expressions((*where, i), term)
    for i, each in items(affinity.get(_PREFERRED)):
        yield from _weight((*path, _PREFERRED, i), each)
        yield from _expressions((*path, _PREFERRED, i, "preference"), mapping(each.get("preference")))


def _pods(path: Path, affinity: Mapping[str, Any]) -> Iterator[Found]:
    for i, term in items(affinity.get(_REQUIRED)):
        yield from _term((*path, _REQUIRED, i), term)
    for i, each in items(affinity.get(_PREFERRED)):
        yield from _weight((*path, _PREFERRED, i), each)
        yield from _term((*path, _PREFERRED, i, "podAffinityTerm"), mapping(each.get("podAffinityTerm")))


def _term(path: Path, term: Mapping[str, Any]) -> Iterator[Found]:
    if term.get("topologyKey") == "":
        yield Found("topologyKey is empty", "write a label of nodes: kubernetes.io/hostname", (*path, "topologyKey"))
    for key in ("labelSelector", "namespaceSelector"):
        yield from _expressions((*path, key), mapping(term.get(key)))


def _weight(path: Path, preferred: Mapping[str, Any]) -> Iterator[Found]:
    weight = integer(preferred.get("weight"))
    if weight is not None and not 1 <= weight <= _MAX_WEIGHT:
        yield Found(f"weight {weight} is out of range", f"Kubernetes takes 1 to {_MAX_WEIGHT}", (*path, "weight"))


def _expressions(path: Path, term: Mapping[str, Any]) -> Iterator[Found]:
    for key in ("matchExpressions", "matchFields"):
        for i, each in items(term.get(key)):
            operator, values = text(each.get("operator")), sequence(each.get("values"))
            where: Path = (*path, key, i)
            if operator in ("In", "NotIn") and not values:
                yield Found(f"{operator} needs values", "add values: […]", where)
            elif operator in ("Exists", "DoesNotExist") and values:
                yield Found(f"{operator} takes no values", "take them out", (*where, "values"))
            elif operator in ("Gt", "Lt") and not (len(values) == 1 and _INTEGER.fullmatch(str(values[0]))):
                yield Found(f"{operator} needs one whole number", 'write values: ["4"]', where)
