"""Whether a hand-written kustomization.yaml names the folder that is rendered: if not, nothing of it is built."""

from pathlib import Path
from typing import Final

from modelyard.files import regular
from modelyard.files.yaml import MAX_BYTES
from modelyard.kustomize.kustomization.edit import entries
from modelyard.kustomize.kustomization.paths import same_path
from modelyard.kustomize.kustomization.read import find, generators
from modelyard.problems import Place, Problem, problem

_KEY: Final = "components"
_WRONG: Final = ("resources", "bases")  # kustomize 5.8.1 there: expected kind != 'Component'


def unlisted(folder: Path, name: str) -> list[Problem]:
    """Return MY629 if the kustomization of a folder does not name the Component that is rendered into it.

    None for a folder without a kustomization, which cannot be built at all, for one that calls modelyard-fn, and where
    its lists cannot be read: kustomize says why.
    """
    path = find(folder)
    if path is None or next(generators(path), None) is not None:
        return []
    try:
        content = regular.content(path, MAX_BYTES)
    except OSError:
        return []
    listed, wrong = entries(content, _KEY, shown=str(path))
    if wrong or any(same_path(each.text, name) for each in listed):
        return []
    place = _misplaced(content, name, path)
    if place is not None:
        message, hint = f"{name} is a Component, which kustomize refuses here", f"move it to {_KEY}:"
        return [problem("MY629", message, hint=hint, place=place)]
    hint = f"add `- {name}` under its {_KEY}:" if listed else f"add to it the line `{_KEY}: [{name}]`"
    message = f"{path.name} does not name {name}, so nothing of the models is built"
    return [problem("MY629", message, hint=hint, place=Place(str(path), 1, 1))]


def _misplaced(content: bytes, name: str, path: Path) -> Place | None:
    for key in _WRONG:
        found, _ = entries(content, key, shown=str(path))
        for each in found:
            if same_path(each.text, name):
                return each.place
    return None
