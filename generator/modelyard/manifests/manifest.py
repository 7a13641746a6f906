"""Manifest: one Kubernetes object as plain data, with where it comes from, and the order of objects and keys."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

# Who is named stands before who names it, as people expect to read it and as a plain apply needs it.
_RANKS: Final[dict[str, int]] = {
    kind: rank
    for rank, kind in enumerate(
        [
            "ServiceAccount",
            "ConfigMap",
            "NetworkPolicy",
            "ClusterDomainClaim",
            "ImageStream",
            "BuildConfig",
            "Deployment",
            "StatefulSet",
            "Service",
            "Route",
            "DomainMapping",
            "Ingress",
            "HTTPRoute",
            "HorizontalPodAutoscaler",
            "PodDisruptionBudget",
            "PodMonitor",
            "PrometheusRule",
            "CronJob",
            "Model",
            "EndpointConfig",
            "Endpoint",
            "ScalableTarget",
            "ScalingPolicy",
            "StorageBucket",
            "IAMServiceAccount",
            "IAMPolicyMember",
            "DataprocAutoscalingPolicy",
            "DataprocWorkflowTemplate",
            "WorkflowsWorkflow",
            "EventarcTrigger",
            "CloudSchedulerJob",
            "Role",
            "RoleBinding",
            "SparkApplication",
            "ScheduledSparkApplication",
        ]
    )
}
# JSON pointer of the pod spec in kinds that have one. PodTemplate and CASDeployment: sas-bases/base of a 2023.10 order.
POD_SPECS: Final[dict[str, str]] = {
    "CASDeployment": "/spec/controllerTemplate/spec",
    "CronJob": "/spec/jobTemplate/spec/template/spec",
    "DaemonSet": "/spec/template/spec",
    "Deployment": "/spec/template/spec",
    "Job": "/spec/template/spec",
    "Pod": "/spec",
    "PodTemplate": "/template/spec",
    "StatefulSet": "/spec/template/spec",
}
_FIRST_KEYS: Final[tuple[str, ...]] = ("apiVersion", "kind", "metadata")
CLUSTER_SCOPED: Final = frozenset(["ClusterDomainClaim"])


class TypeMeta(NamedTuple):
    """API version and kind of objects, as Kubernetes calls the two together."""

    api_version: str
    kind: str


class Beside(NamedTuple):
    """A file beside the objects, for a program of another platform. text: the keys that lead to what it holds."""

    path: str
    text: tuple[str, ...]


class Manifest(NamedTuple):
    """One object.

    hashed: seal puts a hash of its content into its name, and into what names it. beside: no cluster gets it; it is
    written as this file.
    """

    body: dict[str, Any]
    template: str
    model: str | None = None
    variant: str | None = None
    hashed: bool = False
    beside: Beside | None = None

    @property
    def group(self) -> str:
        """API group; empty for the core group."""
        return str(self.body["apiVersion"]).rpartition("/")[0]

    @property
    def version(self) -> str:
        """API version without the group."""
        return str(self.body["apiVersion"]).rpartition("/")[2]

    @property
    def kind(self) -> str:
        """Kind."""
        return str(self.body["kind"])

    @property
    def name(self) -> str:
        """Name; before seal without content hash. Empty for what the API server names."""
        return str((self.body.get("metadata") or {}).get("name", ""))

    def __str__(self) -> str:
        """Return kind, group and name, as messages call it."""
        return f"{self.kind}.{self.group} {self.name}" if self.group else f"{self.kind} {self.name}"


class TargetPatch(NamedTuple):
    """JSON Patch (RFC 6902) on objects of a base.

    name: a regular expression over the whole name, as kustomize reads targets. operations: as chapter 4 writes them.
    lacks_env_from: container 0 may have no envFrom, so that an append to it must make the list where it is missing.
    optional: some releases of the base do not have the object.
    """

    group: str
    version: str
    kind: str
    name: str
    operations: list[dict[str, Any]]
    lacks_env_from: bool = False
    optional: bool = False

    def __str__(self) -> str:
        """Return kind, group and name, as messages call its target."""
        return f"{self.kind}.{self.group} {self.name}" if self.group else f"{self.kind} {self.name}"


class ConfigMapEntries(NamedTuple):
    """Entries of a ConfigMap that a generator makes. `merge`: the base has it, else it is a new one."""

    name: str
    data: dict[str, str]
    merge: bool


@dataclass(slots=True)
class Rendered:
    """What a target gives: objects, and what changes those of a base."""

    manifests: list[Manifest] = field(default_factory=list)
    patches: list[TargetPatch] = field(default_factory=list)
    config_maps: list[ConfigMapEntries] = field(default_factory=list)


def in_order(manifests: Iterable[Manifest]) -> list[Manifest]:
    """Return the objects in the order in which they are written."""
    return sorted(manifests, key=lambda m: (_RANKS.get(m.kind, len(_RANKS)), m.kind, m.group, m.name))


def for_removal(kinds: Iterable[TypeMeta]) -> list[TypeMeta]:
    """Return kinds in the order in which their objects can go: who names stands before who is named."""
    return sorted(set(kinds), key=lambda each: (-_RANKS[each.kind], each))


def customary(body: dict[str, Any]) -> dict[str, Any]:
    """Return the body with apiVersion, kind and metadata first, as kubectl writes it; all else in its order."""
    head = {key: body[key] for key in _FIRST_KEYS if key in body}
    return head if len(head) == len(body) else {**head, **{k: v for k, v in body.items() if k not in head}}
