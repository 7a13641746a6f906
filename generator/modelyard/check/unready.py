"""Documents that another tool changes before they reach a cluster: encrypted ones, templates, and patches.

Source: getsops/sops v3.11, stores.go, Metadata; kustomize v5.8.1, kyaml/yaml/merge2 and strategicpatch directives;
ko-build/ko v0.18, ko://; Helm, Go templates.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from modelyard.check.finding import Finding, Path, at, items, mapping, text
from modelyard.check.pods import pod_templates
from modelyard.manifests.manifest import Manifest

_PLACEHOLDER: Final = re.compile(r"\$\{?\w+|<[^<>]+>|\{\{(?:(?!\{\{).)+?\}\}|\{\w+\}|^ko://|^%\w+%$")
# In names and hosts, which have no capitals.
_WORD: Final = re.compile(r"\b_*[A-Z]+_[A-Z_]*|\bREPLACE\w*")
_DIRECTIVE: Final = ("$patch", "$retainKeys", "$setElementOrder", "$deleteFromPrimitiveList")


def unready(body: Any, index: int) -> Finding | None:
    """Return what is said of a document that does not reach a cluster as it is, or None.

    It is asked about what the API server would refuse.
    """
    if not isinstance(body, dict):
        return None
    sops = body.get("sops")
    if isinstance(sops, dict) and sops.get("mac"):
        message = "the document is encrypted with SOPS, so it is unchecked"
        return Finding("MY395", message, "decrypt it first: sops --decrypt FILE | modelyard check -", index, ("kind",))
    where = next(_directives(body, ()), None) or _bare(body)
    if where:
        hint = "check what `kustomize build` gives"
        return Finding("MY397", "the document is a patch, not an object", hint, index, where)
    if found := next(_placeholders(body), None):
        path, word = found
        hint = "check what the tool that fills it in gives"
        return Finding("MY396", f"the document is a template: it has {word}", hint, index, path)
    return None


def _bare(body: Mapping[str, Any]) -> Path | None:
    """Return where the pods are of a workload that selects none, none of whose containers has an image."""
    if body.get("apiVersion") != "apps/v1" or at(body, "spec", "selector"):
        return None
    pod = at(body, "spec", "template", "spec")
    listed = [each for key in ("containers", "initContainers") for _, each in items(pod.get(key))]
    return None if any(each.get("image") for each in listed) else ("kind",)


def _directives(node: Mapping[str, Any], path: Path) -> Iterator[Path]:
    for key, value in node.items():
        where = (*path, key)
        if isinstance(key, str) and key.startswith(_DIRECTIVE):
            yield where
        elif isinstance(value, dict):
            yield from _directives(value, where)
        elif isinstance(value, list):
            for i, each in enumerate(value):
                if isinstance(each, dict):
                    yield from _directives(each, (*where, i))


def _placeholders(body: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """Yield what stands for another text in a name, a label or an image: in other places it may be meant."""
    metadata = mapping(body.get("metadata"))
    places: list[tuple[Path, Any]] = [(("metadata", key), metadata.get(key)) for key in ("name", "namespace")]
    places += [(("metadata", "labels", key), value) for key, value in mapping(metadata.get("labels")).items()]
    is_object = all(isinstance(body.get(key), str) for key in ("apiVersion", "kind"))
    for template in pod_templates(Manifest(dict(body), "")) if is_object else ():
        for path, container in template.containers:
            places.append(((*path, "image"), container.get("image")))
    spec = mapping(body.get("spec"))
    places += [(("spec", "containers", i, "image"), each.get("image")) for i, each in items(spec.get("containers"))]
    places.append((("spec", "primaryContainer", "image"), mapping(spec.get("primaryContainer")).get("image")))
    places += [(("spec", "rules", i, "host"), each.get("host")) for i, each in items(spec.get("rules"))]
    for path, value in places:
        is_name = path[-1] in ("name", "namespace", "host")
        if match := _PLACEHOLDER.search(text(value)) or (_WORD.search(text(value)) if is_name else None):
            yield path, match[0]
