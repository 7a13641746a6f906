"""A models file as it was at an earlier commit, and what has changed since.

from modelyard.api import history

found, problems = history.differences("overlays/prod", "main")
"""

import posixpath
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from modelyard.api.pipeline import load, load_shown, models_file
from modelyard.files import regular
from modelyard.files.git import GitProblem, Repository
from modelyard.models.declared import DeclaredModel
from modelyard.modelsfile import patterns
from modelyard.modelsfile.load import LOCK, Loaded, bounds, leads_to
from modelyard.problems import Problem, has_errors
from modelyard.render.changes import Difference, of_sets

__all__ = ["differences", "images_and_percents", "previous"]

_SHORT: Final = 12  # digits of a commit in messages


def differences(file: str | Path, revision: str) -> tuple[list[Difference], list[Problem]]:
    """Return what differs between a models file at a revision of git, with its base of then, and now.

    A file that was not there yet gives a set without models. If a problem is an error, nothing was compared: MY721
    no repository, MY722 no such revision, or what is wrong in one of the two files.
    """
    now = load(file)
    try:
        repository = Repository(models_file(file))
        then = loaded_at(repository, models_file(file), repository.commit(revision), revision)
    except GitProblem as error:
        return [], [error.problem]
    problems = [*(then.problems if then and has_errors(then.problems) else []), *now.problems]
    if now.models is None or has_errors(problems):
        return [], problems
    return of_sets(then.models if then else None, now.models), problems


def loaded_at(repository: Repository, file: Path, commit: str, shown: str) -> Loaded | None:
    """Load a models file with its base as they were at a commit; None if it was not there.

    shown: what messages call the commit. Raises GitProblem.
    """
    name = repository.name(file)
    return None if name is None else loaded_as(repository, commit, name, shown)


def loaded_as(repository: Repository, commit: str, name: str, shown: str) -> Loaded | None:
    """Do the same for a models file by its name in the repository at that commit."""
    if repository.content(commit, name) is None:
        return None
    with tempfile.TemporaryDirectory(prefix="modelyard-") as folder:
        _check_out(repository, commit, name, Path(folder))
        return load_shown(Path(folder, name), f"{shown}:{name}", bounds(Path(folder)))


def _check_out(repository: Repository, commit: str, name: str | None, folder: Path) -> None:
    """Write a models file, its lock, its bases and what they include below a folder, where each lay in the repository.

    What is missing there is named as it is loaded.
    """
    _write(repository, commit, posixpath.join(posixpath.dirname(name or ""), LOCK), folder)
    while name is not None and not regular.exists(Path(folder, name)):
        content = _write(repository, commit, name, folder)
        base, includes = leads_to(content) if content is not None else (None, [])
        beside = posixpath.dirname(name)
        for each in _included(repository, commit, beside, includes):
            _write(repository, commit, each, folder)
        name = posixpath.normpath(posixpath.join(beside, base)) if base else None


def _write(repository: Repository, commit: str, name: str, folder: Path) -> bytes | None:
    """Write a file of a commit below a folder, if it was there; return what it held."""
    content = repository.content(commit, name)
    if content is not None:
        path = Path(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return content


def _included(repository: Repository, commit: str, beside: str, includes: list[str]) -> Iterator[str]:
    """Yield the names of files at a commit that patterns match which start from a folder."""
    wanted = [posixpath.normpath(posixpath.join(beside, each)) for each in includes]
    if wanted:
        every = repository.files(commit, repository.root)
        yield from (name for name in every if any(patterns.matches(each, name) for each in wanted))


def images_and_percents(model: DeclaredModel) -> dict[tuple[str, str], str | int | None]:
    """Return (variant, field) -> value of what a rollback brings back; the variant is empty without variants."""
    found: dict[tuple[str, str], str | int | None] = {}
    for each in model.served:
        found[each.variant or "", "image"] = each.model.image
        if each.variant:
            found[each.variant, "percent"] = each.percent
    return found


def previous(file: Path, now: DeclaredModel, files: Iterable[str]) -> DeclaredModel | None:
    """Return a model as the newest commit declares it that has another image or other percents than now.

    files: the models file and its bases. None if there is no such commit. Commits in which the file has errors are
    passed over. Raises GitProblem.
    """
    repository, current = Repository(file), images_and_percents(now)
    for commit in repository.commits(*map(Path, files)):
        then = loaded_at(repository, file, commit, commit[:_SHORT])
        models = then.models.models if then and then.models and not has_errors(then.problems) else ()
        found = next((each for each in models if each.name == now.name), None)
        if found is not None and images_and_percents(found) != current:
            return found
    return None
