"""Paths of fields, for documents that have lost their lines on the way."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from modelyard.files.yaml import ListMarks, MapMarks, Marks, Sources, at, quote
from modelyard.problems import Place
from modelyard.problems.patterns import pattern

_SIMPLE: Final = pattern(r"[A-Za-z_$][A-Za-z0-9_$-]*")


@dataclass(frozen=True, slots=True)
class FieldPlace(Place):
    """A place that is shown as the path of its field."""

    path: str

    def __str__(self) -> str:
        """Return the document and the path."""
        return f"{self.file}: {self.path}" if self.path else self.file


def fields(marks: Marks, file: str) -> Iterator[tuple[Place, str]]:
    """Yield the place of each key and value with its path, such as spec.models[0].image or spec.labels["a/b"].

    marks: of a document that was read with Sources of its own.
    """
    sources = Sources()
    sources.add(file)
    todo: list[tuple[Marks, str]] = [(marks, "")]
    while todo:
        node, path = todo.pop()
        yield sources.place(at(node)), path
        if isinstance(node, MapMarks):
            for key, (key_mark, below) in node.entries.items():
                step = f".{key}" if _SIMPLE.fullmatch(key) else f"[{quote(key)}]"
                inner = (path + step).removeprefix(".")
                yield sources.place(key_mark), inner
                todo.append((below, inner))
        elif isinstance(node, ListMarks):
            todo += [(below, f"{path}[{i}]") for i, below in enumerate(node.items)]
