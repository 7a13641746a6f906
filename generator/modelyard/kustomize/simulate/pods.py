"""What is wrong with the pods at the end: things that stand twice, and mounts without their volume.

Source of the rules: kubernetes 1.36, pkg/apis/core/validation/validation.go, ValidateVolumes, ValidateVolumeMounts.
"""

import posixpath
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from modelyard.files import regular
from modelyard.kustomize.simulate.objects import Object
from modelyard.kustomize.simulate.read import VENDOR, first_mark, mappings
from modelyard.kustomize.simulate.state import Run, also
from modelyard.models.viya_names import ASTORES_VOLUME

Pod = dict[str, Any]


_SAYS: Final = {
    "MY615": "has two sources{}; the API server refuses a repeated name",
    "MY616": "appears twice{}; the API server refuses it",
    "MY617": "appears twice{}",
}


class Twice(NamedTuple):
    """Something that stands twice in one pod of an object. what: how messages call it."""

    what: str
    code: str
    each: Object
    first: Any
    second: Any


def check_pods(run: Run) -> None:
    """Report what stands twice in a pod, and mounts without their volume."""
    found: list[Twice] = []
    unmounted: dict[tuple[int, str], list[tuple[Object, Any]]] = {}
    for each in run.objects:
        if each.kind != "CustomResourceDefinition":
            for pod in pods(each.body):
                found += _twice(each, pod)
                if not each.broken:
                    for mount in _without_volume(each, pod):
                        key = (first_mark(mount) or 0, str(mount["name"]))
                        unmounted.setdefault(key, []).append((each, mount))
    _report_twice(run, found)
    for (_, name), pairs in unmounted.items():
        _report_mount(run, name, pairs)


def pods(node: Any) -> Iterator[Pod]:
    """Yield every mapping with a list of containers, at any depth."""
    if isinstance(node, dict):
        if isinstance(node.get("containers"), list):
            yield node
        for value in node.values():
            yield from pods(value)
    elif isinstance(node, list):
        for value in node:
            yield from pods(value)


def containers(pod: Pod) -> Iterator[dict[str, Any]]:
    """Yield the containers of a pod, those of its start first."""
    for key in ("initContainers", "containers"):
        yield from mappings(pod.get(key))


def _twice(each: Object, pod: Pod) -> Iterator[Twice]:
    volumes: dict[str, dict[str, Any]] = {}
    for volume in mappings(pod.get("volumes")):
        name = str(volume.get("name"))
        first = volumes.setdefault(name, volume)
        if first is not volume and _is_patched(first, volume):
            code = "MY616" if _source(first) == _source(volume) else "MY615"
            yield Twice(f"the volume {name}", code, each, _named(first), _named(volume))
    names: dict[str, dict[str, Any]] = {}
    for container in containers(pod):
        name = str(container.get("name"))
        first = names.setdefault(name, container)
        if first is not container and _is_patched(first, container):
            yield Twice(f"the container {name}", "MY616", each, _named(first), _named(container))
        yield from _twice_in_container(each, container)


def _twice_in_container(each: Object, container: dict[str, Any]) -> Iterator[Twice]:
    where = f"container {container.get('name')}"
    mounts: dict[str, Any] = {}
    for mount in mappings(container.get("volumeMounts")):
        path = posixpath.normpath(str(mount.get("mountPath")))
        value = mount.get("mountPath", mount)
        first = mounts.setdefault(path, mount)
        if first is not mount and _is_patched(first, mount):
            yield Twice(f"the mount {path} in {where}", "MY616", each, first.get("mountPath", first), value)
    sources: dict[str, Any] = {}
    for entry in mappings(container.get("envFrom")):
        key = repr(_plain({name: value for name, value in entry.items() if value}))
        first = sources.setdefault(key, entry)
        if first is not entry and _is_patched(first, entry):
            names = [str(ref["name"]) for ref in entry.values() if isinstance(ref, dict) and ref.get("name")]
            yield Twice(f"envFrom of {' '.join(names)} in {where}", "MY617", each, first, entry)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return sorted((str(key), _plain(each)) for key, each in value.items())
    return [_plain(each) for each in value] if isinstance(value, list) else str(value)


