"""Rules over the final stream of a SAS Viya deployment: a site-config must be there, value by value."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from modelyard.check.build.differences import Difference, Free, differences, shown
from modelyard.check.build.kustomized import Kustomized
from modelyard.check.build.stream import Stream, name_of
from modelyard.check.finding import Path, Remark, items, mapping
from modelyard.manifests.json_patch import lookup, pointer_of
from modelyard.manifests.manifest import POD_SPECS, ConfigMapEntries, Rendered, TargetPatch
from modelyard.manifests.names import NAME_HASH, repository
from modelyard.models.viya_names import BACKUP_ID, RESTORE_MAP, START_MODE

_MISSING: Final = "list the component in the deployment's kustomization, before anything that undoes it"
_OTHER: Final = (
    "if the models file has changed since, run `modelyard site-config install`; else find what sets it later"
)
_IN_CONTAINER: Final = re.compile(r"(.*/containers)/0/(\w+)")


def arrived(rendered: Rendered, of: Kustomized) -> Iterator[Remark]:
    """Find what the stream lacks of a site-config, and what has another value there.

    of: the stream, and the objects of the site-config's own in it, in the order in which it has them.
    """
    for manifest, body in zip(rendered.manifests, of.found, strict=True):
        if body is None:
            yield Remark("MY631", f"{manifest} is not in the stream", _MISSING, manifest.body)
        else:
            found = differences(manifest.body, body, of.free)
            yield from _remarks(f"{manifest}: ", manifest.body, found, manifest.body)
    for entries in rendered.config_maps:
        yield from _entries(entries, of.stream)
    for patch in rendered.patches:
        yield from _patched(patch, rendered.patches, of)
    if not any(entries.name == RESTORE_MAP for entries in rendered.config_maps):
        yield from undeclared(of.stream)


def patched(patch: TargetPatch, stream: Stream) -> list[dict[str, Any]]:
    """Return the objects of a stream that a patch is for."""
    form = re.compile(rf"({patch.name})({NAME_HASH})?")
    return [each for each in stream.objects.get((patch.group, patch.kind), []) if form.fullmatch(name_of(each))]


def _entries(entries: ConfigMapEntries, stream: Stream) -> Iterator[Remark]:
    candidates = [mapping(each.get("data")) for each in stream.config_maps(entries.name)]
    if not candidates:
        yield Remark("MY631", f"ConfigMap {entries.name} is not in the stream", _MISSING, entries.data)
        return
    data = max(candidates, key=lambda each: len(each.keys() & entries.data.keys()))
    for key, value in entries.data.items():
        if key not in data:
            yield Remark("MY631", f"ConfigMap {entries.name} has no {key}", _MISSING, value)
        elif data[key] != value:
            words = shown((key,), value, data[key])
            yield Remark("MY634", f"ConfigMap {entries.name}: {key} {words}", _OTHER, value)
    for key in data.keys() - entries.data.keys() if not entries.merge else ():
        yield Remark("MY632", f"ConfigMap {entries.name}: {key} was added", _OTHER, entries.data)


def undeclared(stream: Stream) -> Iterator[Remark]:
    """Find a restore that is still there, though the models file has none."""
    for each in stream.config_maps(RESTORE_MAP):
        found = [key for key in (START_MODE, BACKUP_ID) if key in mapping(each.get("data"))]
        if found:
            message = f"ConfigMap {RESTORE_MAP} has {' and '.join(found)}, and the models file declares no restore"
            hint = "run `modelyard site-config install`, or take it out of the deployment's kustomization"
            yield Remark("MY635", message, hint, None)
            return


def _patched(patch: TargetPatch, patches: Sequence[TargetPatch], of: Kustomized) -> Iterator[Remark]:
    objects = patched(patch, of.stream)
    if not objects and not patch.optional:
        hint = "give the stream of the whole deployment"
        yield Remark("MY631", f"{patch} is not in the stream", hint, patch.name)
    added = {str(op["value"]["name"]) for op in patch.operations if op["path"].endswith("/containers/-")}
    for body in objects:
        who = f"{patch.kind} {name_of(body)}"
        pod = items(lookup(body, f"{POD_SPECS.get(patch.kind, '')}/containers"))
        images = {each.get("image") for _, each in pod if each.get("name") not in added}
        for op in patch.operations:
            yield from _operation(who, op, _candidates(body, op["path"], added), of, images)


def _candidates(body: dict[str, Any], pointer: str, added: set[str]) -> list[tuple[str, Any]]:
    """Return what may be the value that was added at a pointer, each with its own pointer.

    A strategic merge puts containers before the first, so that mounts are looked for in all but those that were added.
    """
    parent, _, last = pointer.rpartition("/")
    if last != "-":
        return [(pointer, lookup(body, pointer))]
    lists = [parent]
    if within := _IN_CONTAINER.fullmatch(parent):
        others = items(lookup(body, within[1]))
        lists = [f"{within[1]}/{i}/{within[2]}" for i, each in others if each.get("name") not in added]
    return [(f"{each}/{i}", item) for each in lists for i, item in enumerate(lookup(body, each) or [])]


def _operation(
    who: str, op: dict[str, Any], candidates: list[tuple[str, Any]], of: Kustomized, images: set[Any]
) -> Iterator[Remark]:
    """Find what the stream has otherwise of a value that an operation added. images: those of the pod's others."""
    wanted = op["value"]
    alike = [(at, found) for at, found in candidates if found is not None and _alike(found, wanted)]
    if not alike:
        yield Remark("MY631", f"{who} does not have what was added at {op['path']}", _MISSING, op["path"])
        return
    free = Free(lambda path, old, new: _may_be(path, old, new, of, images), of.free.key)
    found = [(at, list(differences(wanted, each, free))) for at, each in alike]
    at, least = min(found, key=lambda each: len(each[1]))
    yield from _remarks(f"{who}: {at}", wanted, least, op["path"], may_grow=op["path"].endswith("/containers/-"))


def _alike(found: object, wanted: object) -> bool:
    """Tell whether an item is the one: by its name or path, or by the ConfigMap that it reads."""
    one, other = mapping(found), mapping(wanted)
    if "configMapRef" in other:
        return _is_generated(other["configMapRef"]["name"], mapping(one.get("configMapRef")).get("name"))
    keys = [key for key in ("name", "mountPath") if key in other]
    return any(one.get(key) == other[key] for key in keys) if keys else True


def _is_generated(old: object, new: object) -> bool:
    return re.fullmatch(rf"(.*-)?{re.escape(str(old))}({NAME_HASH})?", str(new)) is not None


def _may_be(path: Path, old: object, new: object, of: Kustomized, images: set[Any]) -> bool:
    """Tell whether another value is that of the place: a generated name, or the service's own image in full."""
    if path[-2:] == ("configMapRef", "name"):
        return _is_generated(old, new)
    if path[-1:] == ("image",):
        return new in images and repository(str(new)).rpartition("/")[2] == old
    return of.free.value(path, old, new)


def _remarks(
    where: str, wanted: Any, found: Iterable[Difference], origin: object, *, may_grow: bool = True
) -> Iterator[Remark]:
    """Say what differs. may_grow: others may add to what is wanted, such as variables to a container."""
    for each in found:
        code = "MY632" if each.what == "added" and may_grow else "MY634"
        value = lookup(wanted, pointer_of(*each.path)) if each.path else None
        yield Remark(code, f"{where}{each.pointer} {each.words}", _OTHER, origin if value is None else value)
