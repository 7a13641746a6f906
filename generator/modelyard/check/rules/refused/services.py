"""Services, and the endpoints behind them.

Source: kubernetes v1.36.3, pkg/apis/core/validation/validation.go, ValidateServiceCreate,
ValidateServiceClusterIPsRelatedFields, ValidateEndpointsCreate and ValidateEndpointIP;
pkg/apis/discovery/validation/validation.go, ValidateEndpointSlice.
"""

from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from typing import Any, Final

from modelyard.check.finding import Found, Path, items, mapping, sequence, text
from modelyard.check.rules.refused.table import (
    DNS_LABEL,
    SUBDOMAIN,
    address,
    between,
    cidr,
    is_address,
    labels,
    named,
    needed,
    only_where,
    unique,
    words,
)
from modelyard.check.rules.refused.tree import Rows, Tables, of_mapping
from modelyard.manifests.names import label_key

PROTOCOLS: Final = ("SCTP", "TCP", "UDP")


_DAY: Final = 86400  # seconds


_BALANCER: Final = ("LoadBalancer",)


@of_mapping
def _service(path: Path, spec: Any) -> Iterator[Found]:
    kind, ports = text(spec.get("type")) or "ClusterIP", sequence(spec.get("ports"))
    headless = spec.get("clusterIP") == "None"
    if not ports and not headless and kind != "ExternalName":
        yield Found("the Service has no ports", "add ports:, or clusterIP: None", path)
    if headless and kind in ("LoadBalancer", "NodePort"):
        yield Found(f"a Service of type {kind} has an address", "take clusterIP out", (*path, "clusterIP"))
    if kind == "ExternalName":
        yield from _external_name(path, spec)
    for i, port in items(ports):
        if len(ports) > 1 and not port.get("name"):
            yield Found("a port among several has no name", "add name:", (*path, "ports", i))
        if kind == "ClusterIP" and port.get("nodePort"):
            hint = "take it out, or write type: NodePort"
            yield Found("a Service of type ClusterIP has no nodePort", hint, (*path, "ports", i, "nodePort"))
    if kind not in ("LoadBalancer", "NodePort") and spec.get("externalTrafficPolicy") and not spec.get("externalIPs"):
        hint = "take it out, or write type: LoadBalancer or NodePort"
        yield Found("externalTrafficPolicy is for what is reached from outside", hint, (*path, "externalTrafficPolicy"))
    if spec.get("healthCheckNodePort") and not (
        kind == "LoadBalancer" and spec.get("externalTrafficPolicy") == "Local"
    ):
        hint = "take it out, or write type: LoadBalancer and externalTrafficPolicy: Local"
        yield Found("no healthCheckNodePort is used here", hint, (*path, "healthCheckNodePort"))


def _external_name(path: Path, spec: Mapping[str, Any]) -> Iterator[Found]:
    name = text(spec.get("externalName")).removesuffix(".")
    if not name:
        yield Found("a Service of type ExternalName has no externalName", "add externalName:", path)
    elif wrong := SUBDOMAIN(name):
        yield Found(f"externalName {wrong}", "write a name such as models.example.com", (*path, "externalName"))
    for key in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"):
        if spec.get(key):
            yield Found(f"a Service of type ExternalName has no {key}", "take it out", (*path, key))


@of_mapping
def _addresses(path: Path, spec: Any) -> Iterator[Found]:
    """ClusterIP is the first of clusterIPs; both are set to one another where one is missing."""
    first, all_ = spec.get("clusterIP"), sequence(spec.get("clusterIPs"))
    if text(spec.get("type")) == "ExternalName":
        return
    if isinstance(first, str) and first not in ("", "None"):
        yield from address((*path, "clusterIP"), first)
    families = sequence(spec.get("ipFamilies"))
    if families and isinstance(first, str) and is_address(first) and (":" in first) == (families[0] == "IPv4"):
        yield Found(f"{first} is not of the family {families[0]}", "change one of them", (*path, "clusterIP"))
    for i, each in enumerate(all_):
        if each != "None" or i or len(all_) > 1:
            yield from address((*path, "clusterIPs", i), each)
    if first and all_ and all_[0] != first:
        yield Found("the first of clusterIPs is not clusterIP", "make them alike", (*path, "clusterIPs"))
    if len(all_) > 2:
        yield Found("a Service has at most two addresses", "take the others out", (*path, "clusterIPs"))


@of_mapping
def _client_ip(path: Path, config: Any) -> Iterator[Found]:
    seconds = mapping(mapping(config).get("clientIP")).get("timeoutSeconds")
    yield from between(1, _DAY)((*path, "clientIP", "timeoutSeconds"), seconds)


@of_mapping
def _subset(path: Path, subset: Any) -> Iterator[Found]:
    if not mapping(subset).get("addresses") and not mapping(subset).get("notReadyAddresses"):
        yield Found("the subset has no addresses", "add addresses:", path)
    ports = sequence(mapping(subset).get("ports"))
    for i, port in items(ports):
        if len(ports) > 1 and not port.get("name"):
            yield Found("a port among several has no name", "add name:", (*path, "ports", i))


