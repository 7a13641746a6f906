"""Objects of a set that its models file no longer declares."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from modelyard.cluster.client import Client, Object
from modelyard.workload import MANAGED_BY

# Who names stands before who is named: what serves calls goes first. ClusterDomainClaim is cluster-wide, and may be
# shared with other namespaces: it is left to an administrator.
PRUNABLE: Final = (
    ("monitoring.coreos.com/v1", "PodMonitor"),
    ("policy/v1", "PodDisruptionBudget"),
    ("autoscaling/v2", "HorizontalPodAutoscaler"),
    ("gateway.networking.k8s.io/v1", "HTTPRoute"),
    ("networking.k8s.io/v1", "Ingress"),
    ("serving.knative.dev/v1beta1", "DomainMapping"),
    ("serving.knative.dev/v1", "Route"),
    ("serving.knative.dev/v1", "Service"),
    ("v1", "Service"),
    ("apps/v1", "Deployment"),
    ("networking.k8s.io/v1", "NetworkPolicy"),
    ("v1", "ConfigMap"),
    ("v1", "ServiceAccount"),
)
_NAMING: Final = (("serving.knative.dev/v1", "Revision"), ("apps/v1", "ReplicaSet"))


def ours(set_name: str = "") -> str:
    """Return the label selector of what modelyard deployed, of one set or of all."""
    managed = f"app.kubernetes.io/managed-by={MANAGED_BY}"
    return f"{managed},app.kubernetes.io/part-of={set_name}" if set_name else managed


def owned(live: Object) -> bool:
    """Tell whether a controller made the object: Knative copies a Service's labels to what it makes of it."""
    return any(each.get("controller") for each in live["metadata"].get("ownerReferences") or [])


def surplus(client: Client, set_name: str, namespace: str, declared: Iterable[Object]) -> list[Object]:
    """Return the live objects of a set that are not declared, in the order in which they can go.

    A ConfigMap stays while a live Revision or ReplicaSet names it, also one that is not served: it may be rolled
    back to. What a removed workload leaves goes with the next run. Raises ClusterProblem.
    """
    wanted = {_key(each) for each in declared}
    found = [
        live
        for api_version, kind in PRUNABLE
        for live in client.optional(api_version, kind, ours(set_name), namespace)
        if _key(live) not in wanted and not owned(live) and not live["metadata"].get("deletionTimestamp")
    ]
    if not any(each["kind"] == "ConfigMap" for each in found):
        return found
    named = set(_named_config_maps(client, namespace))
    return [each for each in found if each["kind"] != "ConfigMap" or each["metadata"]["name"] not in named]


def _named_config_maps(client: Client, namespace: str) -> Iterator[str]:
    for api_version, kind in _NAMING:
        for live in client.optional(api_version, kind, namespace=namespace):
            yield from _names(live.get("spec"))


def _names(value: Any) -> Iterator[str]:
    """Yield what configMapRef, configMapKeyRef and configMap name below a value."""
    if isinstance(value, list):
        for each in value:
            yield from _names(each)
    elif isinstance(value, dict):
        for key, each in value.items():
            if key in {"configMapRef", "configMapKeyRef", "configMap"} and isinstance(each, dict) and "name" in each:
                yield str(each["name"])
            yield from _names(each)


def _key(body: Object) -> tuple[str, str, str]:
    return str(body["apiVersion"]).rpartition("/")[0], str(body["kind"]), str(body["metadata"]["name"])
