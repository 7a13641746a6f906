"""The wire: what a host sends to a plugin, and what it gets back.

Items pass through with their values, types and order. A ResourceList with anchors, tags or repeated keys is
refused: kustomize resolves those before it calls, kpt passes them on as they are, and a function that resolved
them would rewrite files that are not its own.

Source: kustomize, cmd/config/docs/api-conventions/functions-spec.md, and kyaml/fn/framework/result.go (5.8.1).
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

from modelyard import api
from modelyard.files import regular
from modelyard.files.yaml import MAX_BYTES, Document, Plain, Sources, read, write
from modelyard.models.model_set import API_VERSION
from modelyard.plugin.configuration import plain_text, with_fields
from modelyard.plugin.fields import FieldPlace, fields
from modelyard.problems import Problem, Severity, Subject, is_open, problem
from modelyard.problems.patterns import pattern

_STDIN: Final = "standard input"
_HINT: Final = "let kustomize, kubectl or kpt call it; people use modelyard render"
_MANAGED_BY: Final = "app.kubernetes.io/managed-by"
_PART_OF: Final = "app.kubernetes.io/part-of"
_NAMED: Final = 5  # objects that a message names
_LOCAL: Final = "config.kubernetes.io/local-config"
_PATHS: Final = ("config.kubernetes.io/path", "internal.config.kubernetes.io/path")
# Annotations by which hosts know an item again: its file, its place there, its earlier names in the build.
_HOST: Final = pattern(r"((internal\.)?config\.kubernetes|(kustomize\.)?config\.k8s)\.io/")


class Call(NamedTuple):
    """What a host asks for: the configuration, the folder that its paths start from, the items to pass on."""

    config: Any
    root: Path
    items: list[Any]


def read_legacy_call(file: Path, root: Path, stdin: BinaryIO) -> tuple[Call | None, list[Problem]]:
    """Read the configuration of a legacy plugin. Returns the call, None if it cannot be answered, and problems."""
    # A generator gets nothing on standard input. A transformer gets all objects, and would delete them by its silence.
    if not stdin.isatty() and stdin.read(1):
        hint = "move its entry from transformers or validators to generators"
        return None, [problem("MY501", "modelyard's legacy plugin generates objects, and takes none", hint=hint)]
    try:
        content = regular.content(file, MAX_BYTES + 1)
    except OSError as error:
        return None, [problem("MY013", f"the configuration cannot be read: {error.strerror}")]
    document = read(content, Sources(), "the configuration", keep_plain=True)
    return (None if document.problems else Call(document.data, root, [])), document.problems


def read_call(stdin: BinaryIO) -> tuple[Call | None, list[Problem]]:
    """Read a ResourceList. Returns the call, None if it cannot be answered, and problems."""
    content = stdin.read(MAX_BYTES + 1)
    document = read(content, Sources(), _STDIN, keep_plain=True)
    if not content.strip():
        return None, [_no_resource_list("empty")]
    if document.problems:
        return None, list(_with_items(document))
    data = _below(document.data)
    items = data.get("items") or []
    if plain_text(data.get("kind")) != "ResourceList":
        return None, [_no_resource_list(f"a {plain_text(data.get('kind')) or 'mapping without kind'}")]
    if isinstance(items, Plain) and items.text in ("", "null", "~"):
        items = []
    if not isinstance(items, list):
        return None, [problem("MY501", f"the items on {_STDIN} are not a list", hint=_HINT)]
    # kustomize starts functions in the folder of the kustomization that lists them.
    return Call(data.get("functionConfig"), Path(), items), []


def _no_resource_list(what: str) -> Problem:
    return problem("MY501", f"{_STDIN} is {what}, not a ResourceList", hint=_HINT)


def _with_items(document: Document) -> Iterator[Problem]:
    """Yield what reading found, with the item that it is in: nobody sees the lines of standard input."""
    hint = "modelyard-fn takes one ResourceList in UTF-8 of at most 16 MiB, without anchors, tags and repeated keys"
    paths = sorted(fields(document.marks, _STDIN))
    items = _below(document.data).get("items")
    for each in document.problems:
        before = [path for place, path in paths if each.place and place <= each.place]
        found = re.match(r"items\[([0-9]+)\]", before[-1]) if before else None
        subject = Subject(_shown(items[int(found[1])]), f"/items/{found[1]}") if found and items else None
        yield replace(each, hint=hint, subject=subject)


def _shown(item: Any) -> str:
    file = next((f" ({plain_text(path)})" for key in _PATHS if (path := _annotations(item).get(key))), "")
    return f"{' '.join(_identity(item)[1::2]).strip() or 'an item'}{file}"


def gone(call: Call, rendering: api.Rendering) -> list[int]:
    """Return the numbers of items that this set rendered before and renders no longer; hosts keep what is left there.

    None for what emits transformers, whose objects another call of the same build may have rendered.
    """
    if rendering.models is None or plain_text(_below(call.config, "spec").get("emit")) == "transformers":
        return []
    ours = {_identity(each.body) for each in rendering.objects}
    of_set = {_MANAGED_BY: "modelyard", _PART_OF: rendering.models.metadata.name}
    found = []
    for i, item in enumerate(call.items):
        labels = _below(item, "metadata", "labels")
        if all(plain_text(labels.get(key)) == of_set[key] for key in of_set) and _identity(item) not in ours:
            found.append(i)
    return found


def patched(call: Call, rendering: api.Rendering, without: Collection[int]) -> list[Problem]:
    """Apply `spec.patches` to the items that others wrote, in place, and return what goes wrong.

    That is all but the configuration, what this set gives anew, and the items of the numbers in `without`.
    """
    if rendering.models is None or not rendering.models.spec.patches:
        return []
    from modelyard.plugin.foreign_items import patched_items

    given = {_identity(each.body) for each in rendering.objects}
    own = {i for i, item in enumerate(call.items) if _is_copy(item, call.config) or _identity(item) in given}
    found = patched_items(rendering.models, call.items, own.union(without), lambda key: _HOST.match(key) is not None)
    return with_fields(found, call.config)


def dropped(call: Call, numbers: Sequence[int]) -> Iterator[Problem]:
    """Yield a note of the items that go."""
    if numbers:
        named = ", ".join(_shown(call.items[i]) for i in numbers[:_NAMED])
        more = f" and {len(numbers) - _NAMED} more" if len(numbers) > _NAMED else ""
        what = "1 object is" if len(numbers) == 1 else f"{len(numbers)} objects are"
        message = f"{what} dropped that the models file gives no longer: {named}{more}"
        yield problem("MY503", message)


def sets(call: Call) -> Iterator[Problem]:
    """Yield a warning for each models file among the items: hosts write it anew, and pass it on to be applied."""
    for item in call.items:
        head = _below(item)
        is_set = (plain_text(head.get("apiVersion")), plain_text(head.get("kind"))) == (API_VERSION, "ModelSet")
        if is_set and plain_text(_annotations(item).get(_LOCAL)) != "true":
            hint = "name its file in .krmignore of a package, and never under resources of a kustomization"
            yield problem(
                "MY504", f"{_shown(item)} is among the objects: it would be rewritten, and applied", hint=hint
            )


def write_answer(call: Call, rendering: api.Rendering, without: Collection[int] = ()) -> str:
    """Return the ResourceList: what came in, in its order and with its annotations, and the rendered objects.

    without: numbers of items that go.
    """
    ours = {_identity(each.body): each.body for each in rendering.objects}
    result: list[Any] = []
    for i, item in enumerate(call.items):
        if i not in without and not _is_copy(item, call.config):
            replaced = ours.pop(_identity(item), None)
            result.append(item if replaced is None else _noted(replaced, item))
    answer: dict[str, Any] = {"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList"}
    answer["items"] = [*result, *ours.values()]
    if results := [_result(each, call.config) for each in rendering.problems if is_open(each)]:
        answer["results"] = results
    return write(answer)


def _result(each: Problem, config: Any) -> dict[str, Any]:
    """Return a problem in the form of the specification's `results`."""
    severity = "info" if each.severity is Severity.NOTE else str(each.severity)
    message = f"{each.message}; {each.hint}" if each.hint else each.message
    result: dict[str, Any] = {"message": message, "severity": severity, "tags": {"code": each.code}}
    if isinstance(each.place, FieldPlace):
        version, kind, _, name = _identity(config)
        result["resourceRef"] = {"apiVersion": version, "kind": kind, "name": name}
        result["field"] = {"path": each.place.path}
    elif each.place:
        result["file"] = {"path": each.place.file, "index": 0}
        result["tags"] |= {"line": str(each.place.line), "column": str(each.place.column)}
    return result


