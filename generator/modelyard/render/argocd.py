"""What Argo CD needs beside the rendered files: an Application for an overlay, and what its settings lack."""

import re
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from modelyard.files.yaml import write
from modelyard.manifests.manifest import Manifest
from modelyard.manifests.template import Templates, folder

HEADER: Final = '# Written by "modelyard render --argocd": edits here are lost.'
SETTINGS: Final = "argocd-cm-patch.yaml"

_POD: Final = ".spec.template.spec"
_PROBE: Final = '{"successThreshold": 1, "tcpSocket": {"port": 0}}'
_FIXED: Final = ".volumes[]? | select(.configMap or .secret or .projected) | .name"
_OF_FIXED: Final = ".readOnly and (.name as $name | $fixed | index($name))"
_PROBES: Final = ("startupProbe", "readinessProbe", "livenessProbe")
# What the API server adds inside of lists, which Argo CD compares as a whole where a kind is none of Kubernetes' own
# (argo-cd v3.6.1, gitops-engine/pkg/diff, threeWayMergePatch): values that mean the same as none, and only those, for
# a change to any other must show. Of HTTPRoute and PodMonitor they are in their definitions (gateway-api v1.6.3,
# prometheus-operator v0.94.1); Knative's webhook fills in the rest (serving v0.51.0,
# pkg/apis/serving/v1/revision_defaults.go).
_DEFAULTS: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("gateway.networking.k8s.io", "HTTPRoute"): (
        '.spec.parentRefs[]? | select(.group == "gateway.networking.k8s.io") | .group',
        '.spec.parentRefs[]? | select(.kind == "Gateway") | .kind',
        '.spec.rules[]?.backendRefs[]? | select(.group == "") | .group',
        '.spec.rules[]?.backendRefs[]? | select(.kind == "Service") | .kind',
        ".spec.rules[]?.backendRefs[]? | select(.weight == 1) | .weight",
        '.spec.rules[]?.filters[]?.requestMirror.backendRef | select(.group == "") | .group',
        '.spec.rules[]?.filters[]?.requestMirror.backendRef | select(.kind == "Service") | .kind',
        '.spec.rules[]?.matches[]?.headers[]? | select(.type == "Exact") | .type',
    ),
    ("monitoring.coreos.com", "PodMonitor"): (
        '.spec.podMetricsEndpoints[]?.relabelings[]? | select(.action == "replace") | .action',
    ),
    ("serving.knative.dev", "Service"): (
        f"{_POD}.containers[]? | select(.readinessProbe == {_PROBE}) | .readinessProbe",
        f"{_POD}.containers[]?.readinessProbe | select(.failureThreshold == 3) | .failureThreshold",
        f"{_POD}.containers[]?.readinessProbe | select(.timeoutSeconds == 1) | .timeoutSeconds",
        *(f'{_POD}.containers[]?.{probe}.grpc | select(.service == "") | .service' for probe in _PROBES),
        f"{_POD} | [{_FIXED}] as $fixed | .containers[]?.volumeMounts[]? | select({_OF_FIXED}) | .readOnly",
    ),
}


class Source(NamedTuple):
    """Where Argo CD finds an overlay: repository, and path from its root; and the namespace of its objects."""

    repository: str
    path: str
    namespace: str


def name(set_name: str, path: str) -> str:
    """Return the name of the Application of an overlay: of the set and of its folder, which the set may be named by."""
    last = re.sub("[^a-z0-9]+", "-", path.rpartition("/")[2].lower()).strip("-")
    return set_name if not last or f"-{set_name}".endswith(f"-{last}") else f"{set_name}-{last}"


def application(named: str, source: Source, manifests: Iterable[Manifest]) -> str:
    """Return the Application of an overlay that gives these objects."""
    kinds = {(each.group, each.kind) for each in manifests}
    ignored = [
        {"group": group, "kind": kind, "jqPathExpressions": list(expressions)}
        for (group, kind), expressions in _DEFAULTS.items()
        if (group, kind) in kinds
    ]
    context = {"name": named, **source._asdict(), "ignored": ignored}
    return f"{HEADER}\n{write(Templates().render('argocd/application.yaml', context))}"


def settings() -> str:
    """Return the patch of Argo CD's ConfigMap argocd-cm."""
    return f"{HEADER}\n{(folder() / 'argocd-cm' / SETTINGS).read_text('utf-8')}"
