"""Which field the rules of other tools speak of, where their reports do not say.

Source: kube-score 1.20.0 (`kube-score list`, score/), kube-linter 0.8 (docs/generated/checks.md), checkov 3.3
(checkov/kubernetes/checks/resource/k8s), trivy-checks 1.11 (checks/kubernetes). A rule that is not here speaks of the
whole object, such as one that a PodDisruptionBudget is missing for.
"""

from collections.abc import Mapping
from typing import Final

from modelyard.problems.patterns import pattern
from modelyard.report.foreign.finding import CONTAINER, POD, Field


def _of(path: str) -> Field:
    return Field(tuple(path.split(".")))


def _pod(path: str) -> Field:
    return Field(tuple(path.split(".")), POD)


def _container(path: str) -> Field:
    return Field(tuple(path.split(".")), CONTAINER)


_CONTEXT: Final = "securityContext"
_CPU_LIMIT: Final = _container("resources.limits.cpu")
_CPU_REQUEST: Final = _container("resources.requests.cpu")
_MEMORY_LIMIT: Final = _container("resources.limits.memory")
_MEMORY_REQUEST: Final = _container("resources.requests.memory")
_IMAGE: Final = _container("image")
_LIVENESS: Final = _container("livenessProbe")
_READINESS: Final = _container("readinessProbe")
_ENV: Final = _container("env")
_PORTS: Final = _container("ports")
_MOUNTS: Final = _container("volumeMounts")
_PRIVILEGED: Final = _container(f"{_CONTEXT}.privileged")
_ESCALATION: Final = _container(f"{_CONTEXT}.allowPrivilegeEscalation")
_READ_ONLY: Final = _container(f"{_CONTEXT}.readOnlyRootFilesystem")
_NON_ROOT: Final = _container(f"{_CONTEXT}.runAsNonRoot")
_USER: Final = _container(f"{_CONTEXT}.runAsUser")
_GROUP: Final = _container(f"{_CONTEXT}.runAsGroup")
_SECCOMP: Final = _container(f"{_CONTEXT}.seccompProfile")
_CAPABILITIES: Final = _container(f"{_CONTEXT}.capabilities")
_DROPPED: Final = _container(f"{_CONTEXT}.capabilities.drop")
_ADDED: Final = _container(f"{_CONTEXT}.capabilities.add")
_ACCOUNT: Final = _pod("serviceAccountName")
_AFFINITY: Final = _pod("affinity.podAntiAffinity")
_VOLUMES: Final = _pod("volumes")

