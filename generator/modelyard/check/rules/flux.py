"""Variables of Flux: where a Kustomization has `postBuild`, Flux puts values in place of `${NAME}`.

Source: fluxcd/pkg/kustomize v1.35, kustomize_varsub.go: a name that it does not know is replaced by nothing, `$${`
becomes `${`, and an object with SUBSTITUTE: disabled, as an annotation or a label, is left as it is.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from modelyard.check.finding import Cluster, Finding, Path, at
from modelyard.manifests.manifest import Manifest

SUBSTITUTE: Final = "kustomize.toolkit.fluxcd.io/substitute"
_GROUP: Final = "kustomize.toolkit.fluxcd.io"


def variable(node: Any, path: Path = ()) -> Path | None:
    """Return the path of the first text that holds `${`; None if there is none."""
    if isinstance(node, str):
        return path if "${" in node else None
    parts = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return next((found for key, each in parts if (found := variable(each, (*path, key))) is not None), None)


def decides(body: Mapping[str, Any]) -> bool:
    """Tell whether an object says itself if Flux may put its variables there."""
    return any(SUBSTITUTE in at(body, "metadata", each) for each in ("annotations", "labels"))


def substituted(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find Kustomizations of Flux that would replace text in objects of the same set."""
    flux = [
        number for number, each in enumerate(manifests) if each.group == _GROUP and at(each.body, "spec", "postBuild")
    ]
    if not flux:
        return
    held = [
        (number, path)
        for number, each in enumerate(manifests)
        if each.group != _GROUP and not decides(each.body) and (path := variable(each.body)) is not None
    ]
    if held:
        first, path = held[0]
        more = f" and {len(held) - 1} more" if len(held) > 1 else ""
        hint = "write `delivery: flux` under spec of the models file, or annotate such objects with "
        hint += f"{SUBSTITUTE}: disabled"
        for number in flux:
            message = f"postBuild puts variables of Flux in place of ${{…}} in {manifests[first]}{more}"
            where = ("spec", "postBuild")
            yield Finding("MY387", message, hint, number, where, path, "such as here", first)
