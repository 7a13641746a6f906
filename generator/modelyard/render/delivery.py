"""What objects carry for the one that applies them: `spec.delivery`."""

from collections.abc import Iterable
from typing import Any, Final

from modelyard.files.yaml.marked import derived
from modelyard.manifests.manifest import Manifest

# fluxcd/pkg/kustomize v1.35, kustomize_varsub.go: the key, and the value that switches variables off.
_SUBSTITUTE: Final = "kustomize.toolkit.fluxcd.io/substitute"
_VARIABLE: Final = "${"


def for_flux(manifests: Iterable[Manifest]) -> list[Manifest]:
    """Return the objects, of which those that hold `${` say that Flux must put no variables of its own there.

    Where a Kustomization has `postBuild`, it would take `${NAME}` for one of its variables, and replace a text of the
    models file by nothing. An object that decides about that itself keeps its word.
    """
    return [_without_variables(each) if _holds(each.body) else each for each in manifests]


def _holds(node: Any) -> bool:
    if isinstance(node, str):
        return _VARIABLE in node
    if isinstance(node, dict):
        return any(map(_holds, node.values()))
    return isinstance(node, list) and any(map(_holds, node))


def _without_variables(manifest: Manifest) -> Manifest:
    body = manifest.body
    metadata = body["metadata"]
    annotations = metadata.get("annotations") or {}
    if _SUBSTITUTE in annotations or _SUBSTITUTE in (metadata.get("labels") or {}):
        return manifest
    annotations = derived({**annotations, _SUBSTITUTE: "disabled"}, annotations)
    return manifest._replace(body=derived({**body, "metadata": {**metadata, "annotations": annotations}}, body))
