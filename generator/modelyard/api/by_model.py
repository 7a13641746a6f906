"""What each model of a set gives for itself; those of a large set are divided between processes."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import Final, Generic, NamedTuple, TypeVar

from modelyard.check.finding import Finding
from modelyard.check.rules.addresses import answers
from modelyard.manifests.manifest import Manifest
from modelyard.models.declared import DeclaredModel, DeclaredSet
from modelyard.problems import Problem, Related
from modelyard.render.locate import placed

T = TypeVar("T")

_MANY: Final = 200  # models: of fewer a fork takes longer than it saves


class Given(NamedTuple, Generic[T]):
    """What a model gives.

    made: what the caller makes of its objects. is_compared: with other models, as nothing is wrong with it.
    """

    manifests: list[Manifest]
    problems: list[Problem]
    made: T
    is_compared: bool

    def of_a_fork(self) -> "Given[T]":
        """Return the same for another process: of objects that are compared by their names alone those are enough."""
        return self._replace(manifests=[each if answers(each) else _head(each) for each in self.manifests])


def by_model(
    models: Sequence[DeclaredModel], give: Callable[[DeclaredModel], Given[T]], jobs: int
) -> Iterator[Given[T]]:
    """Return what models give, in their order. jobs: processes, forks of this one; 0: as many as there are cores."""
    if jobs == 1 or len(models) < _MANY:
        return map(give, models)
    from modelyard.files.forks import cores, side_by_side

    jobs = jobs or cores()
    first = give(models[0])  # it loads what all need
    size = -(-(len(models) - 1) // jobs)
    shares = [models[start : start + size] for start in range(1, len(models), size)]
    return chain([first], *side_by_side([partial(_share, each, give) for each in shares]))


def _share(models: Sequence[DeclaredModel], give: Callable[[DeclaredModel], Given[T]]) -> list[Given[T]]:
    return [give(each).of_a_fork() for each in models]


def _head(manifest: Manifest) -> Manifest:
    metadata = {key: value for key, value in manifest.body["metadata"].items() if key in ("name", "namespace")}
    body = {"apiVersion": manifest.body["apiVersion"], "kind": manifest.body["kind"], "metadata": metadata}
    return manifest._replace(body=body)


Taken = dict[tuple[str, str, str, str], DeclaredModel]  # group, kind, namespace and name -> whose it is


def twice(models: DeclaredSet, model: DeclaredModel, manifests: Sequence[Manifest], taken: Taken) -> Iterator[Problem]:
    """Yield the objects that another model, or another target of this one, gives already."""
    again: list[tuple[Finding, DeclaredModel]] = []
    for index, each in enumerate(manifests):
        key = (each.group, each.kind, str(each.body["metadata"].get("namespace", "")), each.name)
        if first := taken.get(key):
            finding = Finding("MY381", f"{each} appears twice", "rename one of them", index, ("metadata", "name"))
            again.append((finding, first))
        taken.setdefault(key, model)
    for found, (_, first) in zip(placed(models, model, [finding for finding, _ in again]), again, strict=True):
        related = Related(models.place(first.whole.find("name")), f"the first is of {first.name}")
        yield replace(found, related=(*found.related, related))
