"""Seal: content hashes in the names of objects that must never change, and in whatever names them.

Such an object is `hashed`: an immutable ConfigMap, a Model or EndpointConfig of SageMaker. Its name follows from all
that it holds, the sealed names of other objects included, so a change below gives new names all the way up. What
is not hashed (a Deployment, an Endpoint) keeps its name, and moves to the new objects.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeAlias

from modelyard.files.yaml.marked import derived
from modelyard.manifests.manifest import Manifest, customary, in_order

Kind: TypeAlias = tuple[str, str]  # API group and kind
Path: TypeAlias = tuple[str, ...]  # of keys; EACH stands for all items of a list

HASH_LENGTH: Final = 10  # hexadecimal digits: 40 bits tell a model's configurations apart
EACH: Final = "*"
_SAGEMAKER: Final = "sagemaker.services.k8s.aws"
_REGION: Final = "services.k8s.aws/region"  # aws-controllers-k8s/runtime, apis/core/v1alpha1/annotations.go
_PROJECT: Final = "cnrm.cloud.google.com/project-id"
_MODEL: Final[Kind] = (_SAGEMAKER, "Model")
_ENDPOINT_CONFIG: Final[Kind] = (_SAGEMAKER, "EndpointConfig")
_CONFIG_MAP: Final[Kind] = ("", "ConfigMap")
_DATAPROC: Final = "dataproc.cnrm.cloud.google.com"
_ID: Final[Path] = ("spec", "resourceID")  # of Config Connector: the name in Google Cloud
_TEMPLATE: Final[Kind] = (_DATAPROC, "DataprocWorkflowTemplate")
_POLICY: Final[Kind] = (_DATAPROC, "DataprocAutoscalingPolicy")

# Where pods stand in the spec of what makes them: of a CronJob in that of its Jobs.
_TEMPLATES: Final = ("template", "jobTemplate")
# Keys in a pod template whose mapping names a ConfigMap.
_CONFIG_MAP_KEYS: Final = frozenset(["configMapRef", "configMapKeyRef", "configMap"])
# ACK ties its objects by AWS names: an object's own stands in its spec too (sagemaker-controller v1.9.1, config/crd).
_NAMES: Final[Mapping[Kind, tuple[tuple[Path, Kind], ...]]] = {
    _MODEL: ((("spec", "modelName"), _MODEL),),
    _ENDPOINT_CONFIG: (
        (("spec", "endpointConfigName"), _ENDPOINT_CONFIG),
        (("spec", "productionVariants", EACH, "modelName"), _MODEL),
    ),
    (_SAGEMAKER, "Endpoint"): ((("spec", "endpointConfigName"), _ENDPOINT_CONFIG),),
    _POLICY: ((_ID, _POLICY),),
    _TEMPLATE: (
        (_ID, _TEMPLATE),
        (("spec", "placement", "managedCluster", "config", "autoscalingConfig", "policyRef", "name"), _POLICY),
    ),
}
# Texts that hold addresses, and what stands before a name in them (paths of Google's APIs).
_TEXTS: Final[Mapping[Kind, tuple[tuple[Path, Kind, str], ...]]] = {
    ("workflows.cnrm.cloud.google.com", "WorkflowsWorkflow"): (
        (("spec", "sourceContents"), _TEMPLATE, "/workflowTemplates/"),
    ),
}

Sealed: TypeAlias = dict[Kind, dict[str, str]]  # kind -> name as declared -> sealed name


def seal(manifests: Iterable[Manifest], named: Sealed | None = None) -> list[Manifest]:
    """Return the objects, in the order in which they are written, with sealed names wherever a name stands.

    named: sealed names that are known already, and are taken in place of those that follow from the content.
    """
    return _sealed(manifests, named or {})[0]


def sealed_names(manifests: Iterable[Manifest]) -> Sealed:
    """Return the names that `seal` gives."""
    return _sealed(manifests, {})[1]


def _sealed(manifests: Iterable[Manifest], named: Sealed) -> tuple[list[Manifest], Sealed]:
    sealed: Sealed = {}
    result = []
    for each in in_order(manifests):  # what is named stands before what names it
        body = _renamed(each, customary(each.body), sealed)
        if each.hashed:
            known = named.get((each.group, each.kind), {})
            name = known.get(each.name) or f"{each.name}-{content_hash(body)}"
            sealed.setdefault((each.group, each.kind), {})[each.name] = name
            body = _renamed(each, {**body, "metadata": {**body["metadata"], "name": name}}, sealed)
        result.append(each._replace(body=body))
    return in_order(result), sealed


def content_hash(body: Mapping[str, Any]) -> str:
    """Return the hash of what an object holds: all but its metadata, and of that what its cloud is told.

    That is the AWS region, or the project of Google Cloud and the labels, which Config Connector hands on unless they
    have a prefix (k8s-config-connector v1.155.1, pkg/label).
    """
    content = {key: value for key, value in body.items() if key != "metadata"}
    annotations = body["metadata"].get("annotations") or {}
    if region := annotations.get(_REGION):
        content["region"] = region
    if project := annotations.get(_PROJECT):
        content["project"] = project
        content["labels"] = {k: v for k, v in (body["metadata"].get("labels") or {}).items() if "/" not in k}
    text = json.dumps(content, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:HASH_LENGTH]


def _renamed(manifest: Manifest, body: dict[str, Any], sealed: Sealed) -> dict[str, Any]:
    """Return the body with the names of sealed objects replaced; what holds none is shared."""
    for path, kind in _NAMES.get((manifest.group, manifest.kind), ()):
        if kind in sealed:
            body = _replaced(body, path, _whole(sealed[kind]))
    for path, kind, before in _TEXTS.get((manifest.group, manifest.kind), ()):
        if kind in sealed:
            body = _replaced(body, path, _in_text(before, sealed[kind]))
    return _with_pod_renamed(body, sealed[_CONFIG_MAP]) if _CONFIG_MAP in sealed else body


def _whole(names: Mapping[str, str]) -> Callable[[str], str]:
    """Return what replaces a text that is a name."""
    return lambda text: names.get(text, text)


def _in_text(before: str, names: Mapping[str, str]) -> Callable[[str], str]:
    """Return what replaces each name that stands in a text after `before`."""
    named = re.compile(f"(?<={re.escape(before)})[a-z0-9.-]*[a-z0-9]")
    return lambda text: named.sub(lambda found: names.get(found[0], found[0]), text)


def _replaced(node: Any, path: Path, rename: Callable[[str], str]) -> Any:
    if not path:
        return derived(rename(node), node) if isinstance(node, str) else node
    first, rest = path[0], path[1:]
    if first == EACH and isinstance(node, list):
        return derived([_replaced(item, rest, rename) for item in node], node)
    if isinstance(node, dict) and first in node:
        return derived({**node, first: _replaced(node[first], rest, rename)}, node)
    return node


def _with_pod_renamed(body: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    spec = body.get("spec")
    found = (key for key in _TEMPLATES if isinstance(spec, dict) and isinstance(spec.get(key), dict))
    if not isinstance(spec, dict) or (key := next(found, None)) is None:
        return body
    return {**body, "spec": derived({**spec, key: config_maps_renamed(spec[key], names)}, spec)}


def config_maps_renamed(node: Any, names: Mapping[str, str]) -> Any:
    """Return a part of a pod template with the names of ConfigMaps replaced wherever it refers to one."""
    if isinstance(node, dict):
        copied = {}
        for key, value in node.items():
            if key in _CONFIG_MAP_KEYS and isinstance(value, dict) and value.get("name") in names:
                copied[key] = {**value, "name": names[value["name"]]}
            else:
                copied[key] = config_maps_renamed(value, names) if isinstance(value, dict | list) else value
        return derived(copied, node)
    if isinstance(node, list):
        items = [config_maps_renamed(item, names) if isinstance(item, dict | list) else item for item in node]
        return derived(items, node)
    return node
