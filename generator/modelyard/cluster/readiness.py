"""When an object does what it was applied for, and why it does not, in words."""

from typing import Any, Final, NamedTuple

from modelyard.cluster import ack, routes
from modelyard.cluster.client import Object

_WORKLOADS: Final = frozenset(["Deployment", "StatefulSet"])
_KNATIVE: Final = "serving.knative.dev/"
_CONFIG_CONNECTOR: Final = ".cnrm.cloud.google.com/"
# Of Config Connector's reasons, those that it does not get out of by itself (k8s-config-connector v1.155.1, pkg/k8s).
_STUCK: Final = frozenset(["DeleteFailed", "DependencyInvalid", "ManagementConflict", "Unmanaged", "UpdateFailed"])
_WORDS: Final = (
    (
        "DomainAlreadyClaimed",
        "the ClusterDomainClaim of this host is missing or names another namespace; set claim: true",
    ),
    ("FailedToRetrieveImagePullSecret", "a Secret that imagePullSecrets names is not in this namespace"),
    ("Unable to fetch image", "the image cannot be fetched: check its name, and imagePullSecrets"),
    ("ImagePullBackOff", "the image cannot be pulled: check its name, and the Secret in imagePullSecrets"),
    ("ErrImagePull", "the image cannot be pulled: check its name, and the Secret in imagePullSecrets"),
    ("exceeded quota", "the namespace's ResourceQuota is used up"),
    ("Unschedulable", "no node has room for the pod, or none meets its requirements"),
    ("CrashLoopBackOff", "the container ends again and again; its log says why"),
)


class State(NamedTuple):
    """ready: None while a controller is still at work. why: what it says, empty if it is ready."""

    ready: bool | None
    why: str = ""


def reports(api_version: str, kind: str) -> bool:
    """Tell whether objects of a kind say themselves whether they are ready."""
    of_cloud = ack.is_of_aws(api_version) or _CONFIG_CONNECTOR in api_version
    return kind in _WORKLOADS or api_version.startswith((_KNATIVE, routes.API)) or of_cloud


def state(live: Object) -> State:
    """Return whether an object is ready. Kinds without a controller that reports are ready when they exist."""
    if live["kind"] == "Deployment":
        return _deployment(live)
    if live["kind"] == "StatefulSet":
        return _stateful_set(live)
    if ack.is_of_aws(str(live["apiVersion"])):
        done, said = ack.readiness(live)
        return State(done, words({"message": said}))
    if live["apiVersion"] == routes.API:
        why = routes.refusal(live)
        return State(not why, why)
    of_google = _CONFIG_CONNECTOR in str(live["apiVersion"])
    if not str(live["apiVersion"]).startswith(_KNATIVE) and not of_google:
        return State(True)
    status = live.get("status") or {}
    if status.get("observedGeneration") != live["metadata"].get("generation"):
        return State(None, "waiting for its controller")
    ready = _condition(live, "Ready")
    if ready.get("status") == "True":
        return State(True)
    failed = ready.get("reason") in _STUCK if of_google else ready.get("status") == "False"
    return State(False if failed else None, words(ready))


def _deployment(live: Object) -> State:
    status, wanted = live.get("status") or {}, live["spec"].get("replicas", 1)
    if status.get("observedGeneration", 0) < live["metadata"].get("generation", 1):
        return State(None, "waiting for its controller")
    for kind in ("Progressing", "ReplicaFailure"):
        condition = _condition(live, kind)
        if condition.get("status") == ("False" if kind == "Progressing" else "True"):
            return State(False, words(condition))
    updated, available, there = (status.get(key, 0) for key in ("updatedReplicas", "availableReplicas", "replicas"))
    if updated == available == there == wanted:
        return State(True)
    # What is available may be of the version before: a stuck update takes nothing away from it.
    if updated < wanted or updated < there <= available:
        return State(None, f"{updated} of {wanted} pods have the new version")
    return State(None, f"{available} of {wanted} pods are available")


def _stateful_set(live: Object) -> State:
    """Return what kubectl's rollout status says of one that replaces its pods (kubectl v1.36, rollout_status.go)."""
    status, wanted = live.get("status") or {}, live["spec"].get("replicas", 1)
    if status.get("observedGeneration", 0) < live["metadata"].get("generation", 1):
        return State(None, "waiting for its controller")
    updated, available, there = (status.get(key, 0) for key in ("updatedReplicas", "availableReplicas", "replicas"))
    moved = status.get("currentRevision") == status.get("updateRevision")
    if not moved and updated < wanted:
        return State(None, f"{updated} of {wanted} pods have the new version")
    if moved and available == there == wanted:
        return State(True)
    return State(None, f"{available} of {wanted} pods are available")


def _condition(live: Object, kind: str) -> dict[str, Any]:
    conditions = (live.get("status") or {}).get("conditions") or []
    return next((each for each in conditions if each.get("type") == kind), {})


def words(condition: dict[str, Any]) -> str:
    """Return what a condition means: in our words where its own mislead, and always what the controller said."""
    said = " ".join(": ".join(filter(None, (condition.get("reason"), condition.get("message")))).split())
    known = next((meaning for token, meaning in _WORDS if token in said), "")
    return f"{known} ({said})" if known else said
