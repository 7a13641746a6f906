"""What a kustomization and all it lists do to the objects of its base, found out before anything is deployed.

One build gives the objects; every step after it is done here, as the kustomize that builds would (see versions), so
that each finding has the line of what caused it.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from modelyard.kustomize.build import build, program
from modelyard.kustomize.simulate import base as base_of
from modelyard.kustomize.simulate.findings import findings
from modelyard.kustomize.simulate.objects import Object, Objects
from modelyard.kustomize.simulate.our_component import Ours, apply_ours
from modelyard.kustomize.simulate.read import Reading
from modelyard.kustomize.simulate.state import Run
from modelyard.kustomize.simulate.steps import Steps
from modelyard.kustomize.simulate.tree import Kustomization, Tree
from modelyard.kustomize.simulate.versions import followed
from modelyard.problems import Problem, unique

_TOLD_EVERY: Final = 10.0  # seconds

__all__ = ["Ours", "applied", "check", "effect"]


def check(
    deploy: Path | None,
    *,
    component: Ours | None,
    base: bytes | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> list[Problem]:
    """Return everything that is wrong with what a deployment's kustomization does to its objects, sorted by place.

    deploy: the folder of the kustomization; None: there is none but our component, on a base. component: our own,
    which takes the place of the folder of its name, and comes last if that is not listed. base: a ready-made stream of
    the resources, instead of a build with kustomize. progress: is told what takes time.

    Raises ValueError if there is neither a folder nor a base.
    """
    return effect(deploy, component=component, base=base, progress=progress)[1]


def effect(
    deploy: Path | None,
    *,
    component: Ours | None,
    base: bytes | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> tuple[Objects | None, list[Problem]]:
    """Return the objects after all steps (None if there is nothing to start from), and what is wrong; see check."""
    if deploy is None and base is None:
        raise ValueError("there must be a deployment or a base")
    folder = deploy or Path()
    reading = Reading(folder)
    tree = Tree(folder, reading, component.name if component else None)
    found = Kustomization(folder, {}, components=[None]) if deploy is None else tree.read()
    objects = None
    if found is not None and base is not None:
        objects = base_of.objects(base, reading, is_ready_made=True)
    elif found is not None and tree.is_complete:
        progress(f"building the resources of {folder} with kustomize")
        objects = base_of.built(found, tree, reading, lambda where: build(where, progress=_spoken(progress)))
    if found is not None and objects is not None:
        version, said, unknown = followed(program())
        progress(said)
        reading.problems += unknown
        run = Run(reading, objects, folder, version, is_whole=tree.is_whole, is_ready_made=base is not None)
        Steps(run, tree, component).apply(found)
        findings(run, found)
    return objects, unique(reading.problems)


def applied(bodies: list[dict[str, Any]], component: Ours) -> tuple[list[dict[str, Any]], list[Problem]]:
    """Return objects that no kustomization lists after what our component does to them, and what goes wrong.

    They are changed in place, in their order; those that the component adds stand behind them.
    """
    objects = Objects(Object(each) for each in bodies)
    run = Run(Reading(Path()), objects, Path(), followed(None)[0])
    apply_ours(run, component)
    return [each.body for each in objects], unique(run.reading.problems)


def _spoken(progress: Callable[[str], None]) -> Callable[[float], None]:
    """Return a function that takes the seconds of a build and tells of them every ten seconds."""
    told = 0

    def tell(seconds: float) -> None:
        nonlocal told
        if seconds >= told + _TOLD_EVERY:
            told = int(seconds)
            progress(f"kustomize is at work for {told} s")

    return tell
