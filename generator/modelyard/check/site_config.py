"""Rules over the final stream of a SAS Viya deployment: every patch and ConfigMap entry must have arrived."""

import re
from collections.abc import Iterator
from typing import Any, Final

from modelyard.check.finding import Remark, mapping
from modelyard.check.stream import Stream
from modelyard.manifest import Rendered, TargetPatch
from modelyard.names import NAME_HASH
from modelyard.patch import lookup

_HINT: Final = "is the component listed in the deployment's kustomization, and before what undoes it?"


def arrived(rendered: Rendered, stream: Stream) -> Iterator[Remark]:
    """Find what the stream lacks of a site-config (errors), and entries that have another value there (notes)."""
    for entries in rendered.config_maps:
        body = stream.config_map(entries.name)
        if body is None:
            yield Remark("MY631", f"ConfigMap {entries.name} is not in the stream", _HINT, entries.data)
            continue
        data = mapping(body.get("data"))
        for key, value in entries.data.items():
            if key not in data:
                yield Remark("MY631", f"ConfigMap {entries.name} has no {key}", _HINT, value)
            elif data[key] != value:
                message = f"ConfigMap {entries.name}: {key} has another value"
                yield Remark("MY632", message, "something after the component sets it", value)
    for patch in rendered.patches:
        yield from _patched(patch, stream)


def _patched(patch: TargetPatch, stream: Stream) -> Iterator[Remark]:
    form = re.compile(rf"({patch.name})({NAME_HASH})?")
    objects = [
        body
        for body in stream.objects.get((patch.group, patch.kind), [])
        if form.fullmatch(str(body["metadata"].get("name")))
    ]
    if not objects and not patch.optional:
        yield Remark(
            "MY631", f"{patch} is not in the stream", "is this the stream of the whole deployment?", patch.name
        )
    for body in objects:
        for op in patch.operations:
            if not _is_there(body, op):
                message = f"{patch.kind} {body['metadata'].get('name')} does not have what was added at {op['path']}"
                yield Remark("MY631", message, _HINT, op["path"])


def _is_there(body: dict[str, Any], op: dict[str, Any]) -> bool:
    """Tell whether an added value stands where it was put: in a list anywhere, else at the pointer itself."""
    parent, _, last = op["path"].rpartition("/")
    wanted = op["value"]
    if last != "-":
        return bool(lookup(body, op["path"]) == wanted)
    found = lookup(body, parent)
    return isinstance(found, list) and any(_alike(each, wanted) for each in found)


def _alike(found: object, wanted: object) -> bool:
    """Tell whether an entry is the one: by its name and path, or by the ConfigMap that it reads."""
    one, other = mapping(found), mapping(wanted)
    if "configMapRef" in other:
        name = str(mapping(one.get("configMapRef")).get("name"))
        return re.fullmatch(rf"{re.escape(other['configMapRef']['name'])}({NAME_HASH})?", name) is not None
    return all(one.get(key) == other.get(key) for key in ("name", "mountPath"))
