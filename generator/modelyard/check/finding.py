"""What a rule over rendered objects says, and what it may know of the cluster."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from modelyard.manifest import Manifest


class Cluster(NamedTuple):
    """What the models file says about the cluster."""

    knative_features: frozenset[str] | None = frozenset()  # None: not known


class Finding(NamedTuple):
    """A finding: on which object (its index in the sequence), at which path, and a second path it belongs with."""

    code: str
    message: str
    hint: str
    manifest: int
    path: tuple[str | int, ...]
    related: tuple[str | int, ...] | None = None
    related_message: str = ""


class Remark(NamedTuple):
    """What was found, and the value that it is about: its mark is the place."""

    code: str
    message: str
    hint: str
    origin: object


def mapping(value: object) -> dict[str, Any]:
    """Return a mapping as it is, and an empty one for anything else: a patch can put anything anywhere."""
    return value if isinstance(value, dict) else {}


def items(value: object) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield index and item of the mappings in a list; nothing for what is no list."""
    if isinstance(value, list):
        yield from ((i, item) for i, item in enumerate(value) if isinstance(item, dict))


def pod_spec(manifest: Manifest) -> tuple[tuple[str | int, ...], dict[str, Any]] | None:
    """Return the path and the mapping of an object's pod template spec, or None if it has none."""
    pod = mapping(mapping(manifest.body.get("spec")).get("template")).get("spec")
    return (("spec", "template", "spec"), pod) if isinstance(pod, dict) else None


def containers(
    path: tuple[str | int, ...], pod: dict[str, Any]
) -> Iterator[tuple[tuple[str | int, ...], dict[str, Any]]]:
    """Yield path and mapping of each container of a pod spec."""
    for key in ("initContainers", "containers"):
        for i, each in items(pod.get(key)):
            yield (*path, key, i), each
