"""The public Python API, and the only composer of the pipeline: the command line, the plugin and notebooks call it.

from modelyard import api

result = api.render("overlays/dev")
for each in result.problems:
    print(each.place, each.message, each.hint)
"""

import gc
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from modelyard.check import check as _check
from modelyard.check.finding import Cluster, Finding
from modelyard.compose import compose
from modelyard.load import Loaded
from modelyard.load import load as _load
from modelyard.manifest import Manifest
from modelyard.models.declared import DeclaredModel, DeclaredSet, find_marks
from modelyard.names import nearest
from modelyard.patch import pointer_of
from modelyard.places import mark_of
from modelyard.problem import Place, Problem, Related, Subject, has_errors, problem, unique
from modelyard.render import render_model, render_shared
from modelyard.template import Templates, folder
from modelyard.yamlio import write_all

MODELS_FILE: Final = "models.yaml"
GENERATED: Final = "generated"


@dataclass(slots=True)
class Rendering:
    """What a models file gives.

    objects: all objects in the order of the stream; filled by `render`, empty in what `overlay` returns.
    content: relative path -> text of each file of `generated/`; filled by `overlay`.
    problems: sorted by place; if one is an error, nothing may be written.
    """

    models: DeclaredSet | None
    problems: list[Problem]
    objects: list[Manifest] = field(default_factory=list)
    content: dict[str, str] = field(default_factory=dict)


def models_file(file: str | Path = ".") -> Path:
    """Return the models file that a FILE or DIR argument names."""
    path = Path(file)
    return path / MODELS_FILE if path.is_dir() else path


def load(file: str | Path = ".") -> Loaded:
    """Load a models file, with its base: the declared set, and what is wrong with it."""
    path = models_file(file)
    return load_shown(path, str(path))


def load_shown(path: Path, shown: str) -> Loaded:
    """Load a models file that messages call otherwise than by its path."""
    with _without_collector():
        return _load(path, shown)


def check(file: str | Path = ".") -> list[Problem]:
    """Return everything that can be known about a models file without writing or a cluster."""
    return overlay(file).problems


def render(file: str | Path = ".") -> Rendering:
    """Render all objects of a models file."""
    return render_loaded(load(file), models_file(file).parent)


def render_loaded(loaded: Loaded, beside: Path) -> Rendering:
    """Render what has been loaded; `beside` is where the kustomization lies."""
    objects: list[Manifest] = []
    with _without_collector():
        problems = list(loaded.problems)
        for manifests, found in _models(loaded.models, beside):
            objects += manifests
            problems += found
    return Rendering(loaded.models, unique(problems), objects)


def overlay(file: str | Path = ".") -> Rendering:
    """Render a models file to the content of its folder `generated/`, one model at a time."""
    loaded = load(file)
    texts: dict[str | None, str] = {}
    with _without_collector():
        problems = list(loaded.problems)
        for manifests, found in _models(loaded.models, models_file(file).parent):
            problems += found
            if manifests:
                texts[manifests[0].model] = write_all(each.body for each in manifests)
    return Rendering(loaded.models, unique(problems), content=compose(texts))


def generated(file: str | Path = ".") -> Path:
    """Return the folder that `write` exchanges."""
    return models_file(file).parent / GENERATED


def write(file: str | Path, rendering: Rendering, *, in_place: bool = False) -> list[Problem]:
    """Make `generated/` hold the content of a rendering, all or nothing; with in_place file by file."""
    from modelyard import overlay as folder_of

    return folder_of.write(generated(file), rendering.content, in_place=in_place)


def drift(file: str | Path, rendering: Rendering) -> tuple[str, list[Problem]]:
    """Return the unified diff from `generated/` to a rendering's content, empty if they are equal, and problems."""
    from modelyard import overlay as folder_of
    from modelyard.files import FileProblem

    folder = generated(file)
    try:
        return folder_of.drift(folder, rendering.content, label=str(folder)), []
    except FileProblem as error:
        return "", [error.problem]


def show(loaded: Loaded, name: str) -> tuple[str | None, str]:
    """Return (YAML of a model with the place of each value, ""), or (None, hint) if there is no such model."""
    models = loaded.models.models if loaded.models else ()
    found = next((model for model in models if model.name == name), None)
    if found is None or loaded.models is None:
        known = [model.name for model in models]
        meant = nearest(name, known)
        return None, f"did you mean {meant}?" if meant else f"there are {', '.join(known)}" if known else ""
    from modelyard import show as text_of

    return text_of.show(loaded.models, found), ""


