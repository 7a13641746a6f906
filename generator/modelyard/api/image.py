"""The image that SageMaker runs for a model, as a build context."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from modelyard import image
from modelyard.load import Loaded
from modelyard.names import nearest
from modelyard.problem import Problem, has_errors, problem, unique


def build_context(loaded: Loaded, name: str, variant: str | None = None) -> tuple[dict[str, str], list[Problem]]:
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
    served = found.served[0] if variant is None else variants[variant]
    made, problems = image.content(declared, found, served)
    problems = unique([*loaded.problems, *problems])
    return ({} if has_errors(problems) else made), problems


def write(folder: Path, made: Mapping[str, str]) -> list[Problem]:
    """Make a folder hold exactly a build context, all or nothing."""
    return image.write(folder, made)


def _unknown(message: str, name: str, known: Iterable[str]) -> Problem:
    meant = nearest(name, known) if name else None
    listed = ", ".join(sorted(known))
    return problem(
        "MY110", message, hint=f"did you mean {meant}?" if meant else f"there are {listed}" if listed else ""
    )
