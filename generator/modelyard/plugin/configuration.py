"""From a plugin's configuration to objects: a ModelGenerator points to a models file, a ModelSet is one itself.

The configuration has lost its comments and lines on the way, so problems in it name the path of the field.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from modelyard import api
from modelyard.files.yaml import MapMarks, Plain, Sources, quote, read
from modelyard.files.yaml.marked import find
from modelyard.manifests.manifest import Manifest
from modelyard.models.model_set import API_VERSION, ModelGenerator
from modelyard.modelsfile.load import bounds, load_text
from modelyard.modelsfile.merge import Tree
from modelyard.modelsfile.shapes import validate
from modelyard.plugin.fields import FieldPlace, fields
from modelyard.problems import Place, Problem, problem
from modelyard.render.transformers import all_transformers, config_map

# What libyaml ends a plain scalar at, or refuses, in flow style. Times and numbers of base 60, which hold a colon,
# have been quoted by kustomize already.
_NOT_IN_FLOW: Final = re.compile(r"[\s:?,\[\]{}]")


def render(config: Any, root: Path) -> api.Rendering:
    """Return what a configuration gives.

    config: as read with keep_plain, or None. root: the folder that paths in it start from.
    """
    hint = f"write kind: ModelGenerator and apiVersion: {API_VERSION}"
    if not isinstance(config, dict):
        return api.Rendering(None, [problem("MY501", "there is no functionConfig", hint=hint)])
    kind, version = plain_text(config.get("kind")), plain_text(config.get("apiVersion"))
    if version != API_VERSION or kind not in ("ModelGenerator", "ModelSet"):
        wrong = f"is a {kind} of {version}" if kind and version else f"has no {'apiVersion' if kind else 'kind'}"
        return api.Rendering(None, [problem("MY501", f"the configuration {wrong}", hint=hint)])
    content, name = _flow(config).encode(), _name(config)
    if kind == "ModelSet":
        rendering = api.render_loaded(load_text(content, name, root), root, with_others=True)
        rendering.objects = list(_emitted(rendering, "resources"))
    else:
        rendering = _pointed(content, name, root)
    rendering.problems = list(_with_fields(rendering.problems, content, name))
    return rendering


def with_fields(problems: list[Problem], config: dict[str, Any]) -> list[Problem]:
    """Return problems of what a configuration has given with the paths of fields in place of its lines."""
    return list(_with_fields(problems, _flow(config).encode(), _name(config)))


def _name(config: dict[str, Any]) -> str:
    metadata = config.get("metadata")
    name = plain_text(metadata.get("name")) if isinstance(metadata, dict) else ""
    return f"{plain_text(config.get('kind'))} {name}".strip()


def _pointed(content: bytes, name: str, root: Path) -> api.Rendering:
    """Render the models file that a ModelGenerator points to."""
    sources = Sources()
    document = read(content, sources, name)
    if not isinstance(document.data, dict) or not isinstance(document.marks, MapMarks):
        return api.Rendering(None, document.problems)
    generator, problems = validate(ModelGenerator, Tree(document.data, document.marks), sources)
    problems = [*document.problems, *problems]
    if generator is None or problems:
        return api.Rendering(None, problems)
    file = Path(generator.spec.models)
    within = bounds(root)
    if within.leaves(root / file):
        message, hint = within.refusal(str(file))
        place = sources.place(find(document.marks, "spec", "models")[1])
        return api.Rendering(None, [problem("MY015", message, hint=hint, place=place)])
    loaded = api.load_shown(root / file, str(file), within)
    hint = "spec.models is a path from the folder of the kustomization"
    loaded.problems = [replace(each, hint=hint) if each.code == "MY013" else each for each in loaded.problems]
    rendering = api.render_loaded(loaded, root, with_others=True)
    if generator.spec.emit == "transformers" and rendering.models and not rendering.models.names("viya"):
        place = sources.place(find(document.marks, "spec", "emit")[1])
        hint = "write emit: resources, or leave it out"
        rendering.problems.append(problem("MY502", f"{file} gives no transformers", hint=hint, place=place))
    rendering.objects = list(_emitted(rendering, generator.spec.emit))
    return rendering


def _emitted(rendering: api.Rendering, emit: str) -> Iterator[Manifest]:
    """Yield what the host gets: all objects, or what changes those of the host's own base."""
    site = rendering.site_config
    if emit == "resources" or rendering.models is None:
        yield from (*rendering.objects, *site.manifests)
        yield from (Manifest(config_map(each), "") for each in sorted(site.config_maps))
        return
    yield from (Manifest(each, "") for each in all_transformers(rendering.models.metadata.name, site))


def _flow(value: Any) -> str:
    """Return a configuration in flow style: there a mapping and its first key have places of their own."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{quote(key)}: {_flow(item)}' for key, item in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(_flow(item) for item in value)}]"
    if isinstance(value, Plain) and not _NOT_IN_FLOW.search(value.text):
        return value.text or "null"
    return quote(plain_text(value))


def _with_fields(problems: list[Problem], content: bytes, name: str) -> Iterator[Problem]:
    """Yield the problems with the paths of fields in place of lines of the configuration."""
    paths = dict(fields(read(content, Sources(), name).marks, name)) if problems else {}

    def shown(place: Place) -> Place:
        return FieldPlace(place.file, place.line, place.column, paths[place]) if place in paths else place

    for each in problems:
        related = tuple(replace(one, place=shown(one.place)) for one in each.related)
        yield replace(each, place=shown(each.place) if each.place else None, related=related)


def plain_text(value: object) -> str:
    """Return the text of a scalar as read with keep_plain; empty for anything else."""
    return value.text if isinstance(value, Plain) else value if isinstance(value, str) else ""
