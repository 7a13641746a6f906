"""Ingresses and HTTPRoutes: their class, hosts and paths.

Source: kubernetes v1.36.3, pkg/apis/networking/validation/validation.go, ValidateIngressCreate, validateIngressRules,
validateHTTPIngressPath and validateTLSSecretName; gateway-api v1.6.3, apis/v1/httproute_types.go, HTTPPathMatch.
"""

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_address
from typing import Any, Final

from modelyard.check.finding import Cluster, Finding, Found, Path, at, items, mapping, sequence, text
from modelyard.manifests.manifest import Manifest
from modelyard.manifests.names import dns_1123_subdomain
from modelyard.problems.patterns import pattern

_CLASS: Final = "kubernetes.io/ingress.class"
_NO_SEQUENCES: Final = ("//", "/./", "/../", "%2f", "%2F")
_NO_ENDS: Final = ("/..", "/.")
_ROUTED: Final = pattern(r"(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|%[0-9a-fA-F]{2})+")


def ingresses(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find two classes in one Ingress, and hosts and paths that are none."""
    for index, manifest in enumerate(manifests):
        if (manifest.group, manifest.kind) == ("networking.k8s.io", "Ingress"):
            for found in (*_class(manifest.body), *_rules(at(manifest.body, "spec"))):
                yield found.on("MY357", index)


def http_routes(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find paths of HTTPRoutes that are none: their schema says it in CEL, which is not read."""
    for index, manifest in enumerate(manifests):
        if (manifest.group, manifest.kind) == ("gateway.networking.k8s.io", "HTTPRoute"):
            for i, rule in items(at(manifest.body, "spec").get("rules")):
                for j, match in items(rule.get("matches")):
                    where: Path = ("spec", "rules", i, "matches", j, "path", "value")
                    for found in _matched(where, mapping(match.get("path"))):
                        yield found.on("MY357", index)


def _matched(path: Path, match: Mapping[str, Any]) -> Iterator[Found]:
    kind, value = match.get("type", "PathPrefix"), text(match.get("value"))
    if kind not in ("Exact", "PathPrefix") or "value" not in match:
        return
    yield from _path(path, {"path": value, "pathType": "Exact"})
    if value.startswith("/") and not _ROUTED.fullmatch(value):
        hint = "write other characters as % and two digits: %20 for a blank"
        yield Found("the path has characters that a URL does not allow", hint, path)


def _class(body: Mapping[str, Any]) -> Iterator[Found]:
    annotated = at(body, "metadata", "annotations").get(_CLASS)
    named = at(body, "spec").get("ingressClassName")
    if isinstance(annotated, str) and isinstance(named, str) and annotated != named:
        message = f"the annotation {_CLASS} says {annotated}, and ingressClassName {named}"
        path = ("metadata", "annotations", _CLASS)
        yield Found(message, "take the annotation out", path, ("spec", "ingressClassName"), "the class")
    if isinstance(named, str) and (wrong := dns_1123_subdomain(named)):
        yield Found(f"the class {wrong}", "name an IngressClass", ("spec", "ingressClassName"))


def _rules(spec: Mapping[str, Any]) -> Iterator[Found]:
    if not spec.get("rules") and not spec.get("defaultBackend"):
        yield Found("the Ingress has no rules and no default backend", "add rules: or defaultBackend:", ("spec",))
    for i, rule in items(spec.get("rules")):
        where: Path = ("spec", "rules", i)
        yield from _host((*where, "host"), text(rule.get("host")))
        for j, path in items(mapping(rule.get("http")).get("paths")):
            yield from _path((*where, "http", "paths", j, "path"), path)
    for i, tls in items(spec.get("tls")):
        for j, host in enumerate(sequence(tls.get("hosts"))):
            if host == "":
                yield Found("the host is empty", "take it out", ("spec", "tls", i, "hosts", j))
            yield from _host(("spec", "tls", i, "hosts", j), text(host))
        name = text(tls.get("secretName"))
        if name and (wrong := dns_1123_subdomain(name)):
            yield Found(f"the name of the Secret {wrong}", "change it", ("spec", "tls", i, "secretName"))


def _host(path: Path, host: str) -> Iterator[Found]:
    if not host:
        return
    if _is_address(host):
        yield Found("an Ingress has a host name, not an address", "leave it out, or write a name", path)
    elif wrong := dns_1123_subdomain(host.removeprefix("*.")):
        yield Found(f"the host {wrong}", "write a name such as models.example.com", path)


def _is_address(host: str) -> bool:
    try:
        return bool(ip_address(host))
    except ValueError:
        return False


def _path(path: Path, entry: Mapping[str, Any]) -> Iterator[Found]:
    value, kind = text(entry.get("path")), entry.get("pathType")
    if kind not in ("Exact", "Prefix"):
        if value and not value.startswith("/"):
            yield Found("the path does not start with /", "start it with /", path)
    elif not value.startswith("/"):
        yield Found("the path does not start with /", "start it with /", path)
    elif any(each in value for each in _NO_SEQUENCES) or value.endswith(_NO_ENDS):
        yield Found("the path contains //, . or ..", "write it without them", path)
