"""Patches on the items that a host sends: what no patch reaches keeps the text that it was written with."""

from collections.abc import Callable, Collection
from typing import Any

from modelyard.check.streams import lacking
from modelyard.files.yaml import Plain
from modelyard.files.yaml.scalars import core
from modelyard.manifests.manifest import Manifest
from modelyard.models.declared import DeclaredSet
from modelyard.problems import Problem
from modelyard.render.patches import patched_foreign


class _PlainInt(int):
    plain: Plain


class _PlainFloat(float):
    plain: Plain


class _PlainText(str):
    __slots__ = ("plain",)
    plain: Plain


def patched_items(
    models: DeclaredSet, items: list[Any], without: Collection[int], is_hosts: Callable[[str], bool]
) -> list[Problem]:
    """Apply the patches of a set to items, in place, and return what goes wrong.

    without: numbers of those that are ours. is_hosts: see patched_foreign.
    """
    typed = {i: _typed(each) for i, each in enumerate(items) if i not in without}
    foreign = {i: Manifest(body, "") for i, body in typed.items() if lacking(body) is None}
    result, problems = patched_foreign(models, list(foreign.values()), is_hosts)
    for (i, old), new in zip(foreign.items(), result, strict=True):
        if new.body is not old.body:
            items[i] = _untyped(new.body)
    return problems


def _typed(node: Any) -> Any:
    """Return data with values in place of plain scalars, as kustomize reads them (gopkg.in/yaml.v3)."""
    if isinstance(node, dict):
        return {key: _typed(each) for key, each in node.items()}
    if isinstance(node, list):
        return [_typed(each) for each in node]
    if not isinstance(node, Plain):
        return node
    match core(node.text, yaml_1_1=False):
        case bool() | None as value:
            return value
        case int() as value:
            kept: _PlainInt | _PlainFloat | _PlainText = _PlainInt(value)
        case float() as value:
            kept = _PlainFloat(value)
        case value:
            kept = _PlainText(value)
    kept.plain = node
    return kept


def _untyped(node: Any) -> Any:
    """Return data with plain scalars again, but for what a patch wrote."""
    if isinstance(node, dict):
        return {key: _untyped(each) for key, each in node.items()}
    if isinstance(node, list):
        return [_untyped(each) for each in node]
    return node.plain if isinstance(node, _PlainInt | _PlainFloat | _PlainText) else node
