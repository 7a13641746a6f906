"""Argo CD: what it applies an overlay by.

from modelyard.api import argocd

content, problems = argocd.applications(["overlays/dev", "overlays/prod"], "argocd")
if not problems:
    argocd.write("argocd", content)
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from modelyard.api.pipeline import models_file, render
from modelyard.files import disk, regular
from modelyard.files.git import GitProblem, Repository
from modelyard.files.yaml import MAX_BYTES
from modelyard.kustomize.kustomization import find, namespace
from modelyard.manifests.names import dns_1123_label
from modelyard.problems import Problem, problem
from modelyard.render import argocd, generated

__all__ = ["applications", "drift", "write"]

_NO_ORIGIN: Final = "git remote add origin https://git.example.com/models.git"


def applications(files: Iterable[str | Path], folder: str | Path) -> tuple[dict[str, str], list[Problem]]:
    """Return file name -> text of what a folder holds for Argo CD: an Application for each models file, and settings.

    Writes nothing. Problems: MY410 to MY412, MY721 where there is no Git.
    """
    content = {argocd.SETTINGS: argocd.settings()}
    problems = _inside(Path(folder))
    taken: dict[str, Path] = {}
    for each in files:
        path = models_file(each)
        try:
            named, text = _application(path)
        except (GitProblem, disk.FileProblem) as error:
            problems.append(error.problem)
            continue
        if (other := taken.setdefault(named, path)) is not path:
            hint = "give one of the sets another metadata.name, or rename one of the folders"
            problems.append(problem("MY411", f"{other} and {path} both give the Application {named}", hint=hint))
        content[f"application-{named}.yaml"] = text
    return content, problems or _foreign(Path(folder), content)


def write(folder: str | Path, content: Mapping[str, str]) -> tuple[list[str], list[Problem]]:
    """Write what has changed, each file all or nothing; return the names of those. What else is there stays."""
    written: list[str] = []
    for name, text in content.items():
        path = Path(folder) / name
        if _now(path) == text.encode():
            continue
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            return written, [disk.refused(error, path.parent, doing="make the folder")]
        if problems := disk.write(path, text.encode()):
            return written, problems
        written.append(name)
    return written, []


def drift(folder: str | Path, content: Mapping[str, str]) -> str:
    """Return the unified diff from the folder to what it would hold; empty if they are equal."""
    pairs = [
        (f"{str(folder).strip('/')}/{name}", _now(Path(folder) / name), text.encode()) for name, text in content.items()
    ]
    return "".join(
        line
        for name, old, new in sorted(pairs, key=lambda pair: pair[0])
        if old != new
        for line in generated.difference(name, old, new)
    )


def _application(path: Path) -> tuple[str, str]:
    """Return name and text. Raises GitProblem and FileProblem with what an Application could not say."""
    rendering = render(path)
    repository = Repository(path)
    place = repository.name(path.parent) or "."
    if rendering.models is None:
        raise disk.FileProblem(problem("MY410", f"{path} cannot be read"))
    if not repository.source:
        raise _unusable(f"Git's remote origin of {repository.root} has no address that Argo CD could read", _NO_ORIGIN)
    if find(path.parent) is None:
        hint = f"run: modelyard init {path.parent}"
        raise _unusable(f"{path.parent} has no kustomization, so Argo CD would apply {path.name} itself", hint)
    into = rendering.models.spec.namespace or namespace(path.parent)
    if not into:
        raise _unusable(f"{path} names no namespace, and neither does its kustomization", "write spec.namespace")
    named = argocd.name(rendering.models.metadata.name, "" if place == "." else place)
    if wrong := dns_1123_label(named):
        raise _unusable(f"the Application of {path} would be named {named}: {wrong}", "shorten the name of the set")
    return named, argocd.application(named, argocd.Source(repository.source, place, into), rendering.objects)


def _unusable(message: str, hint: str) -> disk.FileProblem:
    return disk.FileProblem(problem("MY410", message, hint=hint))


def _inside(folder: Path) -> list[Problem]:
    """Return a problem if a folder is one that `render` owns, or is inside of one."""
    here = folder.resolve()
    owned = next((each for each in (here, *here.parents) if (each / generated.WRITER).is_file()), None)
    if owned is None:
        return []
    hint = "name another one, such as argocd"
    return [problem("MY412", f"{folder} is inside {owned}, which is exchanged as a whole", hint=hint)]


def _foreign(folder: Path, content: Iterable[str]) -> list[Problem]:
    """Return a problem for each file that stands in the place of another, and was written by others."""
    mine = argocd.HEADER.encode()
    hint = "move it elsewhere, or write into another folder"
    return [
        problem("MY412", f"{disk.shown(folder / name)} was not written by modelyard", hint=hint)
        for name in content
        if (now := _now(folder / name)) is not None and not now.startswith(mine)
    ]


def _now(path: Path) -> bytes | None:
    try:
        return regular.content(path, MAX_BYTES)
    except FileNotFoundError:
        return None
    except OSError:
        return b""
