"""Names, labels and annotations of objects.

Source: kubernetes 1.37, pkg/apis/core/validation, apimachinery pkg/api/validation (objectmeta.go) and
pkg/apis/meta/v1/validation; knative has stricter names of its own, and RBAC nearly free ones.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, Final

from modelyard.check.finding import Cluster, Finding, Found, Path, mapping, text
from modelyard.check.pods import KNATIVE, all_pod_templates
from modelyard.manifests.manifest import Manifest
from modelyard.manifests.names import (
    dns_1035_label,
    dns_1123_label,
    dns_1123_subdomain,
    label_key,
    label_value,
    path_segment,
)

# Their names are parts of paths, and may be anything else.
# Whose pods are taken as they stand; other controllers may change them first.
_POD_GROUPS: Final = frozenset(["", "apps", "batch", KNATIVE])
_FREE: Final = frozenset(["policy", "rbac.authorization.k8s.io"])
_RELAXED: Final = 36  # the minor version of Kubernetes that has the gate on
_LABEL_KINDS: Final = frozenset(["Namespace", "StatefulSet"])


def object_names(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find names and namespaces that the API server refuses."""
    for index, manifest in enumerate(manifests):
        metadata = mapping(manifest.body.get("metadata"))
        name, namespace = text(metadata.get("name")), text(metadata.get("namespace"))
        if name and manifest.group != KNATIVE and (wrong := _wrong(manifest, name)):
            hint = "write a name such as credit-risk"
            yield Finding("MY320", f"the name {name} {wrong}", hint, index, ("metadata", "name"))
        elif name and _is_relaxed(manifest, name):
            hint = "start it with a letter"
            message = f"the name {name} starts with a digit, which clusters before 1.{_RELAXED} refuse"
            code = "MY392" if cluster.kinds.minor >= _RELAXED else "MY320"
            yield Finding(code, message, hint, index, ("metadata", "name"))
        if namespace and (wrong := dns_1123_label(namespace)):
            yield Finding("MY320", f"the namespace {namespace} {wrong}", "change it", index, ("metadata", "namespace"))


def account_names(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find pods that name a ServiceAccount by what is no name."""
    for index, _, template in all_pod_templates(manifests):
        name = text(template.spec.get("serviceAccountName"))
        if name and (wrong := dns_1123_subdomain(name)):
            path = (*template.spec_path, "serviceAccountName")
            yield Finding("MY320", f"the name {name} {wrong}", "name a ServiceAccount", index, path)


def _wrong(manifest: Manifest, name: str) -> str | None:
    if manifest.kind == "Service" and not manifest.group:
        return dns_1123_label(name)
    if manifest.group in _FREE:
        return path_segment(name)
    return dns_1123_label(name) if manifest.kind in _LABEL_KINDS else dns_1123_subdomain(name)


def _is_relaxed(manifest: Manifest, name: str) -> bool:
    """Tell whether a Service has a name that the gate RelaxedServiceNameValidation lets pass."""
    return manifest.kind == "Service" and not manifest.group and dns_1035_label(name) is not None


def labels(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find labels and annotations, of objects and pod templates, that the API server refuses."""
    for index, manifest in enumerate(manifests):
        for found in _labels(("metadata",), mapping(manifest.body.get("metadata"))):
            yield found.on("MY321", index)
    for index, manifest, template in all_pod_templates(manifests):
        if template.path:
            for found in _labels((*template.path, "metadata"), template.metadata):
                if not _is_filled_in(manifest, found):
                    yield found.on("MY321", index)


def _is_filled_in(manifest: Manifest, found: Found) -> bool:
    """Tell whether a label of pods is text such as {{args.rev}}, which a controller of another's kind replaces."""
    key = found.path[-1]
    return manifest.group not in _POD_GROUPS and "{{" in f"{key}{_at(manifest.body, found.path)}"


def _at(node: Any, path: Path) -> Any:
    for part in path:
        node = node[part]
    return node


@lru_cache(maxsize=1024)  # the keys and most values are the same on all objects of a set
def _wrong_key(key: str) -> str | None:
    return label_key(key)


@lru_cache(maxsize=1024)
def _wrong_value(value: str) -> str | None:
    return label_value(value)


def _labels(path: Path, metadata: dict[str, Any]) -> Iterator[Found]:
    for key, value in mapping(metadata.get("labels")).items():
        where = (*path, "labels", key)
        if wrong := _wrong_key(str(key)):
            yield Found(f"the label's key {key} {wrong}", "change it", where)
        elif not isinstance(value, str):
            yield Found(f"the label {key} is not a string", "put its value between quotes", where)
        elif wrong := _wrong_value(value):
            yield Found(f"the value of the label {key} {wrong}", "an annotation can hold any text", where)
    for key in mapping(metadata.get("annotations")):
        if wrong := _wrong_key(str(key).lower()):
            yield Found(f"the annotation's key {key} {wrong}", "change it", (*path, "annotations", key))
