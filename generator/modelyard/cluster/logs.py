"""What the containers of a model say."""

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from modelyard.cluster.client import Client, ClusterProblem, Object
from modelyard.cluster.explain import of_model
from modelyard.manifests.names import one_of
from modelyard.problems import Problem, problem
from modelyard.targets.workloads.objects import lasting

# Containers beside the model's: Knative's, and that of the target sagemaker-proxy.
_BESIDE: Final = frozenset(["queue-proxy", "proxy"])
_NO_LOG: Final = "MY716"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which lines: of one variant; the last so many, None for all; of the last seconds; of the container before.

    follow: go on with what comes. container: in place of the model's own.
    """

    variant: str = ""
    container: str = ""
    tail: int | None = None
    since: int | None = None
    previous: bool = False
    follow: bool = False


class Source(NamedTuple):
    """A container of a pod."""

    pod: str
    container: str


class Line(NamedTuple):
    """A line of a log, and where it is from."""

    source: Source
    text: str


def sources(client: Client, name: str, wanted: Wanted) -> tuple[list[Source], list[Problem]]:
    """Return the containers whose logs are read, by pod. Problems: MY716. Raises ClusterProblem."""
    pods = of_model(client, name, wanted.variant)
    if not pods:
        what = f"{name}, variant {wanted.variant}," if wanted.variant else name
        hint = "it may be scaled to zero: call it first, or see `modelyard list` for its name"
        return [], [problem("MY716", f"no pod of {what} is in the namespace {client.namespace}", hint=hint)]
    found = []
    for pod in pods:
        names = [str(each["name"]) for _, _, each in lasting(pod["spec"])]
        if wanted.container and wanted.container not in names:
            message = f"the pod {pod['metadata']['name']} has no container {wanted.container}"
            return [], [problem("MY716", message, hint=f"there are {one_of(names)}")]
        found.append(Source(pod["metadata"]["name"], wanted.container or _own(pod, names)))
    return found, []


def _unsaid(_: Problem) -> None:
    pass


def read(
    client: Client, every: Sequence[Source], wanted: Wanted, *, skipped: Callable[[Problem], None] = _unsaid
) -> Iterator[Line]:
    """Yield the lines of all sources: one source after the other, or with follow as they come.

    skipped: is told of a container that has no log, while others have. Raises ClusterProblem; with follow when no
    source is left.
    """
    without: list[ClusterProblem] = []
    for found in _followed(client, every, wanted) if wanted.follow else _in_turn(client, every, wanted):
        if isinstance(found, Line):
            yield found
        else:
            without.append(found)
            if len(without) < len(every):
                skipped(found.problem)
    if without and len(without) == len(every):
        raise without[-1]


def _in_turn(client: Client, every: Sequence[Source], wanted: Wanted) -> Iterator[Line | ClusterProblem]:
    """Yield lines, and the problem of each container that has no log. Raises ClusterProblem for any other."""
    for each in every:
        try:
            yield from _lines(client, each, wanted)
        except ClusterProblem as error:
            if error.problem.code != _NO_LOG:
                raise
            yield error


def _followed(client: Client, every: Sequence[Source], wanted: Wanted) -> Iterator[Line | ClusterProblem]:
    """Yield the same as it comes."""
    lines: queue.Queue[Line | ClusterProblem | None] = queue.Queue()

    def follow(source: Source) -> None:
        try:
            for line in _lines(client, source, wanted):
                lines.put(line)
            lines.put(None)
        except ClusterProblem as error:
            lines.put(error)

    for each in every:
        threading.Thread(target=follow, args=(each,), daemon=True).start()
    left, failed = len(every), None
    while left:
        found = lines.get()
        if isinstance(found, Line) or (found and found.problem.code == _NO_LOG):
            yield found
        else:
            failed = found or failed
        left -= not isinstance(found, Line)
    if failed:
        raise failed


def _own(pod: Object, names: Sequence[str]) -> str:
    """Return the model's own container: the one that kubectl takes, else the first that no target adds."""
    default = (pod["metadata"].get("annotations") or {}).get("kubectl.kubernetes.io/default-container")
    return str(default) if default in names else next((each for each in names if each not in _BESIDE), names[0])


def _lines(client: Client, source: Source, wanted: Wanted) -> Iterator[Line]:
    query: dict[str, Any] = {"container": source.container}
    query |= {"tailLines": wanted.tail} if wanted.tail is not None else {}
    query |= {"sinceSeconds": wanted.since} if wanted.since is not None else {}
    query |= {"previous": "true"} if wanted.previous else {}
    query |= {"follow": "true"} if wanted.follow else {}
    path = f"{client.kind('v1', 'Pod').path(client.namespace, source.pod)}/log"
    what = f"the log of pod {source.pod}"
    for text in client.lines(path, what, query=query, follow=wanted.follow):
        yield Line(source, text)
