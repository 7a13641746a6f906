"""The objects of a deployment, and how kustomize finds the ones that a step is for.

Source: kustomize 5.8.1, api/resmap/reswrangler.go, api/types/selector.go, kyaml/resid.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple

from modelyard.kustomize.simulate.expressions import Expression
from modelyard.kustomize.simulate.labels import Requirement

_NOT_NAMESPACED: Final = "_non_namespaceable_"
_CLUSTER_SCOPED: Final = frozenset([
    "APIService", "CSIDriver", "CSINode", "CertificateSigningRequest", "ClusterRole", "ClusterRoleBinding",
    "ComponentStatus", "CustomResourceDefinition", "FlowSchema", "IngressClass", "MutatingWebhookConfiguration",
    "Namespace", "Node", "PersistentVolume", "PodSecurityPolicy", "PriorityClass", "PriorityLevelConfiguration",
    "RuntimeClass", "StorageClass", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding",
    "ValidatingWebhookConfiguration", "VolumeAttachment",
])  # fmt: skip


class Former(NamedTuple):
    """What an object was called before a step renamed it."""

    kind: str
    name: str
    namespace: str


@dataclass(slots=True, eq=False)
class Object:
    """One object. `broken`: a step failed on it, so what is missing at the end follows from that."""

    body: dict[str, Any]
    former: list[Former] = field(default_factory=list)
    broken: bool = False

    @property
    def group(self) -> str:
        """API group; empty for the core group."""
        group, slash, _ = str(self.body.get("apiVersion", "")).partition("/")
        return group if slash else ""

    @property
    def version(self) -> str:
        """API version without the group."""
        return str(self.body.get("apiVersion", "")).rpartition("/")[2]

    @property
    def kind(self) -> str:
        """Kind."""
        return str(self.body.get("kind", ""))

    @property
    def metadata(self) -> dict[str, Any]:
        """Metadata; an empty mapping if there is none."""
        found = self.body.get("metadata")
        return found if isinstance(found, dict) else {}

    @property
    def name(self) -> str:
        """Name as it is at this point."""
        return str(self.metadata.get("name", ""))

    @property
    def is_cluster_scoped(self) -> bool:
        """Whether kustomize knows that the kind has no namespace."""
        built_in = not self.group or self.group.endswith(".k8s.io") or self.group in ("apps", "batch", "policy")
        return built_in and self.kind in _CLUSTER_SCOPED

    @property
    def namespace(self) -> str:
        """Namespace as kustomize compares it: `default` if none is set."""
        return _NOT_NAMESPACED if self.is_cluster_scoped else str(self.metadata.get("namespace") or "default")

    def remember(self) -> None:
        """Keep kind, name and namespace before they change."""
        self.former.append(Former(self.kind, self.name, self.namespace))

    def __str__(self) -> str:
        """Return kind, group and name, as messages call it."""
        return f"{self.kind}.{self.group} {self.name}" if self.group else f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class Target:
    """What selects objects: regular expressions over whole texts (None: any), and label selectors.

    source: the mapping it was read from, for places.
    """

    source: dict[str, Any]
    group: Expression | None = None
    version: Expression | None = None
    kind: Expression | None = None
    name: Expression | None = None
    namespace: Expression | None = None
    labels: tuple[Requirement, ...] = ()
    annotations: tuple[Requirement, ...] = ()

    def matches(self, each: Object) -> bool:
        """Tell whether this selects an object: by its first or its present name and namespace."""
        if not (_fits(self.kind, each.kind) and _fits(self.group, each.group) and _fits(self.version, each.version)):
            return False
        first = each.former[0] if each.former else None
        if not (_fits(self.name, each.name) or (first and _fits(self.name, first.name))):
            return False
        if self.namespace is not None and not (
            _fits(self.namespace, each.namespace) or (first and _fits(self.namespace, first.namespace))
        ):
            return False
        return all(every.matches(each.metadata.get("labels")) for every in self.labels) and all(
            every.matches(each.metadata.get("annotations")) for every in self.annotations
        )

    def without(self, name: str) -> "Target":
        """Return the same target without one of its conditions."""
        if name in ("labels", "annotations"):
            return replace(self, labels=() if name == "labels" else self.labels,
                           annotations=() if name == "annotations" else self.annotations)  # fmt: skip
        return replace(
            self,
            group=None if name == "group" else self.group,
            version=None if name == "version" else self.version,
            kind=None if name == "kind" else self.kind,
            name=None if name == "name" else self.name,
            namespace=None if name == "namespace" else self.namespace,
        )

    def __str__(self) -> str:
        """Return what it asks for, as it is written."""
        group = self.source.get("group")
        words = [f"{self.source.get('kind') or 'any kind'}{f'.{group}' if group else ''}"]
        words += [str(self.source["name"])] if self.source.get("name") else []
        extra = ("version", "namespace", "labelSelector", "annotationSelector")
        words += [f"with {key} {self.source[key]}" for key in extra if self.source.get(key) and key != "version"]
        return " ".join(words)


def _fits(pattern: Expression | None, text: str) -> bool:
    return pattern is None or pattern.fullmatch(text)


class Objects:
    """The objects at one point of the way, in kustomize's order."""

    def __init__(self, objects: Iterable[Object] = ()) -> None:
        """Start with these."""
        self.all: list[Object] = list(objects)

    def __iter__(self) -> Iterator[Object]:
        """Yield each."""
        return iter(self.all)

    def add(self, each: Object) -> None:
        """Put one at the end."""
        self.all.append(each)

    def select(self, target: Target) -> list[Object]:
        """Return what a target selects."""
        return [each for each in self.all if target.matches(each)]

    def named(self, kind: str, name: str, *, group: str = "", namespace: str | None = None) -> list[Object]:
        """Return the objects of this kind and group that have or had the name; in a namespace, if one is given."""
        return [
            each
            for each in self.all
            if each.group == group
            and any(
                former.kind == kind and former.name == name and namespace in (None, former.namespace)
                for former in (*each.former, Former(each.kind, each.name, each.namespace))
            )
        ]
