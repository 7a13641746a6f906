"""What changes a base as objects that kustomize knows: builtin transformers, and ConfigMaps that ask to be merged."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from modelyard.files.yaml import write
from modelyard.manifests.manifest import ConfigMapEntries, Rendered, TargetPatch
from modelyard.problems.patterns import pattern

_NOT_IN_NAMES: Final = pattern("[^a-z0-9]+")
_ENV_FROM: Final = "/containers/0/envFrom/-"


def all_transformers(set_name: str, rendered: Rendered) -> Iterator[dict[str, Any]]:
    """Yield the transformers of a rendering: for each object of the base that it patches one, with all operations."""
    for patch in coalesced(rendered.patches):
        yield from transformers(f"modelyard-{set_name}-{_name(patch)}", patch)


def config_map(entries: ConfigMapEntries) -> dict[str, Any]:
    """Return a ConfigMap that stands for a generator's entry: kustomize merges it, and puts a hash behind its name.

    Source: kustomize 5.8.1, api/internal/utils/annotations.go.
    """
    annotations = {
        "kustomize.config.k8s.io/behavior": "merge" if entries.merge else "create",
        "kustomize.config.k8s.io/needs-hash": "true",
    }
    head = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": entries.name, "annotations": annotations}}
    return {**head, "data": entries.data}


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


def _name(patch: TargetPatch) -> str:
    """Return kind and name as a DNS label; a target that is not one name goes by its kind."""
    named = "" if _NOT_IN_NAMES.fullmatch(patch.name) else f"-{_NOT_IN_NAMES.sub('-', patch.name)}"
    return f"{patch.kind.lower()}{named}"


def _dotted(pointer: str) -> str:
    return pointer.removeprefix("/").removesuffix("/-").replace("/", ".")
