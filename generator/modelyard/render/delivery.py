"""What objects carry for the one that applies them: `spec.delivery`."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from modelyard.check.rules.flux import SUBSTITUTE, decides, variable
from modelyard.files.yaml.marked import derived
from modelyard.manifests.manifest import Manifest

# argo-cd v3.6.1, docs/user-guide/sync-waves.md and gitops-engine/pkg/sync/sync_context.go: a wave is an integer, 0 if
# there is none. It begins when all objects of those before are healthy, so nothing may stand in an earlier wave than
# what it needs to become so. What is pruned goes in its own wave, before others stop naming it, or with PruneLast at
# the end. Objects of SageMaker say both in their templates.
_WAVE: Final = "argocd.argoproj.io/sync-wave"
_OPTIONS: Final = "argocd.argoproj.io/sync-options"
_LAST: Final = {_OPTIONS: "PruneLast=true"}
_HOOKS: Final = ("argocd.argoproj.io/hook", "helm.sh/hook")  # they have phases, and orders of their own
_KNATIVE: Final = "serving.knative.dev"
_ORDER: Final[Mapping[tuple[str, str], Mapping[str, str]]] = {
    ("", "ConfigMap"): {_WAVE: "-1", **_LAST},
    (_KNATIVE, "Service"): _LAST,
    (_KNATIVE, "Route"): {_WAVE: "1"},
    (_KNATIVE, "DomainMapping"): {_WAVE: "2"},
}


def delivered(manifests: list[Manifest], delivery: str) -> list[Manifest]:
    """Return the objects with what `spec.delivery` says they carry; all else in them stays."""
    way = _WAYS.get(delivery)
    return manifests if way is None else way(manifests)


def for_argocd(manifests: Iterable[Manifest]) -> list[Manifest]:
    """Return the objects, of which those that come before or go after others say so to Argo CD.

    Within a wave it sorts kinds of a list of its own, and all others by name. An object that says something of that
    itself, or is a hook, keeps its word. What no cluster gets stays as it is.
    """
    return [_in_order(each) for each in manifests]


def _in_order(manifest: Manifest) -> Manifest:
    annotations = manifest.body["metadata"].get("annotations") or {}
    if manifest.beside or any(each in annotations for each in _HOOKS):
        return manifest
    order = _ORDER.get((manifest.group, manifest.kind), {})
    return annotated(manifest, {key: value for key, value in order.items() if key not in annotations})


def for_flux(manifests: Iterable[Manifest]) -> list[Manifest]:
    """Return the objects, of which those that hold `${` say that Flux must put no variables of its own there.

    Where a Kustomization has `postBuild`, it would take `${NAME}` for one of its variables, and replace a text of the
    models file by nothing. An object that decides about that itself keeps its word.
    """
    return [
        each if variable(each.body) is None or decides(each.body) else annotated(each, {SUBSTITUTE: "disabled"})
        for each in manifests
    ]


def annotated(manifest: Manifest, added: Mapping[str, str]) -> Manifest:
    """Return an object with further annotations; itself without any."""
    if not added:
        return manifest
    body = manifest.body
    metadata = body["metadata"]
    annotations = metadata.get("annotations") or {}
    annotations = derived({**annotations, **added}, annotations)
    return manifest._replace(body=derived({**body, "metadata": {**metadata, "annotations": annotations}}, body))


_WAYS: Final[Mapping[str, Callable[[Iterable[Manifest]], list[Manifest]]]] = {"flux": for_flux, "argocd": for_argocd}
