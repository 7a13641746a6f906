"""What belongs to a model, and taking it out of the cluster."""

import time
from collections.abc import Iterable
from typing import Final

from modelyard.cluster.apply import called
from modelyard.cluster.client import Client, Object
from modelyard.cluster.inventory import SERVING, in_use
from modelyard.cluster.prune import PRUNABLE, ours, owned
from modelyard.problem import Problem, problem
from modelyard.workload import NAME_LABEL

_POLL_SECONDS: Final = 0.3
_SHARED: Final = "ServiceAccount"  # belongs to the set


def objects_of(client: Client, name: str, *, force: bool) -> tuple[list[Object], list[Problem]]:
    """Return the live objects of a model in the order in which they can go. Raises ClusterProblem."""
    selector = f"{ours()},{NAME_LABEL}={name}"
    found = [
        live
        for api_version, kind in PRUNABLE
        if kind != _SHARED
        for live in client.optional(api_version, kind, selector)
        if not owned(live)
    ]
    if found:
        return found, []
    foreign = client.find(SERVING, "Service", name)
    if foreign is None:
        message = f"there is no model {name} in the namespace {client.namespace}"
        return [], [problem("MY710", message, hint="`modelyard list` names what is there; -n names another namespace")]
    if not force:
        message = f"{name} is a Knative Service that modelyard did not deploy"
        return [], [problem("MY711", message, hint="add --force to delete it nevertheless")]
    return [foreign], []


def revision_of(client: Client, name: str) -> tuple[list[Object], list[Problem]]:
    """Return a revision that can go, or why it cannot. Raises ClusterProblem."""
    live = client.find(SERVING, "Revision", name)
    if live is None:
        return [], [problem("MY710", f"there is no revision {name}", hint="`modelyard list --revisions` names all")]
    if route := in_use(client, name):
        hint = "give its calls to another revision first, and take its tag away"
        return [], [problem("MY712", f"the Route {route} names the revision {name}", hint=hint)]
    return [live], []


def remove(client: Client, doomed: Iterable[Object], *, seconds: float, orphan: bool = False) -> list[Problem]:
    """Delete objects as they were read, and wait until they are gone; orphan: what they own stays.

    Raises ClusterProblem.
    """
    waiting = list(doomed)
    for each in waiting:
        client.delete(each, orphan=orphan)
    end = time.monotonic() + seconds
    while waiting := [each for each in waiting if _is_there(client, each)]:
        if time.monotonic() >= end:
            hint = "a finalizer holds it: its controller must be running"
            return [
                problem("MY708", f"{called(each)} is not gone after {seconds:.0f} s", hint=hint) for each in waiting
            ]
        time.sleep(_POLL_SECONDS)
    return []


def _is_there(client: Client, each: Object) -> bool:
    metadata = each["metadata"]
    live = client.find(each["apiVersion"], each["kind"], metadata["name"], metadata.get("namespace"))
    return live is not None and live["metadata"]["uid"] == metadata["uid"]
