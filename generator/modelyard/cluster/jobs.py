"""An Indexed Job: begun or found, followed to its end by what its pods say when they end, and taken away.

Source: Kubernetes v1.36, batch/v1 (status, labels of pods) and core/v1 (termination messages).
"""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from modelyard.cluster.client import Client, ClusterProblem, Object
from modelyard.cluster.faults import Fault, faults, worst
from modelyard.problems import Problem, problem

API: Final = "batch/v1"
KIND: Final = "Job"
_INDEX: Final = "batch.kubernetes.io/job-completion-index"
_JOB: Final = "batch.kubernetes.io/job-name"
_TICK: Final = 1.0  # seconds
_PODS: Final = 200  # that are read in each of them, at most
_PATIENCE: Final = 120.0  # seconds for which a server may not answer
_HOPE: Final = 60.0  # seconds for which a Job may stand where no pod gets on without a change
_STAYS: Final = 10.0  # seconds after which it is said what a pod waits for
_NAMED: Final = 20  # shards that failed, and are named
_LONGEST: Final = 300  # characters of what a pod says
_STYLES: Final = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(slots=True)
class Progress:
    """How far a Job is. said: what the pod of an index said that ended well; why: what one said that failed."""

    shards: int
    active: int = 0
    said: dict[int, str] = field(default_factory=dict)
    why: dict[int, str] = field(default_factory=dict)
    done: int = 0
    failed: tuple[int, ...] = ()
    waiting: str = ""

    def __str__(self) -> str:
        """Return it in words."""
        words = [f"{self.done}/{self.shards} shards", f"{self.active} at work"]
        if self.failed:
            words.append(f"{len(self.failed)} failed")
        return ", ".join(words) + (f"; {self.waiting}" if self.waiting else "")


def begin(client: Client, body: Object) -> Object:
    """Create a Job, or return the one of this name: names follow from content. Raises ClusterProblem."""
    name, namespace = body["metadata"]["name"], body["metadata"].get("namespace") or client.namespace
    live = client.find(API, KIND, name, namespace)
    if live is None:
        query = {"fieldManager": "modelyard", "fieldValidation": "Strict"}
        path = client.kind(API, KIND).path(namespace)
        live = client.call("POST", path, f"{KIND} {name}", query=query, body=body)
    return {"apiVersion": API, "kind": KIND, **live}


def end(client: Client, live: Object) -> None:
    """Take a Job away, with its pods. Raises ClusterProblem."""
    client.delete(live)


def follow(
    client: Client, live: Object, container: str, reported: Callable[[Progress], None]
) -> tuple[Progress, list[Problem]]:
    """Wait until a Job has ended; return what its pods said, and why it failed. container: whose words count.

    reported: is told of each change. Raises ClusterProblem.
    """
    name, namespace = live["metadata"]["name"], live["metadata"]["namespace"]
    progress, before, answered = Progress(int(live["spec"]["completions"])), None, time.monotonic()
    seen, since, hopeful = "", answered, answered
    while True:
        try:
            found = client.find(API, KIND, name, namespace)
            if found is None:
                hint = "look for who deleted it, then run the command again"
                return progress, [problem("MY725", f"the Job {name} is gone", hint=hint)]
            pods = client.select("v1", "Pod", f"{_JOB}={name}", namespace)
            _note(progress, found, pods, container)
            answered = time.monotonic()
            fault = _waiting(client, pods)
            if (why := str(fault or "")) != seen:
                seen, since = why, answered
            progress.waiting = why if answered - since >= _STAYS else ""
            hopeful = hopeful if _stands(pods, fault) else answered
            if fault and answered - hopeful >= _HOPE:
                hint = "mend it, then run the command again"
                return progress, [problem("MY728", f"the Job {name} cannot begin: {fault}", hint=hint)]
        except ClusterProblem as error:
            if error.answered or time.monotonic() - answered > _PATIENCE:
                raise
            time.sleep(_TICK)
            continue
        now = (progress.done, progress.failed, progress.waiting, progress.active > 0)
        if now != before:
            before = now
            reported(progress)
        ended = _condition(found)
        if ended:
            return progress, [] if ended["type"] == "Complete" else [*_failures(name, progress, ended)]
        time.sleep(max(_TICK, len(pods) / _PODS))


def _note(progress: Progress, live: Object, pods: list[Object], container: str) -> None:
    status = live.get("status") or {}
    progress.done, progress.active = int(status.get("succeeded") or 0), int(status.get("active") or 0)
    progress.failed = tuple(_indexes(str(status.get("failedIndexes") or "")))
    for pod in pods:
        index = (pod["metadata"].get("labels") or {}).get(_INDEX, "")
        states = (pod.get("status") or {}).get("containerStatuses") or []
        ended = next((_terminated(each) for each in states if each.get("name") == container), {})
        if not (index.isascii() and index.isdecimal()):
            continue
        if ended.get("exitCode") == 0:
            progress.said[int(index)] = str(ended.get("message") or "")
        elif why := _why(pod, ended):
            progress.why[int(index)] = why


def _terminated(container: dict[str, Any]) -> dict[str, Any]:
    return (container.get("state") or {}).get("terminated") or {}


def _why(pod: Object, ended: dict[str, Any]) -> str:
    """Return why a pod failed: the last words of its container, else what the kubelet says."""
    status = pod.get("status") or {}
    if ended.get("reason") == "OOMKilled":
        return "it used more memory than its limit (OOMKilled)"
    lines = [_STYLES.sub("", each).strip() for each in str(ended.get("message") or "").splitlines()]
    if words := " ".join(each for each in lines if each):
        return words[-_LONGEST:]
    if ended:
        return f"exit code {ended.get('exitCode')}, {ended.get('reason') or 'without a word'}"
    return str(status.get("message") or status.get("reason") or "") if status.get("phase") == "Failed" else ""


def _waiting(client: Client, pods: list[Object]) -> Fault | None:
    """Return what keeps a pod from its start, of the first that waits."""
    return worst([*faults(client, [each for each in pods if _phase(each) == "Pending"][:1])])


def _stands(pods: list[Object], fault: Fault | None) -> bool:
    """Tell whether no pod of a Job gets on by itself: all wait, and the fault of the first is one that lasts."""
    return fault is not None and fault.lasting and all(_phase(each) == "Pending" for each in pods)


def _phase(pod: Object) -> str:
    return str((pod.get("status") or {}).get("phase"))


def _condition(live: Object) -> dict[str, Any] | None:
    conditions = (live.get("status") or {}).get("conditions") or []
    ends = (each for each in conditions if each.get("type") in ("Complete", "Failed") and each.get("status") == "True")
    return next(ends, None)


def _indexes(text: str) -> Iterator[int]:
    """Yield what a text such as 0,3-5 names."""
    for each in filter(None, text.split(",")):
        first, _, last = each.partition("-")
        yield from range(int(first), int(last or first) + 1)


def _failures(name: str, progress: Progress, ended: dict[str, Any]) -> Iterator[Problem]:
    for index in progress.failed[:_NAMED]:
        why = progress.why.get(index) or "its pods do not say why"
        yield problem("MY728", f"shard {index} failed: {why}", hint="mend it, then run the command again")
    if len(progress.failed) > _NAMED:
        yield problem("MY728", f"{len(progress.failed) - _NAMED} more shards failed")
    if not progress.failed:
        said = next(iter(progress.why.values()), str(ended.get("message") or ended.get("reason")))
        yield problem("MY728", f"the Job {name} failed: {said}", hint="mend it, then run the command again")
