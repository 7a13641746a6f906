"""From a models file, with its base and what it includes, to sound models and all problems.

Nothing here raises for what the files hold. Problems of one place are reported once, so the variants of a
model can be checked each for itself.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from modelyard.files import regular
from modelyard.files.yaml import Sources, at
from modelyard.manifests.names import is_near
from modelyard.models.declared import DeclaredSet
from modelyard.modelsfile.assemble import assemble
from modelyard.modelsfile.documents import BEGIN, Chain, leads_to, read_chain, read_document
from modelyard.modelsfile.merge import Tree
from modelyard.modelsfile.outside import Bounds, allow_outside, allowing_outside, bounds
from modelyard.problems import Problem, has_errors, problem, unique

_UNKNOWN: Final = frozenset(["MY101", "MY106"])
_HEAD: Final = frozenset(["kind", "metadata", "spec"])
_SHOWN: Final = 64  # characters of a word in a message; Kubernetes' kinds are DNS labels
LOCK: Final = "models.lock.yaml"  # beside the models file that is named; bases have none for those who build on them
_SLIPS: Final = 50  # misspelt keys of a file that is read on; of one with more, what follows from them is told too

__all__ = ["LOCK", "Bounds", "Loaded", "allow_outside", "allowing_outside", "bounds", "leads_to", "load", "load_text"]


@dataclass(slots=True)
class Loaded:
    """The set (None when the file cannot be read as one), and the problems sorted by place.

    values, below: see Chain.
    """

    models: DeclaredSet | None
    problems: list[Problem] = field(default_factory=list)
    values: int = 0
    below: bytes | None = None


def load(path: Path, shown: str, within: Bounds | None = None, content: bytes | None = None) -> Loaded:
    """Load the models file at a path; `shown` is what messages call it, `within` how far its files may lead.

    content: stands for what the file holds.
    """
    sources = Sources()
    chain = read_chain(path, shown, sources, within, content)
    lock = str(Path(shown).parent / LOCK)
    return _locked(_finish(chain, sources), path.parent / LOCK, lock, within)


def load_text(content: bytes, shown: str, folder: Path) -> Loaded:
    """Load a models file from memory; `folder` is where spec.base is looked up, and the lock."""
    sources = Sources()
    chain = read_document(content, shown, folder, sources)
    return _locked(_finish(chain, sources), folder / LOCK, LOCK)


def _locked(loaded: Loaded, path: Path, shown: str, within: Bounds | None = None) -> Loaded:
    """Return what has been loaded with what the lock says, where there is one."""
    if loaded.models is None or not regular.exists(path):
        return loaded
    from modelyard.modelsfile.lock import read_lock

    lock, problems = read_lock(path, shown, within or bounds(path.parent))
    digests, contracts = (lock.images, lock.contracts) if lock else (None, None)
    models = loaded.models._replace(digests=digests, contracts=contracts)
    return replace(loaded, models=models, problems=unique([*loaded.problems, *problems]))


def _finish(chain: Chain, sources: Sources) -> Loaded:
    if chain.tree is None:
        return Loaded(None, unique(chain.problems))
    if wrong := _other_document(chain.tree, sources):
        return Loaded(None, unique([*chain.problems, wrong]))
    models, found = _assembled(chain.tree, sources, chain)
    # What reading already named at a place is not named again by what follows from it.
    named = {each.place for each in chain.problems if each.place}
    # What could not be read may render something.
    unknown = {"MY213"} if has_errors(chain.problems) else set()
    follows = (each for each in found if each.place not in named and each.code not in unknown)
    return Loaded(models, unique([*chain.problems, *follows]), chain.values, chain.below)


def _assembled(tree: Tree, sources: Sources, chain: Chain) -> tuple[DeclaredSet | None, list[Problem]]:
    """Return the set and all problems; behind a misspelt key the file is read on as it was meant."""
    models, found = assemble(tree, sources, chain.files, chain.published)
    unknown = [each for each in found if each.code in _UNKNOWN and each.place]
    if not unknown:
        return models, found
    from modelyard.modelsfile.keys import respelt

    meant = respelt(tree, {each.place for each in unknown if each.place}, sources)
    if {"base", "include"}.intersection(meant.put_in):
        return None, unknown  # what they have is not known
    if not 0 < len(meant.put_in) <= _SLIPS:
        return models, found
    models, rest = assemble(meant.tree, sources, chain.files, chain.published)
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
    if kind == "PublishedModel":
        hint = "name it under spec.include of a models file, and check that"
    place = sources.place(at(tree.marks.entries["kind"][1]))
    return problem("MY104", f"{shown} is not a kind of models file", hint=hint, place=place)
