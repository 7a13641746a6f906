"""Fields of the pod itself, and amounts of its containers, in variables and files.

Source: kubernetes v1.36.3, pkg/apis/core/validation/validation.go, validateEnvVarValueFrom,
validateContainerResourceFieldSelector, validateDownwardAPIVolumeFile and ValidateEnvFrom;
pkg/apis/core/pods/helpers.go, ConvertDownwardAPIFieldLabel.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, Final

from modelyard.check.finding import Cluster, Finding, Found, Path, items, mapping, text
from modelyard.check.pods import all_pod_templates, containers
from modelyard.check.quantities import amount
from modelyard.manifests.manifest import Manifest
from modelyard.manifests.names import (
    RESOURCES,
    config_key,
    dns_1123_subdomain,
    env_name,
    label_key,
    nearest,
    one_of,
    quantity,
)

_METADATA: Final = ("metadata.name", "metadata.namespace", "metadata.uid")
_ENV: Final = (
    *_METADATA,
    *("spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"),
)
_FILES: Final = (*_METADATA, "metadata.annotations", "metadata.labels")
_ENTRY: Final = re.compile(r"(metadata\.(?:annotations|labels))\['(.*)'\]", re.DOTALL)
_AMOUNTS: Final = tuple(f"{which}.{each}" for which in ("limits", "requests") for each in sorted(RESOURCES))
_HUGE: Final = ("limits.hugepages-", "requests.hugepages-")
_REFERENCES: Final = ("configMapKeyRef", "fieldRef", "fileKeyRef", "resourceFieldRef", "secretKeyRef")
_BINARY: Final = frozenset(Fraction(1024) ** power for power in range(7))
_DECIMAL: Final = frozenset(Fraction(1000) ** power for power in range(7))
_CPU: Final = frozenset([Fraction(1), Fraction(1, 1000)])


def resource_fields(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find variables from fields that no pod has, or from several places at once."""
    for index, _, template in all_pod_templates(manifests):
        volumes = items(template.spec.get("volumes"))
        empty = {text(each.get("name")) for _, each in volumes if isinstance(each.get("emptyDir"), dict)}
        for path, container in containers(template.spec_path, template.spec):
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
    yield from _field((*where, "fieldRef"), source.get("fieldRef"), _ENV)
    yield from _amount((*where, "resourceFieldRef"), source.get("resourceFieldRef"))


def _file(path: Path, reference: object, empty: set[str]) -> Iterator[Found]:
    """Yield what is wrong with a variable from a file. empty: names of the pod's volumes of the kind emptyDir."""
    if not isinstance(reference, dict):
        return
    if text(reference.get("volumeName")) not in empty:
        yield Found("the volume of the file is no emptyDir of the pod", "name one", (*path, "volumeName"))
    if not text(reference.get("path")) or ".." in text(reference.get("path")).split("/"):
        yield Found("the path leads to no file of the volume", "write it from the volume's root", (*path, "path"))
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


def downward(path: Path, source: Mapping[str, Any]) -> Iterator[Found]:
    """Yield what is wrong with the files of a downwardAPI source, volume or projection."""
    for i, item in items(source.get("items")):
        where: Path = (*path, "items", i)
        if len([key for key in ("fieldRef", "resourceFieldRef") if isinstance(item.get(key), dict)]) != 1:
            yield Found("the file is of one field", "give exactly one of fieldRef or resourceFieldRef", where)
        if item.get("path") == "":
            yield Found("the file has no path", "add path:", (*where, "path"))
        yield from _field((*where, "fieldRef"), item.get("fieldRef"), _FILES)
        yield from _amount((*where, "resourceFieldRef"), item.get("resourceFieldRef"))
        amounts = item.get("resourceFieldRef")
        if isinstance(amounts, dict) and not text(amounts.get("containerName")):
            hint = "add containerName:; the model's own is called model"
            yield Found("the amount is of no container", hint, (*where, "resourceFieldRef"))


def _field(path: Path, reference: object, known: Sequence[str]) -> Iterator[Found]:
    if not isinstance(reference, dict):
        return
    if reference.get("apiVersion", "v1") not in ("v1", ""):
        yield Found("fields are those of apiVersion v1", "take it out", (*path, "apiVersion"))
    field, where = text(reference.get("fieldPath")), (*path, "fieldPath")
    if entry := _ENTRY.fullmatch(field):
        key = entry[2].lower() if entry[1].endswith("annotations") else entry[2]
        if wrong := label_key(key):
            yield Found(f"the key in fieldPath {wrong}", "change it", where)
    elif field not in known and isinstance(reference.get("fieldPath"), str):
        meant = nearest(field, known)
        hint = f"did you mean {meant}?" if meant else f"there are {', '.join(known)}, metadata.labels['KEY']"
        yield Found(f"pods have no field {field} that can be read here", hint, where)


def _amount(path: Path, reference: object) -> Iterator[Found]:
    if not isinstance(reference, dict):
        return
    resource = text(reference.get("resource"))
    if resource not in _AMOUNTS and not resource.startswith(_HUGE):
        meant = nearest(resource, _AMOUNTS)
        hint = f"did you mean {meant}?" if meant else f"write {one_of(_AMOUNTS)}"
        yield Found(f"containers have no amount {resource}", hint, (*path, "resource"))
    elif reference.get("divisor") not in (None, "") and not _divides(resource, str(reference["divisor"])):
        hint = "write 1 or 1m" if resource.endswith(".cpu") else "write 1, 1k, 1M … or 1Ki, 1Mi …"
        yield Found("the divisor is no unit of the amount", hint, (*path, "divisor"))


def _divides(resource: str, divisor: str) -> bool:
    number = None if quantity(divisor) else amount(divisor)
    if number is None or number == 0:
        return number is not None  # 0 is taken for none
    if resource.endswith(".cpu"):
        return number in _CPU
    if "e" in divisor.lower().removesuffix("ei").removesuffix("e"):
        return number == 1
    return number in (_BINARY if divisor.endswith("i") else _DECIMAL)
