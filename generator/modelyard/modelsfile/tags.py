"""Tags of images that a run gives in place of those of the models file."""

from collections.abc import Mapping

from modelyard.files.yaml.marked import derived
from modelyard.manifests import names
from modelyard.models.declared import DeclaredModel, DeclaredSet, Served
from modelyard.problems import Problem, problem


def with_tags(models: DeclaredSet, tags: Mapping[str, str]) -> tuple[DeclaredSet, list[Problem]]:
    """Return the set with other tags or digests of images. tags: MODEL, or MODEL/VARIANT -> 1.4.0 or sha256:….

    Problems: MY505 what no model or variant is named by, what has no image, what is no tag.
    """
    left = dict(tags)
    problems: list[Problem] = []
    changed = tuple(_model(each, left, problems) for each in models.models)
    known = [name for each in models.models for name in _names(each)]
    for name in left:
        hint = names.offer(name, known)
        problems.append(problem("MY505", f"images: no model or variant is named {name}", hint=hint))
    return models._replace(models=changed), problems


def _names(model: DeclaredModel) -> list[str]:
    return [f"{model.name}/{each.variant}" if each.variant else model.name for each in model.served]


def _model(model: DeclaredModel, left: dict[str, str], problems: list[Problem]) -> DeclaredModel:
    served = [
        _served(each, name, left.pop(name), problems) if name in left else each
        for each, name in zip(model.served, _names(model), strict=True)
    ]
    return model._replace(variants=tuple(served)) if model.variants else model._replace(whole=served[0])


def _served(served: Served, name: str, version: str, problems: list[Problem]) -> Served:
    own = served.model.image
    if not own:
        problems.append(problem("MY505", f"images: {name} has no image", hint="leave it out"))
        return served
    mark = "@" if ":" in version else ":"
    image = f"{names.repository(own)}{mark}{version}"
    if names.image(image) or "@" in version or "/" in version:
        hint = "write a tag such as 1.4.0, or a digest such as sha256:4b1c…"
        problems.append(problem("MY505", f"images: {version} is no tag for {name}", hint=hint))
    return served._replace(model=served.model.model_copy(update={"image": derived(image, own)}))
