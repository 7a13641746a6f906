"""Selectors of workloads: they must match the labels of their own pods.

Source: kubernetes 1.37, pkg/apis/apps/validation/validation.go, `selector` does not match template `labels`.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from modelyard.check.finding import Cluster, Finding, Path, at, items, mapping, sequence
from modelyard.manifests.manifest import Manifest

_KINDS: Final = frozenset(["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"])


def selectors(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find workloads that do not select the pods of their own template."""
    for index, manifest in enumerate(manifests):
        if manifest.group != "apps" or manifest.kind not in _KINDS:
            continue
        selector = at(manifest.body, "spec", "selector")
        labels = at(manifest.body, "spec", "template", "metadata", "labels")
        path: Path = ("spec", "selector")
        if not mapping(selector.get("matchLabels")) and not selector.get("matchExpressions"):
            hint = "matchLabels names labels of the template"
            yield Finding("MY324", "the selector is empty", hint, index, path if selector else ("spec",))
        for key, value in mapping(selector.get("matchLabels")).items():
            if labels.get(key) != value:
                message = f"the selector wants {key}: {value}, and the template's labels do not have it"
                hint = "a selector cannot be changed later: change the template's labels"
                yield Finding("MY324", message, hint, index, (*path, "matchLabels", key))
        for i, wanted in items(selector.get("matchExpressions")):
            if not _holds(wanted, labels):
                message = f"the template's labels do not satisfy the selector's {wanted.get('key')}"
                yield Finding("MY324", message, "change one of them", index, (*path, "matchExpressions", i))


def _holds(wanted: dict[str, Any], labels: dict[str, Any]) -> bool:
    key, values = str(wanted.get("key")), sequence(wanted.get("values"))
    match wanted.get("operator"):
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
        case _:
            return True  # another rule says so
