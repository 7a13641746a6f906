"""The pods of a model, and why it is not ready: the conditions of its objects, and what is wrong with its pods."""

from collections.abc import Iterator
from typing import Final

from modelyard.cluster.apply import called
from modelyard.cluster.client import Client, Object
from modelyard.cluster.faults import faults
from modelyard.cluster.readiness import reports, state
from modelyard.targets import kinds
from modelyard.targets.workloads.objects import NAME_LABEL, VARIANT_LABEL

_SERVING: Final = "serving.knative.dev/v1"
_HASH: Final = "controller-revision-hash"
_SERVICE: Final = "serving.knative.dev/service"


def conditions(client: Client, name: str) -> Iterator[str]:
    """Yield `OBJECT: why` for each object of a model that is not ready. Raises ClusterProblem."""
    reporting = [each for each in kinds() if reports(*each)]
    for api_version, kind in (*reporting, (_SERVING, "Revision")):
        for live in client.optional(api_version, kind):
            labels = live["metadata"].get("labels") or {}
            names = (live["metadata"]["name"], labels.get("app.kubernetes.io/name"), labels.get(_SERVICE))
            now = state(live)
            if name in names and not now.ready:
                yield f"{called(live)}: {now.why}"


def waiting(client: Client, name: str) -> Iterator[str]:
    """Yield `pod NAME: why` for each pod of a model that does not run, or not for long. Raises ClusterProblem."""
    yield from (str(each) for each in faults(client, of_model(client, name)))


def of_model(client: Client, name: str, variant: str = "") -> list[Object]:
    """Return the pods of a model or of one variant, by name. Raises ClusterProblem."""
    narrowed = f",{VARIANT_LABEL}={variant}" if variant else ""
    found = client.select("v1", "Pod", f"{NAME_LABEL}={name}{narrowed}")
    return found if variant else found + client.select("v1", "Pod", f"{_SERVICE}={name},!{NAME_LABEL}")


def of_newest(client: Client, live: Object) -> list[Object]:
    """Return the pods of the newest version of a Deployment, StatefulSet or Knative Service; none of other kinds.

    Raises ClusterProblem.
    """
    namespace = live["metadata"].get("namespace")
    if live["kind"] == "Deployment":
        sets = client.select("apps/v1", "ReplicaSet", _selector(live), namespace)
        newest = next((each for each in sets if _is_newest(each, live)), None)
        return client.select("v1", "Pod", _selector(newest), namespace) if newest else []
    if live["kind"] == "StatefulSet":
        newest = (live.get("status") or {}).get("updateRevision")
        return client.select("v1", "Pod", f"{_selector(live)},{_HASH}={newest}", namespace) if newest else []
    revision = (live.get("status") or {}).get("latestCreatedRevisionName")
    return client.select("v1", "Pod", f"serving.knative.dev/revision={revision}", namespace) if revision else []


def _selector(live: Object) -> str:
    return ",".join(f"{key}={value}" for key, value in sorted(live["spec"]["selector"]["matchLabels"].items()))


def _is_newest(replica_set: Object, deployment: Object) -> bool:
    metadata = replica_set["metadata"]
    owned = any(each["uid"] == deployment["metadata"]["uid"] for each in metadata.get("ownerReferences") or [])
    return owned and _revision(replica_set) == _revision(deployment)


def _revision(live: Object) -> object:
    return (live["metadata"].get("annotations") or {}).get("deployment.kubernetes.io/revision")
