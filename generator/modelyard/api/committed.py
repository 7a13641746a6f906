"""What `generated/` held at an earlier commit, and what is rendered now: an upgrade of modelyard changes this too.

from modelyard.api import committed

found, problems = committed.differences("overlays/prod", "main")
"""

from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any, Final, NamedTuple

from modelyard.api.pipeline import generated, models_file, render
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


class _Key(NamedTuple):
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
    pairs = [Pair(each.model or "", _taken(old, each), each.body) for each in now.objects]
    pairs += [Pair(owner_of(now.models, body), body, None) for body in old.values()]
    return of_objects(now.models, pairs), now.problems


def _objects(repository: Repository, commit: str, folder: Path) -> Iterator[tuple[_Key, Object]]:
    for name in repository.files(commit, folder):
        path = PurePosixPath(name)
        if path.suffix == ".yaml" and path.name not in _OF_KUSTOMIZE and path.parent.name != SITE_CONFIG:
            content = repository.content(commit, name) or b""
            for body in _bodies(content, f"{commit}:{name}"):
                yield _key(body), body


def _bodies(content: bytes, shown: str) -> Iterable[Object]:
    found = (each.data for each in read_all(content, Sources(), shown))
    return (each for each in found if isinstance(each, dict) and isinstance(each.get("metadata"), dict))


def _taken(old: dict[_Key, Object], manifest: Manifest) -> Object | None:
    """Take out the object that a manifest takes the place of: its like, where a name follows the content."""
    key = _key(manifest.body)
    if key not in old and manifest.hashed:
        like = [
            other for other, body in old.items() if other[:3] == key[:3] and _labels(body) == _labels(manifest.body)
        ]
        key = like[0] if len(like) == 1 else key
    return old.pop(key, None)


def _key(body: Object) -> _Key:
    metadata = body["metadata"]
    return _Key(
        str(body.get("apiVersion")),
        str(body.get("kind")),
        str(metadata.get("namespace") or ""),
        str(metadata.get("name")),
    )


def _labels(body: Object) -> tuple[object, ...]:
    labels = body["metadata"].get("labels") or {}
    return tuple(labels.get(key) for key in (NAME_LABEL, VARIANT_LABEL))
