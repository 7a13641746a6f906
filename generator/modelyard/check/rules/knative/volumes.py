"""Volumes and mounts that Knative Serving refuses.

Source: knative/serving v0.50.0, pkg/apis/serving/k8s_validation.go, ValidateVolumes and validateVolumeMounts. Mounts of
ConfigMaps, Secrets and the like are made read-only (revision_defaults.go), so what they say does not matter.
"""

import posixpath
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from modelyard.check.finding import Cluster, Finding, Found, Path, items, mapping, text
from modelyard.check.pods import KNATIVE, all_pod_templates, containers
from modelyard.manifests.manifest import Manifest
from modelyard.manifests.names import dns_1123_label

_PROJECTED: Final = ("secret", "configMap", "serviceAccountToken", "downwardAPI")
_RESERVED_PATHS: Final = frozenset(["/", "/dev", "/dev/log"])
_PROPAGATION: Final = ("None", "HostToContainer")
_CLAIM: Final = "persistentVolumeClaim"


def knative_volumes(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find volumes without one source or a mount, and mounts at reserved paths."""
    for index, manifest, template in all_pod_templates(manifests):
        if manifest.group == KNATIVE:
            for found in _pod(template.spec_path, template.spec):
                yield found.on("MY313", index)


def _pod(path: Path, pod: dict[str, Any]) -> Iterator[Found]:
    mounts = [
        ((*where, "volumeMounts", i), mount)
        for where, container in containers(path, pod)
        for i, mount in items(container.get("volumeMounts"))
    ]
    mounted = {text(mount.get("name")) for _, mount in mounts}
    read_only = set()
    for i, volume in items(pod.get("volumes")):
        yield from _volume((*path, "volumes", i), volume, mounted)
        if mapping(volume.get(_CLAIM)).get("readOnly") is True:
            read_only.add(text(volume.get("name")))
    for where, mount in mounts:
        yield from _mount(where, mount)
        if text(mount.get("name")) in read_only and mount.get("readOnly") is not True:
            yield Found("the claim is read-only, and its mount is not", "set readOnly: true", where)


def _volume(path: Path, volume: dict[str, Any], mounted: set[str]) -> Iterator[Found]:
    name = text(volume.get("name"))
    if not name:
        yield Found("the volume has no name", "add name:", path)
    elif wrong := dns_1123_label(name):
        yield Found(f"the volume's name {name} {wrong}", "change it", (*path, "name"))
    elif name not in mounted:
        yield Found(f"the volume {name} is not mounted", "take it out, or mount it", path)
    sources = [key for key, source in volume.items() if isinstance(source, dict)]  # also those that are never allowed
    if len(sources) != 1:
        word = " and ".join(sources) or "no source"
        yield Found(f"the volume {name} has {word}", "give each volume one source", path)
    for key in ("secret", "configMap"):
        yield from _items((*path, key), volume.get(key))
    if isinstance(volume.get("projected"), dict) and volume["projected"].get("sources") is None:
        yield Found("the projected volume has no sources", "add sources: […]", (*path, "projected"))
    for i, each in items(mapping(volume.get("projected")).get("sources")):
        yield from _projected((*path, "projected", "sources", i), each)
    medium = text(mapping(volume.get("emptyDir")).get("medium"))
    if medium not in ("", "Memory"):
        yield Found(f"emptyDir has no medium {medium}", "write Memory, or leave it out", (*path, "emptyDir", "medium"))
    if isinstance(volume.get("image"), dict) and not text(volume["image"].get("reference")):
        yield Found("the image volume names no image", "add reference:", (*path, "image"))


def _projected(path: Path, source: dict[str, Any]) -> Iterator[Found]:
    kinds = [key for key in _PROJECTED if key in source]  # what is no mapping is said by the schema
    if len(kinds) != 1:
        word = " and ".join(kinds) or "nothing"
        yield Found(f"the projection has {word}", f"write one of {', '.join(_PROJECTED)}", path)
    for key in ("secret", "configMap"):
        projection = source.get(key)
        if isinstance(projection, dict) and projection.get("name", "") == "":
            yield Found(f"the projected {key} has no name", "add name:", (*path, key))
        yield from _items((*path, key), projection)
    token = source.get("serviceAccountToken")
    if isinstance(token, dict) and not text(token.get("path")):
        yield Found("the projected token has no path", "add path:", (*path, "serviceAccountToken"))
    for i, each in items(mapping(source.get("downwardAPI")).get("items")):
        refs = [key for key in ("fieldRef", "resourceFieldRef") if isinstance(each.get(key), dict)]
        if len(refs) != 1 or not text(each.get("path")):
            hint = "each item has a path, and fieldRef or resourceFieldRef"
            yield Found("the item of downwardAPI is incomplete", hint, (*path, "downwardAPI", "items", i))


def _items(path: Path, source: object) -> Iterator[Found]:
    for i, each in items(mapping(source).get("items")):
        for key in ("key", "path"):
            if not text(each.get(key)):
                yield Found(f"the item has no {key}", "each item has a key and a path", (*path, "items", i))


def _mount(path: Path, mount: dict[str, Any]) -> Iterator[Found]:
    where = text(mount.get("mountPath"))
    if not where:
        yield Found("the mount has no path", "add mountPath:", path)
    elif posixpath.normpath(re.sub("^/+", "/", where)) in _RESERVED_PATHS:  # POSIX keeps // apart, Go does not
        yield Found(f"Knative allows no mount at {where}", "mount it elsewhere", (*path, "mountPath"))
    elif not where.startswith("/"):
        yield Found(f"the path {where} does not start with /", "start it with /", (*path, "mountPath"))
    propagation = mount.get("mountPropagation")
    if isinstance(propagation, str) and propagation not in _PROPAGATION:
        message = f"Knative does not allow the propagation {propagation}"
        yield Found(message, "write None or HostToContainer", (*path, "mountPropagation"))
