"""Which objects a patch is for, and why a target matches none.

Source of the generations of the restore parameters: SAS' examples sas-model-repository/python,
sas-model-repository/restore and sas-model-manager/restore.
"""

from typing import Any, Final

from modelyard.kustomize.simulate import labels
from modelyard.kustomize.simulate.expressions import Expression
from modelyard.kustomize.simulate.objects import Object, Target
from modelyard.kustomize.simulate.read import key_of
from modelyard.kustomize.simulate.state import Run
from modelyard.manifests.names import nearest
from modelyard.models.viya_names import RESTORE_MAP

_PATTERNS: Final = ("group", "version", "kind", "name", "namespace")
# The service that reads the restore parameters, by release; nobody else's Deployment has one of these names.
_RESTORING: Final = {"sas-model-repository": "sas-model-manager", "sas-model-manager": "sas-model-repository"}
# The keys of a target and the fields of Target, in the order in which one of them is likely to be the wrong one.
_FIELDS: Final = {key: key for key in ("group", "version", "namespace", "kind")} | {
    "labelSelector": "labels",
    "annotationSelector": "annotations",
    "name": "name",
}
_GENERATIONS: Final = {
    "sas-model-manager": "of the newest releases, where sas-model-manager restores",
    "sas-model-repository": "of a release up to LTS 2023.10, where sas-model-repository restores",
}


def read_target(run: Run, source: object, owner: object) -> Target | None:
    """Read a `target:`; None, and a problem, if kustomize could not."""
    if not isinstance(source, dict):
        run.reading.report("MY610", "target is not a mapping", owner, hint="write target: {kind: …, name: …}")
        return None
    patterns: dict[str, Expression | None] = {}
    for key in _PATTERNS:
        text = source.get(key)
        try:
            patterns[key] = Expression(str(text)) if text else None
        except ValueError:
            hint = "escape it with \\"
            run.reading.report("MY610", f"{key} is not a regular expression that kustomize can read", text, hint=hint)
            return None
    selectors = {}
    for key in ("labelSelector", "annotationSelector"):
        found = labels.parse(str(source.get(key) or ""))
        if found is None:
            run.reading.report(
                "MY610", f"{key} cannot be read", source[key], hint="write it as key=value, key in (a,b)"
            )
            return None
        selectors[key] = found
    return Target(source, **patterns, labels=selectors["labelSelector"], annotations=selectors["annotationSelector"])


def report_nothing(run: Run, target: Target, patch: Any, who: str, *, is_vendors: bool = False) -> None:
    """Report that a target matches nothing, with what is there instead."""
    place, hint = _reason(run, target)
    if generation := _generation(run, target, patch):
        place, hint = key_value(target.source, "name"), generation
    message = f"{who} does nothing: its target {target} matches no object"
    if not run.is_whole or is_vendors:
        run.reading.report("MY605", f"not proven: {message}, unless a generator makes it", place, hint=hint)
    else:
        run.reading.report("MY608", message, place, hint=hint)


def key_value(source: dict[str, Any], key: str) -> object:
    """Return the value of a key, or what stands nearest to it."""
    return source[key] if source.get(key) else key_of(source, key)


def _reason(run: Run, target: Target) -> tuple[object, str]:
    """Return the field that keeps a target from matching, and what to write there."""
    for key, field in _FIELDS.items():
        if getattr(target, field):
            found = run.objects.select(target.without(field))
            if found:
                return key_value(target.source, key), _instead(key, target, found)
    kinds = {each.kind for each in run.objects}
    kind = str(target.source.get("kind") or "")
    meant = nearest(kind, kinds)
    hint = f"did you mean {meant}?" if meant and kind not in kinds else "the base has nothing similar"
    return key_value(target.source, "name" if kind in kinds or not kind else "kind"), hint


def _one(key: str, found: Object, value: str, has: str) -> str:
    return f"{found} {has}: write {key}: {value}" if value else f"{found} {has}: take {key} out"


def _named(target: Target, found: list[Object]) -> str:
    names = sorted({each.name for each in found})
    meant = nearest(str(target.source.get("name")), names)
    if meant:
        return f"did you mean {meant}?"
    shown = ", ".join(names[:5])
    return f"the base has {shown}" if len(names) <= 5 else f"the base has {shown} and {len(names) - 5} more"


def _instead(key: str, target: Target, found: list[Object]) -> str:
    """Return what to write in a field, in words of the objects that it keeps from matching."""
    one = found[0]
    match key:
        case "name":
            return _named(target, found)
        case "group":
            return _one(key, one, one.group, f"has the group {one.group}" if one.group else "has no group")
        case "version":
            return _one(key, one, one.version, f"has the version {one.version}")
        case "kind":
            return f"the base has {one}: write kind: {one.kind}"
        case "namespace":
            return f"{one} is in the namespace {one.namespace}: take namespace out, or name that one"
    return f"{one} does not meet the {key}"


def _generation(run: Run, target: Target, patch: Any) -> str | None:
    """Return which release a base is of, for a patch that hands the restore parameters to the wrong service."""
    name = str(target.source.get("name") or "")
    other = _RESTORING.get(name)
    if other is None or run.objects.named("Deployment", name, group="apps"):
        return None
    if not run.objects.named("Deployment", other, group="apps"):
        return None
    known, is_ours = f"this base is {_GENERATIONS[other]}", run.is_ours(target.source)
    service = name.removeprefix("sas-")
    if RESTORE_MAP not in str(patch):
        return f"{known} without Python: take {service} out of python.services" if is_ours else None
    if is_ours:
        return f"{known}: write restore.service: {other.removeprefix('sas-')}"
    return f"{known}: use sas-bases/examples/{other}/restore, or name: {other}"
