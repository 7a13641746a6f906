"""Containers of pods of whatever kind: what each needs, and what may stand there once only.

Source: kubernetes 1.37, pkg/apis/core/validation/validation.go, ValidateContainers, ValidateVolumes, ValidateEnv
and ValidateVolumeMounts.
"""

import posixpath
from collections.abc import Iterator, Sequence
from typing import Any, Final

from modelyard.check.finding import Cluster, Finding, Found, Path, items, mapping, text
from modelyard.check.pods import KNATIVE, PodTemplate, all_pod_templates, is_complete
from modelyard.manifests.manifest import POD_SPECS, Manifest
from modelyard.manifests.names import dns_1123_label

# Lists of a pod, and what tells their entries apart (core/v1, PodSpec, +listMapKey); of others other rules say so.
_KEYED: Final = {"hostAliases": "ip", "imagePullSecrets": "name", "resourceClaims": "name", "schedulingGates": "name"}
_LOST: Final = "; a strategic merge patch replaces lists of a kind that kustomize does not know, so write a JSON patch"


def mount_paths(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find two mounts at one path."""
    for index, _, template in all_pod_templates(manifests):
        for path, container in template.containers:
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
        if not is_complete(manifest):
            continue
        declared = {text(volume.get("name")) for _, volume in items(template.spec.get("volumes"))}
        if manifest.kind == "StatefulSet":
            claims = items(mapping(manifest.body.get("spec")).get("volumeClaimTemplates"))
            declared |= {text(mapping(claim.get("metadata")).get("name")) for _, claim in claims}
        for path, container in template.containers:
            for i, mount in items(container.get("volumeMounts")):
                if (name := text(mount.get("name"))) not in declared or not name:
                    hint = "add it under volumes:, or take the mount out"
                    where = (*path, "volumeMounts", i, "name" if name else "mountPath")
                    yield Finding("MY325", f"there is no volume {name}", hint, index, where)


def variables(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find variables that stand twice in one container."""
    for index, _, template in all_pod_templates(manifests):
        for path, container in template.containers:
            first: dict[str, Path] = {}
            for i, variable in items(container.get("env")):
                where = (*path, "env", i, "name")
                name = text(variable.get("name"))
                if name in first:
                    message, hint = f"the variable {name} appears twice", "keep one of them"
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
                    message = f"{name} appears twice under {field}"
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
    complete = is_complete(manifest)
    for path, container in template.containers:
        if not container.get("image") and complete:
            yield Found("the container has no image", hint, path)
        needed = complete and manifest.group != KNATIVE
        yield from _name(path, container, "container", named, needed=needed)
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
