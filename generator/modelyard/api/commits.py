"""Commits of a models file that a command has changed, with trailers by which the register knows what is served.

from modelyard.api import commits

problems = commits.commit("overlays/prod", "churn", "Promote challenger of churn", outcome.differences)
"""

from collections.abc import Sequence
from pathlib import Path

from modelyard.api import register
from modelyard.api.pipeline import load, models_file
from modelyard.api.register.states import State, of_set
from modelyard.files.git import GitProblem, Repository
from modelyard.files.trailers import Trailers, with_trailers
from modelyard.problems import Problem
from modelyard.render.changes import Difference, shown

__all__ = ["commit", "trailers"]


def commit(file: str | Path, model: str, subject: str, differences: Sequence[Difference]) -> tuple[str, list[Problem]]:
    """Commit a models file, and nothing else, with trailers for the variant of a model that gets most calls.

    Returns the commit. Problems: MY721 no repository, MY744 where git refuses; the file stays written then.
    """
    message = f"{subject}\n\n{shown(differences, 'text')}"
    try:
        return Repository(models_file(file)).commit_file(
            models_file(file), with_trailers(message, trailers(file, model))
        ), []
    except GitProblem as error:
        return "", [error.problem]


def trailers(file: str | Path, model: str) -> Trailers:
    """Return what a commit says of the variant of a model that gets most calls: as the file says, else the register."""
    models = load(file).models
    states = of_set(models) if models else {}
    own = [state for key, state in states.items() if key.model == model]
    if not own:
        return Trailers()
    state = max(own, key=lambda each: each.percent)
    digest = state.image.partition("@")[2]
    if state.source:
        return Trailers(state.source, state.version, digest)
    source, version = _known(file, model, state)
    return Trailers(source, version or state.version, digest)


def _known(file: str | Path, model: str, state: State) -> tuple[str, str]:
    """Return source and version that the register has of an image; both empty where it has none."""
    entries, _ = register.read([file], model)
    found = [each for each in entries if each.source and each.image.partition("@")[0] == state.image.partition("@")[0]]
    same = [each for each in found if "@" not in state.image or each.image == state.image]
    return (same[-1].source, same[-1].version) if same else ("", "")
