"""Builtin transformers of kustomize that carry patches of a base's objects."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from modelyard.manifest import TargetPatch
from modelyard.yamlio import write

_ENV_FROM: Final = "/containers/0/envFrom/-"


def coalesced(patches: Iterable[TargetPatch]) -> list[TargetPatch]:
    """Return one patch per target, with all its operations in order: a patch costs kustomize as much as an object."""
    found: dict[tuple[str, ...], TargetPatch] = {}
    for each in patches:
        key = (each.kind, each.group, each.version, each.name)
        first = found.get(key)
        found[key] = each if first is None else first._replace(operations=[*first.operations, *each.operations])
    return [found[key] for key in sorted(found)]


def transformers(name: str, patch: TargetPatch) -> Iterator[dict[str, Any]]:
    """Yield the PatchTransformer of a patch, and what JSON Patch cannot do as a ReplacementTransformer."""
    apart = [op for op in patch.operations if patch.lacks_env_from and op["path"].endswith(_ENV_FROM)]
    operations = [op for op in patch.operations if op not in apart]
    target = {"version": patch.version, "kind": patch.kind, "name": patch.name}
    target = {"group": patch.group, **target} if patch.group else target
    if operations:
        body: dict[str, Any] = {"apiVersion": "builtin", "kind": "PatchTransformer", "metadata": {"name": name}}
        yield {**body, "patch": write(operations), "target": target}
    if apart:
        yield _replacement(name, target, apart)


def _replacement(name: str, target: dict[str, str], operations: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what appends to envFrom, and makes the list where it is missing.

    JSON Patch can do only one of the two, and the wrong one stops a build or loses entries. A replacement that may
    create finds no entry with an empty prefix, and appends one (kustomize 5.8.1, kyaml/yaml/match.go).
    """
    replacements = [
        {
            "source": {"version": "v1", "kind": "ConfigMap", "name": map_name, "fieldPath": "metadata.name"},
            "targets": [
                {
                    "select": target,
                    "fieldPaths": [f"{_dotted(op['path'])}.[prefix=].configMapRef.name"],
                    "options": {"create": True},
                }
            ],
        }
        for op in operations
        for map_name in [op["value"]["configMapRef"]["name"]]
    ]
    head = {"apiVersion": "builtin", "kind": "ReplacementTransformer", "metadata": {"name": f"{name}-env-from"}}
    return {**head, "replacements": replacements}


def _dotted(pointer: str) -> str:
    return pointer.removeprefix("/").removesuffix("/-").replace("/", ".")
