"""Fields that Knative Serving refuses unless a feature flag is on.

Source: knative/serving v0.50.0, pkg/apis/serving/fieldmask.go and k8s_validation.go, with the defaults of
config/core/configmaps/features.yaml.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from modelyard.check.finding import Cluster, Finding, Path, items, mapping
from modelyard.check.pods import KNATIVE, KNATIVE_FLAGS, all_pod_templates, containers
from modelyard.manifests.manifest import Manifest

_POD_ALLOWED: Final = frozenset(
    [
        "containers",
        "volumes",
        "serviceAccountName",
        "imagePullSecrets",
        "enableServiceLinks",
        "automountServiceAccountToken",
        "containerConcurrency",
        "timeoutSeconds",
        "responseStartTimeoutSeconds",
        "idleTimeoutSeconds",
    ]
)
_VOLUME_ALLOWED: Final = frozenset(["name", "secret", "configMap", "projected", "emptyDir"])
_EMPTY_DIR_ALLOWED: Final = frozenset(["medium", "sizeLimit"])  # the schema leaves it open
_VOLUME_FLAGS: Final = {
    "csi": "podspec-volumes-csi",
    "ephemeral": "podspec-volumes-ephemeral",
    "hostPath": "podspec-volumes-hostpath",
    "image": "podspec-volumes-image",
    "persistentVolumeClaim": "podspec-persistent-volume-claim",
}
_CONTAINER_ALLOWED: Final = frozenset(
    [
        "args",
        "command",
        "env",
        "envFrom",
        "image",
        "imagePullPolicy",
        "livenessProbe",
        "name",
        "ports",
        "readinessProbe",
        "resources",
        "securityContext",
        "startupProbe",
        "terminationMessagePath",
        "terminationMessagePolicy",
        "volumeMounts",
        "workingDir",
    ]
)
# Of lists in a container: the keys of an item that have no flag and are allowed.
_ITEMS_ALLOWED: Final = {
    "ports": frozenset(["containerPort", "name", "protocol"]),
    "volumeMounts": frozenset(["mountPath", "mountPropagation", "name", "readOnly", "subPath"]),
}
_POD_SECURITY_ALLOWED: Final = frozenset(
    ["fsGroup", "runAsGroup", "runAsNonRoot", "runAsUser", "seccompProfile", "supplementalGroups"]
)
_SECURITY_ALLOWED: Final = frozenset(
    [
        "allowPrivilegeEscalation",
        "capabilities",
        "privileged",  # false only
        "readOnlyRootFilesystem",
        "runAsGroup",
        "runAsNonRoot",
        "runAsUser",
        "seccompProfile",
    ]
)
_NEVER: Final = "never"


def features(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find fields behind a flag that spec.knative.features does not name, and fields without a flag."""
    if cluster.knative_features is None:
        return
    for index, manifest, template in all_pod_templates(manifests):
        if manifest.group == KNATIVE:
            for path, flag in _guarded(template.spec_path, template.spec):
                if flag not in cluster.knative_features:
                    yield _finding(index, path, flag)


def _guarded(path: Path, pod: dict[str, Any]) -> Iterator[tuple[Path, str]]:
    for key in pod:
        if key not in _POD_ALLOWED:
            yield (*path, key), KNATIVE_FLAGS.get(key, _NEVER)
    for key in mapping(pod.get("securityContext")).keys() - _POD_SECURITY_ALLOWED:
        yield (*path, "securityContext", key), _NEVER
    if pod.get("automountServiceAccountToken") is True:  # false only
        yield (*path, "automountServiceAccountToken"), _NEVER
    for i, volume in items(pod.get("volumes")):
        yield from _volume((*path, "volumes", i), volume)
    for container_path, container in containers(path, pod):
        yield from _container(container_path, container)


def _volume(path: Path, volume: dict[str, Any]) -> Iterator[tuple[Path, str]]:
    for key, source in volume.items():
        if key not in _VOLUME_ALLOWED:
            yield (*path, key), _VOLUME_FLAGS.get(key, _NEVER)
        if key == "emptyDir":
            yield from (((*path, key, each), _NEVER) for each in mapping(source) if each not in _EMPTY_DIR_ALLOWED)
        if key == "persistentVolumeClaim" and not mapping(source).get("readOnly"):
            yield (*path, key), "podspec-persistent-volume-write"


def _container(path: Path, container: dict[str, Any]) -> Iterator[tuple[Path, str]]:
    for key in container:
        if key not in _CONTAINER_ALLOWED:
            yield (*path, key), _NEVER
    for key, allowed in _ITEMS_ALLOWED.items():
        for i, item in items(container.get(key)):
            yield from (((*path, key, i, each), _NEVER) for each in item if each not in allowed)
    for key in mapping(container.get("resources")).keys() - {"limits", "requests"}:
        yield (*path, "resources", key), _NEVER
    for i, variable in items(container.get("env")):
        for key in ("fieldRef", "resourceFieldRef"):
            if key in mapping(variable.get("valueFrom")):
                yield (*path, "env", i, "valueFrom", key), "podspec-fieldref"
    for i, mount in items(container.get("volumeMounts")):
        if "mountPropagation" in mount:
            yield (*path, "volumeMounts", i, "mountPropagation"), "podspec-volumes-mount-propagation"
    yield from _security((*path, "securityContext"), mapping(container.get("securityContext")))


def _security(path: Path, context: dict[str, Any]) -> Iterator[tuple[Path, str]]:
    for key, value in context.items():
        if key not in _SECURITY_ALLOWED or (key == "privileged" and value is not False):
            yield (*path, key), _NEVER
    if "add" in mapping(context.get("capabilities")):
        yield (*path, "capabilities", "add"), "containerspec-addcapabilities"


def _finding(index: int, path: Path, flag: str) -> Finding:
    field = next(str(part) for part in reversed(path) if isinstance(part, str))
    if flag == _NEVER:
        hint = "take it out, or run the model on the deployment target"
        return Finding("MY301", f"Knative never allows {field}", hint, index, path)
    hint = f"if the cluster's config-features has kubernetes.{flag} on, add {flag} to spec.knative.features"
    return Finding("MY301", f"Knative refuses {field} while the feature {flag} is off", hint, index, path)