def _is_copy(item: Any, config: Any) -> bool:
    """Tell whether an item is the copy of the configuration that kustomize puts there for generators.

    In a folder of transformers an echoed configuration would run as one more function. A copy with a path is
    kpt's, and must stay: kpt deletes the files of items that go.
    """
    noted = _annotations(item)
    is_local = plain_text(noted.get(_LOCAL)) == "true" and not any(key in noted for key in _PATHS)
    return is_local and _identity(item) == _identity(config)


def _noted(body: dict[str, Any], item: Any) -> dict[str, Any]:
    """Return our object with what the host noted on the item that it replaces."""
    kept = {key: value for key, value in _annotations(item).items() if _HOST.match(key)}
    metadata = body["metadata"]
    annotations = {**metadata.get("annotations", {}), **kept}
    return {**body, "metadata": {**metadata, "annotations": annotations}} if annotations else body


def _identity(body: Any) -> tuple[str, ...]:
    """Return apiVersion, kind, namespace and name."""
    head, metadata = _below(body), _below(body, "metadata")
    named = (head.get("apiVersion"), head.get("kind"), metadata.get("namespace"), metadata.get("name"))
    return tuple(plain_text(each) for each in named)


def _annotations(item: Any) -> dict[str, Any]:
    return _below(item, "metadata", "annotations")


def _below(value: Any, *keys: str) -> dict[str, Any]:
    """Return the mapping at the end of the keys; an empty one if something else is there."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}
