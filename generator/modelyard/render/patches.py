"""JSON Patches of a models file: on what a model renders, and on objects that others wrote."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Final, NamedTuple

from modelyard.files.yaml.marked import find
from modelyard.manifests.json_patch import PatchFailed, apply, lookup
from modelyard.manifests.manifest import Manifest
from modelyard.manifests.names import nearest, one_of
from modelyard.models.declared import DeclaredModel, DeclaredSet
from modelyard.models.patches import ForeignPatch, ForeignTarget, Patch, PatchTarget
from modelyard.problems import Place, Problem, problem

_NAMED: Final = 8  # objects that a message names
_HOOK: Final = "helm.sh/hook"  # the annotation by which Helm knows a hook


class _Patch(NamedTuple):
    """A patch of a models file. hint: what to write where its target matches none of the objects."""

    patch: Patch | ForeignPatch
    target: Place
    place: Callable[..., Place]
    hint: Callable[[Sequence[Manifest]], str]


def patched(
    models: DeclaredSet, model: DeclaredModel, manifests: Sequence[Manifest]
) -> tuple[list[Manifest], list[Problem]]:
    """Return the objects of a model with its patches applied in order, and what they do wrong."""

    def hint(found: Sequence[Manifest]) -> str:
        return f"{model.name} renders {one_of(str(each) for each in found)}" if found else "it renders nothing"

    def place(*path: str | int) -> Place:
        return models.place(model.whole.find("patches", *path))

    patches = [
        _Patch(each, models.place(model.whole.find_key("patches", i, "target")), partial(place, i), hint)
        for i, each in enumerate(model.whole.model.patches or [])
    ]
    return _applied(patches, manifests)


def patched_foreign(
    models: DeclaredSet, manifests: Sequence[Manifest], is_hosts: Callable[[str], bool]
) -> tuple[list[Manifest], list[Problem]]:
    """Return objects of others with the patches of the set applied in order, and what they do wrong.

    The bodies of objects that no patch is for are returned themselves. is_hosts: tells which annotations a host put
    there to know an object again; patches do not see them, and they are kept.
    """
    patches = _foreign(models)
    bare = [_without(each, is_hosts) for each in manifests]
    result, problems = _applied(patches, bare)
    return [
        old if new is seen else new._replace(body=_with(new.body, old.body, is_hosts))
        for old, seen, new in zip(manifests, bare, result, strict=True)
    ], problems


def not_arrived(models: DeclaredSet, manifests: Sequence[Manifest]) -> list[Problem]:
    """Return a problem for each patch of the set on objects of others that a final stream does not show (MY637)."""
    problems: list[Problem] = []
    for each in _foreign(models):
        matched = [manifest for manifest in manifests if _matches(manifest, each.patch.target)]
        if not matched:
            hint = f"{each.hint(manifests)}; `helm get manifest` leaves hooks out, which `helm get hooks` gives"
            message = "no object that the patch is for is in the stream"
            problems.append(problem("MY637", message, hint=hint, place=each.target))
        hint = "run `helm modelyard upgrade`, or list the ModelGenerator under transformers: of the kustomization"
        problems += [
            problem("MY637", f"{manifest} is not as the patch leaves it", hint=hint, place=each.place())
            for manifest in matched
            if not _is_as_patched(manifest.body, list(_operations(each.patch)))
        ]
    return problems


def _is_as_patched(body: dict[str, Any], operations: Sequence[dict[str, Any]]) -> bool:
    """Tell whether operations change nothing, but for those that say what was there before them."""
    after = body
    for op in operations:
        above, _, _ = op["path"].rpartition("/")
        held = lookup(after, above) if op["op"] == "add" else None
        if op["op"] == "test" or (isinstance(held, list) and op["value"] in held):
            continue
        try:
            after = apply(after, [op])
        except PatchFailed:
            if op["op"] in ("add", "replace"):
                return False
    return after == body


def _foreign(models: DeclaredSet) -> list[_Patch]:
    """Return the patches of a set on objects of others."""

    def place(*path: str | int) -> Place:
        return models.place(find(models.marks, "spec", "patches", *path)[1])

    def target(index: int) -> Place:
        return models.place(find(models.marks, "spec", "patches", index, "target")[0])

    return [
        _Patch(each, target(i), partial(place, i), partial(_near, each.target))
        for i, each in enumerate(models.spec.patches or [])
    ]


def _without(each: Manifest, is_hosts: Callable[[str], bool]) -> Manifest:
    """Return an object without the annotations of a host, nor an empty mapping in their place."""
    annotations = _annotations(each.body)
    kept = {key: value for key, value in annotations.items() if not is_hosts(key)}
    if len(kept) == len(annotations):
        return each
    metadata = {key: value for key, value in each.body["metadata"].items() if key != "annotations" or kept}
    return each._replace(body={**each.body, "metadata": {**metadata, **({"annotations": kept} if kept else {})}})


def _with(body: dict[str, Any], old: dict[str, Any], is_hosts: Callable[[str], bool]) -> dict[str, Any]:
    """Return a body with the annotations of a host that it had before."""
    hosts = {key: value for key, value in _annotations(old).items() if is_hosts(key)}
    if not hosts:
        return body
    return {**body, "metadata": {**body["metadata"], "annotations": {**_annotations(body), **hosts}}}


def _annotations(body: dict[str, Any]) -> dict[str, Any]:
    found = body["metadata"].get("annotations")
    return found if isinstance(found, dict) else {}


def refusal(models: DeclaredSet | None) -> list[Problem]:
    """Return a problem for patches of objects of others, where there are none of those."""
    if models is None or not models.names("patches"):
        return []
    place = models.place(find(models.marks, "spec", "patches")[0])
    message = "spec.patches changes objects that others wrote, and here are none"
    hint = "run it with `helm modelyard`, as a post-renderer or as a KRM transformer; or move it to a model"
    return [problem("MY251", message, hint=hint, place=place)]


def _applied(patches: Sequence[_Patch], manifests: Sequence[Manifest]) -> tuple[list[Manifest], list[Problem]]:
    result, problems = list(manifests), list[Problem]()
    for each in patches:
        operations = list(_operations(each.patch))
        matched = [i for i, manifest in enumerate(result) if _matches(manifest, each.patch.target)]
        if not matched:
            message = "the patch's target matches no object"
            problems.append(problem("MY206", message, hint=each.hint(result), place=each.target))
        for i in matched:
            body, wrong = _result(each, result[i], operations)
            problems += wrong
            result[i] = result[i] if wrong else result[i]._replace(body=body)
    return result, problems


def _result(each: _Patch, manifest: Manifest, operations: Sequence[dict[str, Any]]) -> tuple[Any, list[Problem]]:
    """Return the body of an object after a patch, and what is wrong with that."""
    try:
        body = apply(manifest.body, operations)
    except PatchFailed as failed:
        place = each.place("ops", failed.index)
        return None, [problem("MY207", f"{manifest}: {failed.message}", hint=failed.hint, place=place)]
    if wrong := _not_an_object(body):
        hint = "do not remove or change what names the object"
        return None, [problem("MY207", f"{manifest}: {wrong}", hint=hint, place=each.place())]
    if _is_hook(manifest.body) and not _is_hook(body):
        message = f"{manifest}: the patch removes {_HOOK}: Helm would install the hook with all else"
        hint = "change single annotations, such as /metadata/annotations/NAME"
        return None, [problem("MY207", message, hint=hint, place=each.place())]
    return body, []


def _operations(patch: Patch | ForeignPatch) -> Iterator[dict[str, Any]]:
    for op in patch.ops:
        entry: dict[str, Any] = {"op": op.op, "path": op.path}
        if op.from_ is not None:
            entry["from"] = op.from_
        if op.op in ("add", "replace", "test"):
            entry["value"] = op.value
        yield entry


def _matches(each: Manifest, wanted: PatchTarget | ForeignTarget) -> bool:
    return all(want == getattr(each, key) for key, want in _wanted(wanted))


def _wanted(target: PatchTarget | ForeignTarget) -> list[tuple[str, str]]:
    """Return the keys that a target gives, with their values."""
    given = ((key, getattr(target, key)) for key in type(target).model_fields)
    return [(key, value) for key, value in given if value is not None]


def _near(target: ForeignTarget, found: Sequence[Manifest]) -> str:
    """Return what to write in place of a target that matches none of the objects."""
    if not found:
        return "there are no objects; in a kustomization, list it under transformers:, not under generators:"
    for key, want in _wanted(target):
        known = {getattr(each, key) for each in found}
        meant = None if want in known else nearest(want, known)
        if meant:
            return f"did you mean {key}: {meant}?"
    named = sorted({str(each) for each in found})
    more = f", and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
    return f"there are {one_of(named)}" if not more else f"there are {', '.join(named[:_NAMED])}{more}"


def _is_hook(body: Any) -> bool:
    return _HOOK in _annotations(body)


def _not_an_object(body: object) -> str | None:
    metadata = body.get("metadata") if isinstance(body, dict) else None
    if not isinstance(body, dict) or not isinstance(metadata, dict):
        return "the result of the patch is not an object"
    named = (body.get("apiVersion"), body.get("kind"), metadata.get("name"))
    return (
        None if all(isinstance(each, str) and each for each in named) else "the patch removes apiVersion, kind or name"
    )
