"""Pod templates, in objects of whatever kind: known kinds by their place, all others by what they look like."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, Final

from modelyard.check.finding import Path, items, mapping
from modelyard.manifests.manifest import POD_SPECS, Manifest

KNATIVE: Final = "serving.knative.dev"
# Field of a pod -> the feature that opens it in a Service of Knative.
KNATIVE_FLAGS: Final = {
    "affinity": "podspec-affinity",
    "dnsConfig": "podspec-dnsconfig",
    "dnsPolicy": "podspec-dnspolicy",
    "hostAliases": "podspec-hostaliases",
    "hostIPC": "podspec-hostipc",
    "hostNetwork": "podspec-hostnetwork",
    "hostPID": "podspec-hostpid",
    "initContainers": "podspec-init-containers",
    "nodeSelector": "podspec-nodeselector",
    "priorityClassName": "podspec-priorityclassname",
    "runtimeClassName": "podspec-runtimeclassname",
    "schedulerName": "podspec-schedulername",
    "securityContext": "podspec-securitycontext",
    "shareProcessNamespace": "podspec-shareprocessnamespace",
    "tolerations": "podspec-tolerations",
    "topologySpreadConstraints": "podspec-topologyspreadconstraints",
}
_KNATIVE_SPECS: Final[dict[str, Path]] = {
    "Service": ("spec", "template"),
    "Configuration": ("spec", "template"),
    "Revision": (),
}
_TEMPLATES: Final[dict[str, Path]] = {
    kind: tuple(pointer.removesuffix("/spec").split("/")[1:]) for kind, pointer in POD_SPECS.items()
}
# Without pods, and searched in vain otherwise; a definition describes pods and has none.
_WITHOUT: Final = frozenset(
    [
        "ConfigMap",
        "CustomResourceDefinition",
        "HTTPRoute",
        "HorizontalPodAutoscaler",
        "Ingress",
        "NetworkPolicy",
        "PodDisruptionBudget",
        "PodMonitor",
        "Route",
        "Secret",
        "ServiceAccount",
        "ServiceMonitor",
    ]
)
_CONTAINERS: Final = ("initContainers", "containers", "ephemeralContainers")
_CORE: Final = frozenset(["", "apps", "batch"])
# What looks like pods there are patterns that objects are compared with.
_PATTERNS: Final = frozenset(
    ["kyverno.io", "policies.kyverno.io", "templates.gatekeeper.sh", "mutations.gatekeeper.sh"]
)


class PodTemplate:
    """A pod template, or a pod: where it is in its object, and its two halves."""

    def __init__(self, path: Path, metadata: dict[str, Any], spec: dict[str, Any]) -> None:
        self.path = path
        self.metadata = metadata
        self.spec = spec

    @cached_property
    def spec_path(self) -> Path:
        """Path of the pod's spec."""
        return (*self.path, "spec")

    @cached_property
    def containers(self) -> Sequence[tuple[Path, dict[str, Any]]]:
        """Path and mapping of each container, of every sort."""
        return containers(self.spec_path, self.spec)


def pod_templates(manifest: Manifest) -> Iterator[PodTemplate]:
    """Yield the pod templates of an object."""
    kind, group = manifest.kind, manifest.group
    if group == KNATIVE:
        path = _KNATIVE_SPECS.get(kind)
    elif (
        group in _PATTERNS
        or kind in _WITHOUT
        or (kind == "Service" and not group)
        or group.endswith(".services.k8s.aws")
    ):
        path = None
    elif kind in _TEMPLATES and (group in _CORE or kind == "CASDeployment"):
        path = _TEMPLATES[kind]
    else:
        yield from _search(manifest.body, ())
        return
    if path is None:
        return
    node: Any = manifest.body
    for part in path:
        node = mapping(node).get(str(part))
    if isinstance(mapping(node).get("spec"), dict):
        yield PodTemplate(path, mapping(node.get("metadata")), node["spec"])


def _search(node: Any, path: Path) -> Iterator[PodTemplate]:
    """Yield every mapping whose spec has a list of containers, at any depth."""
    if isinstance(node, dict):
        spec = node.get("spec")
        if isinstance(spec, dict) and isinstance(spec.get("containers"), list):
            yield PodTemplate(path, mapping(node.get("metadata")), spec)
        for key, value in node.items():
            if isinstance(value, dict | list):
                yield from _search(value, (*path, key))
    elif isinstance(node, list):
        for i, value in enumerate(node):
            yield from _search(value, (*path, i))


def is_complete(manifest: Manifest) -> bool:
    """Tell whether nobody adds to the pods of an object: a controller that is not known may bring images and volumes.

    A DeploymentConfig gets the images that its triggers name.
    """
    if manifest.kind == "DeploymentConfig":
        triggers = items(mapping(manifest.body.get("spec")).get("triggers"))
        return not any(each.get("type") == "ImageChange" for _, each in triggers)
    return manifest.group in _CORE or manifest.group == KNATIVE or manifest.kind == "CASDeployment"


class Objects(list[Manifest]):
    """Objects that many rules look at: their pod templates are searched for once."""

    @cached_property
    def pod_templates(self) -> Sequence[tuple[int, Manifest, PodTemplate]]:
        """The index of an object, the object, and each of its pod templates."""
        return [(index, manifest, each) for index, manifest in enumerate(self) for each in pod_templates(manifest)]


def all_pod_templates(manifests: Sequence[Manifest]) -> Sequence[tuple[int, Manifest, PodTemplate]]:
    """Return the index of an object, the object, and each of its pod templates."""
    return (manifests if isinstance(manifests, Objects) else Objects(manifests)).pod_templates


def containers(path: Path, pod: dict[str, Any]) -> Sequence[tuple[Path, dict[str, Any]]]:
    """Return path and mapping of each container of a pod spec, of every sort."""
    return [((*path, key, i), each) for key in _CONTAINERS for i, each in items(pod.get(key))]
