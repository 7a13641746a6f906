"""Whole sets: two objects that answer for one host and path, and one object twice.

Source: gateway-api v1.6.3, apis/v1/httproute_types.go: among equal matches the oldest object wins; ingress-nginx and
the router of OpenShift do the same, but for the canaries of ingress-nginx v1.13. aws-load-balancer-controller v2.13 and
ingress-gce v1.33 give each Ingress an address of its own, but for the groups of the first. knative/serving v0.50.0,
pkg/reconciler/domainmapping: a domain is claimed once.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from modelyard.check.finding import Cluster, Finding, Path, at, items, mapping, sequence, text
from modelyard.check.pods import KNATIVE
from modelyard.manifests.manifest import Manifest

_CANARY: Final = "nginx.ingress.kubernetes.io/canary"

_CLASS: Final = "kubernetes.io/ingress.class"
_GROUP: Final = "alb.ingress.kubernetes.io/group.name"
_ALONE: Final = frozenset(["alb", "gce", "gce-internal"])  # classes whose Ingresses have an address each


class Entrance(NamedTuple):
    """What an object answers for: key, words for a message, and where it says so."""

    key: tuple[str, ...]
    words: str
    path: Path


def entrances(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find two objects that answer for one host and path."""
    taken: dict[tuple[str, ...], tuple[int, Path]] = {}
    for index, manifest in enumerate(manifests):
        for each in entrances_of(manifest):
            first, path = taken.setdefault(each.key, (index, each.path))
            if first != index:
                message = f"{manifests[first]} answers for {each.words} already"
                hint = "give one of them another host or path"
                yield Finding("MY380", message, hint, index, each.path, path, "the first", first)


def answers(manifest: Manifest) -> bool:
    """Tell whether an object answers for a host and path, so that it must be seen together with all others."""
    return manifest.kind in ("Ingress", "HTTPRoute", "DomainMapping", "Route") and manifest.group != ""


def entrances_of(manifest: Manifest) -> Iterator[Entrance]:
    """Yield what an object answers for; nothing for one that `answers` says no of."""
    spec = at(manifest.body, "spec")
    match manifest.group, manifest.kind:
        case "networking.k8s.io", "Ingress":
            if not _is_canary(manifest):
                yield from _ingress(manifest, spec)
        case "gateway.networking.k8s.io", "HTTPRoute":
            yield from _http_route(spec)
        case "route.openshift.io", "Route":
            host, path = text(spec.get("host")), text(spec.get("path")) or "/"
            if host:
                yield Entrance(("route", host, path), f"{host}{path}", ("spec", "host"))
        case "serving.knative.dev", "DomainMapping":
            yield Entrance((KNATIVE, manifest.name), manifest.name, ("metadata", "name"))


def _is_canary(manifest: Manifest) -> bool:
    """Tell whether an Ingress takes a share of the calls of another one, which nginx calls a canary."""
    return at(manifest.body, "metadata", "annotations").get(_CANARY) == "true"


def _ingress(manifest: Manifest, spec: dict[str, Any]) -> Iterator[Entrance]:
    annotations = at(manifest.body, "metadata", "annotations")
    class_ = text(spec.get("ingressClassName")) or text(annotations.get(_CLASS))
    if class_ in _ALONE:
        class_ = f"{class_} {text(annotations.get(_GROUP)) or manifest.name}"
    for i, rule in items(spec.get("rules")):
        host = text(rule.get("host")) or "*"
        for j, each in items(mapping(rule.get("http")).get("paths")):
            path, type_ = text(each.get("path")) or "/", text(each.get("pathType"))
            where: Path = ("spec", "rules", i, "http", "paths", j)
            yield Entrance(("ingress", class_, host, path, type_), f"{host}{path}", (*where, "path"))


def _http_route(spec: dict[str, Any]) -> Iterator[Entrance]:
    parents = _text(spec.get("parentRefs"))
    hosts = spec.get("hostnames") or ["*"]
    for i, rule in items(spec.get("rules")):
        matches = list(items(rule.get("matches"))) or [(0, {})]
        for j, each in matches:
            path = text(mapping(each.get("path")).get("value")) or "/"
            where: Path = ("spec", "rules", i, "matches", j) if rule.get("matches") else ("spec", "rules", i)
            for host in sequence(hosts):
                yield Entrance(("gateway", parents, str(host), _text(each)), f"{host}{path}", where)


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def twice(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find an object that stands in the set twice."""
    seen: dict[tuple[str, str, str, str], int] = {}
    for index, manifest in enumerate(manifests):
        metadata = mapping(manifest.body.get("metadata"))
        key = (manifest.group, manifest.kind, text(metadata.get("namespace")), text(metadata.get("name")))
        first = seen.setdefault(key, index)
        if first != index and key[-1]:
            hint, where = "keep one of them; the later one would be applied over the first", ("metadata", "name")
            yield Finding("MY381", f"{manifest} appears twice", hint, index, where, where, "the first", first)
