"""Why a pod does not run, or not for long: from its containers' states, and from what its node has reported.

States and reasons: Kubernetes 1.36, pkg/kubelet/{kuberuntime,images,container}, pkg/kubelet/events/event.go.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from modelyard.cluster.client import Client, ClusterProblem, Object

RESTARTS: Final = 3  # so many, and a container will not start by itself
RECENT_SECONDS: Final = 600  # a container that was restarted within this time may be restarted again
_FLAPPING: Final = 2  # restarts
_IMAGE: Final = "the image cannot be pulled: check its name, and the Secret in imagePullSecrets"
_WAITING: Final = {
    "ErrImagePull": _IMAGE,
    "ImagePullBackOff": _IMAGE,
    "InvalidImageName": "the image's name is not valid: correct it",
    "ErrImageNeverPull": "the image is not on the node, and imagePullPolicy is Never",
    "CreateContainerConfigError": "a Secret, ConfigMap or key that its variables name is missing",
    "CreateContainerError": "the container cannot be created with its settings",
}
_START: Final = frozenset(["StartError", "ContainerCannotRun"])  # of containerd, and of Docker
_NOT_THERE: Final = ("no such file or directory", "executable file not found")
_PROBE: Final = re.compile(r"(Startup|Readiness|Liveness) probe (?:failed|errored[^:]*): (.*)", re.DOTALL)
_LIVENESS: Final = "failed liveness probe"
_STARTUP: Final = "failed startup probe"
# Of a Secret in imagePullSecrets that is not there (pkg/kubelet/kubelet_pods.go).
_NO_SECRET: Final = "FailedToRetrieveImagePullSecret"  # noqa: S105 - a reason
_MISSING: Final = re.compile(r'(?:secret|configmap|persistentvolumeclaim) "[^"]*" not found', re.IGNORECASE)


class Fault(NamedTuple):
    """Why a pod does not do its work. lasting: it will not without a change.

    ended: a container has ended that should run. restarts: how often it was started again.
    """

    pod: str
    why: str
    lasting: bool = False
    ended: bool = False
    restarts: int = 0

    @property
    def flaps(self) -> bool:
        """Tell whether the pod may look ready, and is restarted again and again."""
        return self.restarts >= _FLAPPING

    def __str__(self) -> str:
        """Return `pod NAME: why`."""
        return f"pod {self.pod}: {self.why}"


def faults(client: Client, pods: Iterable[Object]) -> Iterator[Fault]:
    """Yield what is wrong with pods. Raises ClusterProblem."""
    for pod in pods:
        if is_troubled(pod):
            yield from _of_pod(pod, _events(client, pod))


def worst(found: Iterable[Fault]) -> Fault | None:
    """Return the fault that explains most, or None without any."""
    return max(found, key=lambda each: (each.lasting, each.ended), default=None)


def is_troubled(pod: Object) -> bool:
    """Tell whether a pod is not ready, or has been restarted: of the others no events are read."""
    status = pod.get("status") or {}
    if status.get("phase") == "Succeeded" or pod["metadata"].get("deletionTimestamp"):
        return False
    conditions = {each.get("type"): each.get("status") for each in status.get("conditions") or []}
    waits = any(not each.get("ready") for each in status.get("containerStatuses") or [])
    return waits or conditions.get("Ready") != "True" or any(each.get("restartCount") for each in _containers(status))


def _containers(status: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]


def _of_pod(pod: Object, events: list[Object]) -> Iterator[Fault]:
    name, status = str(pod["metadata"]["name"]), pod.get("status") or {}
    for each in status.get("conditions") or []:
        if each.get("reason") == "Unschedulable":
            said = _one_line(each.get("message"))
            yield Fault(name, f"no node has room for the pod, or none meets its requirements (Unschedulable: {said})")
    if status.get("reason") == "Evicted":
        yield Fault(name, f"it was evicted from its node ({_one_line(status.get('message'))})")
    yield from _of_volumes(name, status, events)
    for container in _containers(status):
        yield from _of_container(name, container, events)


def _of_volumes(name: str, status: Mapping[str, Any], events: list[Object]) -> Iterator[Fault]:
    """Yield why volumes are not mounted; the events of a pod that has started are over."""
    if any((each.get("state") or {}).keys() - {"waiting"} or each.get("restartCount") for each in _containers(status)):
        return
    for reason, meaning in (
        ("FailedMount", "a volume cannot be mounted"),
        ("FailedAttachVolume", "a volume cannot be attached to the node"),
        ("FailedCreatePodSandBox", "the node cannot set up the pod"),
    ):
        if last := _last(events, reason):
            said = _one_line(last.get("message"))
            missing = bool(_MISSING.search(said)) and int(last.get("count") or 1) > 1
            yield Fault(name, f"{meaning} ({reason}: {said})", lasting=missing)


def _of_container(pod: str, container: Mapping[str, Any], events: list[Object]) -> Iterator[Fault]:
    state, restarts = container.get("state") or {}, int(container.get("restartCount") or 0)
    waiting = state.get("waiting") or {}
    reason = str(waiting.get("reason") or "")
    ended = state.get("terminated") or (container.get("lastState") or {}).get("terminated") or {}
    who = container.get("name", "")
    if reason in _WAITING:
        yield _waiting(pod, reason, _one_line(waiting.get("message")), events)
    elif ended and (reason or "terminated" in state or _is_recent(ended)) and not _is_done(container, state):
        why = f"the container {who} {_end(ended, events)}"
        times = f"; it was restarted {restarts} times" if restarts > 1 else "; it was restarted once"
        hopeless = not container.get("ready") and (restarts >= RESTARTS or ended.get("reason") in _START)
        yield Fault(pod, why + (times if restarts else ""), lasting=hopeless, ended=True, restarts=restarts)
    elif waiting.get("message"):
        yield Fault(pod, f"the container {who} waits ({reason}: {_one_line(waiting['message'])})")
    if "running" in state and not container.get("ready"):
        yield from _probes(pod, str(who), started=bool(container.get("started")), events=events)


def _is_done(container: Mapping[str, Any], state: Mapping[str, Any]) -> bool:
    """Tell whether a container has ended as it should: one of init containers does."""
    return bool(container.get("ready")) and (state.get("terminated") or {}).get("exitCode") == 0


def _waiting(pod: str, reason: str, said: str, events: list[Object]) -> Fault:
    why = f"{_WAITING[reason]} ({reason}: {said})" if said else f"{_WAITING[reason]} ({reason})"
    if _WAITING[reason] == _IMAGE and (secret := _last(events, _NO_SECRET)):
        why += f"; a Secret that imagePullSecrets names is not in this namespace ({_one_line(secret.get('message'))})"
    return Fault(pod, why, lasting=True)


def _end(ended: Mapping[str, Any], events: list[Object]) -> str:
    """Return how a container ended, after its name."""
    reason, code, said = ended.get("reason"), ended.get("exitCode"), _one_line(ended.get("message"))
    if reason == "OOMKilled":
        return "was killed: it used more memory than its limit (OOMKilled)"
    if reason in _START:
        there = any(each in said for each in _NOT_THERE)
        return f"cannot start: {'its command is not in the image' if there else 'see what the node says'} ({said})"
    killed = [each for each in events if each.get("reason") == "Killing"]
    for token, probe in ((_LIVENESS, "Liveness"), (_STARTUP, "Startup")):
        if any(token in str(each.get("message")) for each in killed):
            answer = _answer(events, probe)
            return f"was killed by its {probe.lower()} probe" + (f": {answer}" if answer else "")
    return f"has ended with exit code {code}: `modelyard logs MODEL --previous` shows its last output"


def _probes(pod: str, who: str, *, started: bool, events: list[Object]) -> Iterator[Fault]:
    for probe in ("Readiness",) if started else ("Startup", "Readiness"):
        if answer := _answer(events, probe):
            yield Fault(pod, f"the {probe.lower()} probe of the container {who} fails: {answer}")
            return


def _answer(events: list[Object], probe: str) -> str:
    """Return what a probe was answered the last time that it failed."""
    for each in reversed(events):
        found = _PROBE.match(str(each.get("message"))) if each.get("reason") == "Unhealthy" else None
        if found and found[1] == probe:
            return _one_line(found[2])
    return ""


def _last(events: list[Object], reason: str) -> Object | None:
    return next((each for each in reversed(events) if each.get("reason") == reason), None)


def _is_recent(ended: Mapping[str, Any]) -> bool:
    at = ended.get("finishedAt")
    return bool(at) and (datetime.now(UTC) - datetime.fromisoformat(str(at))).total_seconds() < RECENT_SECONDS


def _one_line(text: object) -> str:
    return " ".join(str(text or "").split())


def _events(client: Client, pod: Object) -> list[Object]:
    """Return what happened to a pod, the newest last; nothing where the user may not read that."""
    try:
        found = client.select("v1", "Event", fields=f"involvedObject.uid={pod['metadata']['uid']}")
    except ClusterProblem as error:
        if error.problem.code == "MY703":
            return []
        raise
    return sorted(found, key=lambda each: str(each.get("lastTimestamp") or each.get("eventTime") or ""))
