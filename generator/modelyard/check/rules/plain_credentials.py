"""Credentials in plain values of objects that no models file stands behind."""

from collections.abc import Iterator, Sequence
from typing import Final

from modelyard.check.finding import Cluster, Finding, mapping, text
from modelyard.check.pods import all_pod_templates
from modelyard.manifests.manifest import Manifest
from modelyard.problems.credentials import Leaf, is_credential, is_credential_value, leaves

_HINT: Final = "keep it in a Secret, and refer to it"


def plain_credentials(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find variables, arguments, ConfigMaps and annotations that hold what looks like a credential; never shows it."""
    for index, leaf in _texts(manifests):
        if isinstance(leaf.value, str) and is_credential(leaf.name, leaf.value):
            named = str(leaf.path[-1]) if leaf.name == "data" else leaf.name
            yield Finding("MY394", f"{named} holds a credential in plain text", _HINT, index, leaf.path)
    for index, manifest in enumerate(manifests):
        annotations = mapping(mapping(manifest.body.get("metadata")).get("annotations"))
        for key, value in annotations.items():
            if is_credential_value(text(value)):
                message = f"the annotation {key} holds a credential in plain text"
                yield Finding("MY394", message, _HINT, index, ("metadata", "annotations", key))


def _texts(manifests: Sequence[Manifest]) -> Iterator[tuple[int, Leaf]]:
    """Yield what pods are started with, and what ConfigMaps hold, with the index of its object."""
    for index, _, template in all_pod_templates(manifests):
        for path, container in template.containers:
            for key in ("args", "command", "env"):
                if key in container:
                    yield from ((index, leaf) for leaf in leaves(container[key], (*path, key), key))
    for index, manifest in enumerate(manifests):
        if manifest.kind == "ConfigMap" and not manifest.group:
            for leaf in leaves(manifest.body.get("data"), ("data",), "data"):
                # What has several lines is a file, and its name is no setting's.
                yield index, leaf._replace(name="data") if "\n" in text(leaf.value) else leaf
