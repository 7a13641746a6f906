"""References of pods to ConfigMaps, Secrets and ServiceAccounts of the same set.

What is not in the set may be in the cluster. A name that kustomize gave a hash elsewhere is not, and neither is a key
that the object in the set does not have. Source: kustomize 5.8.1, api/konfig/builtinpluginconsts/namereference.go, has
no paths of custom kinds; kubernetes 1.37, pkg/kubelet/kuberuntime, CreateContainerConfigError.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from modelyard.check.finding import Cluster, Finding, Path, items, mapping, text
from modelyard.check.pods import PodTemplate, all_pod_templates
from modelyard.manifests.manifest import Manifest
from modelyard.manifests.names import NAME_HASH
from modelyard.problems.patterns import pattern

_KINDS: Final = frozenset(["ConfigMap", "Secret", "ServiceAccount"])
_ALWAYS_THERE: Final = frozenset([("ServiceAccount", "default"), ("ConfigMap", "kube-root-ca.crt")])
_HASHED: Final = pattern(f"(.+){NAME_HASH}")

Objects: TypeAlias = Mapping[tuple[str, str, str], dict[str, Any]]  # kind, namespace, name


class Reference(NamedTuple):
    """What a pod names: an object, and maybe a key of it. path: to the name; keys: path and text of each key."""

    kind: str
    name: str
    path: Path
    optional: bool = False
    keys: tuple[tuple[Path, str], ...] = ()


def references(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find names that got a hash elsewhere, and keys that the object does not have."""
    objects = _objects(manifests)
    hashed = _hashed(objects)
    for index, manifest, template in all_pod_templates(manifests):
        namespace = text(mapping(manifest.body.get("metadata")).get("namespace"))
        for each in _references(template):
            body = objects.get((each.kind, namespace, each.name))
            final = hashed.get((each.kind, namespace, each.name))
            if body is None and final:
                message = f"the {each.kind} is called {final} here, and {each.name} is not in the set"
                hint = f"kustomize follows this reference only with a nameReference configuration for {manifest.kind}"
                yield Finding("MY330", message, hint, index, each.path)
            elif body is not None and not each.optional and each.kind != "ServiceAccount":
                known = {key for part in ("data", "binaryData", "stringData") for key in mapping(body.get(part))}
                for path, key in each.keys:
                    if key not in known:
                        hint = f"it has {', '.join(sorted(known)[:9]) or 'none'}"
                        yield Finding("MY330", f"{each.kind} {each.name} has no key {key}", hint, index, path)


def absent(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find ConfigMaps and ServiceAccounts that pods name and the set does not have; Secrets come from elsewhere."""
    objects = _objects(manifests)
    hashed = _hashed(objects)
    said: set[tuple[str, str, str]] = set()
    for index, manifest, template in all_pod_templates(manifests):
        namespace = text(mapping(manifest.body.get("metadata")).get("namespace"))
        for each in _references(template):
            key = (each.kind, namespace, each.name)
            if each.kind == "Secret" or each.optional or key in objects or key in hashed or key in said:
                continue
            if (each.kind, each.name) not in _ALWAYS_THERE:
                said.add(key)
                message = f"{each.kind} {each.name} is not among the objects"
                yield Finding("MY331", message, "the cluster must have it already", index, each.path)


def _objects(manifests: Sequence[Manifest]) -> dict[tuple[str, str, str], dict[str, Any]]:
    return {
        (each.kind, text(mapping(each.body.get("metadata")).get("namespace")), each.name): each.body
        for each in manifests
        if each.kind in _KINDS and not each.group
    }


def _hashed(objects: Objects) -> dict[tuple[str, str, str], str]:
    """Return kind, namespace and name without kustomize's hash -> name with it."""
    return {
        (kind, namespace, match[1]): name for kind, namespace, name in objects if (match := _HASHED.fullmatch(name))
    }


def _references(template: PodTemplate) -> Iterator[Reference]:
    path, pod = template.spec_path, template.spec
    if account := text(pod.get("serviceAccountName")):
        yield Reference("ServiceAccount", account, (*path, "serviceAccountName"))
    for i, secret in items(pod.get("imagePullSecrets")):
        yield from _one("Secret", (*path, "imagePullSecrets", i, "name"), secret.get("name"), secret)
    for i, volume in items(pod.get("volumes")):
        yield from _volume((*path, "volumes", i), volume)
    for where, container in template.containers:
        for i, source in items(container.get("envFrom")):
            for key, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
                ref = mapping(source.get(key))
                yield from _one(kind, (*where, "envFrom", i, key, "name"), ref.get("name"), ref)
        for i, variable in items(container.get("env")):
            for key, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
                ref = mapping(mapping(variable.get("valueFrom")).get(key))
                at = (*where, "env", i, "valueFrom", key)
                keys = (((*at, "key"), ref["key"]),) if isinstance(ref.get("key"), str) else ()
                yield from _one(kind, (*at, "name"), ref.get("name"), ref, keys)


def _volume(path: Path, volume: dict[str, Any]) -> Iterator[Reference]:
    for key, kind, name in (("configMap", "ConfigMap", "name"), ("secret", "Secret", "secretName")):
        source = mapping(volume.get(key))
        yield from _one(kind, (*path, key, name), source.get(name), source, _keys((*path, key), source))
    for i, each in items(mapping(volume.get("projected")).get("sources")):
        for key, kind in (("configMap", "ConfigMap"), ("secret", "Secret")):
            source, where = mapping(each.get(key)), (*path, "projected", "sources", i, key)
            yield from _one(kind, (*where, "name"), source.get("name"), source, _keys(where, source))


def _keys(path: Path, source: dict[str, Any]) -> tuple[tuple[Path, str], ...]:
    return tuple(
        ((*path, "items", i, "key"), each["key"]) for i, each in items(source.get("items")) if text(each.get("key"))
    )


def _one(
    kind: str, path: Path, name: object, ref: dict[str, Any], keys: tuple[tuple[Path, str], ...] = ()
) -> Iterator[Reference]:
    if isinstance(name, str) and name:
        yield Reference(kind, name, path, ref.get("optional") is True, keys)