def reachable(path: Path, value: Any) -> Iterator[Found]:
    """Ask for an address that others can reach (ValidateEndpointIP)."""
    found = list(address(path, value))
    yield from found
    if not found and isinstance(value, str):
        known = ip_address(value)
        if known.is_unspecified or known.is_loopback or known.is_link_local or value.startswith(("224.0.0.", "ff02:")):
            yield Found(f"{value} is an address that nobody else reaches", "write that of the endpoint", path)


_PORT: Final = between(1, 65535)


_ADDRESS_ROWS: Final[Rows] = {
    "ip": (reachable,),
    "hostname": (named(DNS_LABEL),),
    "nodeName": (named(SUBDOMAIN, empty=True),),
}


_SERVICE: Final[Rows] = {
    "": (needed("spec", what="the Service"),),
    "spec": (
        _service,
        _addresses,
        only_where("loadBalancerSourceRanges", "type", _BALANCER, default="ClusterIP"),
        only_where("allocateLoadBalancerNodePorts", "type", _BALANCER, default="ClusterIP"),
        only_where("loadBalancerClass", "type", _BALANCER, default="ClusterIP"),
    ),
    "spec/type": (words("ClusterIP", "ExternalName", "LoadBalancer", "NodePort"),),
    "spec/sessionAffinity": (words("ClientIP", "None"),),
    "spec/sessionAffinityConfig": (_client_ip,),
    "spec/externalTrafficPolicy": (words("Cluster", "Local"),),
    "spec/internalTrafficPolicy": (words("Cluster", "Local", empty=True),),
    "spec/ipFamilyPolicy": (words("PreferDualStack", "RequireDualStack", "SingleStack", empty=True),),
    "spec/ipFamilies": (unique(),),
    "spec/ipFamilies/*": (words("IPv4", "IPv6", empty=True),),
    "spec/externalIPs/*": (reachable,),
    "spec/loadBalancerSourceRanges/*": (
        lambda path, value: cidr(path, value.strip()) if isinstance(value, str) else (),
    ),
    "spec/healthCheckNodePort": (between(0, 65535),),
    "spec/loadBalancerClass": (named(label_key, empty=True),),
    "spec/trafficDistribution": (words("PreferClose", "PreferSameNode", "PreferSameZone", empty=True),),
    "spec/selector": (labels,),
    "spec/ports": (unique("name"), unique("nodePort", "protocol")),
    "spec/ports/*/name": (named(DNS_LABEL),),
    "spec/ports/*/protocol": (words(*PROTOCOLS),),
    "spec/ports/*/appProtocol": (named(label_key, empty=True),),
}


_ENDPOINTS: Final[Rows] = {
    "subsets/*": (_subset,),
    **{
        f"subsets/*/{key}/*/{path}": each
        for key in ("addresses", "notReadyAddresses")
        for path, each in _ADDRESS_ROWS.items()
    },
    "subsets/*/ports/*/name": (named(DNS_LABEL),),
    "subsets/*/ports/*/port": (_PORT,),
    "subsets/*/ports/*/protocol": (words(*PROTOCOLS),),
    "subsets/*/ports/*/appProtocol": (named(label_key, empty=True),),
}


@of_mapping
def _slice(path: Path, body: Any) -> Iterator[Found]:
    kind = body.get("addressType")
    for i, endpoint in items(body.get("endpoints")):
        where: Path = (*path, "endpoints", i, "addresses")
        if endpoint.get("addresses") == []:
            yield Found("the endpoint has no address", "add one", where)
        for j, each in enumerate(sequence(endpoint.get("addresses"))):
            if kind == "FQDN":
                yield from named(SUBDOMAIN, empty=True)((*where, j), each)
            else:
                yield from reachable((*where, j), each)
                if isinstance(each, str) and kind in ("IPv4", "IPv6") and (":" in each) == (kind == "IPv4"):
                    yield Found(f"{each} is not of type {kind}", "change one of them", (*where, j))


_ENDPOINT_SLICE: Final[Rows] = {
    "": (_slice,),
    "addressType": (words("FQDN", "IPv4", "IPv6", empty=True),),
    "endpoints/*/hostname": (named(DNS_LABEL, empty=True),),
    "endpoints/*/nodeName": (named(SUBDOMAIN, empty=True),),
    "endpoints/*/deprecatedTopology": (labels,),
    "ports": (unique("name"),),
    "ports/*/name": (named(DNS_LABEL),),
    "ports/*/protocol": (words(*PROTOCOLS, empty=True),),
    "ports/*/appProtocol": (named(label_key),),
}
TABLES: Final[Tables] = {
    ("", "Endpoints"): (_ENDPOINTS,),
    ("", "Service"): (_SERVICE,),
    ("discovery.k8s.io", "EndpointSlice"): (_ENDPOINT_SLICE,),
}
