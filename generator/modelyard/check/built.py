"""Rules over the final stream of a kustomization: what was declared must still be there, and as declared."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from modelyard.check.finding import Finding, Path
from modelyard.check.pod_templates import pod_templates
from modelyard.check.stream import Stream
from modelyard.credentials import is_credential, item_names
from modelyard.manifest import Manifest
from modelyard.names import one_of
from modelyard.patch import pointer_of
from modelyard.workload import lasting

_SHOWN: Final = 60  # characters of a value in a message
# What kustomize itself adds and the models file does not decide.
_FREE: Final = frozenset([("metadata", "name"), ("metadata", "namespace")])
_OPEN_MAPPINGS: Final = frozenset(["labels", "annotations"])  # others may add to them


def compare(manifests: Sequence[Manifest], stream: Stream, names: Mapping[str, str]) -> Iterator[Finding]:
    """Find objects of one model that the stream lacks (errors), and fields that were changed (notes).

    names: declared -> final name of what the objects may name.
    """
    found = [stream.find(each) for each in manifests]
    for index, (manifest, body) in enumerate(zip(manifests, found, strict=True)):
        if body is None:
            hint = "does the kustomization name the component generated, and is generated/ what the models file gives?"
            yield Finding("MY631", f"{manifest} is not in the stream", hint, index, ("metadata", "name"))
            continue
        for path, change in _changes(manifest.body, body, (), names):
            hint = "the kustomization decides it; the models file says otherwise"
            yield Finding("MY632", f"{manifest}: {pointer_of(*path)} {change}", hint, index, path)
    yield from _one_image(manifests, found)


def _one_image(manifests: Sequence[Manifest], found: Sequence[dict[str, Any] | None]) -> Iterator[Finding]:
    """Find variants whose images were different, and are one in the stream: the split then compares nothing."""
    images: dict[str, dict[str, int]] = {}
    for index, (manifest, body) in enumerate(zip(manifests, found, strict=True)):
        if manifest.variant is not None and body is not None and (image := _image(body)):
            images.setdefault(image, {}).setdefault(manifest.variant, index)
    for image, variants in images.items():
        declared = {_image(manifests[index].body) for index in variants.values()}
        if len(variants) > 1 and len(declared) > 1:
            index = max(variants.values())
            message = f"{one_of(variants).replace(' or ', ' and ')} of {manifests[index].model} run one image: {image}"
            hint = "kustomize's images: knows an image by its name only; set the images in the models file"
            yield Finding("MY633", message, hint, index, _own(manifests[index].body)[0])


def _image(body: dict[str, Any]) -> str:
    return _own(body)[1]


def _own(body: dict[str, Any]) -> tuple[Path, str]:
    """Return path and value of the image of the model's container; nothing where an object has no pods."""
    for template in pod_templates(Manifest(body, "")):
        for key, index, container in lasting(template.spec):
            return (*template.spec_path, key, index, "image"), str(container.get("image", ""))
    return (), ""


def _changes(
    old: Any, new: Any, path: Path, names: Mapping[str, str], called: tuple[str, ...] = ()
) -> Iterator[tuple[Path, str]]:
    """Yield path and words for every difference that another name does not explain.

    called: of a word of a list of arguments, the flag before it, on each side.
    """
    if path in _FREE or (isinstance(old, str) and names.get(old) == new):
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for key in old:
            if key in new:
                yield from _changes(old[key], new[key], (*path, key), names)
            else:
                yield (*path, key), "is gone"
        added = [] if path[-1:] and path[-1] in _OPEN_MAPPINGS else [key for key in new if key not in old]
        for key in added:
            if (*path, key) not in _FREE:
                yield (*path, key), "was added"
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        flags = zip(item_names(old), item_names(new), strict=True)
        for i, (one, other, each) in enumerate(zip(old, new, flags, strict=True)):
            yield from _changes(one, other, (*path, i), names, each)
    elif isinstance(old, list) and isinstance(new, list):
        yield path, f"has {len(new)} entries, not {len(old)}"
    elif old != new or isinstance(old, bool) != isinstance(new, bool):
        yield path, f"is {_shown(path, new, called)}, not {_shown(path, old, called)}"


def _shown(path: Path, value: object, called: tuple[str, ...]) -> str:
    """Return a value for a message, unless it may be a credential."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    written = value if isinstance(value, str) else text
    secret = any(is_credential(str(part), written) for part in (*path, *called))
    if secret or path[-1:] == ("value",):  # of a variable, whose name stands beside it
        return "another value"
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
