"""Images that a lock has digests of, in rendered objects: the name and tag stay, and the digest decides."""

from collections.abc import Iterable, Mapping
from typing import Any

from modelyard.check.finding import Path
from modelyard.check.images import ACK, without_digest
from modelyard.files.yaml.marked import derived
from modelyard.manifests.manifest import Manifest
from modelyard.manifests.names import repository


def pinned(manifests: Iterable[Manifest], digests: Mapping[str, str]) -> list[Manifest]:
    """Return the objects with the digests of their images, before their names get hashes.

    digests: image -> digest. SageMaker documents no form with both a tag and a digest, so there the tag goes (AWS,
    SageMaker API, ContainerDefinition: "registry/repository[:tag] or registry/repository[@digest]").
    """
    found = list(manifests)
    changes = [(*each, digests[each[2]]) for each in without_digest(found) if each[2] in digests]
    for index, path, image, digest in changes:
        name = repository(image) if found[index].group == ACK else image
        body = _with(found[index].body, path, derived(f"{name}@{digest}", image))
        found[index] = found[index]._replace(body=body)
    return found


def _with(node: Any, path: Path, value: str) -> Any:
    """Return a copy of a tree with another value at a path; what is not on the way there is shared."""
    if not path:
        return value
    copy = derived(node.copy(), node)
    copy[path[0]] = _with(node[path[0]], path[1:], value)
    return copy
