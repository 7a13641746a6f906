"""Argo CD's config management plugin: the objects that an Application asks for by its parameters.

from modelyard.api import argocd_plugin

rendering = argocd_plugin.generate(os.environ, ".")

Sources: argo-cd v3.6.1, docs/operator-manual/config-management-plugins.md (what reaches a plugin), and
pkg/apis/application/v1alpha1/types.go (how parameters are written).
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from modelyard.api.pipeline import Rendering, load_shown, models_file, render_loaded
from modelyard.manifests.names import nearest
from modelyard.modelsfile.load import Bounds, Loaded, bounds
from modelyard.modelsfile.tags import with_tags
from modelyard.problems import Problem, has_errors, printable, problem

__all__ = ["generate"]

_PARAMETERS: Final = "ARGOCD_APP_PARAMETERS"
_ENVIRONMENT: Final = "ARGOCD_ENV_ENVIRONMENT"
_PATH: Final = "ARGOCD_APP_SOURCE_PATH"
# Parameter -> its field in JSON, by its type.
_FIELDS: Final = {"environment": "string", "images": "map"}


def generate(environment: Mapping[str, str], folder: str | Path = ".") -> Rendering:
    """Render what an Application asks for. Writes nothing.

    environment: variables of the process: the parameters `environment` (folder of the models file, below this one) and
    `images` (model, or model/variant, -> tag or digest). What is not given is as in the models file. An
    answer without an object is a mistake too, for by that Argo CD would delete all.
    """
    parameters, problems = _parameters(environment)
    below = str(parameters.get("environment", environment.get(_ENVIRONMENT, "")))
    if Path(below).is_absolute() or ".." in Path(below).parts:
        hint = "name a folder below that of the Application, such as overlays/prod"
        problems.append(problem("MY505", f"environment: {printable(below)} leads elsewhere", hint=hint))
    if problems:
        return Rendering(None, problems)
    path = models_file(Path(folder) / below)
    within = _within(Path(folder), environment.get(_PATH, "")) or bounds(Path(folder))
    if within.leaves(path):
        message, hint = within.refusal(str(path))
        return Rendering(None, [problem("MY015", message, hint=hint)])
    loaded = load_shown(path, str(path), within)
    if loaded.models is None:
        return Rendering(None, loaded.problems)
    models, problems = with_tags(loaded.models, parameters.get("images", {}))
    rendering = render_loaded(Loaded(models, [*loaded.problems, *problems]), path.parent)
    if not rendering.objects and not has_errors(rendering.problems):
        hint = "give it a model, or delete the Application"
        rendering.problems.append(
            problem("MY213", "the set renders no objects, and Argo CD would delete all", hint=hint)
        )
    return rendering


def _parameters(environment: Mapping[str, str]) -> tuple[dict[str, Any], list[Problem]]:
    """Return name -> value of what an Application sets."""
    try:
        every = json.loads(environment.get(_PARAMETERS) or "[]") or []
        pairs = [(str(each["name"]), each) for each in every]
    except (ValueError, TypeError, KeyError):
        hint = f"let Argo CD set {_PARAMETERS}, from spec.source.plugin.parameters"
        return {}, [problem("MY505", f"{_PARAMETERS} is not a list of parameters", hint=hint)]
    found = {name: value[_FIELDS[name]] for name, value in pairs if name in _FIELDS and _is_sound(name, value)}
    return found, [_wrong(name) for name, _ in pairs if name not in found]


def _is_sound(name: str, value: Mapping[str, Any]) -> bool:
    found = value.get(_FIELDS[name])
    if _FIELDS[name] == "string":
        return isinstance(found, str)
    return isinstance(found, dict) and all(isinstance(each, str) for each in found.values())


def _wrong(name: str) -> Problem:
    if name in _FIELDS:
        return problem("MY505", f"{name} has no {_FIELDS[name]}", hint=f"write {{name: {name}, {_FIELDS[name]}: …}}")
    meant = nearest(name, _FIELDS)
    hint = f"did you mean {meant}?" if meant else f"there are {' and '.join(_FIELDS)}"
    return problem("MY505", f"there is no parameter {printable(name)}", hint=hint)


def _within(folder: Path, path: str) -> Bounds | None:
    """Return the repository as far as Argo CD has sent it; None where it says nothing of that.

    Its .git may be missing. What is sent is the whole repository, or with --plugin-use-manifest-generate-paths a
    folder in it: as much of the Application's path as the folder ends with is inside of that.
    """
    here, parts = folder.resolve(), Path(path).parts
    inside = next((n for n in range(len(parts), 0, -1) if here.parts[-n:] == parts[-n:]), 0)
    return Bounds(here.parents[inside - 1], "what Argo CD has sent") if inside else None
