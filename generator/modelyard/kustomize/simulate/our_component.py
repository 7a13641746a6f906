"""Our own component as data, and what it does to the objects."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from modelyard.files.yaml.marked import MarkedDict, MarkedText, with_mark
from modelyard.kustomize.simulate.generators import absorb
from modelyard.kustomize.simulate.objects import Object
from modelyard.kustomize.simulate.patches import Patch, json_patch
from modelyard.kustomize.simulate.read import fresh, remarked
from modelyard.kustomize.simulate.state import Run
from modelyard.kustomize.simulate.targets import read_target
from modelyard.manifests.json_patch import lookup
from modelyard.manifests.manifest import ConfigMapEntries, Rendered, TargetPatch
from modelyard.problems import Place

_ENV_FROM: Final = "/containers/0/envFrom/-"


@dataclass(frozen=True, slots=True)
class Ours:
    """The component that a models file gives.

    name: its path below the deployment's folder, as `components:` lists it. place: the line of the models file that a
    value inside `rendered` comes from.
    """

    name: str
    rendered: Rendered
    place: Callable[[object], Place]


def apply_ours(run: Run, ours: Ours) -> None:
    """Do what our component does: objects, generators, patches."""

    def mark(value: object) -> int:
        place = ours.place(value)
        run.ours.add(place.file)
        return run.reading.sources.mark(place)

    for manifest in ours.rendered.manifests:
        run.objects.add(Object(remarked(manifest.body, mark)))
    for entries in ours.rendered.config_maps:
        _config_map(run, entries, mark)
    for patch in ours.rendered.patches:
        _patch(run, patch, mark)


def _config_map(run: Run, entries: ConfigMapEntries, mark: Callable[[object], int]) -> None:
    name = with_mark(MarkedText(entries.name), mark(entries.name))
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": remarked(entries.data, mark)}
    absorb(run, body, "merge" if entries.merge else "create", name)


def _patch(run: Run, patch: TargetPatch, mark: Callable[[object], int]) -> None:
    place = mark(patch.name)
    source = MarkedDict(
        {
            key: with_mark(MarkedText(value), place)
            for key, value in (
                ("group", patch.group), ("version", patch.version), ("kind", patch.kind), ("name", patch.name),
            )
            if value
        }
    )  # fmt: skip
    target = read_target(run, with_mark(source, place), patch.name)
    if target is None:
        return
    operations: list[dict[str, Any]] = [remarked(each, mark) for each in patch.operations]
    apart = [each for each in operations if patch.lacks_env_from and each["path"].endswith(_ENV_FROM)]
    who = Patch("a patch of the models file", source)
    json_patch(run, who, target, [each for each in operations if each not in apart], optional=patch.optional)
    for each in run.objects.select(target):
        for operation in apart:
            container = lookup(each.body, operation["path"].removesuffix("/envFrom/-"))
            if isinstance(container, dict):
                # The ReplacementTransformer that does it leaves an empty prefix (see transformers.py).
                container.setdefault("envFrom", []).append({**fresh(operation["value"]), "prefix": None})
