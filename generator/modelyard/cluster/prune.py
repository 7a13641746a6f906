"""Objects of a set that its models file no longer declares: of the kinds that its targets render."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from modelyard.cluster.client import Client, Object
from modelyard.cluster.endpoints import held, is_of
from modelyard.problems import Problem, problem
from modelyard.targets import kinds
from modelyard.targets.sagemaker.values import ENDPOINT
from modelyard.targets.workloads.objects import MANAGED_BY

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

    A ConfigMap stays while a live Revision or ReplicaSet names it that stays itself, also one that is not served: it
    may be rolled back to. An EndpointConfig or Model stays while an Endpoint runs it that nobody declares anew; whether
    one that is declared has moved, `remove` looks when it comes to that. Raises ClusterProblem.
    """
    declared = list(declared)
    wanted = {_key(each) for each in declared}
    found = [
        live
        for kind in kinds()
        for live in client.optional(*kind, ours(set_name), namespace)
        if _key(live) not in wanted and not owned(live) and not live["metadata"].get("deletionTimestamp")
    ]
    moving = [str(each["metadata"]["name"]) for each in declared if is_of(each, ENDPOINT)]
    stay = {each.held["metadata"]["uid"] for each in held(client, found, moving=moving)}
    found = [each for each in found if each["metadata"]["uid"] not in stay]
    if not any(each["kind"] == "ConfigMap" for each in found):
        return found
    named = set(_named_config_maps(client, namespace, found))
    return [each for each in found if each["kind"] != "ConfigMap" or each["metadata"]["name"] not in named]


def foreign(bodies: Iterable[Object | None], set_name: str) -> Iterator[Problem]:
    """Yield a problem for each live object that another set declares: an apply would take it away from that."""
    for live in bodies:
        labels = (live["metadata"].get("labels") or {}) if live and not owned(live) else {}
        part_of = labels.get("app.kubernetes.io/part-of", set_name)
        if live and labels.get("app.kubernetes.io/managed-by") == MANAGED_BY and part_of != set_name:
            metadata = live["metadata"]
            message = f"{live['kind']} {metadata['name']} belongs to the set {part_of}"
            yield problem(
                "MY714", message, hint=f"rename the model or the set; `modelyard delete` takes it out of {part_of}"
            )


def _named_config_maps(client: Client, namespace: str, doomed: Iterable[Object]) -> Iterator[str]:
    """Yield the ConfigMaps that revisions name, but for revisions which go with a doomed object."""
    services = {each["metadata"]["name"] for each in doomed if each["apiVersion"].startswith("serving.knative.dev/")}
    uids = {each["metadata"]["uid"] for each in doomed}
    for api_version, kind in _NAMING:
        for live in client.optional(api_version, kind, namespace=namespace):
            metadata = live["metadata"]
            of_service = (metadata.get("labels") or {}).get("serving.knative.dev/service")
            owners = {each["uid"] for each in metadata.get("ownerReferences") or []}
            if of_service not in services and not owners & uids:
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
