"""What a models file makes of the objects that others wrote, such as the output of a Helm chart.

from modelyard.api import post_render

text, problems = post_render.post_render("overlays/prod", stream)

Sources: Helm 4.3.2, pkg/action/action.go (annotateAndMerge); Helm 3.22.0, pkg/postrender.
"""

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from modelyard.api.collector import without_collector
from modelyard.api.foreign_stream_edit import ForeignStream
from modelyard.api.pipeline import load, models_file, render_loaded
from modelyard.files.yaml.marked import derived, find
from modelyard.manifests.hashed_names import config_maps_renamed, content_hash
from modelyard.manifests.manifest import Manifest, Rendered
from modelyard.models.declared import DeclaredSet
from modelyard.problems import Problem, has_errors, problem, unique
from modelyard.render.locate import marked_section, place_of
from modelyard.render.patches import patched_foreign

__all__ = ["FILENAME", "PostRendered", "check", "post_render"]

STREAM: Final = "the chart's output"
FILENAME: Final = "postrenderer.helm.sh/postrender-filename"  # by which Helm 4 knows the file of an object again


class PostRendered(NamedTuple):
    """The stream, empty if there is an error, and all problems."""

    text: str
    problems: list[Problem]


def check(file: str | Path) -> list[Problem]:
    """Return what is wrong with a models file itself, before there is a stream."""
    return render_loaded(load(file), models_file(file).parent, with_others=True).problems


def post_render(file: str | Path, content: bytes) -> PostRendered:
    """Return a stream of objects with what a models file does to them.

    That is what `spec.viya` does to a deployment, then `spec.patches`; then the objects that the file gives itself
    follow. What no patch is for stays byte for byte. Where there are no problems the text is not empty.
    """
    rendering = render_loaded(load(file), models_file(file).parent, with_others=True)
    models, problems = rendering.models, rendering.problems
    if models is None or has_errors(problems):
        return PostRendered("", problems)
    stream = ForeignStream(content, STREAM)
    problems = [*problems, *stream.problems]
    if has_errors(problems):
        return PostRendered("", problems)
    with without_collector():
        bodies, further, found = _with_viya(models, stream.bodies)
        problems += found
        manifests, found = patched_foreign(models, [Manifest(each, "") for each in bodies], lambda key: key == FILENAME)
        problems += found
        further += [each.body for each in rendering.objects]
        problems += _twice(models, manifests, further)
    problems = unique(problems)
    if has_errors(problems):
        return PostRendered("", problems)
    return PostRendered(stream.written([each.body for each in manifests], further), problems)


def _with_viya(
    models: DeclaredSet, bodies: list[dict[str, Any]]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[Problem]]:
    """Return objects after what `spec.viya` does to them, the objects that it adds, and what goes wrong."""
    if models.spec.viya is None:
        return bodies, [], []
    from modelyard.kustomize import simulate

    whole = models.place(find(models.marks, "spec", "viya")[0])
    rendered = _hashed(marked_section(models, "viya"))
    ours = simulate.Ours("", rendered, lambda value: place_of(models, value) or whole)
    after, problems = simulate.applied([copy.deepcopy(each) for each in bodies], ours)
    found = [old if old == new else new for old, new in zip(bodies, after, strict=False)]
    return found, after[len(bodies) :], problems


def _hashed(rendered: Rendered) -> Rendered:
    """Return a rendering whose new ConfigMaps have a hash of their content in their names, as kustomize gives them one.

    A pod that reads such a ConfigMap then starts anew when it changes.
    """
    names: dict[str, str] = {}
    for each in rendered.config_maps:
        if not each.merge:
            body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {}, "data": dict(each.data)}
            names[each.name] = derived(f"{each.name}-{content_hash(body)}", each.name)
    maps = [each._replace(name=names.get(each.name, each.name)) for each in rendered.config_maps]
    patches = [
        each._replace(operations=[config_maps_renamed(op, names) for op in each.operations])
        for each in rendered.patches
    ]
    return Rendered(rendered.manifests, patches, maps)


def _twice(models: DeclaredSet, manifests: Sequence[Manifest], further: Sequence[dict[str, Any]]) -> list[Problem]:
    """Return a problem for each object of the models file that the stream has already."""
    there = {_identity(each) for each in manifests}
    found = [one for each in further if _identity(one := Manifest(each, "")) in there]
    place = models.place(find(models.marks, "metadata", "name")[1])
    hint = "rename the model, or take the object out of the chart"
    return [problem("MY653", f"{each} is in {STREAM} already", hint=hint, place=place) for each in found]


def _identity(each: Manifest) -> tuple[str, str, str, str]:
    return each.group, each.kind, str(each.body["metadata"].get("namespace", "")), each.name
