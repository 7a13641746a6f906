"""Why a model is not ready: the conditions of its objects, and what its pods wait for."""

from collections.abc import Iterator
from typing import Final

from modelyard.cluster.apply import called
from modelyard.cluster.client import Client
from modelyard.cluster.ready import state, words

_SERVING: Final = "serving.knative.dev/v1"
_SERVICE: Final = "serving.knative.dev/service"
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
        status = pod.get("status") or {}
        reasons = [each for each in status.get("conditions") or [] if each.get("reason") == "Unschedulable"]
        states = [each.get("state") or {} for each in status.get("containerStatuses") or []]
        reasons += [each["waiting"] for each in states if each.get("waiting")]
        for reason in reasons:
            yield f"pod {pod['metadata']['name']}: {words(reason)}"
