"""Rules over the models of a set, and those of its targets. Each is a function that yields problems."""

from collections.abc import Iterator
from typing import Final

from modelyard.files.yaml import MapMarks
from modelyard.files.yaml.marked import find
from modelyard.manifests import names
from modelyard.models.declared import DeclaredModel, DeclaredSet
from modelyard.modelsfile.image_rules import images
from modelyard.modelsfile.merge import Tree
from modelyard.modelsfile.model_rules import accepting, repeated_names
from modelyard.problems import Problem, Related, problem
from modelyard.problems.credentials import is_credential
from modelyard.targets import Claim, target
from modelyard.targets.workloads.objects import RESERVED_LABELS


def check_set(models: DeclaredSet, tree: Tree) -> list[Problem]:
    """Check what only the whole set shows. `tree`: the whole merged file."""
    problems: list[Problem] = []
    for model in models.models:
        for name in model.targets:
            problems += accepting(model, target(name).check(models, model))
    for rule in _SET_RULES:
        problems += rule(models, tree)
    if models.spec.patches:
        from modelyard.modelsfile.patch_rules import of_set  # few sets have them

        problems += of_set(models, tree)
    if any("source" in served.data for model in models.models for served in (model.whole, *model.variants)):
        from modelyard.modelsfile.source_rules import sources

        problems += sources(models, tree)
    if any(each.model.requestLog is not None for model in models.models for each in model.served):
        from modelyard.modelsfile.request_log_rules import request_logs  # few models have one

        problems += request_logs(models)
    if any(each.model.metrics is not None for model in models.models for each in model.served):
        from modelyard.modelsfile.request_log_rules import metrics_without  # few models have them

        problems += metrics_without(models)
    if any(each.model.monitor is not None for model in models.models for each in model.served):
        from modelyard.modelsfile.monitor_rules import monitors  # few models have one

        problems += monitors(models)
    if any(model.shadows for model in models.models):
        from modelyard.modelsfile.shadow_rules import shadows  # few models have one

        problems += shadows(models)
    if models.spec.viya is not None:
        from modelyard.modelsfile.viya_rules import check_viya  # few sets have it, and its shapes take long to build

        problems += check_viya(models)
    return problems


def _duplicates(models: DeclaredSet, tree: Tree) -> Iterator[Problem]:
    spec, marks = tree.data.get("spec"), tree.marks.entries.get("spec", (0, 0))[1]
    if isinstance(spec, dict) and isinstance(marks, MapMarks):
        yield from repeated_names(Tree(spec, marks), "models", "model", models.sources)


def _reserved_labels(models: DeclaredSet, tree: Tree) -> Iterator[Problem]:
    for key in sorted(RESERVED_LABELS.intersection(models.spec.labels or {})):
        place = models.place(find(tree.marks, "spec", "labels", key)[0])
        yield problem("MY217", f"{key} is a label that modelyard sets", hint="take it out", place=place)


def _credentials_of_set(models: DeclaredSet, tree: Tree) -> Iterator[Problem]:
    for key, text in (models.spec.annotations or {}).items():
        if is_credential(key, text):
            place = models.place(find(tree.marks, "spec", "annotations", key)[1])
            yield problem("MY208", f"{key} holds a credential in plain text", hint="keep it in a Secret", place=place)


def _collisions(models: DeclaredSet, tree: Tree) -> Iterator[Problem]:
    """Names of different models, variants or targets must not meet in one object."""
    taken: dict[tuple[str, str], tuple[DeclaredModel, str, Claim]] = {}
    claims = [
        (model, name, claim)
        for model in models.models
        for name in model.targets
        if not _has_faulty_name(model, name)
        for claim in target(name).claims(model)
    ]
    for model, name, claim in sorted(claims, key=lambda each: each[2].mark):
        if claim.kind == "Service" and (wrong := names.dns_1035_label(claim.name)):
            yield problem("MY203", f"{claim.name}: {wrong}", hint="shorten it", place=models.place(claim.mark))
        first = taken.setdefault((claim.kind, claim.name), (model, name, claim))
        other, other_name, other_claim = first
        if other_claim is claim or (other is model and other_name == name and other_claim.mark == claim.mark):
            continue
        if other.name == model.name and other is not model:
            continue  # two models of one name are reported as that
        yield _collision(models, model, name, claim, first)


def _has_faulty_name(model: DeclaredModel, name: str) -> bool:
    """Tell whether a target's own name was taken out as wrong: what it would collide with is not known."""
    targets = model.whole.data.get("targets")
    fields = targets.get(name) if isinstance(targets, dict) else None
    return isinstance(fields, dict) and "name" in fields and getattr(model.whole.specs[name], "name", None) is None


def _collision(
    models: DeclaredSet, model: DeclaredModel, name: str, claim: Claim, first: tuple[DeclaredModel, str, Claim]
) -> Problem:
    other, other_name, other_claim = first
    mark, other_mark, hint = claim.mark, other_claim.mark, "rename one of them"
    if other is model and other_name != name:
        mark = model.whole.find_key("targets", name)
        other_mark = model.whole.find_key("targets", other_name)
        hint = f"give one of them a name of its own, such as targets.{name}.name: {claim.name}-{name}"
    related = (Related(models.place(other_mark), f"{other.name} on {other_name}"),)
    message = f"{model.name} on {name} would create the {claim.kind} {claim.name} a second time"
    return problem("MY202", message, hint=hint, place=models.place(mark), related=related)


def _names_targets(item: object) -> bool:
    """Tell whether a model or one of its variants has the key, whatever its value."""
    if not isinstance(item, dict):
        return False
    variants = item.get("variants")
    inner = variants if isinstance(variants, list) else []
    return "targets" in item or any(_names_targets(each) for each in inner)


def _names_parts(spec: object, section: str) -> bool:
    """Tell whether a section of spec holds anything."""
    return isinstance(spec, dict) and bool(spec.get(section))


def check_empty(models: DeclaredSet, tree: Tree) -> Iterator[Problem]:
    """Refuse a set that renders nothing, unless it says that it may."""
    spec = tree.data.get("spec")
    declared = spec.get("models", []) if isinstance(spec, dict) else None
    served = any(model.whole.model.targets for model in models.models)
    # A faulty model may have targets: only a set whose models are all sound is known to be empty.
    sound = isinstance(declared, list) and len(declared) == len(models.models)
    sound = sound and not any(_names_targets(each) for each in declared or [])
    sound = sound and not any(_names_parts(spec, section) for section in ("patches", "viya"))
    if sound and not served and not models.spec.allowEmpty:
        place = models.place(find(tree.marks, "spec", "models")[0])
        hint = "add models:, viya: or patches:, or spec.allowEmpty: true"
        yield problem("MY213", "the set renders nothing", hint=hint, place=place)


_SET_RULES: Final = (_duplicates, _reserved_labels, _credentials_of_set, _collisions, images)
