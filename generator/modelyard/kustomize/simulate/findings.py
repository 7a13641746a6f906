"""What is wrong with the objects at the end, and with the order of steps that led there."""

import os
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any, Final

from modelyard.kustomize.simulate.field_steps import matcher
from modelyard.kustomize.simulate.objects import Object
from modelyard.kustomize.simulate.pods import check_pods, containers, pods
from modelyard.kustomize.simulate.read import first_mark
from modelyard.kustomize.simulate.state import Renamed, Run, also
from modelyard.kustomize.simulate.tree import Configured, Kustomization
from modelyard.models.viya_names import EXTLANG, PYTHON_MAP, R_MAP, RESTORE_MAP, START_MODE

REQUIRED: Final = "sas-bases/overlays/required/transformers.yaml"
_LANGUAGES: Final = (PYTHON_MAP, R_MAP)


def findings(run: Run, found: Kustomization) -> None:
    """Report everything."""
    late = _late(found)
    _placeholder_images(run, late)
    for each in late:
        message = f"{each} is listed after {REQUIRED}"
        hint = (
            "move it before that one: otherwise what it adds gets no labels and no registry; only mirror.yaml comes "
            "after it"
        )
        run.reading.report("MY613", message, each, hint=hint)
    check_pods(run)
    _restore_mode(run)
    _settings(run)


def _late(found: Kustomization) -> dict[str, list[Configured]]:
    """Return the entries that come after the required transformers, and what they bring."""
    late: dict[str, list[Configured]] = {}
    is_after = False
    for each in found.transformers:
        name = PurePosixPath(os.path.normpath(each.entry)).name
        if os.path.normpath(each.entry) == REQUIRED:
            is_after = True
        elif is_after and not name.startswith("mirror"):
            late.setdefault(each.entry, []).append(each)
    return late


def _placeholder_images(run: Run, late: dict[str, list[Configured]]) -> None:
    """Report images that an ImageTagTransformer would have renamed, had the container been there when it ran."""
    patterns = [(each, pattern) for each in run.renamed if (pattern := matcher(each.image, run.followed)) is not None]
    kept: dict[int | None, list[tuple[Object, dict[str, Any], Renamed]]] = {}
    for each, container in _patched_containers(run):
        image = container["image"]
        hit = next((one for one, pattern in patterns if pattern.fullmatch(image)), None)
        if hit is not None:
            kept.setdefault(first_mark(image), []).append((each, container, hit))
    for mark, found in kept.items():
        each, container, hit = found[0]
        image, entry = container["image"], _entry_of(run, late, mark)
        who = f"container {container.get('name')} in {also(str(each), len(found) - 1)}"
        message = f"the image {image} of {who} stays a placeholder: {entry or 'it'} comes after what renames it"
        related: list[tuple[object, str]] = [(hit.origin, "this one renames images")]
        hint = "add the container earlier, or write the full name of the image"
        if entry is not None:
            related.insert(0, (image, "the image"))
            hint = f"list it before {REQUIRED}"
        run.reading.report("MY614", message, entry or image, hint=hint, related=tuple(related))


def _patched_containers(run: Run) -> Iterator[tuple[Object, dict[str, Any]]]:
    for each in run.objects:
        if each.kind != "CustomResourceDefinition" and not each.broken:
            for pod in pods(each.body):
                for container in containers(pod):
                    if isinstance(container.get("image"), str) and first_mark(container["image"]) is not None:
                        yield each, container


def _entry_of(run: Run, late: dict[str, list[Configured]], mark: int | None) -> str | None:
    """Return the late entry whose file holds a mark."""
    place = run.reading.place(mark)
    for entry, brought in late.items():
        files = {where.file for each in brought if (where := run.reading.place(each.config))}
        if place is not None and place.file in files:
            return entry
    return None


def _restore_mode(run: Run) -> None:
    """Report restore mode that hand-written parameters switch on."""
    for each in run.objects.named("ConfigMap", RESTORE_MAP):
        data = each.body.get("data")
        mode = data.get(START_MODE) if isinstance(data, dict) else None
        if str(mode).upper() in ("RESTORE", "MIGRATION") and not run.is_ours(mode):
            message = f"{START_MODE} is {mode}: each start of the service runs it again"
            hint = "take it out when it is done, or write spec.viya.restore with until"
            run.reading.report("MY620", message, mode, hint=hint)


def _settings(run: Run) -> None:
    """Report SAS_EXTLANG_SETTINGS for Python and for R."""
    values = []
    for name in _LANGUAGES:
        for each in run.objects.named("ConfigMap", name)[:1]:
            data = each.body.get("data")
            if isinstance(data, dict) and EXTLANG in data:
                values.append(next(key for key in data if key == EXTLANG))
    if len(values) == len(_LANGUAGES):
        message = f"{EXTLANG} is set for Python in {_LANGUAGES[0]} and for R in {_LANGUAGES[1]}; SAS takes one"
        hint = "keep it in one of them; its file can hold both languages"
        place, other = values[1], values[0]
        if run.is_ours(place) and not run.is_ours(other):
            place, other = other, place
        run.reading.report("MY621", message, place, hint=hint, related=((other, "the other one"),))
