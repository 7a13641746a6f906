"""Fields of the pod itself, and amounts of its containers, in variables and files.

Source: kubernetes v1.36.3, pkg/apis/core/validation/validation.go, validateEnvVarValueFrom,
validateContainerResourceFieldSelector, validateDownwardAPIVolumeFile and ValidateEnvFrom;
pkg/apis/core/pods/helpers.go, ConvertDownwardAPIFieldLabel.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from modelyard.check.downward import METADATA, amount_reference, field_reference
from modelyard.check.finding import Cluster, Finding, Found, Path, items, mapping, text
from modelyard.check.pods import all_pod_templates
from modelyard.manifests.manifest import Manifest
from modelyard.manifests.names import (
    config_key,
    dns_1123_subdomain,
    env_name,
    nearest,
    one_of,
)

_ENV: Final = (
    *METADATA,
    *("spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"),
)
_REFERENCES: Final = ("configMapKeyRef", "fieldRef", "fileKeyRef", "resourceFieldRef", "secretKeyRef")


def resource_fields(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find variables from fields that no pod has, or from several places at once."""
    for index, _, template in all_pod_templates(manifests):
        volumes = items(template.spec.get("volumes"))
        empty = {text(each.get("name")) for _, each in volumes if isinstance(each.get("emptyDir"), dict)}
        for path, container in template.containers:
            found: list[Found] = []
            for i, variable in items(container.get("env")):
                found += _variable((*path, "env", i), variable)
                file = mapping(variable.get("valueFrom")).get("fileKeyRef")
                found += _file((*path, "env", i, "valueFrom", "fileKeyRef"), file, empty)
            for i, each in items(container.get("envFrom")):
                prefix = text(each.get("prefix"))
                if prefix and (wrong := env_name(prefix)):
                    found.append(Found(f"the prefix {wrong}", "change it", (*path, "envFrom", i, "prefix")))
                found += _named((*path, "envFrom", i), each, ("configMapRef", "secretRef"))
            yield from (each.on("MY335", index) for each in found)


def _variable(path: Path, variable: Mapping[str, Any]) -> Iterator[Found]:
    source = variable.get("valueFrom")
    if not isinstance(source, dict):
        return
    named = [key for key in _REFERENCES if isinstance(source.get(key), dict)]
    if variable.get("value"):
        yield Found("value and valueFrom exclude each other", "keep one of them", (*path, "valueFrom"))
    elif len(named) != 1:
        said = " and ".join(named) or "nothing"
        yield Found(f"the variable is from {said}", f"give exactly one of {one_of(_REFERENCES)}", (*path, "valueFrom"))
    where: Path = (*path, "valueFrom")
    yield from _named(where, source, ("configMapKeyRef", "secretKeyRef"))
    yield from field_reference((*where, "fieldRef"), source.get("fieldRef"), _ENV)
    yield from amount_reference((*where, "resourceFieldRef"), source.get("resourceFieldRef"))


def _file(path: Path, reference: object, empty: set[str]) -> Iterator[Found]:
    """Yield what is wrong with a variable from a file. empty: names of the pod's volumes of the kind emptyDir."""
    if not isinstance(reference, dict):
        return
    if text(reference.get("volumeName")) not in empty:
        yield Found("the volume of the file is not an emptyDir of the pod", "name one", (*path, "volumeName"))
    if not text(reference.get("path")) or ".." in text(reference.get("path")).split("/"):
        yield Found("the path leads to no file of the volume", "write it relative to the volume", (*path, "path"))
    if wrong := env_name(text(reference.get("key"))):
        yield Found(f"the key {wrong}", "change it", (*path, "key"))


def _named(path: Path, source: Mapping[str, Any], kinds: Sequence[str]) -> Iterator[Found]:
    """Yield references to objects whose name or key is none; one that is missing is said by the schema."""
    for kind in kinds:
        reference = source.get(kind)
        for field, rule in (("name", dns_1123_subdomain), ("key", config_key)):
            value = reference.get(field) if isinstance(reference, dict) else None
            if isinstance(value, str) and (wrong := rule(value)):
                yield Found(f"the {field} {wrong}", "change it", (*path, kind, field))
        if isinstance(reference, dict) and "name" not in reference and not nearest("name", reference):
            yield Found(f"{kind} has no name", "add name:", (*path, kind))
