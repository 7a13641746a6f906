"""What kustomize does to kinds that it takes for others; seen in what it built.

Source: kustomize 5.8.1, api/konfig/builtinpluginconsts/{commonlabels,nameprefix}.go: labels with selectors go into any
kind Service, and a prefix goes before any name.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from modelyard.check.finding import Cluster, Finding, at, mapping, text
from modelyard.check.pods import KNATIVE
from modelyard.manifests.manifest import Manifest

_NAMES: Final = ("app.kubernetes.io/name", "app.kubernetes.io/instance", "app")


def selectors(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find a selector in a Knative Service."""
    for index, manifest in enumerate(manifests):
        if manifest.group == KNATIVE and manifest.kind == "Service" and "selector" in at(manifest.body, "spec"):
            hint = "in the kustomization write labels: without includeSelectors, and no commonLabels"
            message = "a Knative Service has no selector; kustomize takes it for a Service of Kubernetes"
            yield Finding("MY365", message, hint, index, ("spec", "selector"))


def prefixes(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find DomainMappings whose host begins with the prefix that the object it refers to has got."""
    added: dict[tuple[str, object], str] = {}
    for each in manifests:
        labels = at(each.body, "metadata", "labels")
        own = next((text(labels[key]) for key in _NAMES if key in labels), "")
        if own and each.name != own and each.name.endswith(own) and each.name[: -len(own)].endswith("-"):
            added[each.kind, each.name] = each.name[: -len(own)]
    for index, manifest in enumerate(manifests):
        if manifest.group != KNATIVE or manifest.kind != "DomainMapping":
            continue
        ref = mapping(at(manifest.body, "spec").get("ref"))
        prefix = added.get((text(ref.get("kind")), text(ref.get("name"))))
        if prefix and manifest.name.startswith(prefix):
            message = f"the host {manifest.name} begins with the prefix {prefix}"
            hint = "keep the DomainMapping out of the kustomization that has namePrefix"
            yield Finding("MY366", message, hint, index, ("metadata", "name"))
