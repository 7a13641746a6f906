"""Ingresses, their classes, and network policies; hosts and paths of Ingresses stand in `ingresses`.

Source: kubernetes v1.36.3, pkg/apis/networking/validation/validation.go, validateIngressBackend,
validateIngressClassSpec, ValidateNetworkPolicySpec and ValidateIPBlock.
"""

from collections.abc import Iterator
from typing import Any, Final

from modelyard.check.finding import Found, Path, integer, mapping, sequence
from modelyard.check.rules.refused.services import PROTOCOLS
from modelyard.check.rules.refused.table import (
    DNS_LABEL,
    SUBDOMAIN,
    between,
    cidr,
    domain_path,
    filled,
    named,
    needed,
    range_of,
    selector,
    words,
)
from modelyard.check.rules.refused.tree import Rows, Tables, of_mapping
from modelyard.manifests.names import path_segment, port_name

_LONGEST_CONTROLLER: Final = 250  # characters


@of_mapping
def _backend(path: Path, backend: Any) -> Iterator[Found]:
    service, resource = mapping(backend).get("service"), mapping(backend).get("resource")
    if (service is None) == (resource is None):
        hint = "give exactly one of service and resource"
        yield Found("a backend is either a Service or a resource", hint, path)
    if not isinstance(service, dict):
        return
    port = mapping(service.get("port"))
    name, number = port.get("name"), port.get("number")
    if bool(name) == bool(number):
        said = "the port has a name and a number" if name else "the backend has no port"
        yield Found(said, "write port: {number: 80}, or {name: http}", (*path, "service", "port") if port else path)


_REFERENCE: Final = {
    "apiGroup": (named(SUBDOMAIN, empty=True),),
    "kind": (named(path_segment),),
    "name": (named(path_segment),),
}
_BACKEND: Final[Rows] = {
    "": (_backend,),
    "service": (filled("name"),),
    "service/name": (named(DNS_LABEL),),
    "service/port/name": (named(port_name),),
    "service/port/number": (between(0, 65535),),
    "resource": (filled("kind", "name"),),
    **{f"resource/{key}": checks for key, checks in _REFERENCE.items()},
}


@of_mapping
def _http(path: Path, http: Any) -> Iterator[Found]:
    if mapping(http).get("paths") == []:
        yield Found("the rule has no paths", "add one, or take http out", (*path, "paths"))


_INGRESS: Final[Rows] = {
    **{f"spec/defaultBackend/{key}".rstrip("/"): checks for key, checks in _BACKEND.items()},
    "spec/rules/*/http": (_http,),
    "spec/rules/*/http/paths/*/pathType": (words("Exact", "ImplementationSpecific", "Prefix", empty=True),),
    **{f"spec/rules/*/http/paths/*/backend/{key}".rstrip("/"): checks for key, checks in _BACKEND.items()},
}


def _parameters(path: Path, value: Any) -> Iterator[Found]:
    scope, namespace = mapping(value).get("scope") or "Cluster", mapping(value).get("namespace")
    if scope == "Namespace" and namespace is None:
        yield Found("parameters of a namespace do not name it", "add namespace:", path)
    elif scope == "Cluster" and namespace is not None:
        yield Found(
            "parameters of the cluster have no namespace",
            "take it out, or write scope: Namespace",
            (*path, "namespace"),
        )


def _controller(value: str) -> str | None:
    too_long = f"has more than {_LONGEST_CONTROLLER} characters" if len(value) > _LONGEST_CONTROLLER else None
    return too_long or domain_path(value)


_INGRESS_CLASS: Final[Rows] = {
    "": (needed("spec", what="the class"),),
    "spec": (
        lambda path, spec: (
            ()
            if mapping(spec).get("controller") is not None
            else (Found("the class names no controller", "add controller:", path),)
        ),
    ),
    "spec/controller": (named(_controller, empty=True),),
    "spec/parameters": (filled("kind", "name"), _parameters),
    "spec/parameters/scope": (words("Cluster", "Namespace", empty=True),),
    "spec/parameters/namespace": (named(DNS_LABEL, empty=True),),
    **{f"spec/parameters/{key}": checks for key, checks in _REFERENCE.items()},
}


@of_mapping
def _peer(path: Path, peer: Any) -> Iterator[Found]:
    given = [key for key in ("podSelector", "namespaceSelector", "ipBlock") if mapping(peer).get(key) is not None]
    if not given:
        yield Found("the peer is empty", "write podSelector, namespaceSelector or ipBlock", path)
    elif "ipBlock" in given and len(given) > 1:
        yield Found("ipBlock stands alone", "write a peer of its own for it", (*path, "ipBlock"))


@of_mapping
def _block(path: Path, block: Any) -> Iterator[Found]:
    if mapping(block).get("cidr") == "":
        yield Found("cidr is empty", "write a range such as 10.0.0.0/8", (*path, "cidr"))
        return
    whole = range_of(str(mapping(block).get("cidr")))
    yield from cidr((*path, "cidr"), mapping(block).get("cidr"))
    for i, each in enumerate(sequence(mapping(block).get("except"))):
        where: Path = (*path, "except", i)
        yield from cidr(where, each)
        part = range_of(str(each))
        if whole and part and (whole.version != part.version or part == whole or not part.subnet_of(whole)):
            yield Found("what is left out is no part of cidr", "change one of them", where)


@of_mapping
def _policy_port(path: Path, port: Any) -> Iterator[Found]:
    end, first = mapping(port).get("endPort"), mapping(port).get("port")
    where: Path = (*path, "endPort")
    if first == "":
        yield Found("the port's name is empty", "write a number or a name", (*path, "port"))
    if end is None:
        return
    if integer(first) is None:
        yield Found("endPort needs a port that is a number", "take it out, or add port:", where)
    elif isinstance(end, int) and end < int(str(first)):
        yield Found("endPort is less than port", "change one of them", where)
    yield from between(1, 65535)(where, end)


def _types(path: Path, value: Any) -> Iterator[Found]:
    if len(sequence(value)) > 2:
        yield Found("there are two types of policy", "keep Ingress and Egress", path)


def _side(side: str, peers: str) -> Rows:
    return {
        f"spec/{side}/*/{peers}/*": (_peer,),
        f"spec/{side}/*/{peers}/*/podSelector": (selector,),
        f"spec/{side}/*/{peers}/*/namespaceSelector": (selector,),
        f"spec/{side}/*/{peers}/*/ipBlock": (_block,),
        f"spec/{side}/*/ports/*": (_policy_port,),
        f"spec/{side}/*/ports/*/protocol": (words(*PROTOCOLS, empty=True),),
    }


_NETWORK_POLICY: Final[Rows] = {
    "spec/podSelector": (selector,),
    "spec/policyTypes": (_types,),
    "spec/policyTypes/*": (words("Egress", "Ingress", empty=True),),
    **_side("ingress", "from"),
    **_side("egress", "to"),
}
TABLES: Final[Tables] = {
    ("networking.k8s.io", "Ingress"): (_INGRESS,),
    ("networking.k8s.io", "IngressClass"): (_INGRESS_CLASS,),
    ("networking.k8s.io", "NetworkPolicy"): (_NETWORK_POLICY,),
}
