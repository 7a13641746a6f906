"""Artifacts of a registry: what a models file renders, as Flux reads it.

from modelyard.api import artifacts

pushed = artifacts.push("overlays/prod", "oci://registry.example.com/models/risk:1.4.0")
print(pushed.address)
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, TypeVar

from modelyard.api import committed
from modelyard.api.pipeline import load, models_file, overlay, render
from modelyard.files import disk
from modelyard.files.git import GitProblem, Repository
from modelyard.modelsfile.load import LOCK
from modelyard.problems import Problem, has_errors, printable, problem, unique
from modelyard.registry import artifact
from modelyard.registry.artifact import Artifact
from modelyard.registry.client import Registry
from modelyard.registry.problems import RegistryProblem
from modelyard.registry.reference import SCHEME, Reference, parse_address
from modelyard.render.changes import Difference
from modelyard.render.component import HEADER

__all__ = ["Pushed", "differences", "pull", "push"]

T = TypeVar("T")
_ROOT: Final = "kustomization.yaml"
_UNLISTED: Final = "MY629"  # what a kustomization beside the models file says is nothing to who reads the artifact
_SHA1: Final = 40  # digits


@dataclass
class Pushed:
    """An artifact that was written. address: with its digest; revision: what its annotation names, empty for none."""

    address: str = ""
    revision: str = ""
    problems: list[Problem] = field(default_factory=list)


def push(file: str | Path, address: str) -> Pushed:
    """Write what a models file renders as an artifact of Flux. The same content gives the same digest.

    Its annotations name git's remote and commit, and the commit's time. Problems: those of the models file, MY751 to
    MY757, MY759 where it has no revision, MY760.
    """
    rendering = overlay(file)
    problems = [each for each in rendering.problems if each.code != _UNLISTED]
    if not has_errors(problems) and _ROOT not in rendering.content:
        hint = "add a model, or place its site-config with `modelyard site-config install`"
        problems.append(problem("MY213", "the set renders no objects that Flux could apply", hint=hint))
    reference, wrong = _reference(address, tagged=True)
    problems += wrong
    if reference is None or has_errors(problems):
        return Pushed(problems=problems)
    annotations, found = _annotations(file)
    problems += found
    pushed, refusals = _asked(lambda: artifact.push(Registry(reference), rendering.content, annotations))
    where = f"{SCHEME}{reference.host}/{reference.repository}@{pushed}" if pushed else ""
    return Pushed(where, annotations.get(artifact.REVISION, ""), unique([*problems, *refusals]))


def pull(address: str, output: Path) -> list[Problem]:
    """Let a folder hold what an artifact does, all or nothing; what is not modelyard's stops it, there and here."""
    found, problems = _read(address)
    if found is None:
        return problems
    texts = {name: content.decode("utf-8", "replace") for name, content in found.files.items()}
    foreign = [name for name, text in texts.items() if not text.startswith(f"{HEADER}\n")]
    if foreign or not texts:
        what = f"{printable(foreign[0])} in it is not" if foreign else "nothing in it is"
        return [problem("MY758", f"{printable(address)}: {what} modelyard's", hint="name one of `modelyard push`")]
    return disk.exchange(output, texts, HEADER)


def differences(file: str | Path, address: str) -> tuple[list[Difference], list[Problem]]:
    """Return what differs between the objects of an artifact, and those that a models file gives now."""
    now = render(file)
    if has_errors(now.problems):
        return [], now.problems
    found, problems = _read(address)
    if found is None:
        return [], [*now.problems, *problems]
    every = [(name, found.files[name]) for name in sorted(found.files) if committed.is_of_objects(name)]
    old = dict(pair for name, content in every for pair in committed.objects_in(content, name))
    return committed.compared(now, old), now.problems


def _read(address: str) -> tuple[Artifact | None, list[Problem]]:
    reference, problems = _reference(address)
    return _asked(lambda: artifact.pull(Registry(reference))) if reference else (None, problems)


def _reference(address: str, *, tagged: bool = False) -> tuple[Reference | None, list[Problem]]:
    found = parse_address(address)
    if found is None or (tagged and ":" in found.version):
        hint = "write oci://REGISTRY/NAME:TAG, with the registry's host"
        return None, [
            problem("MY760", f"{printable(address)} is not an address to {'push' if tagged else 'pull'}", hint=hint)
        ]
    return found, []


def _asked(work: Callable[[], T]) -> tuple[T | None, list[Problem]]:
    try:
        return work(), []
    except RegistryProblem as found:
        return None, [found.problem]


def _annotations(file: str | Path) -> tuple[dict[str, str], list[Problem]]:
    """Return what git says of a models file, and whether it is not committed as it is."""
    path = models_file(file)
    loaded = load(file)
    files = [path, *(Path(each) for each in (loaded.models.files if loaded.models else ()))]
    try:
        repository = Repository(path)
        head = repository.head(*files, *([lock] if (lock := path.parent / LOCK).exists() else []))
    except GitProblem as error:
        return {}, [replace(problem("MY759", error.problem.message), hint=error.problem.hint)]
    if head is None:
        hint = "commit the models file, its base and its lock, and push again"
        return {}, [problem("MY759", f"{path} is not committed as it is", hint=hint)]
    commit, created = head
    revision = f"{'sha1' if len(commit) == _SHA1 else 'sha256'}:{commit}"
    said = {artifact.CREATED: created, artifact.REVISION: revision, artifact.SOURCE: repository.source}
    return {key: value for key, value in said.items() if value}, []
