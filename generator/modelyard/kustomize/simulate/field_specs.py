"""Fields that a transformer sets in objects, wherever they stand, and the lists that kustomize has built in.

Source: kustomize 5.8.2, api/filters/fieldspec/fieldspec.go and api/internal/konfig/builtinpluginconsts; see versions.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

from modelyard.kustomize.simulate.objects import Object
from modelyard.kustomize.simulate.read import mappings


class FieldSpec(NamedTuple):
    """A path of keys separated by /, in the objects of a kind; empty group, version or kind: in all."""

    path: str
    create: bool = False
    group: str = ""
    version: str = ""
    kind: str = ""


def _specs(lines: str, *, create: bool) -> tuple[FieldSpec, ...]:
    rows = [line.split() for line in lines.strip().splitlines()]
    dash = {"-": ""}
    return tuple(FieldSpec(row[3], create, *(dash.get(each, each) for each in row[:3])) for row in rows)


METADATA_LABELS: Final = (FieldSpec("metadata/labels", create=True),)
TEMPLATE_LABELS: Final = METADATA_LABELS + _specs(
    """
    - v1 ReplicationController spec/template/metadata/labels
    - - Deployment spec/template/metadata/labels
    - - ReplicaSet spec/template/metadata/labels
    - - DaemonSet spec/template/metadata/labels
    apps - StatefulSet spec/template/metadata/labels
    batch - Job spec/template/metadata/labels
    batch - CronJob spec/jobTemplate/metadata/labels
    batch - CronJob spec/jobTemplate/spec/template/metadata/labels
    """,
    create=True,
)
CLAIM_LABELS: Final = _specs("apps - StatefulSet spec/volumeClaimTemplates[]/metadata/labels", create=True)
_AFFINITY: Final = "\n".join(
    f"apps - {kind} spec/template/spec/{path}/labelSelector/matchLabels"
    for kind in ("Deployment", "StatefulSet")
    for path in (
        *(
            f"affinity/{affinity}/{when}"
            for affinity in ("podAffinity", "podAntiAffinity")
            for when in (
                "preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm",
                "requiredDuringSchedulingIgnoredDuringExecution",
            )
        ),
        "topologySpreadConstraints",
    )
)
COMMON_LABELS: Final = (
    _specs(
        """
        - v1 Service spec/selector
        - v1 ReplicationController spec/selector
        - - Deployment spec/selector/matchLabels
        - - ReplicaSet spec/selector/matchLabels
        - - DaemonSet spec/selector/matchLabels
        apps - StatefulSet spec/selector/matchLabels
        """,
        create=True,
    )
    + _specs(
        f"""{_AFFINITY}
        batch - Job spec/selector/matchLabels
        batch - CronJob spec/jobTemplate/spec/selector/matchLabels
        policy - PodDisruptionBudget spec/selector/matchLabels
        networking.k8s.io - NetworkPolicy spec/podSelector/matchLabels
        networking.k8s.io - NetworkPolicy spec/ingress/from/podSelector/matchLabels
        networking.k8s.io - NetworkPolicy spec/egress/to/podSelector/matchLabels
        """,
        create=False,
    )
    + TEMPLATE_LABELS
    + CLAIM_LABELS
)
COMMON_ANNOTATIONS: Final = (
    FieldSpec("metadata/annotations", create=True),
    *_specs(
        """
        - v1 ReplicationController spec/template/metadata/annotations
        - - Deployment spec/template/metadata/annotations
        - - ReplicaSet spec/template/metadata/annotations
        - - DaemonSet spec/template/metadata/annotations
        - - StatefulSet spec/template/metadata/annotations
        batch - Job spec/template/metadata/annotations
        batch - CronJob spec/jobTemplate/metadata/annotations
        batch - CronJob spec/jobTemplate/spec/template/metadata/annotations
        """,
        create=True,
    ),
)
REPLICAS: Final = _specs(
    """
    - - Deployment spec/replicas
    - - ReplicationController spec/replicas
    - - ReplicaSet spec/replicas
    - - StatefulSet spec/replicas
    """,
    create=True,
)
_PODS: Final = ("spec", "spec/template/spec")
IMAGES: Final = tuple(
    FieldSpec(f"{pod}/{path}/image", create=True) for pod in _PODS for path in ("containers[]", "initContainers[]")
)
IMAGE_VOLUMES: Final = tuple(FieldSpec(f"{pod}/volumes[]/image/reference", create=True) for pod in _PODS)
IMAGE_VOLUMES_OF_JOBS: Final = (
    FieldSpec("spec/jobTemplate/spec/template/spec/volumes[]/image/reference", create=True),
)
NAMESPACES: Final = (
    FieldSpec("metadata/name", create=True, kind="Namespace"),
    FieldSpec("spec/service/namespace", create=True, group="apiregistration.k8s.io", kind="APIService"),
    FieldSpec(
        "spec/conversion/webhook/clientConfig/service/namespace",
        group="apiextensions.k8s.io",
        kind="CustomResourceDefinition",
    ),
)
NAMES: Final = (FieldSpec("metadata/name"),)


def read(entries: object) -> tuple[FieldSpec, ...]:
    """Return the field specs of a transformer's `fieldSpecs:` or of a configuration file."""
    return tuple(
        FieldSpec(
            str(each.get("path") or ""),
            each.get("create") is True,
            *(str(each.get(key) or "") for key in ("group", "version", "kind")),
        )
        for each in mappings(entries)
    )


def joined(*lists: Iterable[FieldSpec]) -> tuple[FieldSpec, ...]:
    """Return the specs of several lists, each once."""
    return tuple(dict.fromkeys(each for specs in lists for each in specs))


def apply(
    each: Object, specs: Iterable[FieldSpec], change: Callable[[dict[str, Any], str], None], *, makes: bool = True
) -> None:
    """Call change(mapping, key) for every field of an object that the specs name; makes: may make missing mappings."""
    for spec in specs:
        fits = (spec.group in ("", each.group), spec.version in ("", each.version), spec.kind in ("", each.kind))
        if all(fits) and spec.path:
            parts = spec.path.replace("\\/", "\0").split("/")
            _walk(each.body, [part.replace("\0", "/") for part in parts], spec.create and makes, change)


def _walk(node: Any, parts: list[str], create: bool, change: Callable[[dict[str, Any], str], None]) -> None:  # noqa: FBT001
    if isinstance(node, list):
        for each in node:
            _walk(each, parts, create, change)
    elif isinstance(node, dict):
        name = parts[0].removesuffix("[]")
        may_make = create and name == parts[0]
        if len(parts) == 1:
            if name in node or may_make:
                change(node, name)
            return
        if node.get(name) is None and may_make:
            node[name] = {}
        _walk(node.get(name), parts[1:], create, change)
