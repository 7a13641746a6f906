"""Fields that Knative Serving refuses unless a feature flag is on.

Source: knative/serving v0.50.0, pkg/apis/serving/fieldmask.go and k8s_validation.go, with the defaults of
config/core/configmaps/features.yaml.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from modelyard.check.finding import Cluster, Finding, containers, items, mapping, pod_spec
from modelyard.manifest import Manifest

Path = tuple[str | int, ...]

_GROUP: Final = "serving.knative.dev"
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
_POD_FLAGS: Final = {
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
_VOLUME_ALLOWED: Final = frozenset(["name", "secret", "configMap", "projected", "emptyDir"])
_VOLUME_FLAGS: Final = {
    "csi": "podspec-volumes-csi",
    "ephemeral": "podspec-volumes-ephemeral",
    "hostPath": "podspec-volumes-hostpath",
    "image": "podspec-volumes-image",
    "persistentVolumeClaim": "podspec-persistent-volume-claim",
}
_CONTAINER_NEVER: Final = frozenset(["lifecycle", "stdin", "stdinOnce", "tty", "volumeDevices"])
_PORT_NEVER: Final = frozenset(["hostIP", "hostPort"])
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
    for index, manifest in enumerate(manifests):
        found = pod_spec(manifest) if manifest.group == _GROUP else None
        if found is None:
            continue
        for path, flag in _guarded(*found):
            if flag not in cluster.knative_features:
                yield _finding(index, path, flag)


def _guarded(path: Path, pod: dict[str, Any]) -> Iterator[tuple[Path, str]]:
    for key in pod:
        if key not in _POD_ALLOWED:
            yield (*path, key), _POD_FLAGS.get(key, _NEVER)
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
        if key == "persistentVolumeClaim" and not mapping(source).get("readOnly"):
            yield (*path, key), "podspec-persistent-volume-write"


def _container(path: Path, container: dict[str, Any]) -> Iterator[tuple[Path, str]]:
    for key in sorted(_CONTAINER_NEVER.intersection(container)):
        yield (*path, key), _NEVER
    for i, port in items(container.get("ports")):
        for key in sorted(_PORT_NEVER.intersection(port)):
            yield (*path, "ports", i, key), _NEVER
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
