"""From a models file, with its base, to sound models and all problems.

Nothing here raises for what the files hold. Problems of one place are reported once, so the variants of a
model can be checked each for itself.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from modelyard.files import regular
from modelyard.files.yaml import Sources, at
from modelyard.manifests.names import is_near
from modelyard.models.declared import DeclaredSet
from modelyard.modelsfile.assemble import assemble
from modelyard.modelsfile.documents import BEGIN, base_of, read_chain, read_document
from modelyard.modelsfile.merge import Tree
from modelyard.modelsfile.outside import Bounds, allow_outside, allowing_outside, bounds
from modelyard.problems import Problem, problem, unique

_UNKNOWN: Final = frozenset(["MY101", "MY106"])
_HEAD: Final = frozenset(["kind", "metadata", "spec"])
_SHOWN: Final = 64  # characters of a word in a message; Kubernetes' kinds are DNS labels
LOCK: Final = "models.lock.yaml"  # beside the models file that is named; bases have none for those who build on them
_SLIPS: Final = 50  # misspelt keys of a file that is read on; of one with more, what follows from them is told too

__all__ = ["LOCK", "Bounds", "Loaded", "allow_outside", "allowing_outside", "base_of", "bounds", "load", "load_text"]


@dataclass(slots=True)
class Loaded:
    """The set (None when the file cannot be read as one), and the problems sorted by place."""

    models: DeclaredSet | None
    problems: list[Problem] = field(default_factory=list)


def load(path: Path, shown: str, within: Bounds | None = None) -> Loaded:
    """Load the models file at a path; `shown` is what messages call it, `within` how far its files may lead."""
    sources = Sources()
    tree, problems, files = read_chain(path, shown, sources, within)
    lock = str(Path(shown).parent / LOCK)
    return _locked(_finish(tree, problems, sources, files), path.parent / LOCK, lock, within)


def load_text(content: bytes, shown: str, folder: Path) -> Loaded:
    """Load a models file from memory; `folder` is where spec.base is looked up, and the lock."""
    sources = Sources()
    tree, problems, files = read_document(content, shown, folder, sources)
    return _locked(_finish(tree, problems, sources, files), folder / LOCK, LOCK)


def _locked(loaded: Loaded, path: Path, shown: str, within: Bounds | None = None) -> Loaded:
    """Return what has been loaded with what the lock says, where there is one."""
    if loaded.models is None or not regular.exists(path):
        return loaded
    from modelyard.modelsfile.lock import read_lock

    lock, problems = read_lock(path, shown, within or bounds(path.parent))
    digests, contracts = (lock.images, lock.contracts) if lock else (None, None)
    models = loaded.models._replace(digests=digests, contracts=contracts)
    return Loaded(models, unique([*loaded.problems, *problems]))


def _finish(tree: Tree | None, problems: list[Problem], sources: Sources, files: tuple[str, ...]) -> Loaded:
    if tree is None:
        return Loaded(None, unique(problems))
    if wrong := _other_document(tree, sources):
        return Loaded(None, unique([*problems, wrong]))
    models, found = _assembled(tree, sources, files)
    # What reading already named at a place is not named again by what follows from it.
    named = {each.place for each in problems if each.place}
    return Loaded(models, unique([*problems, *(each for each in found if each.place not in named)]))


def _assembled(tree: Tree, sources: Sources, files: tuple[str, ...]) -> tuple[DeclaredSet | None, list[Problem]]:
    """Return the set and all problems; behind a misspelt key the file is read on as it was meant."""
    models, found = assemble(tree, sources, files)
    unknown = [each for each in found if each.code in _UNKNOWN and each.place]
    if not unknown:
        return models, found
    from modelyard.modelsfile.keys import respelt

    meant = respelt(tree, {each.place for each in unknown if each.place}, sources)
    if "base" in meant.put_in:
        return None, unknown  # what the base has is not known
    if not 0 < len(meant.put_in) <= _SLIPS:
        return models, found
    models, rest = assemble(meant.tree, sources, files)
    return models, [*unknown, *(each for each in rest if not meant.tells(each))]


def _other_document(tree: Tree, sources: Sources) -> Problem | None:
    """Return the one problem of a file that is none of models at all: all else follows from that."""
    if not _HEAD.intersection(tree.data):
        message = "this is not a models file: it has neither kind nor metadata nor spec"
        return problem("MY008", message, hint=BEGIN, place=sources.place(tree.marks.at))
    kind = tree.data.get("kind")
    if not isinstance(kind, str):
        return None
    shown = kind if len(kind) <= _SHOWN else "this"
    if is_near(shown, "ModelSet"):
        return None
    hint = "write ModelSet; objects of a cluster are looked at with `modelyard check FILE`"
    place = sources.place(at(tree.marks.entries["kind"][1]))
    return problem("MY104", f"{shown} is not a kind of models file", hint=hint, place=place)
