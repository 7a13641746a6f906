"""What a rule over objects says, what it may know of the cluster, and how it reads data that may be anything."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from modelyard.check.schemas.kinds import SHIPPED, Kinds
from modelyard.manifests.manifest import Manifest

Path: TypeAlias = tuple[str | int, ...]


class Cluster(NamedTuple):
    """What is known about the cluster."""

    knative_features: frozenset[str] | None = frozenset()  # None: not known
    openshift: bool = False
    kinds: Kinds = SHIPPED


PROBING: Final = "multi-container-probing"


def allows(cluster: Cluster, feature: str) -> bool:
    """Tell whether Knative may have a feature on; where nothing is known, it may."""
    return cluster.knative_features is None or feature in cluster.knative_features


class Finding(NamedTuple):
    """A finding: on which object (its index in the sequence), at which path, and a second path it belongs with.

    other: the index of the object that the second path is of, if that is not the same object.
    """

    code: str
    message: str
    hint: str
    manifest: int
    path: Path
    related: Path | None = None
    related_message: str = ""
    other: int | None = None


Rule: TypeAlias = Callable[[Sequence[Manifest], Cluster], Iterator[Finding]]


class Found(NamedTuple):
    """What a rule says about one object, before it is known which of the sequence it is.

    code: where it is not that of the rule.
    """

    message: str
    hint: str
    path: Path
    related: Path | None = None
    related_message: str = ""
    code: str = ""

    def on(self, code: str, manifest: int) -> Finding:
        """Return the finding with its code, on an object of the sequence."""
        return Finding(
            self.code or code, self.message, self.hint, manifest, self.path, self.related, self.related_message
        )


class Remark(NamedTuple):
    """What was found, and the value that it is about: its mark is the place."""

    code: str
    message: str
    hint: str
    origin: object


def mapping(value: object) -> dict[str, Any]:
    """Return a mapping as it is, and an empty one for anything else: a patch can put anything anywhere."""
    return value if isinstance(value, dict) else {}


def items(value: object) -> Sequence[tuple[int, dict[str, Any]]]:
    """Return index and item of the mappings in a list; nothing for what is no list."""
    # Rules ask for half a million lists of 10,000 objects, most of which are not there.
    return [(i, item) for i, item in enumerate(value) if isinstance(item, dict)] if isinstance(value, list) else ()


def sequence(value: object) -> list[Any]:
    """Return a list as it is, and an empty one for anything else."""
    return value if isinstance(value, list) else []


def text(value: object) -> str:
    """Return a text as it is, and an empty one for anything else."""
    return value if isinstance(value, str) else ""


def integer(value: object) -> int | None:
    """Return an integer as it is, and None for anything else; true is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


_NODES: Final = (dict, list)
_TEXTS: Final = frozenset(["annotations", "labels", "matchLabels", "nodeSelector"])


def without_nulls(node: Any) -> Any:
    """Return a value without the fields that are null, which is absent to the API server; itself if there are none.

    Source: kubernetes v1.36.3, apiextensions-apiserver pkg/apiserver/schema/defaulting/prunenulls.go.
    """
    if not isinstance(node, dict | list) or not _has_nulls(node):
        return node
    if isinstance(node, dict):
        return {
            key: _texts(value) if key in _TEXTS and isinstance(value, dict) else without_nulls(value)
            for key, value in node.items()
            if value is not None
        }
    return [without_nulls(value) for value in node]


def _texts(node: dict[Any, Any]) -> dict[Any, Any]:
    """Return a map of texts as Go's decoder fills it: null there is the empty text."""
    return {key: "" if value is None else value for key, value in node.items()}


def _has_nulls(node: dict[Any, Any] | list[Any]) -> bool:
    """Tell whether a field is null, here or below; an item of a list that is null is none."""
    is_mapping = isinstance(node, dict)
    for value in node.values() if isinstance(node, dict) else node:
        if value is None:
            if is_mapping:
                return True
        elif isinstance(value, _NODES) and _has_nulls(value):
            return True
    return False


def namespace_of(body: object) -> str:
    """Return the namespace of an object, empty if it does not say."""
    return text(at(body, "metadata").get("namespace"))


def at(body: object, *path: str) -> dict[str, Any]:
    """Return the mapping at a path, and an empty one where there is none."""
    for part in path:
        body = mapping(body).get(part)
    return mapping(body)
