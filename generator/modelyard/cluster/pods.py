"""Why a model is not ready: the conditions of its objects, and what its pods wait for."""

from collections.abc import Iterator
from typing import Any, Final

from modelyard.cluster.apply import called
from modelyard.cluster.client import Client, ClusterProblem, Object
from modelyard.cluster.ready import state, words

_SERVING: Final = "serving.knative.dev/v1"
_SERVICE: Final = "serving.knative.dev/service"
_PULLING: Final = frozenset(["ErrImagePull", "ImagePullBackOff"])
# What a kubelet says of a Secret in imagePullSecrets that is not there (Kubernetes 1.36, pkg/kubelet/kubelet_pods.go).
_NO_SECRET: Final = "FailedToRetrieveImagePullSecret"  # noqa: S105 - a reason
_REPORTING: Final = (
    (_SERVING, "Service"),
    (_SERVING, "Route"),
    (_SERVING, "Revision"),
    ("serving.knative.dev/v1beta1", "DomainMapping"),
    ("apps/v1", "Deployment"),
)


def conditions(client: Client, name: str) -> Iterator[str]:
    """Yield `OBJECT: why` for each object of a model that is not ready. Raises ClusterProblem."""
    for api_version, kind in _REPORTING:
        for live in client.optional(api_version, kind):
            labels = live["metadata"].get("labels") or {}
            names = (live["metadata"]["name"], labels.get("app.kubernetes.io/name"), labels.get(_SERVICE))
            now = state(live)
            if name in names and not now.ready:
                yield f"{called(live)}: {now.why}"


def waiting(client: Client, name: str) -> Iterator[str]:
    """Yield `pod NAME: why` for each pod of a model that does not run. Raises ClusterProblem."""
    found = client.select("v1", "Pod", f"app.kubernetes.io/name={name}")
    found += client.select("v1", "Pod", f"{_SERVICE}={name},!app.kubernetes.io/name")
    for pod in found:
        for reason in _reasons(client, pod):
            yield f"pod {pod['metadata']['name']}: {words(reason)}"


def _reasons(client: Client, pod: Object) -> list[dict[str, Any]]:
    """Return why a pod does not run; of one that waits for its image also what the node says about it."""
    status = pod.get("status") or {}
    reasons = [each for each in status.get("conditions") or [] if each.get("reason") == "Unschedulable"]
    states = [each.get("state") or {} for each in status.get("containerStatuses") or []]
    reasons += [each["waiting"] for each in states if each.get("waiting")]
    if any(each.get("reason") in _PULLING for each in reasons):
        reasons += [each for each in _events(client, pod) if each.get("reason") == _NO_SECRET]
    return reasons


def _events(client: Client, pod: Object) -> list[Object]:
    """Return what happened to a pod; nothing where the user may not read that."""
    try:
        return client.select("v1", "Event", fields=f"involvedObject.uid={pod['metadata']['uid']}")
    except ClusterProblem as error:
        if error.problem.code == "MY703":
            return []
        raise
