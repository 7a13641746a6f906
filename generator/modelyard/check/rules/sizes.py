"""Objects that are too large.

Source: kubernetes 1.37, pkg/apis/core/validation/validation.go, MaxSecretSize: 1 MiB, for ConfigMaps too;
apimachinery pkg/api/validation, TotalAnnotationSizeLimitB: 256 KiB, into which `kubectl apply` writes the whole object.
"""

import json
import marshal
from collections.abc import Iterator, Sequence
from typing import Any, Final

from modelyard.check.finding import Cluster, Finding, mapping
from modelyard.manifests.manifest import Manifest

_DATA: Final = 1024 * 1024  # bytes
_ANNOTATIONS: Final = 256 * 1024  # bytes


def data(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find ConfigMaps and Secrets with more than 1 MiB of data."""
    for index, manifest in enumerate(manifests):
        if manifest.kind not in ("ConfigMap", "Secret") or manifest.group:
            continue
        encoded = "data" if manifest.kind == "Secret" else "binaryData"
        size = sum(
            len(value) * 3 // 4 if part == encoded else len(value.encode("utf-8", "surrogatepass"))
            for part in ("data", "binaryData", "stringData")
            for value in mapping(manifest.body.get(part)).values()
            if isinstance(value, str)
        )
        if size > _DATA:
            hint = "put large files into an image or a volume"
            where = next(part for part in ("data", "binaryData", "stringData") if mapping(manifest.body.get(part)))
            yield Finding("MY375", f"{size} bytes of data are more than {_DATA}", hint, index, (where,))


def client_side_apply(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find objects that `kubectl apply` cannot write into their own annotation."""
    for index, manifest in enumerate(manifests):
        if manifest.template and manifest.kind != "ConfigMap":
            continue  # of what templates give, a ConfigMap alone holds as much text as its owner likes
        if _is_small(manifest.body):
            continue
        size = len(json.dumps(manifest.body, separators=(",", ":"), ensure_ascii=False, default=str))
        if size > _ANNOTATIONS:
            hint = "apply it with kubectl apply --server-side"
            message = f"the object has {size} bytes, and kubectl apply can keep {_ANNOTATIONS} in its annotation"
            yield Finding("MY376", message, hint, index, ("metadata",))


def _is_small(body: dict[str, Any]) -> bool:
    """Tell whether JSON of an object is shorter than what there is room for, in less time than it is made in."""
    try:
        # Version 2 writes a text each time that it is there. JSON writes at most \u001f for a byte, and false for one.
        return len(marshal.dumps(body, 2)) < _ANNOTATIONS // 6
    except ValueError:  # what is no plain data, such as a date or a text with its place
        return len(repr(body)) < _ANNOTATIONS // 2
