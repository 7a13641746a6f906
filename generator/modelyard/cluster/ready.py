"""When an object does what it was applied for, and why it does not, in words."""

import time
from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

from modelyard.cluster.apply import called
from modelyard.cluster.client import Client, Object
from modelyard.problem import Problem, problem

POLL_SECONDS: Final = 0.5
FAILED_SECONDS: Final = (
    6.0  # a condition that is False for so long is a failure: controllers pass through it in seconds
)
_KNATIVE: Final = "serving.knative.dev/"
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
    ("Unschedulable", "no node has room for the pod, or none is as it asks"),
    ("CrashLoopBackOff", "the container ends again and again; its log says why"),
)


class State(NamedTuple):
    """ready: None while a controller is still at work. why: what it says, empty if it is ready."""

    ready: bool | None
    why: str = ""


def state(live: Object) -> State:
    """Return whether an object is ready. Kinds without a controller that reports are ready when they exist."""
    if live["kind"] == "Deployment":
        return _deployment(live)
    if not str(live["apiVersion"]).startswith(_KNATIVE):
        return State(True)
    status = live.get("status") or {}
    if status.get("observedGeneration") != live["metadata"].get("generation"):
        return State(None, "its controller has not seen it yet")
    ready = _condition(live, "Ready")
    if ready.get("status") == "True":
        return State(True)
    return State(False if ready.get("status") == "False" else None, words(ready))


def _deployment(live: Object) -> State:
    status, wanted = live.get("status") or {}, live["spec"].get("replicas", 1)
    if status.get("observedGeneration", 0) < live["metadata"].get("generation", 1):
        return State(None, "its controller has not seen it yet")
    for kind in ("Progressing", "ReplicaFailure"):
        condition = _condition(live, kind)
        if condition.get("status") == ("False" if kind == "Progressing" else "True"):
            return State(False, words(condition))
    counts = [status.get(key, 0) for key in ("updatedReplicas", "availableReplicas", "replicas")]
    if all(each == wanted for each in counts):
        return State(True)
    return State(None, f"{counts[1]} of {wanted} pods are available")


def _condition(live: Object, kind: str) -> dict[str, Any]:
    conditions = (live.get("status") or {}).get("conditions") or []
    return next((each for each in conditions if each.get("type") == kind), {})


def words(condition: dict[str, Any]) -> str:
    """Return what a condition means: in our words where its own mislead, and always what the controller said."""
    said = " ".join(": ".join(filter(None, (condition.get("reason"), condition.get("message")))).split())
    known = next((meaning for token, meaning in _WORDS if token in said), "")
    return f"{known} ({said})" if known else said


def wait(client: Client, bodies: Iterable[Object], *, seconds: float, progress: Callable[[str], None]) -> list[Problem]:
    """Wait until all objects are ready; return those that failed, or were not ready after so many seconds.

    A Route is not ready while a rollout lasts, so the time must be longer than rolloutDuration. Raises ClusterProblem.
    """
    waiting = {called(each): each for each in bodies if state(each) != State(True)}
    last: dict[str, str] = {}
    failing: dict[str, float] = {}
    end = time.monotonic() + seconds
    problems: list[Problem] = []
    while waiting:
        for name, body in list(waiting.items()):
            metadata = body["metadata"]
            live = client.find(body["apiVersion"], body["kind"], metadata["name"], metadata.get("namespace"))
            now = state(live) if live else State(False, "it is gone")
            since = failing.setdefault(name, time.monotonic()) if now.ready is False else None
            if now.ready is not False:
                failing.pop(name, None)
            text = "ready" if now.ready else now.why or "not ready yet"
            if last.get(name) != text:
                last[name] = text
                progress(f"{name}: {text}")
            if now.ready:
                del waiting[name]
            elif since is not None and time.monotonic() - since >= FAILED_SECONDS:
                problems.append(_not_ready(name, text))
                del waiting[name]
        if waiting and time.monotonic() >= end:
            return problems + [_not_ready(name, f"after {seconds:.0f} s: {last[name]}") for name in waiting]
        if waiting:
            time.sleep(POLL_SECONDS)
    return problems


def _not_ready(name: str, why: str) -> Problem:
    return problem("MY708", f"{name} is not ready: {why}", hint="`modelyard status MODEL` says more")
