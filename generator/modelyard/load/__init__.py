"""From a models file, with its base, to sound models and all problems.

Nothing here raises for what the files hold. Problems of one place are reported once, so the variants of a
model can be checked each for itself.
"""

from dataclasses import dataclass, field
from pathlib import Path

from modelyard.load.assemble import assemble
from modelyard.load.documents import base_of, read_chain, read_document
from modelyard.load.merge import Tree
from modelyard.load.outside import Bounds, allow_outside, allowing_outside, bounds
from modelyard.models.declared import DeclaredSet
from modelyard.problem import Problem, unique
from modelyard.yamlio import Sources

__all__ = ["Bounds", "Loaded", "allow_outside", "allowing_outside", "base_of", "bounds", "load", "load_text"]


@dataclass(slots=True)
class Loaded:
    """The set (None when the file cannot be read as one), and the problems sorted by place."""

    models: DeclaredSet | None
    problems: list[Problem] = field(default_factory=list)


def load(path: Path, shown: str, within: Bounds | None = None) -> Loaded:
    """Load the models file at a path; `shown` is what messages call it, `within` how far its files may lead."""
    sources = Sources()
    tree, problems, files = read_chain(path, shown, sources, within)
    return _finish(tree, problems, sources, files)


def load_text(content: bytes, shown: str, folder: Path) -> Loaded:
    """Load a models file from memory; `folder` is where spec.base is looked up."""
    sources = Sources()
    tree, problems, files = read_document(content, shown, folder, sources)
    return _finish(tree, problems, sources, files)


def _finish(tree: Tree | None, problems: list[Problem], sources: Sources, files: tuple[str, ...]) -> Loaded:
    if tree is None:
        return Loaded(None, unique(problems))
    models, found = assemble(tree, sources, files)
    # What reading already named at a place is not named again by what follows from it.
    named = {each.place for each in problems if each.place}
    return Loaded(models, unique([*problems, *(each for each in found if each.place not in named)]))
