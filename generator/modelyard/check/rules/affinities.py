"""Affinity of pods: what its terms need, which schemas leave open.

Source: kubernetes 1.37, pkg/apis/core/validation/validation.go, validateNodeAffinity, validatePodAffinityTerm and
ValidateNodeSelectorRequirement, ValidateNodeFieldSelectorRequirement and
ValidateMatchLabelKeysAndMismatchLabelKeys; apimachinery pkg/apis/meta/v1/validation, ValidateLabelSelectorRequirement.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from modelyard.check.finding import Cluster, Finding, Found, Path, integer, items, mapping, sequence, text
from modelyard.check.pods import all_pod_templates
from modelyard.check.terms import expressions
from modelyard.manifests.manifest import Manifest
from modelyard.manifests.names import dns_1123_label, label_key, label_value

_MAX_WEIGHT: Final = 100
_REQUIRED: Final = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED: Final = "preferredDuringSchedulingIgnoredDuringExecution"


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
            yield from expressions((*where, i), term)
    for i, each in items(affinity.get(_PREFERRED)):
        yield from _weight((*path, _PREFERRED, i), each)
        yield from expressions((*path, _PREFERRED, i, "preference"), mapping(each.get("preference")))


def _pods(path: Path, affinity: Mapping[str, Any]) -> Iterator[Found]:
    for i, term in items(affinity.get(_REQUIRED)):
        yield from _term((*path, _REQUIRED, i), term)
    for i, each in items(affinity.get(_PREFERRED)):
        yield from _weight((*path, _PREFERRED, i), each)
        yield from _term((*path, _PREFERRED, i, "podAffinityTerm"), mapping(each.get("podAffinityTerm")))


def _term(path: Path, term: Mapping[str, Any]) -> Iterator[Found]:
    if term.get("topologyKey") == "":
        yield Found("topologyKey is empty", "write a label of nodes: kubernetes.io/hostname", (*path, "topologyKey"))
    elif (topology := text(term.get("topologyKey"))) and (wrong := label_key(topology)):
        yield Found(f"topologyKey {wrong}", "write a label of nodes: kubernetes.io/hostname", (*path, "topologyKey"))
    for key in ("labelSelector", "namespaceSelector"):
        yield from _selector((*path, key), mapping(term.get(key)))
    for i, name in enumerate(sequence(term.get("namespaces"))):
        if wrong := dns_1123_label(text(name)):
            yield Found(f"the namespace {wrong}", "change it", (*path, "namespaces", i))
    yield from _label_keys(path, term)


def _label_keys(path: Path, term: Mapping[str, Any]) -> Iterator[Found]:
    """MatchLabelKeys and mismatchLabelKeys narrow a selector, each by keys of its own."""
    matched, selector = sequence(term.get("matchLabelKeys")), mapping(term.get("labelSelector"))
    selected = [
        *mapping(selector.get("matchLabels")),
        *(each.get("key") for _, each in items(selector.get("matchExpressions"))),
    ]
    for field in ("matchLabelKeys", "mismatchLabelKeys"):
        keys = sequence(term.get(field))
        if keys and not isinstance(term.get("labelSelector"), dict):
            yield Found(f"{field} needs a labelSelector", "add labelSelector:", (*path, field))
        for i, key in enumerate(keys):
            if wrong := label_key(text(key)):
                yield Found(f"the key {wrong}", "change it", (*path, field, i))
            elif key in (selected if field == "matchLabelKeys" else matched):
                other = "labelSelector" if field == "matchLabelKeys" else "matchLabelKeys"
                yield Found(f"this key is under {other} too", "keep one of them", (*path, field, i))


def _selector(path: Path, selector: Mapping[str, Any]) -> Iterator[Found]:
    for key, value in mapping(selector.get("matchLabels")).items():
        if wrong := label_key(str(key)) or label_value(text(value)):
            yield Found(f"the label {key} {wrong}", "change it", (*path, "matchLabels", key))
    for i, each in items(selector.get("matchExpressions")):
        if each.get("operator") in ("Gt", "Lt"):
            hint = "labels of pods are not compared as numbers: write In"
            yield Found(
                f"a selector has no operator {each['operator']}", hint, (*path, "matchExpressions", i, "operator")
            )
    yield from expressions(path, selector)


def _weight(path: Path, preferred: Mapping[str, Any]) -> Iterator[Found]:
    weight = integer(preferred.get("weight"))
    if weight is not None and not 1 <= weight <= _MAX_WEIGHT:
        yield Found(f"weight {weight} is out of range", f"Kubernetes takes 1 to {_MAX_WEIGHT}", (*path, "weight"))
