"""What is refused beyond its schema, by the API server or a controller: a table for each kind, and one for their pods.

A module loads with the first object of its kinds: most models are of few.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Final

from modelyard.check.finding import Cluster, Finding
from modelyard.check.pods import all_pod_templates
from modelyard.manifests.manifest import Manifest

if TYPE_CHECKING:
    from modelyard.check.rules.refused.tree import Tree

_CODE: Final = "MY358"
# Group -> module of the tables of its kinds, where that is one.
_OF_GROUP: Final[Mapping[str, str]] = {
    "admissionregistration.k8s.io": "admission",
    "apps": "workloads",
    "autoscaling": "autoscaling",
    "batch": "jobs",
    "coordination.k8s.io": "workloads",
    "discovery.k8s.io": "services",
    "networking.k8s.io": "networking",
    "node.k8s.io": "workloads",
    "policy": "autoscaling",
    "rbac.authorization.k8s.io": "rbac",
    "sagemaker.services.k8s.aws": "sagemaker",
    "scheduling.k8s.io": "workloads",
    "storage.k8s.io": "storage",
}
# The same for the kinds of the core group.
_OF_CORE: Final[Mapping[str, str]] = {
    "ConfigMap": "core",
    "Endpoints": "services",
    "LimitRange": "amounts",
    "Namespace": "workloads",
    "PersistentVolume": "core",
    "PersistentVolumeClaim": "core",
    "Pod": "core",
    "PodTemplate": "core",
    "ReplicationController": "workloads",
    "ResourceQuota": "amounts",
    "Secret": "core",
    "Service": "services",
}
# Whose pods the API server looks at itself.
_WITH_PODS: Final = frozenset(
    [
        ("", "Pod"),
        ("", "PodTemplate"),
        ("", "ReplicationController"),
        *(("apps", kind) for kind in ("DaemonSet", "Deployment", "ReplicaSet", "StatefulSet")),
        *(("batch", kind) for kind in ("CronJob", "Job")),
    ]
)


@cache
def _tree(group: str, kind: str) -> "Tree | None":
    module = _OF_GROUP.get(group) if group else _OF_CORE.get(kind)
    tables = import_module(f"{__name__}.{module}").TABLES.get((group, kind)) if module else None
    if not tables:
        return None
    from modelyard.check.rules.refused.tree import Tree

    return Tree.of(*tables)


def refused(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find values that the API server refuses, by the table of each object's kind."""
    for index, manifest in enumerate(manifests):
        tree = _tree(manifest.group, manifest.kind)
        if tree is not None:
            yield from (each.on(_CODE, index) for each in tree.found(manifest.body, ()))
    for index, manifest, template in all_pod_templates(manifests):
        if (manifest.group, manifest.kind) in _WITH_PODS:
            from modelyard.check.rules.refused.pods import in_pods

            yield from (each.on(_CODE, index) for each in in_pods(manifest, template))