FIELDS: Final[Mapping[str, Mapping[str, Field]]] = {
    "kube-score": {
        "container-cpu-requests-equal-limits": _CPU_LIMIT,
        "container-ephemeral-storage-request-and-limit": _container("resources.limits.ephemeral-storage"),
        "container-ephemeral-storage-request-equals-limit": _container("resources.limits.ephemeral-storage"),
        "container-image-pull-policy": _container("imagePullPolicy"),
        "container-image-tag": _IMAGE,
        "container-memory-requests-equal-limits": _MEMORY_LIMIT,
        "container-ports-check": _PORTS,
        "container-resource-requests-equal-limits": _container("resources.limits"),
        "container-resources": _container("resources"),
        "container-seccomp-profile": _SECCOMP,
        "container-security-context-privileged": _PRIVILEGED,
        "container-security-context-readonlyrootfilesystem": _READ_ONLY,
        "container-security-context-user-group-id": _USER,
        "cronjob-has-deadline": _of("spec.startingDeadlineSeconds"),
        "cronjob-restartpolicy": _pod("restartPolicy"),
        "deployment-has-host-podantiaffinity": _AFFINITY,
        "deployment-pod-selector-labels-match-template-metadata-labels": _of("spec.selector.matchLabels"),
        "deployment-replicas": _of("spec.replicas"),
        "deployment-strategy": _of("spec.strategy"),
        "deployment-targeted-by-hpa-does-not-have-replicas-configured": _of("spec.replicas"),
        "environment-variable-key-duplication": _ENV,
        "horizontalpodautoscaler-has-target": _of("spec.scaleTargetRef"),
        "horizontalpodautoscaler-replicas": _of("spec.minReplicas"),
        "ingress-targets-service": _of("spec.rules"),
        "label-values": _of("metadata.labels"),
        "networkpolicy-targets-pod": _of("spec.podSelector"),
        "pod-probes": _LIVENESS,
        "pod-probes-identical": _LIVENESS,
        "pod-topology-spread-constraints": _pod("topologySpreadConstraints"),
        "poddisruptionbudget-has-policy": _of("spec"),
        "service-targets-pod": _of("spec.selector"),
        "service-type": _of("spec.type"),
        "stable-version": _of("apiVersion"),
        "statefulset-has-host-podantiaffinity": _AFFINITY,
        "statefulset-has-servicename": _of("spec.serviceName"),
        "statefulset-pod-selector-labels-match-template-metadata-labels": _of("spec.selector.matchLabels"),
    },
    "kube-linter": {
        "default-service-account": _ACCOUNT,
        "deprecated-service-account-field": _ACCOUNT,
        "docker-sock": _VOLUMES,
        "drop-net-raw-capability": _DROPPED,
        "duplicate-env-var": _ENV,
        "env-var-secret": _ENV,
        "exposed-services": _of("spec.type"),
        "host-ipc": _pod("hostIPC"),
        "host-network": _pod("hostNetwork"),
        "host-pid": _pod("hostPID"),
        "hpa-minimum-three-replicas": _of("spec.minReplicas"),
        "image-not-pinned-by-digest": _IMAGE,
        "image-sha": _IMAGE,
        "latest-tag": _IMAGE,
        "liveness-port": _LIVENESS,
        "minimum-three-replicas": _of("spec.replicas"),
        "mismatching-selector": _of("spec.selector.matchLabels"),
        "no-anti-affinity": _AFFINITY,
        "no-liveness-probe": _LIVENESS,
        "no-node-affinity": _pod("affinity.nodeAffinity"),
        "no-read-only-root-fs": _READ_ONLY,
        "no-readiness-probe": _READINESS,
        "no-rolling-update-strategy": _of("spec.strategy.type"),
        "no-startup-probe": _container("startupProbe"),
        "non-existent-service-account": _ACCOUNT,
        "priority-class-name": _pod("priorityClassName"),
        "privilege-escalation-container": _ESCALATION,
        "privileged-container": _PRIVILEGED,
        "privileged-ports": _PORTS,
        "read-secret-from-env-var": _ENV,
        "readiness-port": _READINESS,
        "restart-policy": _pod("restartPolicy"),
        "run-as-non-root": _NON_ROOT,
        "sensitive-host-mounts": _VOLUMES,
        "ssh-port": _PORTS,
        "startup-port": _container("startupProbe"),
        "unsafe-proc-mount": _container(f"{_CONTEXT}.procMount"),
        "unsafe-sysctls": _pod(f"{_CONTEXT}.sysctls"),
        "unset-cpu-requirements": _CPU_LIMIT,
        "unset-memory-requirements": _MEMORY_LIMIT,
        "use-namespace": _of("metadata.namespace"),
        "writable-host-mount": _MOUNTS,
    },
    "checkov": {
        "CKV_K8S_8": _LIVENESS,
        "CKV_K8S_9": _READINESS,
        "CKV_K8S_10": _CPU_REQUEST,
        "CKV_K8S_11": _CPU_LIMIT,
        "CKV_K8S_12": _MEMORY_REQUEST,
        "CKV_K8S_13": _MEMORY_LIMIT,
        "CKV_K8S_14": _IMAGE,
        "CKV_K8S_15": _container("imagePullPolicy"),
        "CKV_K8S_16": _PRIVILEGED,
        "CKV_K8S_17": _pod("hostPID"),
        "CKV_K8S_18": _pod("hostIPC"),
        "CKV_K8S_19": _pod("hostNetwork"),
        "CKV_K8S_20": _ESCALATION,
        "CKV_K8S_21": _of("metadata.namespace"),
        "CKV_K8S_22": _READ_ONLY,
        "CKV_K8S_23": _NON_ROOT,
        "CKV_K8S_25": _ADDED,
        "CKV_K8S_26": _PORTS,
        "CKV_K8S_27": _VOLUMES,
        "CKV_K8S_28": _DROPPED,
        "CKV_K8S_29": _pod(_CONTEXT),
        "CKV_K8S_30": _container(_CONTEXT),
        "CKV_K8S_31": _SECCOMP,
        "CKV_K8S_35": _ENV,
        "CKV_K8S_37": _DROPPED,
        "CKV_K8S_38": _pod("automountServiceAccountToken"),
        "CKV_K8S_39": _ADDED,
        "CKV_K8S_40": _USER,
        "CKV_K8S_41": _of("automountServiceAccountToken"),
        "CKV_K8S_43": _IMAGE,
    },
    "trivy": {
        "KSV001": _ESCALATION,
        "KSV003": _DROPPED,
        "KSV004": _DROPPED,
        "KSV005": _ADDED,
        "KSV006": _VOLUMES,
        "KSV008": _pod("hostIPC"),
        "KSV009": _pod("hostNetwork"),
        "KSV010": _pod("hostPID"),
        "KSV011": _CPU_LIMIT,
        "KSV012": _NON_ROOT,
        "KSV013": _IMAGE,
        "KSV014": _READ_ONLY,
        "KSV015": _CPU_REQUEST,
        "KSV016": _MEMORY_REQUEST,
        "KSV017": _PRIVILEGED,
        "KSV018": _MEMORY_LIMIT,
        "KSV020": _USER,
        "KSV021": _GROUP,
        "KSV022": _ADDED,
        "KSV023": _VOLUMES,
        "KSV024": _PORTS,
        "KSV030": _SECCOMP,
        "KSV036": _pod("automountServiceAccountToken"),
        "KSV104": _SECCOMP,
        "KSV105": _USER,
        "KSV106": _CAPABILITIES,
        "KSV110": _of("metadata.namespace"),
        "KSV117": _PORTS,
        "KSV118": _container(_CONTEXT),
    },
}
# What a message of a rule says -> its field, where the rule speaks of several.
WORDS: Final[Mapping[str, Mapping[str, Field]]] = {
    "container-resources": {
        "cpu limit": _CPU_LIMIT,
        "memory limit": _MEMORY_LIMIT,
        "cpu request": _CPU_REQUEST,
        "memory request": _MEMORY_REQUEST,
    },
    "container-ephemeral-storage-request-and-limit": {
        "request": _container("resources.requests.ephemeral-storage"),
    },
    "container-security-context-user-group-id": {"group": _GROUP},
    "pod-probes": {"readiness": _READINESS},
    "unset-cpu-requirements": {"request": _CPU_REQUEST},
    "unset-memory-requirements": {"request": _MEMORY_REQUEST},
}


_VARIABLE: Final = pattern(r"environment variable \"?([A-Za-z_][A-Za-z0-9_]{0,252}+)\"? ")


def field_of(tool: str, rule: str, message: str, container: str = "") -> Field | None:
    """Return the field that a rule speaks of; None if it speaks of the whole object, or is not known."""
    said = message.lower()
    found = next((field for words, field in WORDS.get(rule, {}).items() if words in said), None)
    found = found or FIELDS.get(tool, {}).get(rule)
    if found is _ENV and (variable := _VARIABLE.search(message)):
        found = Field(("env", f"name={variable[1]}"), CONTAINER)
    return found._replace(container=container) if found and found.within == CONTAINER else found
