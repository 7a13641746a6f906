"""Rules over the final stream of a kustomization: what was declared must still be there, and as declared."""

from collections.abc import Iterator, Sequence
from typing import Any

from modelyard.check.build.differences import differences
from modelyard.check.build.kustomized import Kustomized
from modelyard.check.finding import Finding, Path
from modelyard.check.images import places, without_digest
from modelyard.check.pods import pod_templates
from modelyard.manifests.manifest import Manifest
from modelyard.manifests.names import one_of
from modelyard.targets.workloads.objects import lasting


def compare(manifests: Sequence[Manifest], found: Sequence[dict[str, Any] | None], of: Kustomized) -> Iterator[Finding]:
    """Find objects of one model that the stream lacks (errors), and fields that were changed (notes).

    found: the object of each in the stream. of: the whole set there.
    """
    for index, (manifest, body) in enumerate(zip(manifests, found, strict=True)):
        if body is None:
            hint = "check that the kustomization lists the component generated, and that generated/ is up to date"
            yield Finding("MY631", f"{manifest} is not in the stream", hint, index, ("metadata", "name"))
            continue
        lost = dict(_without_digest(manifest, body))
        for path, image in lost.items():
            hint = "change the tag in the models file, and run `modelyard lock`: newTag of kustomize drops a digest"
            yield Finding("MY636", f"{manifest} runs {image} without the digest that is locked", hint, index, path)
        hint = "if it is not intended, change the models file or the kustomization"
        for each in differences(manifest.body, body, of.free):
            if each.path not in lost:
                yield Finding("MY632", f"{manifest}: {each.pointer} {each.words}", hint, index, each.path)
    yield from _one_image(manifests, found)


def _without_digest(manifest: Manifest, body: dict[str, Any]) -> Iterator[tuple[Path, str]]:
    """Yield the images of an object that had a digest, and have none in the stream, with their paths in the former."""
    there = {path: value for _, path, value in without_digest([Manifest(body, "")])}
    for _, path, value in places([manifest]):
        if path in there and isinstance(value, str) and "@" in value:
            yield path, there[path]


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
            hint = "images: of kustomize matches by name only; set the images in the models file"
            yield Finding("MY633", message, hint, index, _own(manifests[index].body)[0])


def _image(body: dict[str, Any]) -> str:
    return _own(body)[1]


def _own(body: dict[str, Any]) -> tuple[Path, str]:
    """Return path and value of the image of the model's container; nothing where an object has no pods."""
    for template in pod_templates(Manifest(body, "")):
        for key, index, container in lasting(template.spec):
            return (*template.spec_path, key, index, "image"), str(container.get("image", ""))
    return (), ""
