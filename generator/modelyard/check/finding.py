"""What a rule over rendered objects says, and what it may know of the cluster."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from modelyard.manifest import Manifest


class Cluster(NamedTuple):
    """What the models file says about the cluster."""

    knative_features: frozenset[str] = frozenset()


class Finding(NamedTuple):
    """A finding: on which object (its index in the sequence), at which path, and a second path it belongs with."""

    code: str
    message: str
    hint: str
    manifest: int
    path: tuple[str | int, ...]
    related: tuple[str | int, ...] | None = None
    related_message: str = ""


def pod_spec(manifest: Manifest) -> tuple[tuple[str | int, ...], dict[str, Any]] | None:
    """Return the path and the mapping of an object's pod template spec, or None if it has none."""
    spec = manifest.body.get("spec")
    template = spec.get("template") if isinstance(spec, dict) else None
    pod = template.get("spec") if isinstance(template, dict) else None
    return (("spec", "template", "spec"), pod) if isinstance(pod, dict) else None


def containers(
    path: tuple[str | int, ...], pod: dict[str, Any]
) -> Iterator[tuple[tuple[str | int, ...], dict[str, Any]]]:
    """Yield path and mapping of each container of a pod spec."""
    for key in ("initContainers", "containers"):
        for i, each in enumerate(pod.get(key) or []):
            if isinstance(each, dict):
                yield (*path, key, i), each
