"""Rules over JSON Patches: those of a model, and those of the set on objects that others wrote."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from modelyard.files.yaml import Sources
from modelyard.files.yaml.marked import find
from modelyard.models.declared import DeclaredModel, DeclaredSet
from modelyard.modelsfile.merge import Tree
from modelyard.problems import Place, Problem, problem
from modelyard.problems.credentials import is_credential, leaves

if TYPE_CHECKING:
    from modelyard.models.patches import Operation  # at run time it is imported when a file has patches


def of_model(model: DeclaredModel, sources: Sources) -> Iterator[Problem]:
    """Operations have the members that they need, and patches stand in the model alone."""
    for i, patch in enumerate(model.whole.model.patches or []):
        for j, op in enumerate(patch.ops):
            yield from _lacking(op, sources.place(model.whole.find("patches", i, "ops", j)))
    for served in model.variants:
        if served.model.patches != model.whole.model.patches:
            place = sources.place(served.find_key("patches"))
            hint = "move it to the model, with target: {variant: …}"
            yield problem("MY210", "patches belong to the model", hint=hint, place=place)


def of_set(models: DeclaredSet, tree: Tree) -> Iterator[Problem]:
    """Operations have the members that they need, and hold no credential. Never says its value."""
    for i, patch in enumerate(models.spec.patches or []):
        for j, op in enumerate(patch.ops):
            path = ("spec", "patches", i, "ops", j)
            yield from _lacking(op, models.place(find(tree.marks, *path)[1]))
            for leaf in leaves({"op": op.op, "path": op.path, "value": op.value}, path):
                if isinstance(leaf.value, str) and is_credential(leaf.name, leaf.value):
                    place = models.place(find(tree.marks, *leaf.path)[1])
                    hint = "keep it in a Secret, and let the object name that"
                    yield problem("MY208", f"{leaf.name} holds a credential in plain text", hint=hint, place=place)


def _lacking(op: "Operation", place: Place) -> Iterator[Problem]:
    """Yield the member that an operation needs and does not have (RFC 6902 chapter 4)."""
    needs = "value" if op.op in ("add", "replace", "test") else "from" if op.op in ("move", "copy") else None
    given = {"from" if name == "from_" else name for name in op.model_fields_set}
    if needs is not None and needs not in given:
        yield problem("MY102", f"{needs} is missing: {op.op} needs it", hint=f"add {needs}:", place=place)
