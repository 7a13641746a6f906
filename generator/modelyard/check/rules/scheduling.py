"""Where pods may run: the taints that they tolerate, the labels that they ask of a node, and their priority.

Source: kubernetes v1.36.3, pkg/apis/core/validation/validation.go, ValidateTolerations and ValidatePodSpec;
pkg/features/kube_features.go, TaintTolerationComparisonOperators.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from modelyard.check.finding import Cluster, Finding, Found, Path, items, mapping, text
from modelyard.check.pods import PodTemplate, all_pod_templates
from modelyard.check.terms import COMPARISONS, toleration
from modelyard.manifests.manifest import Manifest
from modelyard.manifests.names import dns_1123_subdomain, label_key, label_value

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
            if each.get("operator") in COMPARISONS:
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
