"""Fields of the pod itself, and amounts of its containers, as its files and variables name them.

Source: kubernetes v1.36.3, pkg/apis/core/validation/validation.go, validateContainerResourceFieldSelector and
validateDownwardAPIVolumeFile; pkg/apis/core/pods/helpers.go, ConvertDownwardAPIFieldLabel.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, Final

from modelyard.check.finding import Found, Path, items, text
from modelyard.check.quantities import amount
from modelyard.manifests.names import (
    RESOURCES,
    label_key,
    nearest,
    one_of,
    quantity,
)
from modelyard.problems.patterns import pattern

METADATA: Final = ("metadata.name", "metadata.namespace", "metadata.uid")
_FILES: Final = (*METADATA, "metadata.annotations", "metadata.labels")
_ENTRY: Final = pattern(r"(metadata\.(?:annotations|labels))\['(.*)'\]", re.DOTALL)
_AMOUNTS: Final = tuple(f"{which}.{each}" for which in ("limits", "requests") for each in sorted(RESOURCES))
_HUGE: Final = ("limits.hugepages-", "requests.hugepages-")
_BINARY: Final = frozenset(Fraction(1024) ** power for power in range(7))
_DECIMAL: Final = frozenset(Fraction(1000) ** power for power in range(7))
_CPU: Final = frozenset([Fraction(1), Fraction(1, 1000)])


def downward(path: Path, source: Mapping[str, Any]) -> Iterator[Found]:
    """Yield what is wrong with the files of a downwardAPI source, volume or projection."""
    for i, item in items(source.get("items")):
        where: Path = (*path, "items", i)
        if len([key for key in ("fieldRef", "resourceFieldRef") if isinstance(item.get(key), dict)]) != 1:
            yield Found("the file needs one source", "give exactly one of fieldRef or resourceFieldRef", where)
        if item.get("path") == "":
            yield Found("the file has no path", "add path:", (*where, "path"))
        yield from field_reference((*where, "fieldRef"), item.get("fieldRef"), _FILES)
        yield from amount_reference((*where, "resourceFieldRef"), item.get("resourceFieldRef"))
        amounts = item.get("resourceFieldRef")
        if isinstance(amounts, dict) and not text(amounts.get("containerName")):
            hint = "add containerName:; the model's own is called model"
            yield Found("resourceFieldRef names no container", hint, (*where, "resourceFieldRef"))


def field_reference(path: Path, reference: object, known: Sequence[str]) -> Iterator[Found]:
    """Yield what is wrong with a reference to a field of the pod. known: the fields that can be read there."""
    if not isinstance(reference, dict):
        return
    if reference.get("apiVersion", "v1") not in ("v1", ""):
        yield Found("apiVersion must be v1", "take it out", (*path, "apiVersion"))
    field, where = text(reference.get("fieldPath")), (*path, "fieldPath")
    if entry := _ENTRY.fullmatch(field):
        key = entry[2].lower() if entry[1].endswith("annotations") else entry[2]
        if wrong := label_key(key):
            yield Found(f"the key in fieldPath {wrong}", "change it", where)
    elif field not in known and isinstance(reference.get("fieldPath"), str):
        meant = nearest(field, known)
        hint = f"did you mean {meant}?" if meant else f"there are {', '.join(known)}, metadata.labels['KEY']"
        yield Found(f"pods have no field {field} that can be read here", hint, where)


def amount_reference(path: Path, reference: object) -> Iterator[Found]:
    """Yield what is wrong with a reference to an amount of a container."""
    if not isinstance(reference, dict):
        return
    resource = text(reference.get("resource"))
    if resource not in _AMOUNTS and not resource.startswith(_HUGE):
        meant = nearest(resource, _AMOUNTS)
        hint = f"did you mean {meant}?" if meant else f"write {one_of(_AMOUNTS)}"
        yield Found(f"containers have no resource {resource}", hint, (*path, "resource"))
    elif reference.get("divisor") not in (None, "") and not _divides(resource, str(reference["divisor"])):
        hint = "write 1 or 1m" if resource.endswith(".cpu") else "write 1, 1k, 1M … or 1Ki, 1Mi …"
        yield Found("the divisor is not a unit of this resource", hint, (*path, "divisor"))


def _divides(resource: str, divisor: str) -> bool:
    number = None if quantity(divisor) else amount(divisor)
    if number is None or number == 0:
        return number is not None  # 0 is taken for none
    if resource.endswith(".cpu"):
        return number in _CPU
    if "e" in divisor.lower().removesuffix("ei").removesuffix("e"):
        return number == 1
    return number in (_BINARY if divisor.endswith("i") else _DECIMAL)
