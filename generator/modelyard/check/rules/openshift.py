"""What OpenShift does otherwise than Kubernetes.

Source: openshift/api 34e60874783e (2026-04-20), route/v1/types.go; OpenShift 4.20, restricted-v2 of the constraints,
which gives each namespace a range of users; release notes of 4.14, which deprecate DeploymentConfig.
"""

from collections.abc import Iterator, Sequence

from modelyard.check.finding import Cluster, Finding, at, items, mapping, text
from modelyard.check.pods import all_pod_templates, containers
from modelyard.manifests.manifest import Manifest


def users(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find pods that name their user, on OpenShift: by the models file, or because there are Routes of it."""
    if not cluster.openshift and not any(each.group.endswith(".openshift.io") for each in manifests):
        return
    for index, _, template in all_pod_templates(manifests):
        path, pod = template.spec_path, template.spec
        for where, each in ((path, pod), *containers(path, pod)):
            for key in ("runAsUser", "fsGroup"):
                if key in mapping(each.get("securityContext")):
                    hint = "take it out: the namespace's range decides, and runAsNonRoot is enough"
                    message = f"OpenShift refuses {key} outside the namespace's own range"
                    yield Finding("MY360", message, hint, index, (*where, "securityContext", key))


def deployment_configs(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find DeploymentConfigs."""
    for index, manifest in enumerate(manifests):
        if manifest.kind == "DeploymentConfig":
            hint = "write a Deployment"
            yield Finding("MY361", "OpenShift has deprecated DeploymentConfig", hint, index, ("kind",))


def route_ports(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find Routes to a port that their Service, if it is there, does not have."""
    services = {(each.name, _namespace(each)): each for each in manifests if each.kind == "Service" and not each.group}
    for index, manifest in enumerate(manifests):
        if manifest.group != "route.openshift.io" or manifest.kind != "Route":
            continue
        spec = at(manifest.body, "spec")
        service = services.get((text(at(spec, "to").get("name")), _namespace(manifest)))
        wanted = at(spec, "port").get("targetPort")
        if service is None or wanted is None:
            continue
        ports = [port for _, port in items(at(service.body, "spec").get("ports"))]
        known = [value for port in ports for value in (port.get("name"), port.get("targetPort", port.get("port")))]
        if wanted not in known:
            names = ", ".join(sorted({str(each) for each in known if each is not None}))
            message = f"the Service {service.name} has no port {wanted}"
            yield Finding("MY362", message, f"it has {names or 'none'}", index, ("spec", "port", "targetPort"))


def _namespace(manifest: Manifest) -> str:
    return text(mapping(manifest.body.get("metadata")).get("namespace"))
