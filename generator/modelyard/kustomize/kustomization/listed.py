"""Whether a hand-written kustomization.yaml names the folder that is rendered: if not, nothing of it is built."""

from pathlib import Path
from typing import Final

from modelyard.files import regular
from modelyard.files.yaml import MAX_BYTES
from modelyard.kustomize.kustomization.paths import same_path
from modelyard.kustomize.kustomization.read import find, generators, texts
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
    if any(same_path(each, name) for each in texts(path, _KEY)):
        return []
    return _missing(path, name)


def _missing(path: Path, name: str) -> list[Problem]:
    from modelyard.kustomize.kustomization.layout import entries  # only what is missing needs a place

    try:
        content = regular.content(path, MAX_BYTES)
    except OSError:
        return []
    listed, wrong = entries(content, _KEY, shown=str(path))
    if wrong or any(same_path(each.text, name) for each in listed):
        return []
    elsewhere = (each for key in _WRONG for each in entries(content, key, shown=str(path))[0])
    place = next((each.place for each in elsewhere if same_path(each.text, name)), None)
    if place is not None:
        message, hint = f"{name} is a Component, which kustomize refuses here", f"move it to {_KEY}:"
        return [problem("MY629", message, hint=hint, place=place)]
    hint = f"add `- {name}` under its {_KEY}:" if listed else f"add to it the line `{_KEY}: [{name}]`"
    message = f"{path.name} does not name {name}, so nothing of the models is built"
    return [problem("MY629", message, hint=hint, place=Place(str(path), 1, 1))]
