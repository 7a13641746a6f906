"""The build context of the image that SageMaker itself runs for a model."""

from collections.abc import Iterable
from pathlib import Path

from modelyard.api.pipeline import load
from modelyard.manifests.names import nearest
from modelyard.problems import Problem, has_errors, problem, unique
from modelyard.targets.sagemaker_proxy.image import content, write

__all__ = ["context", "write"]


def context(file: str | Path, name: str, *, variant: str | None = None) -> tuple[dict[str, str], list[Problem]]:
    """Return the build context for a model of a models file, by file name, and all problems.

    It is empty if one of them is an error. variant: which of a model's variants; it must be named if their images
    differ.
    """
    loaded = load(file)
    models = loaded.models.models if loaded.models else ()
    found = next((each for each in models if each.name == name), None)
    if loaded.models is None or found is None:
        return {}, [*loaded.problems, _unknown(f"there is no model {name}", name, (each.name for each in models))]
    variants = {each.variant or "": each for each in found.variants}
    if variants and variant is None and len({each.model.image for each in found.variants}) > 1:
        return {}, [*loaded.problems, _unknown(f"{name} has variants: name one with --variant", "", variants)]
    if variant is not None and variant not in variants:
        return {}, [*loaded.problems, _unknown(f"{name} has no variant {variant}", variant, variants)]
    made, problems = content(loaded.models, found, found.served[0] if variant is None else variants[variant])
    problems = unique([*loaded.problems, *problems])
    return ({} if has_errors(problems) else made), problems


def _unknown(message: str, name: str, known: Iterable[str]) -> Problem:
    names = sorted(known)
    meant = nearest(name, names) if name else None
    listed = f"there are {', '.join(names)}" if names else ""
    return problem("MY110", message, hint=f"did you mean {meant}?" if meant else listed)
