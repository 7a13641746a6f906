"""Credentials in plain text: the texts of a model that end up in objects which anybody may read."""

from collections.abc import Iterator
from typing import Final

from modelyard.files.yaml import Sources
from modelyard.models.declared import DeclaredModel, Served
from modelyard.modelsfile.merge import Tree
from modelyard.problems import Problem, problem
from modelyard.problems.credentials import Leaf, Path, is_credential, leaves

_NAMED: Final = frozenset(["monitor", "notify", "requestLog"])  # whose `secret` is the name of one
_APART: Final = frozenset(["ignore", "name", "variants"])  # of a model: what no object holds, and what is checked apart


def credentials(model: DeclaredModel, _: Tree, sources: Sources) -> Iterator[Problem]:
    """Find what looks like a credential in the texts that a cluster will show. Never says its value."""
    for served in model.served:
        for leaf in _texts(served):
            if is_credential(leaf.name, leaf.value):
                place = sources.place(served.find(*leaf.path))
                hint = "keep it in a Secret, and write NAME: {secretKeyRef: {name: …, key: …}} under env"
                message = f"{leaf.name} holds a credential in plain text"
                yield problem("MY208", message, hint=hint, place=place)


def _texts(served: Served) -> Iterator[Leaf]:
    """Yield the texts of a model that a cluster will show."""
    for key, value in served.data.items():
        if key not in _APART:
            texts = (leaf for leaf in leaves(value, (key,), key) if isinstance(leaf.value, str))
            yield from (leaf for leaf in texts if not _is_cut(served, leaf.path) and not _is_name(leaf.path))


def _is_name(path: Path) -> bool:
    """Tell whether a value names a Secret."""
    return path[0] in _NAMED and path[-1] == "secret"


def _is_cut(served: Served, path: Path) -> bool:
    """Tell whether a value was taken out as wrong: that is reported already."""
    kept = getattr(served.model, str(path[0]), None)
    return kept is None or (isinstance(kept, dict) and len(path) > 1 and path[1] not in kept)
