"""What `generated/` held at an earlier commit, and what is rendered now: an upgrade of modelyard changes this too.

from modelyard.api import committed

found, problems = committed.differences("overlays/prod", "main")
"""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, Final, NamedTuple

from modelyard.api.pipeline import Rendering, generated, models_file, render
from modelyard.files.git import GitProblem, Repository
from modelyard.files.yaml import Sources
from modelyard.files.yaml.stream import read_all
from modelyard.manifests.manifest import Manifest
from modelyard.problems import Problem, has_errors
from modelyard.render.changes import Difference, Pair, of_objects, owner_of
from modelyard.render.component import KUSTOMIZECONFIG, SITE_CONFIG
from modelyard.targets.workloads.objects import NAME_LABEL, VARIANT_LABEL

__all__ = ["differences"]

Object = dict[str, Any]
_OF_KUSTOMIZE: Final = ("kustomization.yaml", KUSTOMIZECONFIG)


class Key(NamedTuple):
    """What an object is called."""

    api_version: str
    kind: str
    namespace: str
    name: str


def differences(file: str | Path, revision: str) -> tuple[list[Difference], list[Problem]]:
    """Return what differs between the objects in `generated/` at a revision of git, and those that are rendered now.

    What is for site-config is not compared. If a problem is an error, nothing was compared: MY721 no repository, MY722
    no such revision, or what is wrong in the models file.
    """
    now = render(file)
    if now.models is None or has_errors(now.problems):
        return [], now.problems
    try:
        repository = Repository(models_file(file))
        old = dict(_objects(repository, repository.commit(revision), generated(file)))
    except GitProblem as error:
        return [], [error.problem]
    return compared(now, old), now.problems


def compared(now: Rendering, old: dict[Key, Object]) -> list[Difference]:
    """Return what differs between objects of a set, which are used up here, and what its models file gives."""
    if now.models is None:
        return []
    pairs = [Pair(each.model or "", _taken(old, each), each.body) for each in now.objects]
    pairs += [Pair(owner_of(now.models, body), body, None) for body in old.values()]
    return of_objects(now.models, pairs)


def is_of_objects(name: str) -> bool:
    """Tell whether a file of `generated/` holds objects."""
    path = PurePosixPath(name)
    return path.suffix == ".yaml" and path.name not in _OF_KUSTOMIZE and path.parent.name != SITE_CONFIG


def objects_in(content: bytes, shown: str) -> Iterator[tuple[Key, Object]]:
    """Yield the objects of a file."""
    for each in read_all(content, Sources(), shown):
        if isinstance(each.data, dict) and isinstance(each.data.get("metadata"), dict):
            yield _key(each.data), each.data


def _objects(repository: Repository, commit: str, folder: Path) -> Iterator[tuple[Key, Object]]:
    for name in repository.files(commit, folder):
        if is_of_objects(name):
            yield from objects_in(repository.content(commit, name) or b"", f"{commit}:{name}")


def _taken(old: dict[Key, Object], manifest: Manifest) -> Object | None:
    """Take out the object that a manifest takes the place of: its like, where a name follows the content."""
    key = _key(manifest.body)
    if key not in old and manifest.hashed:
        like = [
            other for other, body in old.items() if other[:3] == key[:3] and _labels(body) == _labels(manifest.body)
        ]
        key = like[0] if len(like) == 1 else key
    return old.pop(key, None)


def _key(body: Object) -> Key:
    metadata = body["metadata"]
    return Key(
        str(body.get("apiVersion")),
        str(body.get("kind")),
        str(metadata.get("namespace") or ""),
        str(metadata.get("name")),
    )


def _labels(body: Object) -> tuple[object, ...]:
    labels = body["metadata"].get("labels") or {}
    return tuple(labels.get(key) for key in (NAME_LABEL, VARIANT_LABEL))
