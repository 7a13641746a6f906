"""The objects of a deployment before anything is done to them: one build, or a stream that is there already."""

import os
import re
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from modelyard.files import regular
from modelyard.files.yaml import Sources, write
from modelyard.files.yaml.stream import read_all
from modelyard.kustomize.build import Built
from modelyard.kustomize.simulate.generators import without_values
from modelyard.kustomize.simulate.objects import Object, Objects
from modelyard.kustomize.simulate.read import Reading
from modelyard.kustomize.simulate.tree import Kustomization, Tree
from modelyard.manifests.names import NAME_HASH
from modelyard.problems import problem

STREAM: Final = "the base"
_HASHED: Final = re.compile(f"(.+){NAME_HASH}")
# Without it generated objects keep their names, and so does what names them.
_NO_HASH: Final = {
    "target": {"kind": "ConfigMap|Secret"},
    "patch": write(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "any", "annotations": {"internal.config.kubernetes.io/needsHashSuffix": None}},
        }
    ),
}


def built(found: Kustomization, tree: Tree, reading: Reading, build: Callable[[Path], Built]) -> Objects | None:
    """Build the resources of a kustomization and of its components; None, and problems, if that fails."""
    with tempfile.TemporaryDirectory(prefix="modelyard-") as name:
        folder = Path(name).resolve()
        content = bare(found, tree, folder)
        if not content["resources"]:
            return Objects()
        (folder / "kustomization.yaml").write_text(write(content), "utf-8")
        result = build(folder)
    shown = str(found.folder)
    reading.problems += [replace(each, message=each.message.replace(str(folder), shown)) for each in result.problems]
    return None if result.problems else objects(result.stream, reading)


def bare(found: Kustomization, tree: Tree, folder: Path) -> dict[str, Any]:
    """Return a kustomization of a folder with the resources alone: nothing that changes objects."""
    resources = [*_entries(found, tree, ("resources", "bases"), folder, is_component=False)]
    for each in _components(found):
        resources += [*_entries(each, tree, ("resources", "bases"), folder, is_component=True)]
    configurations = [*_entries(found, tree, ("configurations",), folder, is_component=False)]
    content: dict[str, Any] = {"resources": resources, "patches": [_NO_HASH]}
    return {**content, "configurations": configurations} if configurations else content


def _components(found: Kustomization) -> Iterator[Kustomization]:
    for each in found.components:
        if each is not None:
            yield each
            yield from _components(each)


def _entries(
    found: Kustomization, tree: Tree, keys: tuple[str, ...], folder: Path, *, is_component: bool
) -> Iterator[str]:
    for key in keys:
        for entry in tree.texts(found, key):
            path = found.folder / entry
            if tree.is_remote(path, entry):
                yield entry
            # Files of a component are read with their places.
            elif regular.exists(path) and not (is_component and regular.is_file(path)):
                yield os.path.relpath(path.resolve(), folder)


def objects(stream: bytes, reading: Reading, *, is_ready_made: bool = False) -> Objects | None:
    """Return the objects of a stream; None, and a problem, if it is none. Values of Secrets are dropped."""
    documents = read_all(stream, Sources(), STREAM)
    wrong = [each for document in documents for each in document.problems]
    bodies = [body for document in documents if document.data is not None for body in _bodies(document.data)]
    hint = "give what `kustomize build` prints"
    unnamed = sum(not _is_object(each) for each in bodies)
    if not (wrong or bodies):
        wrong = [problem("MY626", f"{STREAM} holds no objects", hint=hint)]
    elif unnamed and not wrong:
        message = f"{unnamed} of {len(bodies)} documents of {STREAM} have no kind or no name"
        wrong = [problem("MY626", message, hint=hint)]
    reading.problems += wrong
    if wrong:
        return None
    for body in bodies:
        if body["kind"] == "Secret":
            without_values(body)
    if is_ready_made:
        _unhash(bodies)
    return Objects(Object(body) for body in bodies)


def _bodies(data: Any) -> list[Any]:
    """Return the objects of a document, which may be a list of them."""
    items = data.get("items") if isinstance(data, dict) and data.get("kind") == "List" else None
    return items if isinstance(items, list) else [data]


def _is_object(body: Any) -> bool:
    metadata = body.get("metadata") if isinstance(body, dict) else None
    return isinstance(metadata, dict) and bool(body.get("kind")) and bool(metadata.get("name"))


def _unhash(bodies: list[dict[str, Any]]) -> None:
    """Give ConfigMaps and Secrets the names that their generators have, and what names them too."""
    generated = [each for each in bodies if each["kind"] in ("ConfigMap", "Secret")]
    taken = {(each["kind"], str(each["metadata"]["name"])) for each in generated}
    names: dict[str, str] = {}
    for each in generated:
        name = str(each["metadata"]["name"])
        found = _HASHED.fullmatch(name)
        if found and (each["kind"], found[1]) not in taken:
            taken.add((each["kind"], found[1]))
            names[name] = found[1]
    for body in bodies:
        _rename(body, names)


def _rename(node: Any, names: dict[str, str]) -> None:
    entries = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in entries:
        if isinstance(value, dict | list):
            _rename(value, names)
        elif isinstance(value, str) and value in names:
            node[key] = names[value]
