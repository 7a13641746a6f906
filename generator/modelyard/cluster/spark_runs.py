"""One run of a job of Spark: begun, followed to its end, and taken away.

Sources: kubeflow/spark-operator v2.5.2, api/v1beta2 (states); Spark 4.0, "Monitoring and Instrumentation" (the REST
API of a driver's UI).
"""

import time
from collections.abc import Callable, Sequence
from itertools import takewhile
from typing import Any, Final, NamedTuple

from modelyard.cluster.client import Client, ClusterProblem, Object
from modelyard.problems import Problem, problem
from modelyard.problems.patterns import pattern

API: Final = "sparkoperator.k8s.io/v1beta2"
KIND: Final = "SparkApplication"
RUN_LABEL: Final = "modelyard.dev/run"
SUCCEEDED: Final = "COMPLETED"
_FAILED: Final = frozenset(["FAILED", "SUBMISSION_FAILED"])  # both are left where a run is to be restarted
_PART_OF: Final = "app.kubernetes.io/part-of"
_KEPT: Final = 3600  # seconds after its end, should nobody be there to take it away
_UI: Final = 4040
_TICK: Final = 1.0  # seconds
_UNSEEN: Final = 60.0  # seconds after which an operator that sees a run has said so
_LINES: Final = 2000  # of a driver's log
_SHOWN: Final = 30
_TRACEBACK: Final = ("Traceback (most recent call last):", "Exception in thread ")
_LOGGED: Final = pattern(r"[0-9]{2}/[0-9]{2}/[0-9]{2} [0-9]{2}:")  # the time before each line that Spark logs


class Progress(NamedTuple):
    """How far a run is. done and all: of stages, and of tasks of the stages that are known; rows that were read."""

    state: str = ""
    stages: tuple[int, int] = (0, 0)
    tasks: tuple[int, int] = (0, 0)
    rows: int = 0

    def __str__(self) -> str:
        """Return it in words."""
        parts = [self.state.lower().replace("_", " ") or "waiting for the operator"]
        if self.stages[1]:
            parts.append(f"stages {self.stages[0]}/{self.stages[1]}")
        if self.tasks[1]:
            parts.append(f"tasks {self.tasks[0]}/{self.tasks[1]}")
        if self.rows:
            parts.append(f"{self.rows:,} rows read")
        return ", ".join(parts)


class Ended(NamedTuple):
    """How a run ended. log: the last lines of a driver that failed."""

    state: str
    problems: list[Problem]
    log: list[str]


def form(body: Object, run: str) -> Object:
    """Return the object of one run, from that which stands in the tree: a suspended or a scheduled application.

    The API server completes its name. It is of no set, so that no apply prunes it.
    """
    spec = dict(body["spec"]["template"] if body["kind"] != KIND else body["spec"])
    spec |= {"suspend": False, "timeToLiveSeconds": _KEPT}
    labels = {key: value for key, value in (body["metadata"].get("labels") or {}).items() if key != _PART_OF}
    metadata = {"generateName": f"{body['metadata']['name']}-", "labels": {**labels, RUN_LABEL: run}}
    for key in ("namespace", "annotations"):
        if body["metadata"].get(key):
            metadata[key] = body["metadata"][key]
    return {"apiVersion": API, "kind": KIND, "metadata": metadata, "spec": spec}


def begin(client: Client, body: Object) -> Object:
    """Create a run, and return it with its name. Raises ClusterProblem."""
    namespace = body["metadata"].get("namespace") or client.namespace
    path = client.kind(API, KIND).path(namespace)
    query = {"fieldManager": "modelyard", "fieldValidation": "Strict"}
    made = client.call("POST", path, f"{KIND} {body['metadata']['generateName']}…", query=query, body=body)
    return {"apiVersion": API, "kind": KIND, **made}


def end(client: Client, live: Object) -> None:
    """Take a run away, with its driver and executors. Raises ClusterProblem."""
    client.delete(live)


