"""Data against shapes, on with what is left when the wrong parts are taken out."""

from typing import TypeVar

from pydantic import BaseModel, ValidationError

from modelyard.files.yaml import Sources
from modelyard.modelsfile.merge import Tree, removals, settled
from modelyard.problems import Problem

S = TypeVar("S", bound=BaseModel)


def validate(shape: type[S], tree: Tree, sources: Sources) -> tuple[S | None, list[Problem]]:
    """Check data, which may have removals, against a shape.

    Returns the instance, made without the parts that are wrong where that is possible, and all problems.
    """
    instance, problems = _validate(shape, settled(tree), sources)
    if next(removals(*tree), None) is None:
        return instance, problems
    from modelyard.modelsfile.mistakes import unknown_removals

    return instance, [*problems, *unknown_removals(shape, tree, sources)]


def _validate(shape: type[S], tree: Tree, sources: Sources) -> tuple[S | None, list[Problem]]:
    problems: list[Problem] = []
    data = tree.data
    while True:
        try:
            return shape.model_validate(data), problems
        except ValidationError as error:
            from modelyard.modelsfile.mistakes import Fault

            faults = [Fault(shape, detail, tree, sources) for detail in error.errors(include_url=False)]
        # What only the cutting brings about is not the user's mistake.
        problems = problems or [each.problem() for each in faults]
        cuts = [each.cut for each in faults]
        rest = _without(data, cuts) if all(cuts) else data
        if rest == data:
            return None, problems
        data = rest


def _without(data: dict[str, object], paths: list[list[str]]) -> dict[str, object]:
    """Return a copy of the data without what stands at the paths."""
    here = {path[0] for path in paths if len(path) == 1}
    rest = {key: value for key, value in data.items() if key not in here}
    for key in {path[0] for path in paths} - here:
        value = rest.get(key)
        if isinstance(value, dict):
            rest[key] = _without(value, [path[1:] for path in paths if path[0] == key])
    return rest
