"""What containers ask for: amounts, their names, and which of them cannot be shared.

Source: kubernetes v1.36.3, pkg/apis/core/validation/validation.go, validateResourceRequirements and
validateContainerResourceName; pkg/apis/core/helper/helpers.go, IsExtendedResourceName and IsOvercommitAllowed.
"""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, Final

from modelyard.check.finding import Cluster, Finding, Found, Path, items, mapping, text
from modelyard.check.pods import all_pod_templates
from modelyard.check.quantities import amount
from modelyard.manifests.manifest import Manifest
from modelyard.manifests.names import RESOURCES, quantity, resource_name

_HUGE: Final = "hugepages-"
_OWN: Final = "kubernetes.io/"
_NO_LIMIT: Final = object()


def resources(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find amounts that are no quantities, requests that are not as their limits, and resources that are none."""
    for index, _, template in all_pod_templates(manifests):
        claimed = {text(each.get("name")) for _, each in items(template.spec.get("resourceClaims"))}
        for path, container in template.containers:
            where, stated = (*path, "resources"), mapping(container.get("resources"))
            found = [*_amounts(where, stated), *_huge_pages(where, stated)]
            for i, each in items(stated.get("claims")):
                if text(each.get("name")) not in claimed:
                    hint = "add it under the pod's resourceClaims:, or take it out"
                    found.append(Found("the pod has no claim of this name", hint, (*where, "claims", i, "name")))
            yield from (each.on("MY323", index) for each in found)


def _amounts(path: Path, stated: Mapping[str, Any]) -> Iterator[Found]:
    limits = mapping(stated.get("limits"))
    for key in ("requests", "limits"):
        for name, value in mapping(stated.get(key)).items():
            where = (*path, key, name)
            if isinstance(value, str) and (wrong := quantity(value)):
                # Under a name that somebody misspelt anything may stand.
                shown = f"{name} {value!r}" if name in RESOURCES else name
                yield Found(f"{shown} {wrong}", "write it without blanks, with a unit such as m or Mi", where)
                continue
            number, limit = amount(value), amount(limits.get(name))
            if number is not None and number < 0:
                yield Found(f"{name} is less than 0", "change it", where)
            elif key == "requests" and number is not None and limit is not None and number > limit:
                message = f"{value} of {name} are requested, and {limits[name]} is the limit"
                yield Found(message, "raise the limit, or request less", where, (*path, "limits", name), "the limit")
            yield from _named(where, str(name), number)
            if key == "requests":
                yield from _exclusive(where, str(name), number, limits.get(name, _NO_LIMIT))


def _is_extended(name: str) -> bool:
    """Tell whether a resource is another's: of a device plugin."""
    return "/" in name and _OWN not in name


def _named(path: Path, name: str, number: Fraction | None) -> Iterator[Found]:
    if wrong := resource_name(name):
        yield Found(f"the resource {name} {wrong}", "name one such as nvidia.com/gpu", path)
    elif _is_extended(name) and number is not None and number.denominator != 1:
        yield Found(f"{name} is counted in whole numbers", "write one", path)


def _exclusive(path: Path, name: str, number: Fraction | None, limit: object) -> Iterator[Found]:
    """Yield a request of what cannot be shared that is not its limit. More than the limit is found for all."""
    if resource_name(name) or not (_is_extended(name) or name.startswith(_HUGE)):
        return
    hint = f"write the same amount under limits, and nothing under requests: {name} cannot be shared"
    if limit is _NO_LIMIT:
        yield Found(f"{name} is requested without a limit", hint, path)
    elif number is not None and (most := amount(limit)) is not None and number < most:
        yield Found(f"{name} has a request that differs from its limit", hint, path)


def _huge_pages(path: Path, stated: Mapping[str, Any]) -> Iterator[Found]:
    named = {str(name) for key in ("requests", "limits") for name in mapping(stated.get(key))}
    if any(name.startswith(_HUGE) for name in named) and not named & {"cpu", "memory"}:
        yield Found("huge pages need cpu or memory beside them", "add memory: to limits", path)
