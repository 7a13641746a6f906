"""API versions that Kubernetes serves no longer, or will not serve for long.

Source: k8s.io/api v0.37.2, zz_generated.prerelease-lifecycle.go of each group and version; kubernetes.io,
Deprecated API Migration Guide, for kinds that are not in it any more.
"""

from collections.abc import Mapping
from functools import cache
from typing import Final, NamedTuple


class Life(NamedTuple):
    """The minor versions of Kubernetes since which an API version is deprecated and gone, and what replaces it."""

    deprecated: int
    removed: int
    replacement: str


_ADMISSION: Final = "admissionregistration.k8s.io"
_FLOW: Final = "flowcontrol.apiserver.k8s.io"
_RBAC: Final = "rbac.authorization.k8s.io"
_RESOURCE: Final = "resource.k8s.io"
_ROLES: Final = "ClusterRole ClusterRoleBinding Role RoleBinding"
_CLAIMS: Final = "DeviceClass ResourceClaim ResourceClaimTemplate ResourceSlice"
_MUTATING: Final = "MutatingAdmissionPolicy MutatingAdmissionPolicyBinding"
_VALIDATING: Final = "ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding"
_WEBHOOKS: Final = "MutatingWebhookConfiguration ValidatingWebhookConfiguration"
_SECURITY: Final = "Pod Security admission"
# API version, its kinds, since when it is deprecated and gone (minor versions), and what replaces it.
_LIVES: Final[tuple[tuple[str, str, int, int, str], ...]] = (
    (f"{_ADMISSION}/v1alpha1", _MUTATING, 35, 38, f"{_ADMISSION}/v1"),
    (f"{_ADMISSION}/v1alpha1", _VALIDATING, 29, 32, f"{_ADMISSION}/v1"),
    (f"{_ADMISSION}/v1beta1", _MUTATING, 37, 40, f"{_ADMISSION}/v1"),
    (f"{_ADMISSION}/v1beta1", _WEBHOOKS, 16, 22, f"{_ADMISSION}/v1"),
    (f"{_ADMISSION}/v1beta1", _VALIDATING, 31, 34, f"{_ADMISSION}/v1"),
    ("apiextensions.k8s.io/v1beta1", "CustomResourceDefinition", 16, 22, "apiextensions.k8s.io/v1"),
    ("apiregistration.k8s.io/v1beta1", "APIService", 19, 22, "apiregistration.k8s.io/v1"),
    ("apps/v1beta1", "ControllerRevision Deployment StatefulSet", 8, 16, "apps/v1"),
    ("apps/v1beta2", "ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet", 9, 16, "apps/v1"),
    ("authentication.k8s.io/v1beta1", "TokenReview", 19, 22, "authentication.k8s.io/v1"),
    ("autoscaling/v2beta1", "HorizontalPodAutoscaler", 22, 25, "autoscaling/v2"),
    ("autoscaling/v2beta2", "HorizontalPodAutoscaler", 23, 26, "autoscaling/v2"),
    ("batch/v1beta1", "CronJob", 21, 25, "batch/v1"),
    ("batch/v2alpha1", "CronJob", 16, 21, "batch/v1"),
    ("certificates.k8s.io/v1alpha1", "ClusterTrustBundle", 34, 37, "certificates.k8s.io/v1beta1"),
    ("certificates.k8s.io/v1beta1", "CertificateSigningRequest", 19, 22, "certificates.k8s.io/v1"),
    ("certificates.k8s.io/v1beta1", "ClusterTrustBundle PodCertificateRequest", 37, 40, "certificates.k8s.io/v1"),
    ("coordination.k8s.io/v1beta1", "Lease", 19, 22, "coordination.k8s.io/v1"),
    ("discovery.k8s.io/v1beta1", "EndpointSlice", 21, 25, "discovery.k8s.io/v1"),
    ("events.k8s.io/v1beta1", "Event", 22, 25, "events.k8s.io/v1"),
    ("extensions/v1beta1", "DaemonSet Deployment ReplicaSet", 8, 16, "apps/v1"),
    ("extensions/v1beta1", "Ingress", 14, 22, "networking.k8s.io/v1"),
    ("extensions/v1beta1", "NetworkPolicy", 9, 16, "networking.k8s.io/v1"),
    ("extensions/v1beta1", "PodSecurityPolicy", 11, 16, _SECURITY),
    (f"{_FLOW}/v1beta1", "FlowSchema PriorityLevelConfiguration", 23, 26, f"{_FLOW}/v1"),
    (f"{_FLOW}/v1beta2", "FlowSchema PriorityLevelConfiguration", 26, 29, f"{_FLOW}/v1"),
    (f"{_FLOW}/v1beta3", "FlowSchema PriorityLevelConfiguration", 29, 32, f"{_FLOW}/v1"),
    ("networking.k8s.io/v1beta1", "Ingress IngressClass", 19, 22, "networking.k8s.io/v1"),
    ("networking.k8s.io/v1beta1", "IPAddress ServiceCIDR", 34, 37, "networking.k8s.io/v1"),
    ("node.k8s.io/v1beta1", "RuntimeClass", 22, 25, "node.k8s.io/v1"),
    ("policy/v1beta1", "PodDisruptionBudget", 21, 25, "policy/v1"),
    ("policy/v1beta1", "PodSecurityPolicy", 21, 25, _SECURITY),
    (f"{_RBAC}/v1alpha1", _ROLES, 20, 23, f"{_RBAC}/v1"),
    (f"{_RBAC}/v1beta1", _ROLES, 17, 22, f"{_RBAC}/v1"),
    (f"{_RESOURCE}/v1beta1", _CLAIMS, 35, 38, f"{_RESOURCE}/v1"),
    (f"{_RESOURCE}/v1beta2", _CLAIMS, 36, 39, f"{_RESOURCE}/v1"),
    ("scheduling.k8s.io/v1alpha1", "PriorityClass", 14, 22, "scheduling.k8s.io/v1"),
    ("scheduling.k8s.io/v1beta1", "PriorityClass", 14, 22, "scheduling.k8s.io/v1"),
    ("storage.k8s.io/v1alpha1", "CSIStorageCapacity VolumeAttachment", 21, 24, "storage.k8s.io/v1"),
    ("storage.k8s.io/v1alpha1", "VolumeAttributesClass", 32, 35, "storage.k8s.io/v1"),
    ("storage.k8s.io/v1beta1", "CSIDriver CSINode StorageClass VolumeAttachment", 19, 22, "storage.k8s.io/v1"),
    ("storage.k8s.io/v1beta1", "CSIStorageCapacity", 24, 27, "storage.k8s.io/v1"),
    ("storage.k8s.io/v1beta1", "VolumeAttributesClass", 34, 37, "storage.k8s.io/v1"),
)  # fmt: skip


@cache
def _lives() -> Mapping[tuple[str, str], Life]:
    return {
        (version, kind): Life(deprecated, removed, replacement)
        for version, kinds, deprecated, removed, replacement in _LIVES
        for kind in kinds.split()
    }


def life(api_version: object, kind: str) -> Life | None:
    """Return the life of an API version of a kind, or None if it has no known end."""
    return _lives().get((str(api_version), kind))


def is_gone(api_version: object, kind: str, minor: int) -> bool:
    """Tell whether a cluster of a minor version of Kubernetes serves the kind in this version no longer."""
    found = life(api_version, kind)
    return found is not None and found.removed <= minor
