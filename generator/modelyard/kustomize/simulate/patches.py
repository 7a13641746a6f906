"""Steps that patch objects: JSON Patch and strategic merge, from files, transformers and the models file.

Source: kustomize 5.8.1, api/internal/builtins/Patch*Transformer.go.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelyard.files import regular
from modelyard.files.yaml import MAX_BYTES
from modelyard.kustomize.simulate import strategic
from modelyard.kustomize.simulate.objects import Object, Target
from modelyard.kustomize.simulate.pointers import explained, lost
from modelyard.kustomize.simulate.read import fresh, key_of
from modelyard.kustomize.simulate.state import Run, also
from modelyard.kustomize.simulate.targets import read_target, report_nothing
from modelyard.manifests.json_patch import PatchFailed, apply_as_kustomize, lookup
from modelyard.manifests.names import nearest


@dataclass(frozen=True, slots=True)
class Patch:
    """A patch as it was written. who: what messages call it. owner: the mapping it stands in, for places."""

    who: str
    owner: dict[str, Any]
    is_vendors: bool = False


def patch(run: Run, who: Patch, folder: Path) -> int:
    """Do what an entry of `patches:` or a PatchTransformer does; return how many objects it was for."""
    documents = _documents(run, who, folder, "patch")
    source = who.owner.get("target")
    if not documents:
        return 1  # what is wrong is reported
    if isinstance(documents[0], list):
        if source is None:
            hint = "add target: with kind and name"
            run.reading.report("MY610", f"{who.who} has no target", key_of(who.owner, "patch"), hint=hint)
            return 1
        target = read_target(run, source, key_of(who.owner, "target"))
        return 1 if target is None else json_patch(run, who, target, documents[0])
    merges = [each for each in documents if _is_merge(run, who, each)]
    if source is None:
        return merge_by_name(run, who, merges)
    target = read_target(run, source, key_of(who.owner, "target"))
    if target is None or not merges:
        return 1
    if len(merges) > 1:
        hint = "make each an entry of its own, or take target out"
        run.reading.report("MY610", f"{who.who} has a target and {len(merges)} documents", merges[1], hint=hint)
        return 1
    found = run.objects.select(target)
    if not found and not who.is_vendors:
        report_nothing(run, target, documents, who.who)
    _merge(run, found, merges[0], _may_change(who))
    return len(found)


def json6902(run: Run, who: Patch, folder: Path) -> int:
    """Do what an entry of `patchesJson6902:` or a PatchJson6902Transformer does."""
    documents = _documents(run, who, folder, "jsonOp" if "jsonOp" in who.owner else "patch")
    if not documents:
        return 1
    target = read_target(run, who.owner.get("target"), who.owner)
    if target is None or not isinstance(documents[0], list):
        if target is not None:
            hint = "write a list of - op, path and value"
            run.reading.report("MY610", f"{who.who} is not a JSON Patch", documents[0], hint=hint)
        return 1
    return json_patch(run, who, target, documents[0])


def merges_of(run: Run, who: Patch, folder: Path, entry: str) -> int:
    """Do what an entry of `patchesStrategicMerge:` does: a path, or the patch itself."""
    inline = "\n" in entry or entry.lstrip().startswith("{")
    documents = run.reading.inner(entry) if inline else run.reading.documents(folder / entry, entry)
    return merge_by_name(run, who, [each for each in documents if _is_merge(run, who, each)])


def json_patch(run: Run, who: Patch, target: Target, operations: list[Any], *, optional: bool = False) -> int:
    """Apply a JSON Patch to what a target selects; return how many objects that are."""
    found = run.objects.select(target)
    if not found and not (who.is_vendors or optional):
        report_nothing(run, target, operations, who.who)
    failures: dict[int, list[tuple[Object, PatchFailed]]] = {}
    replaced: dict[int, list[tuple[Object, int]]] = {}
    for each in found:
        for index, operation in enumerate(operations):
            if not isinstance(operation, dict):
                continue
            try:
                count = _apply(run, each, operation)
            except PatchFailed as failed:
                failures.setdefault(index, []).append((each, failed))
                each.broken = True
            else:
                if count:
                    replaced.setdefault(index, []).append((each, count))
        _stringify(each)
    _report_failures(run, who, operations, failures)
    if not who.is_vendors:
        for index, pairs in replaced.items():
            lost(run, operations[index], pairs)
    return len(found)


def _stringify(each: Object) -> None:
    """Make annotations texts: kustomize sets them anew after a JSON Patch."""
    annotations = each.metadata.get("annotations")
    if not isinstance(annotations, dict):
        return
    for key, value in annotations.items():
        if not isinstance(value, str):
            annotations[key] = str(value).lower() if isinstance(value, bool) else str(value)


def _apply(run: Run, each: Object, operation: dict[str, Any]) -> int:
    """Apply one operation; return how many entries of a list or mapping an `add` took the place of."""
    name, path, value = operation.get("op"), str(operation.get("path")), operation.get("value")
    is_put = name in ("add", "replace") and not isinstance(lookup(each.body, path.rpartition("/")[0]), list)
    old = lookup(each.body, path) if is_put else None
    if path.startswith(("/metadata", "/kind")):
        each.remember()
    apply_as_kustomize(each.body, {**operation, "value": fresh(value)})
    if run.clash(old, value):
        run.overridden(each, path, old, value)
        return 0
    return len(old) if name == "add" and isinstance(old, dict | list) else 0


def _report_failures(
    run: Run, who: Patch, operations: list[Any], failures: dict[int, list[tuple[Object, PatchFailed]]]
) -> None:
    """Report each operation that fails: the first, and later ones only if they fail for a reason of their own."""
    for position, (index, pairs) in enumerate(failures.items()):
        each, failed = pairs[0]
        own, hint = explained(each, operations[index], failed)
        if position and not own:
            continue
        place = operations[index].get("path") or operations[index]
        run.reading.report(
            "MY609", f"{who.who} fails on {also(str(each), len(pairs) - 1, 'on ')}: {failed.message}", place, hint=hint
        )


def merge_by_name(run: Run, who: Patch, patches: list[dict[str, Any]]) -> int:
    """Merge patches into the objects that they name."""
    for each in patches:
        metadata = each["metadata"]
        group, slash, _ = str(each.get("apiVersion", "")).partition("/")
        kind, name = str(each["kind"]), str(metadata["name"])
        version = str(each.get("apiVersion", "")).rpartition("/")[2]
        known = run.objects.named(kind, name, group=group if slash else "", namespace=metadata.get("namespace"))
        found = [other for other in known if other.version == version]
        if not found:
            names = [other.name for other in run.objects if other.kind == kind]
            meant = nearest(name, names)
            others = [other for other in run.objects if other.name == name]
            hint = (
                f"the base has {others[0]} of {others[0].body.get('apiVersion')}"
                if others
                else f"did you mean {meant}?"
                if meant
                else "take it out"
            )
            message = f"{who.who} names {kind} {name}, which is not there; kustomize stops"
            run.reading.report("MY608", message, metadata["name"], hint=hint)
        _merge(run, found[:1], each, _may_change(who))
    return 1


def _merge(run: Run, found: list[Object], patch_: dict[str, Any], may_change: tuple[bool, bool]) -> None:
    may_rename, may_retype = may_change
    for each in found:
        kind, metadata = each.body.get("kind"), each.metadata
        name, namespace = metadata.get("name"), metadata.get("namespace")
        if may_rename or may_retype:
            each.remember()
        own = {**patch_, "apiVersion": each.body.get("apiVersion")}
        if not strategic.merge(each.body, own):
            run.objects.all.remove(each)
            continue
        if not may_retype:
            each.body["kind"] = kind
        if not may_rename:
            each.metadata["name"] = name
        each.metadata.pop("namespace", None)
        if namespace is not None:
            each.metadata["namespace"] = namespace


def _may_change(who: Patch) -> tuple[bool, bool]:
    options = who.owner.get("options")
    options = options if isinstance(options, dict) else {}
    return options.get("allowNameChange") is True, options.get("allowKindChange") is True


def _is_merge(run: Run, who: Patch, each: Any) -> bool:
    metadata = each.get("metadata") if isinstance(each, dict) else None
    if isinstance(each, dict) and each.get("kind") and isinstance(metadata, dict) and metadata.get("name"):
        return True
    if not _is_unfilled(run, each):
        hint = "write a list of - op, path and value, or a mapping with kind and metadata.name"
        run.reading.report("MY610", f"{who.who} is neither a JSON Patch nor a strategic merge", each, hint=hint)
    return False


def _is_unfilled(run: Run, value: Any) -> bool:
    place = run.reading.place(value)
    return place is not None and place.file in run.reading.unfilled


def _documents(run: Run, who: Patch, folder: Path, key: str) -> list[Any]:
    """Return the documents of a patch, from its text or its file; a problem if there is none or if there are both."""
    text, path = who.owner.get(key), who.owner.get("path")
    has_text = isinstance(text, str) and bool(text.strip())
    if has_text == (isinstance(path, str) and bool(path)):
        what = "both a path and a text" if has_text else "neither a path nor a text"
        run.reading.report("MY610", f"{who.who} has {what}", who.owner, hint=f"write one of path: and {key}:")
        return []
    if has_text and isinstance(text, str):
        before = len(run.reading.problems)
        documents = run.reading.inner(text, yaml_1_1=_is_json_patch(text))
        if text.lstrip().startswith("[") and not _is_json(text) and len(run.reading.problems) == before:
            hint = "kustomize takes a text that starts with [ for JSON: quote all keys and strings, or write - op: …"
            run.reading.report("MY610", f"{who.who} is not JSON", text, hint=hint)
            return []
    else:
        file = folder / str(path)
        is_json_patch = _is_json_patch(_text(file))
        documents = run.reading.documents(file, path, yaml_1_1=is_json_patch)
    if not documents and not run.reading.problems:
        run.reading.report("MY610", f"{who.who} is empty", key_of(who.owner, key), hint="take it out")
    return documents


def _is_json_patch(text: str) -> bool:
    """Tell whether a patch is a list: kustomize reads it with another reader of YAML than an object."""
    lines = (line for line in text.splitlines() if line.strip() and not line.lstrip().startswith(("#", "---")))
    return next(lines, "").lstrip("\ufeff ").startswith(("-", "["))


def _text(file: Path) -> str:
    """Return the text of a file; empty if it cannot be read, which is said where its documents are wanted."""
    try:
        return regular.content(file, MAX_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
