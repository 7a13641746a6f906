"""What belongs to a model, and taking it out of the cluster."""

import time
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Final

from modelyard.cluster.apply import called
from modelyard.cluster.client import Client, Object
from modelyard.cluster.endpoints import Holder, held
from modelyard.cluster.helm import of_model, undeletable
from modelyard.cluster.inventory import SERVING, in_use
from modelyard.cluster.prune import ours, owned
from modelyard.problems import Problem, problem
from modelyard.targets import kinds
from modelyard.targets.sagemaker.values import CONFIG, MODEL
from modelyard.targets.workloads.objects import ACCOUNT, NAME_LABEL

_POLL_SECONDS: Final = 0.3


def objects_of(client: Client, name: str, *, force: bool) -> tuple[list[Object], list[Problem]]:
    """Return the live objects of a model in the order in which they can go. Raises ClusterProblem."""
    selector = f"{ours()},{NAME_LABEL}={name}"
    found = [
        live
        for kind in kinds()
        if kind != ACCOUNT  # it belongs to the set
        for live in client.optional(*kind, selector)
        if not owned(live)
    ]
    if found:
        return found, []
    if by_helm := of_model(client, name):
        return [], [undeletable(by_helm, name)]
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


def remove(
    client: Client, doomed: Iterable[Object], *, seconds: float, orphan: bool = False
) -> tuple[list[Object], list[Problem]]:
    """Delete objects as they were read, one kind after the other; return what is gone, and why the rest is not.

    Who names an object is gone before that goes; what is still run then stays, with the warning MY717. seconds: of the
    wait for all. orphan: what they own stays. Raises ClusterProblem.
    """
    left, gone, warnings = list(doomed), list[Object](), list[Problem]()
    end = time.monotonic() + seconds
    for kind, group in groupby(list(left), key=_kind):
        going = list(group)
        if kind in (CONFIG, MODEL):
            stay = [each for each in held(client, left) if each.held in going]
            warnings += map(_in_use, stay)
            left, going = (
                [each for each in some if all(each is not one.held for one in stay)] for some in (left, going)
            )
        if problems := _delete(client, going, end=end, seconds=seconds, orphan=orphan):
            return gone, [*warnings, *problems]
        gone += going
    return gone, warnings


def _delete(client: Client, going: Sequence[Object], *, end: float, seconds: float, orphan: bool) -> list[Problem]:
    for each in going:
        client.delete(each, orphan=orphan)
    waiting = list(going)
    while waiting := [each for each in waiting if _is_there(client, each)]:
        if time.monotonic() >= end:
            hint = "a finalizer holds it: its controller must be running"
            return [
                problem("MY708", f"{called(each)} is not gone after {seconds:.0f} s", hint=hint) for each in waiting
            ]
        time.sleep(_POLL_SECONDS)
    return []


def _in_use(holder: Holder) -> Problem:
    message = f"{called(holder.held)} stays: {called(holder.by)} may still run it"
    hint = "when `modelyard status` says that the endpoint is ready, run the command again with --prune"
    return problem("MY717", message, hint=hint)


def _kind(live: Object) -> tuple[str, str]:
    return str(live["apiVersion"]), str(live["kind"])


def _is_there(client: Client, each: Object) -> bool:
    metadata = each["metadata"]
    live = client.find(each["apiVersion"], each["kind"], metadata["name"], metadata.get("namespace"))
    return live is not None and live["metadata"]["uid"] == metadata["uid"]
