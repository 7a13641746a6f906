"""From declared models to objects: templates, the user's patches, the lock's digests, the delivery's words, then seal.

Pure: no file, no clock. The order is fixed. Patches see logical names, and images as they are declared; seal then puts
content hashes into names and into whatever names them, so that a reference and its object can never disagree.
"""

from collections.abc import Iterable
from typing import Any

from modelyard.manifests.hashed_names import seal
from modelyard.manifests.manifest import Manifest, Rendered
from modelyard.manifests.template import Templates
from modelyard.models.declared import DeclaredModel, DeclaredSet
from modelyard.problems import Problem
from modelyard.targets import section, target
from modelyard.targets.workloads.objects import service_account


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
    if model.whole.model.patches:
        from modelyard.render.patches import patched

        manifests, problems = patched(models, model, manifests)
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
