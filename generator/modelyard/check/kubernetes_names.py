"""Names, labels and annotations of objects.

Source: kubernetes 1.37, pkg/apis/core/validation, apimachinery pkg/api/validation (objectmeta.go) and
pkg/apis/meta/v1/validation; knative has stricter names of its own, and RBAC nearly free ones.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from modelyard.check.finding import Cluster, Finding, Found, Path, mapping, text
from modelyard.check.pod_templates import KNATIVE, pod_templates
from modelyard.manifest import Manifest
from modelyard.names import dns_1035_label, dns_1123_label, dns_1123_subdomain, label_key, label_value

_FREE: Final = frozenset(["rbac.authorization.k8s.io"])
_LABEL_KINDS: Final = frozenset(["Namespace", "StatefulSet"])


def object_names(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find names and namespaces that the API server refuses."""
    for index, manifest in enumerate(manifests):
        metadata = mapping(manifest.body.get("metadata"))
        name, namespace = text(metadata.get("name")), text(metadata.get("namespace"))
        if name and manifest.group not in _FREE and manifest.group != KNATIVE and (wrong := _wrong(manifest, name)):
            hint = "objects have names such as credit-risk"
            yield Finding("MY320", f"the name {name} {wrong}", hint, index, ("metadata", "name"))
        if namespace and (wrong := dns_1123_label(namespace)):
            yield Finding("MY320", f"the namespace {namespace} {wrong}", "change it", index, ("metadata", "namespace"))


def _wrong(manifest: Manifest, name: str) -> str | None:
    if manifest.kind == "Service" and not manifest.group:
        return dns_1035_label(name)
    return dns_1123_label(name) if manifest.kind in _LABEL_KINDS else dns_1123_subdomain(name)


def labels(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find labels and annotations, of objects and pod templates, that the API server refuses."""
    for index, manifest in enumerate(manifests):
        places: list[tuple[Path, dict[str, Any]]] = [(("metadata",), mapping(manifest.body.get("metadata")))]
        places += [((*each.path, "metadata"), each.metadata) for each in pod_templates(manifest) if each.path]
        for path, metadata in places:
            for found in _labels(path, metadata):
                yield found.on("MY321", index)


def _labels(path: Path, metadata: dict[str, Any]) -> Iterator[Found]:
    for key, value in mapping(metadata.get("labels")).items():
        where = (*path, "labels", key)
        if wrong := label_key(str(key)):
            yield Found(f"the label's key {key} {wrong}", "change it", where)
        elif not isinstance(value, str):
            yield Found(f"the label {key} is not a text", "put its value between quotes", where)
        elif wrong := label_value(value):
            yield Found(f"the value of the label {key} {wrong}", "an annotation can hold any text", where)
    for key in mapping(metadata.get("annotations")):
        if wrong := label_key(str(key).lower()):
            yield Found(f"the annotation's key {key} {wrong}", "change it", (*path, "annotations", key))
