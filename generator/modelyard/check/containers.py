"""Containers of pods of whatever kind: what each needs, and what may stand there once only.

Source: kubernetes 1.37, pkg/apis/core/validation/validation.go, ValidateContainers, ValidateVolumes, ValidateEnv,
ValidateVolumeMounts and ValidateResourceRequirements; pkg/apis/core/helper/helpers.go, IsExtendedResourceName.
"""

import posixpath
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any, Final

from modelyard.check.finding import Cluster, Finding, Found, Path, items, mapping, text
from modelyard.check.pod_templates import KNATIVE, PodTemplate, all_pod_templates, containers
from modelyard.check.quantities import amount
from modelyard.manifest import POD_SPECS, Manifest
from modelyard.names import RESOURCES, dns_1123_label, quantity, resource_name

# Lists of a pod, and what tells their entries apart (core/v1, PodSpec, +listMapKey); of others other rules say so.
_KEYED: Final = {"hostAliases": "ip", "imagePullSecrets": "name", "resourceClaims": "name", "schedulingGates": "name"}
_HUGE: Final = "hugepages-"
_OWN_RESOURCES: Final = "kubernetes.io/"
_NO_LIMIT: Final = object()
_LOST: Final = "; a strategic merge patch replaces lists of a kind that kustomize does not know, so write a JSON patch"