def _source(volume: dict[str, Any]) -> Any:
    return _plain({key: value for key, value in volume.items() if key != "name"})


def _named(item: dict[str, Any]) -> Any:
    """Return the name of a volume or container, for its place; the base's own has none."""
    return item.get("name", item)


def _is_patched(*items: Any) -> bool:
    return any(first_mark(each) is not None for each in items)


def _report_twice(run: Run, found: list[Twice]) -> None:
    """Report what stands twice; what the same two files do once more to the same object is part of that."""
    groups: dict[tuple[Any, ...], list[Twice]] = {}
    seen: set[tuple[Any, ...]] = set()
    for each in sorted(found, key=lambda twice: not twice.what.startswith(("the volume", "the container"))):
        pair = _files(run, each)
        is_part = (id(each.each), pair) in seen and len(pair) > 1
        if each.what.startswith(("the volume", "the container")):
            seen.add((id(each.each), pair))
        elif is_part:
            continue
        groups.setdefault((each.code, each.what, pair), []).append(each)
    for group in groups.values():
        _report_group(run, group)


def _files(run: Run, each: Twice) -> frozenset[str]:
    places = [run.reading.place(first_mark(value)) for value in (each.first, each.second)]
    return frozenset(place.file if place else "" for place in places)


def _report_group(run: Run, group: list[Twice]) -> None:
    one = group[0]
    first, second = first_mark(one.first), first_mark(one.second)
    if second is None or (first is not None and run.is_ours_at(second) and not run.is_ours_at(first)):
        first, second = second, first  # the place is where somebody can change something: the hand-written one
    objects = list(dict.fromkeys(str(each.each) for each in group))
    because = "" if first is not None else ", for the base has it already"
    message = f"{one.what} of {also(objects[0], len(objects) - 1, 'of ')} {_SAYS[one.code].format(because)}"
    related: list[tuple[object, str]] = [(first, "the other one")] if first is not None else []
    more = [(first_mark(each.second), f"in {each.each} too") for each in group[1:]]
    related += [each for each in more if each[0] != second]
    hint = "keep one of the two" if first is not None else "take this one out"
    run.reading.report(one.code, message, second, hint=hint, related=tuple(dict.fromkeys(related)))


def _without_volume(each: Object, pod: Pod) -> Iterator[dict[str, Any]]:
    names = {str(volume.get("name")) for volume in mappings(pod.get("volumes"))}
    spec = each.body.get("spec")
    if each.kind == "StatefulSet" and isinstance(spec, dict):
        claims = mappings(spec.get("volumeClaimTemplates"))
        names |= {str(claim["metadata"].get("name")) for claim in claims if isinstance(claim.get("metadata"), dict)}
    for container in containers(pod):
        for mount in mappings(container.get("volumeMounts")):
            if "name" in mount and str(mount["name"]) not in names and first_mark(mount) is not None:
                yield mount


def _report_mount(run: Run, name: str, pairs: list[tuple[Object, Any]]) -> None:
    each, mount = pairs[0]
    hint = f"add a volume {name} to the pod, or take the mount out"
    if name == ASTORES_VOLUME:
        folder = f"{VENDOR}/overlays/sas-microanalytic-score/astores"
        transformer = f"{folder}/astores-transformer.yaml"
        listed = "" if not regular.exists(run.deploy / transformer) else f" and {transformer} to transformers"
        hint = f"the base lacks the astores overlay: add {folder} to resources{listed}"
    message = (
        f"{also(str(each), len(pairs) - 1)} mounts {name}, and the pod has no such volume; the API server refuses it"
    )
    run.reading.report("MY622", message, mount.get("name"), hint=hint)
