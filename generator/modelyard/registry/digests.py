"""The digests of many images, asked for side by side."""

import queue
import threading
from collections.abc import Collection, Mapping
from typing import Final

from modelyard.problems import Problem, problem
from modelyard.registry.client import Registry
from modelyard.registry.problems import RegistryProblem
from modelyard.registry.reference import parse

_WORKERS: Final = 8
SECONDS: Final = 60.0  # for an image, also where a registry sends a byte now and then

_Answer = tuple[str, str | Problem | Exception]


def digests_of(images: Collection[str], *, seconds: float = SECONDS) -> tuple[Mapping[str, str], list[Problem]]:
    """Return image -> digest, and why some have none: problems MY751 to MY757, one of each registry and reason."""
    if not images:
        return {}, []
    waiting: queue.SimpleQueue[str] = queue.SimpleQueue()
    answers: queue.SimpleQueue[_Answer] = queue.SimpleQueue()
    for each in images:
        waiting.put(each)
    workers = min(_WORKERS, len(images))
    for _ in range(workers):  # daemons: who is still held up by a registry holds up nobody else
        threading.Thread(target=_work, args=(waiting, answers), daemon=True).start()
    found: dict[str, str | Problem] = {}
    while len(found) < len(images):
        try:
            image, answer = answers.get(timeout=seconds)
        except queue.Empty:
            break
        if isinstance(answer, Exception):  # a mistake of ours
            raise answer
        found[image] = answer
    late = [image for image in images if image not in found]
    for image in late:
        message = f"the registry of {image} has not answered in {seconds:.0f} s"
        found[image] = problem("MY751", message, hint="try again later")
    problems = [each for each in found.values() if isinstance(each, Problem)]
    return {image: each for image, each in found.items() if isinstance(each, str)}, problems


def _work(waiting: "queue.SimpleQueue[str]", answers: "queue.SimpleQueue[_Answer]") -> None:
    while True:
        try:
            image = waiting.get_nowait()
        except queue.Empty:
            return
        try:
            answers.put((image, _digest(image)))
        except Exception as error:  # noqa: BLE001 - it is raised where it was asked
            answers.put((image, error))


def _digest(image: str) -> str | Problem:
    reference = parse(image)
    if reference is None:
        return problem("MY371", f"{image} is not an image reference", hint="change it")
    try:
        return Registry(reference).digest()
    except RegistryProblem as found:
        return found.problem