def mount_paths(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find two mounts at one path."""
    for index, _, template in all_pod_templates(manifests):
        for path, container in containers(template.spec_path, template.spec):
            first: dict[str, Path] = {}
            for i, mount in items(container.get("volumeMounts")):
                where = (*path, "volumeMounts", i, "mountPath")
                key = posixpath.normpath(str(mount.get("mountPath")))
                if key in first:
                    hint = "give each volume a path of its own"
                    yield Finding(
                        "MY302", f"{key} is mounted a second time", hint, index, where, first[key], "the first"
                    )
                first.setdefault(key, where)


def mounts(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find mounts without their volume."""
    for index, manifest, template in all_pod_templates(manifests):
        declared = {text(volume.get("name")) for _, volume in items(template.spec.get("volumes"))}
        if manifest.kind == "StatefulSet":
            claims = items(mapping(manifest.body.get("spec")).get("volumeClaimTemplates"))
            declared |= {text(mapping(claim.get("metadata")).get("name")) for _, claim in claims}
        for path, container in containers(template.spec_path, template.spec):
            for i, mount in items(container.get("volumeMounts")):
                if (name := text(mount.get("name"))) not in declared or not name:
                    hint = "add it under volumes:, or take the mount out"
                    where = (*path, "volumeMounts", i, "name" if name else "mountPath")
                    yield Finding("MY325", f"there is no volume {name}", hint, index, where)


def variables(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find variables that stand twice in one container."""
    for index, _, template in all_pod_templates(manifests):
        for path, container in containers(template.spec_path, template.spec):
            first: dict[str, Path] = {}
            for i, variable in items(container.get("env")):
                where = (*path, "env", i, "name")
                name = text(variable.get("name"))
                if name in first:
                    message, hint = f"the variable {name} stands there twice", "keep one of them"
                    yield Finding("MY326", message, hint, index, where, first[name], "the first")
                first.setdefault(name, where)


def twice(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find entries of a pod that server-side apply tells apart by a field, and that have it in common."""
    for index, _, template in all_pod_templates(manifests):
        for field, key in _KEYED.items():
            first: dict[str, Path] = {}
            for i, each in items(template.spec.get(field)):
                where, name = (*template.spec_path, field, i, key), text(each.get(key))
                if name in first:
                    message = f"{name} stands there twice under {field}"
                    yield Finding("MY326", message, "keep one of them", index, where, first[name], "the first")
                first.setdefault(name, where)


def necessities(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find containers without an image or a name, and names of containers and volumes that stand twice."""
    for index, manifest, template in all_pod_templates(manifests):
        for found in _necessities(manifest, template):
            yield found.on("MY328", index)


def _necessities(manifest: Manifest, template: PodTemplate) -> Iterator[Found]:
    hint = "add image:" + ("" if manifest.kind in POD_SPECS and manifest.kind != "CASDeployment" else _LOST)
    named: dict[str, Path] = {}
    for path, container in containers(template.spec_path, template.spec):
        if not container.get("image"):
            yield Found("the container has no image", hint, path)
        yield from _name(path, container, "container", named, needed=manifest.group != KNATIVE)
        for i, source in items(container.get("envFrom")):
            if sum(isinstance(source.get(key), dict) for key in ("configMapRef", "secretRef")) != 1:
                words = "an item of envFrom names one ConfigMap or one Secret"
                yield Found(words, "write either configMapRef or secretRef", (*path, "envFrom", i))
    volumes: dict[str, Path] = {}
    for i, volume in items(template.spec.get("volumes")):
        yield from _name((*template.spec_path, "volumes", i), volume, "volume", volumes, needed=True)


def _name(path: Path, each: dict[str, Any], what: str, seen: dict[str, Path], *, needed: bool) -> Iterator[Found]:
    name, where = text(each.get("name")), (*path, "name")
    if not name:
        if needed:
            yield Found(f"the {what} has no name", "add name:", path)
    elif name in seen:
        yield Found(f"a second {what} is called {name}", "give it another name", where, seen[name], "the first")
    elif wrong := dns_1123_label(name):
        yield Found(f"the {what}'s name {name} {wrong}", "change it", where)
    seen.setdefault(name, where)


def resources(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find amounts that are no quantities, and requests over their limits."""
    for index, _, template in all_pod_templates(manifests):
        for path, container in containers(template.spec_path, template.spec):
            for found in _resources((*path, "resources"), mapping(container.get("resources"))):
                yield found.on("MY323", index)


def _resources(path: Path, stated: dict[str, Any]) -> Iterator[Found]:
    limits = mapping(stated.get("limits"))
    for key in ("requests", "limits"):
        for name, value in mapping(stated.get(key)).items():
            where = (*path, key, name)
            if isinstance(value, str) and (wrong := quantity(value)):
                # Under a name that somebody misspelt anything may stand.
                shown = f"{name} {value!r}" if name in RESOURCES else name
                yield Found(f"{shown} {wrong}", "write it without blanks, with a unit such as m or Mi", where)
                continue
            number, limit = amount(value), amount(limits.get(name))
            if number is not None and number < 0:
                yield Found(f"{name} is less than 0", "change it", where)
            elif key == "requests" and number is not None and limit is not None and number > limit:
                message = f"{value} of {name} are requested, and {limits[name]} is the limit"
                yield Found(message, "raise the limit, or request less", where, (*path, "limits", name), "the limit")
            yield from _extended(where, str(name), number, None if key == "limits" else limits.get(name, _NO_LIMIT))
    stated_ = {name for key in ("requests", "limits") for name in mapping(stated.get(key))}
    if any(str(name).startswith(_HUGE) for name in stated_) and not stated_ & {"cpu", "memory"}:
        yield Found("huge pages need cpu or memory beside them", "add memory: to limits", path)


def _extended(path: Path, name: str, number: Fraction | None, limit: object) -> Iterator[Found]:
    """Yield what is wrong with a resource that is not Kubernetes' own. limit: that of a request, None for limits."""
    if wrong := resource_name(name):
        yield Found(f"the resource {name} {wrong}", "name one such as nvidia.com/gpu", path)
        return
    extended = "/" in name and _OWN_RESOURCES not in name
    if extended and number is not None and number.denominator != 1:
        yield Found(f"{name} is counted in whole numbers", "write one", path)
    if limit is None or not (extended or name.startswith(_HUGE)):
        return
    hint = f"write the same amount under limits, and nothing under requests: {name} cannot be shared"
    if limit is _NO_LIMIT:
        yield Found(f"{name} is requested without a limit", hint, path)
    elif number is not None and (most := amount(limit)) is not None and number < most:
        yield Found(f"{name} is requested otherwise than its limit says", hint, path)
