"""The objects of streams that others wrote, each with the places of its values."""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from modelyard.check.finding import mapping
from modelyard.files.yaml import Document, ListMarks, MapMarks, Marks, Sources
from modelyard.files.yaml.marked import find
from modelyard.problems import Problem, problem

HINT: Final = "check takes what is applied to a cluster, such as the output of `kustomize build`"


class Found(NamedTuple):
    """One object of a stream, with the places of its values. odd: as of its document."""

    body: dict[str, Any]
    marks: Marks
    odd: Mapping[int, str] = MappingProxyType({})

    def mark(self, path: tuple[str | int, ...]) -> int:
        """Return the mark of the value at a path, of the key of a mapping or list, or of what is nearest above."""
        node: object = self.body
        for part in path:
            if isinstance(node, dict):
                node = node.get(str(part))
            else:
                node = node[part] if isinstance(node, list) and isinstance(part, int) and part < len(node) else None
        key, value = find(self.marks, *path)
        return key if isinstance(node, dict | list) else value


def objects(documents: Iterable[Document], sources: Sources) -> tuple[list[Found], list[Problem]]:
    """Return the objects of documents, also those in lists of kind List, and problems (MY303) for all else."""
    found: list[Found] = []
    problems: list[Problem] = []
    for document in documents:
        if document.data is None:
            continue  # what could not be read is reported
        for body, marks in _items(document.data, document.marks):
            wrong = lacking(body)
            if wrong is None:
                found.append(Found(mapping(body), marks, document.odd))
            else:
                message, path = wrong
                place = sources.place(find(marks, *path)[1])
                problems.append(problem("MY303", message, hint=HINT, place=place))
    return found, problems


def _items(data: object, marks: Marks) -> Iterator[tuple[object, Marks]]:
    """Yield a document, or the items of a list of objects as `kubectl get -o yaml` prints it."""
    body = mapping(data)
    items = body.get("items")
    if str(body.get("kind")).endswith("List") and isinstance(items, list) and isinstance(marks, MapMarks):
        below = marks.entries.get("items", (0, 0))[1]
        if isinstance(below, ListMarks):
            yield from zip(items, below.items, strict=False)
            return
    yield data, marks


def lacking(body: object) -> tuple[str, tuple[str, ...]] | None:
    """Return what keeps data from being an object, and the path of it; None if it is one."""
    if not isinstance(body, dict):
        return "this is not an object: it is not a mapping", ()
    for key in ("apiVersion", "kind"):
        if not (isinstance(body.get(key), str) and body[key]):
            what = "is not a string" if body.get(key) else "is missing"
            return f"this is not an object: {key} {what}", (key,)
    metadata = mapping(body.get("metadata"))
    name = metadata.get("name", metadata.get("generateName"))
    if not (isinstance(name, str) and name):
        return f"this {body['kind']} has no metadata.name", ("metadata", "name")
    return None
