"""What the API server refuses beyond its schema: a table of rules for each kind, and one for their pods."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Final

from modelyard.check.finding import Cluster, Finding
from modelyard.check.pods import all_pod_templates
from modelyard.check.rules.refused import (
    admission,
    amounts,
    autoscaling,
    core,
    jobs,
    networking,
    pods,
    rbac,
    services,
    storage,
    whole_pods,
    workloads,
)
from modelyard.check.rules.refused.tree import Rows, Tree, under
from modelyard.manifests.manifest import Manifest

_CODE: Final = "MY358"
_ADMISSION: Final = "admissionregistration.k8s.io"
_RBAC: Final = "rbac.authorization.k8s.io"
_STORAGE: Final = "storage.k8s.io"
_NETWORKING: Final = "networking.k8s.io"
# Group and kind -> its tables. What is a pod of it stands in PODS.
TABLES: Final[Mapping[tuple[str, str], tuple[Rows, ...]]] = {
    ("", "ConfigMap"): (core.CONFIG_MAP,),
    ("", "Endpoints"): (services.ENDPOINTS,),
    ("", "LimitRange"): (amounts.LIMIT_RANGE,),
    ("", "Namespace"): (workloads.NAMESPACE,),
    ("", "PersistentVolume"): (core.VOLUME,),
    ("", "PersistentVolumeClaim"): (under("spec", core.CLAIM_SPEC),),
    ("", "ReplicationController"): (core.REPLICATION_CONTROLLER, workloads.CONTROLLER),
    ("", "Pod"): (core.POD,),
    ("", "PodTemplate"): (core.POD_TEMPLATE,),
    ("", "ResourceQuota"): (amounts.QUOTA,),
    ("", "Secret"): (core.SECRET,),
    ("", "Service"): (services.SERVICE,),
    ("apps", "DaemonSet"): (workloads.DAEMON_SET,),
    ("apps", "Deployment"): (workloads.DEPLOYMENT,),
    ("apps", "ReplicaSet"): (workloads.REPLICA_SET,),
    ("apps", "StatefulSet"): (workloads.STATEFUL_SET, under("spec/volumeClaimTemplates/*/spec", core.CLAIM_SPEC)),
    ("autoscaling", "HorizontalPodAutoscaler"): (autoscaling.AUTOSCALER,),
    ("batch", "CronJob"): (jobs.CRON_JOB,),
    ("batch", "Job"): (jobs.JOB,),
    ("coordination.k8s.io", "Lease"): (workloads.LEASE,),
    ("discovery.k8s.io", "EndpointSlice"): (services.ENDPOINT_SLICE,),
    ("node.k8s.io", "RuntimeClass"): (workloads.RUNTIME_CLASS,),
    ("policy", "PodDisruptionBudget"): (autoscaling.BUDGET,),
    ("scheduling.k8s.io", "PriorityClass"): (workloads.PRIORITY_CLASS,),
    (_ADMISSION, "MutatingWebhookConfiguration"): (admission.WEBHOOK,),
    (_ADMISSION, "ValidatingAdmissionPolicy"): (admission.VALIDATING_POLICY,),
    (_ADMISSION, "ValidatingAdmissionPolicyBinding"): (admission.POLICY_BINDING,),
    (_ADMISSION, "ValidatingWebhookConfiguration"): (admission.WEBHOOK,),
    (_NETWORKING, "Ingress"): (networking.INGRESS,),
    (_NETWORKING, "IngressClass"): (networking.INGRESS_CLASS,),
    (_NETWORKING, "NetworkPolicy"): (networking.NETWORK_POLICY,),
    (_RBAC, "ClusterRole"): (rbac.CLUSTER_ROLE,),
    (_RBAC, "ClusterRoleBinding"): (rbac.CLUSTER_ROLE_BINDING,),
    (_RBAC, "Role"): (rbac.ROLE,),
    (_RBAC, "RoleBinding"): (rbac.ROLE_BINDING,),
    (_STORAGE, "CSIDriver"): (storage.CSI_DRIVER,),
    (_STORAGE, "StorageClass"): (storage.STORAGE_CLASS,),
    (_STORAGE, "VolumeAttributesClass"): (storage.ATTRIBUTES_CLASS,),
}


@cache
def _tree(group: str, kind: str) -> Tree | None:
    tables = TABLES.get((group, kind))
    return Tree.of(*tables) if tables else None


@cache
def _pods() -> Tree:
    return Tree.of(pods.POD)


def refused(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find values that the API server refuses, by the table of each object's kind."""
    for index, manifest in enumerate(manifests):
        tree = _tree(manifest.group, manifest.kind)
        if tree is not None:
            yield from (each.on(_CODE, index) for each in tree.found(manifest.body, ()))
    for index, manifest, template in all_pod_templates(manifests):
        if (manifest.group, manifest.kind) in pods.KINDS:
            found = [*_pods().found(template.spec, template.spec_path), *whole_pods.as_a_whole(manifest, template)]
            yield from (each.on(_CODE, index) for each in found)