def image(loaded: Loaded, name: str, variant: str | None = None) -> tuple[dict[str, str], list[Problem]]:
    """Return the build context of the image that SageMaker runs for a model, by file name, and what is wrong.

    It is empty if anything in the file is an error. variant: which of a model's variants; it must be named if their
    images differ.
    """
    declared = loaded.models
    found = next((each for each in declared.models if each.name == name), None) if declared else None
    if declared is None or found is None:
        known = [each.name for each in declared.models] if declared else []
        return {}, [*loaded.problems, _unknown(f"there is no model {name}", name, known)]
    variants = {each.variant or "": each for each in found.variants}
    if variants and variant is None and len({each.model.image for each in found.variants}) > 1:
        return {}, [*loaded.problems, _unknown(f"{name} has variants: name one with --variant", "", variants)]
    if variant is not None and variant not in variants:
        return {}, [*loaded.problems, _unknown(f"{name} has no variant {variant}", variant, variants)]
    from modelyard.image import content

    served = found.served[0] if variant is None else variants[variant]
    made, problems = content(declared, found, served)
    problems = unique([*loaded.problems, *problems])
    return ({} if has_errors(problems) else made), problems


def write_image(folder: Path, made: Mapping[str, str]) -> list[Problem]:
    """Make a folder hold exactly a build context, all or nothing."""
    from modelyard.image import write as written

    return written(folder, made)


def _unknown(message: str, name: str, known: Iterable[str]) -> Problem:
    meant = nearest(name, known) if name else None
    listed = ", ".join(sorted(known))
    return problem(
        "MY110", message, hint=f"did you mean {meant}?" if meant else f"there are {listed}" if listed else ""
    )


def starter(name: str) -> dict[str, str]:
    """Return file name -> text of what `modelyard init` writes for a set of this name."""
    root = folder() / "init"
    return {each.name: each.read_text("utf-8").replace("NAME", name) for each in sorted(root.iterdir())}


def _models(models: DeclaredSet | None, beside: Path) -> Iterator[tuple[list[Manifest], list[Problem]]]:
    """Yield the objects and problems of the set itself, then of each model."""
    if models is None:
        return
    templates = Templates()
    yield render_shared(models, templates), []
    cluster = _cluster(models)
    mapped = False
    for model in models.models:
        manifests, problems = render_model(models, model, templates)
        if not has_errors(problems):
            problems += _placed(models, model, _check(manifests, cluster))
        mapped = mapped or any(each.kind == "DomainMapping" for each in manifests)
        yield manifests, problems
    if mapped:
        from modelyard.kustomization import renaming

        yield [], renaming(beside)


def _cluster(models: DeclaredSet) -> Cluster:
    """Return what the file says about the cluster; nothing is known of features where it is wrong about them."""
    spec = models.spec
    unread = models.names("knative") and "knative" not in spec.model_fields_set
    named = "features" in find_marks(models.marks, "spec", "knative").entries
    if unread or (named and "features" not in spec.knative.model_fields_set):
        return Cluster(None)
    return Cluster(frozenset(spec.knative.features or ()))


def _placed(models: DeclaredSet, model: DeclaredModel, findings: list[Finding]) -> list[Problem]:
    """Turn findings into problems with places: the model is rendered once more, with marks on its values."""
    if not findings:
        return []
    again = models.with_marks((model,))
    manifests, _ = render_model(again, again.models[0], Templates(sources=models.sources))
    return [_problem(models, model, manifests[found.manifest], found) for found in findings]


def _problem(models: DeclaredSet, model: DeclaredModel, manifest: Manifest, found: Finding) -> Problem:
    place, related = _origin(models, model, manifest, found.path)
    if found.related is not None:
        first, _ = _origin(models, model, manifest, found.related)
        related = (*related, Related(first, found.related_message))
    subject = Subject(str(manifest), pointer_of(*found.path))
    return problem(found.code, found.message, hint=found.hint, place=place, subject=subject, related=related)


def _origin(
    models: DeclaredSet, model: DeclaredModel, manifest: Manifest, path: tuple[str | int, ...]
) -> tuple[Place, tuple[Related, ...]]:
    """Return the place in the models file, or the model's own place with the template's line beside it."""
    place = models.place(_mark(manifest.body, path))
    if place.file in models.files:
        return place, ()
    return models.place(model.whole.find("name")), (Related(place, "the template's line"),)


def _mark(node: object, path: tuple[str | int, ...]) -> int:
    """Return the mark of what stands at a path: its own, or the first inside it, or the nearest above it."""
    mark = own = mark_of(node)
    for part in path:
        key: object = part
        if isinstance(node, dict):
            key = next((each for each in node if each == part), part)
            node = node.get(part)
        elif isinstance(node, list) and isinstance(part, int):
            node = node[part]
        own = mark_of(node)
        own = mark_of(key) if own is None else own
        mark = own if own is not None else mark
    return first if own is None and (first := _first_mark(node)) is not None else mark or 0


def _first_mark(node: object) -> int | None:
    if isinstance(node, dict | list):
        items = node.values() if isinstance(node, dict) else node
        return next((found for item in items if (found := _first_mark(item)) is not None), None)
    return mark_of(node)


@contextmanager
def _without_collector() -> Iterator[None]:
    """Pause the cyclic garbage collector: nothing here makes cycles, and its scans are the non-linear part."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