def follow(client: Client, live: Object, seconds: float, said: Callable[[Progress], None]) -> Ended:
    """Wait until a run has ended, at most so many seconds. said: is told of each change. Raises ClusterProblem."""
    name, namespace = live["metadata"]["name"], live["metadata"]["namespace"]
    start, before = time.monotonic(), None
    while True:
        found = client.find(API, KIND, name, namespace)
        if found is None:
            hint = "look for who deleted it, then run the command again"
            return Ended("", [problem("MY725", f"the run {name} is gone", hint=hint)], [])
        state = _state(found)
        progress = _progress(client, found, state)
        if progress != before:
            said(progress)
            before = progress
        if state == SUCCEEDED:
            return Ended(state, [], [])
        if state in _FAILED:
            return _failure(client, found, state)
        waited = time.monotonic() - start
        if not state and waited > min(_UNSEEN, seconds):
            hint = "check that the operator runs, and that it watches this namespace (jobNamespaces of its chart)"
            message = f"no Spark operator has taken up the run {name} in {namespace}"
            return Ended("", [problem("MY725", message, hint=hint)], [])
        if waited > seconds:
            message = f"the run {name} has not ended after {seconds:g} s: {progress}"
            return Ended(state, [problem("MY725", message, hint="wait longer, with --timeout")], [])
        time.sleep(_TICK)


def _state(live: Object) -> str:
    return str(((live.get("status") or {}).get("applicationState") or {}).get("state") or "")


def _progress(client: Client, live: Object, state: str) -> Progress:
    """Return how far a run is; where the driver's own page cannot be reached, its state alone."""
    status = live.get("status") or {}
    driver, application = (status.get("driverInfo") or {}).get("podName"), status.get("sparkApplicationId")
    if state != "RUNNING" or not driver or not application:
        return Progress(state)
    try:
        found = client.proxied(driver, _UI, f"api/v1/applications/{application}/stages")
    except ClusterProblem:
        return Progress(state)
    stages: list[dict[str, Any]] = [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
    done = [each for each in stages if each.get("status") == "COMPLETE"]
    known = [each for each in stages if each.get("status") != "SKIPPED"]
    tasks = (_sum(known, "numCompleteTasks"), _sum(known, "numTasks"))
    return Progress(state, (len(done), len(known)), tasks, _sum(known, "inputRecords"))


def _sum(stages: list[dict[str, Any]], key: str) -> int:
    return sum(value for each in stages if isinstance(value := each.get(key), int))


def _failure(client: Client, live: Object, state: str) -> Ended:
    """Return why a run failed: what the operator says, and the end of the driver's log."""
    status = live.get("status") or {}
    said = str((status.get("applicationState") or {}).get("errorMessage") or "the operator does not say why")
    name = live["metadata"]["name"]
    log = _log(client, live, str((status.get("driverInfo") or {}).get("podName") or ""))
    hint = "the end of the driver's log is above" if log else "kubectl describe says more, as long as the run is there"
    return Ended(state, [problem("MY726", f"the run {name} failed: {said}", hint=hint)], log)


def _log(client: Client, live: Object, driver: str) -> list[str]:
    if not driver:
        return []
    path = f"{client.kind('v1', 'Pod').path(live['metadata']['namespace'], driver)}/log"
    query = {"container": "spark-kubernetes-driver", "tailLines": str(_LINES)}
    try:
        lines = list(client.lines(path, f"the log of pod {driver}", query=query, follow=False))
    except ClusterProblem:
        return []
    return told(lines)


def told(lines: Sequence[str]) -> list[str]:
    """Return what a driver's log says about its end: the last traceback of Python, else its last lines.

    What Spark itself logs behind a traceback, line by line with its time, is left out.
    """
    begins = [i for i, each in enumerate(lines) if each.startswith(_TRACEBACK)]
    if not begins:
        return list(lines[-_SHOWN:])
    found = list(takewhile(lambda each: not _LOGGED.match(each), lines[begins[-1] :]))
    return found if len(found) <= _SHOWN else [*found[:1], "  …", *found[1 - _SHOWN :]]
