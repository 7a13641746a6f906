"""Numbers and names of ports, and whether the named port is there.

Source: kubernetes 1.37, apimachinery pkg/util/validation, IsValidPortNum and IsValidPortName;
pkg/apis/core/validation/validation.go, ValidateService.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from modelyard.check.finding import Cluster, Finding, Found, Path, at, integer, items, mapping, text
from modelyard.check.pods import KNATIVE, PodTemplate, all_pod_templates, containers
from modelyard.manifests.manifest import Manifest
from modelyard.manifests.names import port_name

_HANDLERS: Final = ("httpGet", "tcpSocket", "grpc")
_CALLERS: Final = ("livenessProbe", "readinessProbe", "startupProbe")


def ports(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find ports outside 1-65535, names of ports that are none, and probes of a named port that is not there."""
    for index, manifest, template in all_pod_templates(manifests):
        for path, container in template.containers:
            for found in _container(path, container, open_=manifest.group == KNATIVE):
                yield found.on("MY322", index)
    for index, manifest in enumerate(manifests):
        for found in _others(manifest):
            yield found.on("MY322", index)


def _container(path: Path, container: dict[str, Any], *, open_: bool) -> Iterator[Found]:
    names: dict[str, Path] = {}
    for i, port in items(container.get("ports")):
        where = (*path, "ports", i)
        for key in ("containerPort", "hostPort"):
            yield from _port((*where, key), port.get(key), named=False)
        if open_ and path[-2] != "containers" and "containerPort" not in port:  # of others the schema says so
            yield Found("the port has no number", "add containerPort:", where)
        name = port.get("name")
        if isinstance(name, str) and name:
            yield from _port((*where, "name"), name, named=True)
            if name in names:
                yield Found(f"a second port is called {name}", "change it", (*where, "name"), names[name], "the first")
            names.setdefault(name, (*where, "name"))
    called = [((*path, key), mapping(container[key])) for key in _CALLERS if key in container]
    hooks = mapping(container.get("lifecycle"))
    called += [((*path, "lifecycle", key), mapping(each)) for key, each in hooks.items()]
    for where, each in called:
        for handler in (one for one in _HANDLERS if one in each):
            wanted = mapping(each[handler]).get("port")
            yield from _port((*where, handler, "port"), wanted, named=True)
            if isinstance(wanted, str) and wanted not in names and not open_ and not port_name(wanted):
                hint = f"the container has {', '.join(names) or 'no named port'}"
                yield Found(f"the container has no port {wanted}", hint, (*where, handler, "port"))


def _others(manifest: Manifest) -> Iterator[Found]:
    if manifest.kind == "Service" and not manifest.group:
        first: dict[tuple[object, object], Path] = {}
        for i, port in items(at(manifest.body, "spec").get("ports")):
            where: Path = ("spec", "ports", i, "port")
            number = integer(port.get("port")), text(port.get("protocol")) or "TCP"
            if number[0] is not None and number in first:
                yield Found(f"a second port {number[0]}", "give it another number", where, first[number], "the first")
            first.setdefault(number, where)
            for key in ("port", "targetPort", "nodePort"):
                yield from _port(("spec", "ports", i, key), port.get(key), named=key == "targetPort")
    elif manifest.kind == "NetworkPolicy":
        for key in ("ingress", "egress"):
            for i, rule in items(at(manifest.body, "spec").get(key)):
                for j, port in items(rule.get("ports")):
                    yield from _port(("spec", key, i, "ports", j, "port"), port.get("port"), named=True)


def _port(path: Path, value: object, *, named: bool) -> Iterator[Found]:
    number = integer(value)
    if number is not None and not 1 <= number <= 65535:
        if path[-1] in ("hostPort", "nodePort", "targetPort") and number == 0:
            return
        yield Found(f"{number} is not a port", "ports are from 1 to 65535", path)
    elif named and isinstance(value, str) and value and port_name(value):
        hint = "write at most 15 lower-case letters, digits and -, at least one of them a letter"
        yield Found(f"{value} is not a name of a port", hint, path)


def service_ports(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find Services whose named port no selected container has, among the pods that are there."""
    services = [(index, each) for index, each in enumerate(manifests) if each.kind == "Service" and not each.group]
    if not services:
        return
    pods = _Pods(manifests)
    for index, manifest in services:
        spec = at(manifest.body, "spec")
        wanted = [(i, port["targetPort"]) for i, port in items(spec.get("ports")) if text(port.get("targetPort"))]
        names = pods.port_names(_namespace(manifest), mapping(spec.get("selector"))) if wanted else None
        for i, name in wanted if names is not None else ():
            if name not in (names or ()):
                hint = f"they have {', '.join(sorted(names or ())) or 'no named port'}"
                path = ("spec", "ports", i, "targetPort")
                yield Finding("MY329", f"none of the pods that it selects has a port {name}", hint, index, path)


class _Pods:
    """Pods by each of their labels, so that a set of many Services and pods is not looked through for each Service."""

    def __init__(self, manifests: Sequence[Manifest]) -> None:
        self._by_label: dict[tuple[object, str, str], list[PodTemplate]] = {}
        self._names: dict[tuple[object, frozenset[tuple[str, str]]], set[str] | None] = {}
        for _, manifest, template in all_pod_templates(manifests):
            namespace = _namespace(manifest)
            for key, value in mapping(template.metadata.get("labels")).items():
                self._by_label.setdefault((namespace, key, str(value)), []).append(template)

    def port_names(self, namespace: object, selector: dict[str, Any]) -> set[str] | None:
        """Return the names of the ports of all pods that a selector chooses, or None if it chooses none."""
        pairs = frozenset((key, str(value)) for key, value in selector.items())
        if (namespace, pairs) not in self._names:
            near = min((self._by_label.get((namespace, *pair), []) for pair in pairs), key=len, default=[])
            chosen = [pod for pod in near if _selects(selector, pod)]
            self._names[namespace, pairs] = set().union(*map(_names, chosen)) if chosen else None
        return self._names[namespace, pairs]


def _selects(selector: dict[str, Any], pod: PodTemplate) -> bool:
    labels = mapping(pod.metadata.get("labels"))
    return bool(selector) and all(labels.get(key) == value for key, value in selector.items())


def _names(pod: PodTemplate) -> set[str]:
    return {
        str(port.get("name"))
        for _, container in containers((), pod.spec)
        for _, port in items(container.get("ports"))
        if port.get("name")
    }


def _namespace(manifest: Manifest) -> object:
    return mapping(manifest.body.get("metadata")).get("namespace")
