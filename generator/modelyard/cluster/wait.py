"""Waiting until what was applied is ready, or cannot become so."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from modelyard.cluster.apply import called, find
from modelyard.cluster.client import Client, ClusterProblem, Object
from modelyard.cluster.explain import of_newest
from modelyard.cluster.faults import Fault, faults, worst
from modelyard.cluster.readiness import State, reports, state
from modelyard.problems import Problem, problem

POLL_SECONDS: Final = 0.5
FAILED_SECONDS: Final = (
    6.0  # a condition that is False for so long is a failure: controllers pass through it in seconds
)
STUCK_SECONDS: Final = 20.0  # what pods lack may be on its way: a Secret that a controller makes, an image
SILENT_SECONDS: Final = 30.0  # while an API server is replaced, calls fail; to ask again changes nothing
_SILENT: Final = frozenset(["MY702", "MY707"])
_LOOK_SECONDS: Final = 2.0  # between two looks at the pods of an object
_DEADLINE: Final = "ProgressDeadlineExceeded"


@dataclass
class _Waited:
    """An object that is waited for. since: when it began to fail. troubles: what is wrong with its pods."""

    body: Object
    text: str = ""
    since: float | None = None
    looked: float = field(default_factory=time.monotonic)
    pods: int = 0
    troubles: list[Fault] = field(default_factory=list)

    @property
    def is_stuck(self) -> bool:
        """Tell whether no pod of the newest version can start."""
        lasting = {each.pod for each in self.troubles if each.lasting}
        return self.pods > 0 and len(lasting) == self.pods

    def is_restarting(self, now: State) -> bool:
        """Tell whether a container has ended that may yet run: Knative reports its first end as a failure."""
        return not self.is_stuck and _DEADLINE not in now.why and any(each.ended for each in self.troubles)

    def look(self, client: Client, live: Object) -> None:
        """Look at the pods, unless that was done just before, or they may not be read."""
        if time.monotonic() - self.looked < _LOOK_SECONDS:
            return
        self.looked = time.monotonic()
        try:
            pods = of_newest(client, live)
            self.pods, self.troubles = len(pods), list(faults(client, pods))
        except ClusterProblem as error:
            if error.problem.code != "MY703":
                raise

    def allowed(self, now: State) -> float | None:
        """Return for how many seconds the object may go on like this; None: for as long as is waited."""
        if self.is_stuck:
            return 0 if all(each.ended for each in self.troubles if each.lasting) else STUCK_SECONDS
        return FAILED_SECONDS if now.ready is False and not self.is_restarting(now) else None


def wait(client: Client, bodies: Iterable[Object], *, seconds: float, progress: Callable[[str], None]) -> list[Problem]:
    """Wait until all objects are ready; return those that failed, or were not ready after so many seconds.

    An object fails early if no pod of its newest version can start. A Route is not ready while a rollout lasts, so
    the time must be longer than rolloutDuration. A server that fails to answer is asked again for SILENT_SECONDS.
    Raises ClusterProblem.
    """
    waiting = {called(each): _Waited(each) for each in bodies if reports(each["apiVersion"], each["kind"])}
    end = time.monotonic() + seconds
    problems: list[Problem] = []
    silent: float | None = None  # since when
    while waiting:
        try:
            _look_at(client, waiting, problems, progress)
            silent = None
        except ClusterProblem as error:
            now = time.monotonic()
            since = now if silent is None else silent
            if error.problem.code not in _SILENT or now >= min(end, since + SILENT_SECONDS):
                raise
            if silent is None:
                progress(f"{error.problem.message}; asking again")
            silent = since
        if waiting and silent is None and time.monotonic() >= end:
            late = [_not_ready(name, f"after {seconds:.0f} s: {each.text}") for name, each in waiting.items()]
            return problems + late
        if waiting:
            time.sleep(POLL_SECONDS)
    return problems


def _look_at(
    client: Client, waiting: dict[str, _Waited], problems: list[Problem], progress: Callable[[str], None]
) -> None:
    """Look once at what is waited for; what is ready or has failed goes. Raises ClusterProblem."""
    for name, each in list(waiting.items()):
        now = _now(client, each)
        text = "ready" if now.ready else _words(now, each)
        if each.text != text:
            each.text = text
            progress(f"{name}: {text}")
        if now.ready:
            del waiting[name]
        elif _has_failed(each, now):
            problems.append(_not_ready(name, text))
            del waiting[name]


def _now(client: Client, each: _Waited) -> State:
    live = find(client, each.body)
    if live is None:
        return State(False, "it is gone")
    now = state(live)
    if not now.ready:
        each.look(client, live)
    return now


def _words(now: State, each: _Waited) -> str:
    said = now.why or "not ready yet"
    found = worst(each.troubles)
    if found is None:
        return said
    return f"no pod of the new version can start: {found}" if each.is_stuck else f"{said}; {found}"


def _has_failed(each: _Waited, now: State) -> bool:
    allowed = each.allowed(now)
    if allowed is None:
        each.since = None
        return False
    each.since = each.since or time.monotonic()
    return time.monotonic() - each.since >= allowed


def _not_ready(name: str, why: str) -> Problem:
    return problem("MY708", f"{name} is not ready: {why}", hint="`modelyard status MODEL` says more")
