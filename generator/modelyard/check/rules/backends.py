"""What leads to a Service or a workload of the same set: its ports, and what an autoscaler counts.

Source: kubernetes v1.36.3, pkg/apis/networking/types.go, ServiceBackendPort; pkg/controller/podautoscaler,
replica_calculator.go, "missing request"; aws-load-balancer-controller v2.13, pkg/ingress, use-annotation;
gateway-api v1.6.3, apis/v1/object_reference_types.go, BackendObjectReference.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from modelyard.check.finding import Cluster, Finding, Path, at, items, mapping, namespace_of, text
from modelyard.check.pods import all_pod_templates
from modelyard.manifests.manifest import Manifest

Services: TypeAlias = Mapping[tuple[str, str], dict[str, Any]]  # namespace and name -> spec


# As the name of a port: an annotation of the Ingress says where its calls go.
_BY_ANNOTATION: Final = "use-annotation"
_SCALED: Final = ("Deployment", "ReplicaSet", "StatefulSet")


class Backend(NamedTuple):
    """A port of a Service that an object leads to. path: to the port, or to what would hold it."""

    namespace: str
    service: str
    port: object
    path: Path


def ports(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find Ingresses and HTTPRoutes that lead to a port which their Service, if it is there, does not have."""
    services: Services = {
        (namespace_of(each.body), each.name): at(each.body, "spec")
        for each in manifests
        if each.kind == "Service" and not each.group
    }
    for index, manifest in enumerate(manifests) if services else ():
        for each in _backends(manifest):
            spec = services.get((each.namespace, each.service))
            listed = [port for _, port in items((spec or {}).get("ports"))]
            if not listed or each.port in (None, _BY_ANNOTATION):
                continue
            known = [port.get("name" if isinstance(each.port, str) else "port") for port in listed]
            if each.port not in known:
                hint = f"it has {', '.join(str(port) for port in known if port is not None) or 'no named port'}"
                yield Finding("MY367", f"the Service {each.service} has no port {each.port}", hint, index, each.path)


def _backends(manifest: Manifest) -> Iterator[Backend]:
    spec, own = at(manifest.body, "spec"), namespace_of(manifest.body)
    if (manifest.group, manifest.kind) == ("networking.k8s.io", "Ingress"):
        yield from _backend(own, ("spec", "defaultBackend"), mapping(spec.get("defaultBackend")))
        for i, rule in items(spec.get("rules")):
            for j, path in items(mapping(rule.get("http")).get("paths")):
                where: Path = ("spec", "rules", i, "http", "paths", j, "backend")
                yield from _backend(own, where, mapping(path.get("backend")))
    elif (manifest.group, manifest.kind) == ("gateway.networking.k8s.io", "HTTPRoute"):
        for i, rule in items(spec.get("rules")):
            for j, each in items(rule.get("backendRefs")):
                if not each.get("group") and each.get("kind") in (None, "Service"):
                    where = ("spec", "rules", i, "backendRefs", j, "port")
                    yield Backend(text(each.get("namespace")) or own, text(each.get("name")), each.get("port"), where)


def _backend(namespace: str, path: Path, backend: Mapping[str, Any]) -> Iterator[Backend]:
    service = mapping(backend.get("service"))
    port = mapping(service.get("port"))
    for key in ("name", "number"):
        if port.get(key):
            yield Backend(namespace, text(service.get("name")), port[key], (*path, "service", "port", key))


def counted(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find autoscalers that count a share of what their pods do not request, and those that have nothing to scale."""
    scalers = [
        (index, each)
        for index, each in enumerate(manifests)
        if (each.group, each.kind) == ("autoscaling", "HorizontalPodAutoscaler")
    ]
    pods = {
        (namespace_of(each.body), each.kind, each.name): template.spec
        for _, each, template in (all_pod_templates(manifests) if scalers else ())
    }
    for index, scaler in scalers:
        target = at(scaler.body, "spec", "scaleTargetRef")
        kind, name = text(target.get("kind")), text(target.get("name"))
        spec = pods.get((namespace_of(scaler.body), kind, name))
        if spec is not None:
            yield from _shares(index, scaler, spec)
        elif kind in _SCALED and name and pods:
            message, where = f"{kind} {name} is not among the objects", ("spec", "scaleTargetRef", "name")
            yield Finding("MY331", message, "the cluster must have it already", index, where)


def _shares(index: int, scaler: Manifest, pod: Mapping[str, Any]) -> Iterator[Finding]:
    for i, metric in items(at(scaler.body, "spec").get("metrics")):
        resource = mapping(metric.get("resource"))
        name = text(resource.get("name"))
        if metric.get("type") != "Resource" or not mapping(resource.get("target")).get("averageUtilization"):
            continue
        if lacking := next(_without(pod, name), None):
            message = f"the container {lacking} requests no {name}, so there is no share of it"
            where = ("spec", "metrics", i, "resource", "name")
            yield Finding("MY368", message, f"add resources: {{requests: {{{name}: …}}}} to it", index, where)


def _without(pod: Mapping[str, Any], name: str) -> Iterator[str]:
    for i, each in items(pod.get("containers")):
        stated = mapping(each.get("resources"))
        if not any(name in mapping(stated.get(key)) for key in ("requests", "limits")):
            yield text(each.get("name")) or str(i)
