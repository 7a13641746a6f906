"""Where pods may run: the taints that they tolerate, the labels that they ask of a node, and their priority.

Source: kubernetes v1.36.3, pkg/apis/core/validation/validation.go, ValidateTolerations and ValidatePodSpec;
pkg/features/kube_features.go, TaintTolerationComparisonOperators.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from modelyard.check.finding import Cluster, Finding, Found, Path, items, mapping, text
from modelyard.check.pods import PodTemplate, all_pod_templates
from modelyard.manifests.manifest import Manifest
from modelyard.manifests.names import dns_1123_subdomain, label_key, label_value

_COMPARISONS: Final = ("Gt", "Lt")
_PLAIN_INTEGER: Final = re.compile(r"-?(0|[1-9][0-9]*)")
_GATE: Final = "TaintTolerationComparisonOperators"


def tolerations(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find tolerations whose fields contradict each other, and node labels and priorities that are no names."""
    for index, _, template in all_pod_templates(manifests):
        for i, each in items(template.spec.get("tolerations")):
            for found in toleration((*template.spec_path, "tolerations", i), each):
                yield found.on("MY333", index)
        for found in _names(template):
            yield found.on("MY333", index)


def comparisons(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find tolerations by comparison, which the API server refuses unless a feature gate is on."""
    for index, _, template in all_pod_templates(manifests):
        for i, each in items(template.spec.get("tolerations")):
            if each.get("operator") in _COMPARISONS:
                hint = "write Equal or Exists; where the gate is on, accept it with ignore: [{code: MY338, reason: …}]"
                message = f"the operator {each['operator']} needs the feature gate {_GATE}, which is off as shipped"
                yield Finding("MY338", message, hint, index, (*template.spec_path, "tolerations", i, "operator"))


def _names(template: PodTemplate) -> Iterator[Found]:
    path: Path = (*template.spec_path, "nodeSelector")
    for key, value in mapping(template.spec.get("nodeSelector")).items():
        if wrong := label_key(str(key)) or label_value(text(value)):
            yield Found(f"the label {key} of nodes {wrong}", "change it", (*path, key))
    for field in ("priorityClassName", "runtimeClassName"):
        name = text(template.spec.get(field))
        if name and (wrong := dns_1123_subdomain(name)):
            yield Found(f"{field} {wrong}", "name a class of the cluster", (*template.spec_path, field))


def toleration(path: Path, toleration: Mapping[str, Any]) -> Iterator[Found]:
    """Find what contradicts each other in a toleration (ValidateTolerations)."""
    key, value, operator = (text(toleration.get(each)) for each in ("key", "value", "operator"))
    if key and (wrong := label_key(key)):
        yield Found(f"the key of the taint {wrong}", "change it", (*path, "key"))
    if not key and operator != "Exists":
        hint = "add key:, or write operator: Exists, which tolerates all taints"
        yield Found("a toleration without a key needs the operator Exists", hint, path)
    if operator == "Exists" and value:
        hint = "take value out, or write operator: Equal"
        yield Found("Exists takes no value", hint, (*path, "value"))
    elif operator in _COMPARISONS and not _PLAIN_INTEGER.fullmatch(value):
        yield Found(f"{operator} compares with a whole number", 'write value: "100"', path)
    elif operator in ("", "Equal") and (wrong := label_value(value)):
        yield Found(f"the value of the taint {wrong}", "change it", (*path, "value"))
    if toleration.get("tolerationSeconds") is not None and toleration.get("effect") != "NoExecute":
        hint = "write effect: NoExecute, or take tolerationSeconds out"
        yield Found("tolerationSeconds needs the effect NoExecute", hint, (*path, "tolerationSeconds"))
