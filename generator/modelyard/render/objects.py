"""From declared models to objects: templates, the user's patches, the lock's digests, the delivery's words, then seal.

Pure: no file, no clock. The order is fixed. Patches see logical names, and images as they are declared; seal then puts
content hashes into names and into whatever names them, so that a reference and its object can never disagree.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from modelyard.manifests.hashed_names import seal
from modelyard.manifests.json_patch import PatchFailed, apply
from modelyard.manifests.manifest import Manifest, Rendered
from modelyard.manifests.names import one_of
from modelyard.manifests.template import Templates
from modelyard.models.declared import DeclaredModel, DeclaredSet
from modelyard.problems import Problem, problem
from modelyard.targets import section, target
from modelyard.targets.workloads.objects import service_account

if TYPE_CHECKING:
    from modelyard.models.patches import Patch, PatchTarget  # at run time they are imported when a model has them


def render_shared(models: DeclaredSet, templates: Templates) -> list[Manifest]:
    """Return the objects that belong to the set and to no model."""
    return _delivered(models, service_account(models, templates))


def render_section(name: str, models: DeclaredSet, templates: Templates) -> Rendered:
    """Return what a section of the set gives."""
    rendered = section(name).render(models, templates)
    rendered.manifests = seal(_delivered(models, with_digests(models, rendered.manifests)))
    return rendered


def render_model(
    models: DeclaredSet, model: DeclaredModel, templates: Templates
) -> tuple[list[Manifest], list[Problem]]:
    """Return the objects of one model in the order in which they are written, and what its patches do wrong.

    Those that no cluster gets, but a file beside the objects, stand behind all others.
    """
    manifests, problems = unsealed(models, model, templates)
    sealed = seal(manifests)
    return [*(each for each in sealed if not each.beside), *(each for each in sealed if each.beside)], problems


def unsealed(models: DeclaredSet, model: DeclaredModel, templates: Templates) -> tuple[list[Manifest], list[Problem]]:
    """Return the objects of one model before their names are sealed, and what its patches do wrong."""
    manifests: list[Manifest] = []
    for name in model.targets:
        manifests += target(name).render(models, model, templates).manifests
    problems: list[Problem] = []
    for index, patch in enumerate(model.whole.model.patches or []):
        manifests = _patched(models, model, manifests, index, patch, problems)
    if any(each.model.source is not None for each in model.served):
        from modelyard.render.provenance import with_provenance

        manifests = with_provenance(model, manifests)
    return _delivered(models, with_digests(models, manifests)), problems


def with_digests(models: DeclaredSet, manifests: list[Manifest]) -> list[Manifest]:
    """Return the objects with the digests that the lock has of their images; as they are where there is no lock."""
    if not models.digests:
        return manifests
    from modelyard.render.pins import pinned

    return pinned(manifests, models.digests)


def _delivered(models: DeclaredSet, manifests: list[Manifest]) -> list[Manifest]:
    """Return the objects as `spec.delivery` wants them."""
    if models.spec.delivery == "kustomize":
        return manifests
    from modelyard.render.delivery import delivered

    return delivered(manifests, models.spec.delivery)


def files_beside(manifests: Iterable[Manifest]) -> dict[str, str]:
    """Return path -> text of the files beside the objects."""
    found = {}
    for each in manifests:
        if each.beside is not None:
            node: Any = each.body
            for key in each.beside.text:
                node = node[key]
            found[each.beside.path] = str(node)
    return found


def _patched(
    models: DeclaredSet,
    model: DeclaredModel,
    manifests: list[Manifest],
    index: int,
    patch: "Patch",
    problems: list[Problem],
) -> list[Manifest]:
    operations = list(_operations(patch))
    matched = [each for each in manifests if _matches(each, patch.target)]
    if not matched:
        place = models.place(model.whole.find_key("patches", index, "target"))
        hint = f"{model.name} renders {one_of(str(each) for each in manifests)}" if manifests else "it renders nothing"
        problems.append(problem("MY206", "the patch's target matches no object", hint=hint, place=place))
    changed: dict[int, Manifest] = {}
    for each in matched:
        try:
            body = apply(each.body, operations)
        except PatchFailed as failed:
            place = models.place(model.whole.find("patches", index, "ops", failed.index))
            problems.append(problem("MY207", f"{each}: {failed.message}", hint=failed.hint, place=place))
            continue
        if wrong := _not_an_object(body):
            place = models.place(model.whole.find("patches", index))
            problems.append(
                problem("MY207", f"{each}: {wrong}", hint="do not remove or change what names the object", place=place)
            )
            continue
        changed[id(each)] = each._replace(body=body)
    return [changed.get(id(each), each) for each in manifests]


def _operations(patch: "Patch") -> Iterator[dict[str, Any]]:
    for op in patch.ops:
        entry: dict[str, Any] = {"op": op.op, "path": op.path}
        if op.from_ is not None:
            entry["from"] = op.from_
        if op.op in ("add", "replace", "test"):
            entry["value"] = op.value
        yield entry


def _matches(each: Manifest, wanted: "PatchTarget") -> bool:
    pairs = (
        (wanted.kind, each.kind),
        (wanted.group, each.group),
        (wanted.version, each.version),
        (wanted.name, each.name),
        (wanted.variant, each.variant),
    )
    return all(want is None or want == have for want, have in pairs)


def _not_an_object(body: object) -> str | None:
    metadata = body.get("metadata") if isinstance(body, dict) else None
    if not isinstance(body, dict) or not isinstance(metadata, dict):
        return "the result of the patch is not an object"
    named = (body.get("apiVersion"), body.get("kind"), metadata.get("name"))
    return (
        None if all(isinstance(each, str) and each for each in named) else "the patch removes apiVersion, kind or name"
    )
