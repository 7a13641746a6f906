"""What OpenShift does otherwise than Kubernetes.

Source: openshift/api 34e60874783e (2026-04-20), route/v1/types.go; OpenShift 4.20, restricted-v2 of the constraints,
which gives each namespace a range of users; release notes of 4.14, which deprecate DeploymentConfig; openshift/router
release-4.20, pkg/router/template/template_helper.go, endpointsForAlias.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from modelyard.check.finding import Cluster, Finding, at, items, mapping, sequence, text
from modelyard.check.pods import all_pod_templates
from modelyard.manifests.manifest import Manifest


def users(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find pods that name their user, on OpenShift: by the models file, or because there are Routes of it."""
    if not cluster.openshift and not any(each.group.endswith(".openshift.io") for each in manifests):
        return
    if any(_gives_users(each) for each in manifests):
        return  # who may use it, bindings say, which may be elsewhere
    for index, _, template in all_pod_templates(manifests):
        path, pod = template.spec_path, template.spec
        for where, each in ((path, pod), *template.containers):
            for key in ("runAsUser", "fsGroup"):
                if key in mapping(each.get("securityContext")):
                    hint = "take it out: the namespace's range decides, and runAsNonRoot is enough"
                    message = f"OpenShift refuses {key} outside the namespace's own range"
                    yield Finding("MY360", message, hint, index, (*where, "securityContext", key))


def _gives_users(manifest: Manifest) -> bool:
    """Tell whether an object lets pods have other users: constraints, or a role that may use some."""
    if (manifest.group, manifest.kind) == ("security.openshift.io", "SecurityContextConstraints"):
        return True
    return manifest.group == "rbac.authorization.k8s.io" and any(
        "securitycontextconstraints" in sequence(rule.get("resources")) for _, rule in items(manifest.body.get("rules"))
    )


def deployment_configs(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find DeploymentConfigs."""
    for index, manifest in enumerate(manifests):
        if manifest.kind == "DeploymentConfig":
            hint = "write a Deployment"
            yield Finding("MY361", "OpenShift has deprecated DeploymentConfig", hint, index, ("kind",))


def route_ports(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find Routes to a port that a Service of theirs, if it is there, does not have: the router answers 503."""
    services = {(each.name, _namespace(each)): each for each in manifests if each.kind == "Service" and not each.group}
    for index, manifest in enumerate(manifests):
        if manifest.group != "route.openshift.io" or manifest.kind != "Route":
            continue
        spec = at(manifest.body, "spec")
        wanted = at(spec, "port").get("targetPort")
        for name in (
            at(spec, "to").get("name"),
            *(each.get("name") for _, each in items(spec.get("alternateBackends"))),
        ):
            service = services.get((text(name), _namespace(manifest)))
            ports = [port for _, port in items(at(service.body, "spec").get("ports"))] if service else []
            if service is None or wanted is None or not ports or _is_routed(wanted, ports):
                continue
            names = sorted(text(each.get("name")) for each in ports if each.get("name"))
            hint = (
                f"write the name of a port of the Service: {', '.join(names)}" if names else "name the Service's port"
            )
            message = f"the Service {service.name} has no port that the router finds by {wanted}"
            yield Finding("MY362", message, hint, index, ("spec", "port", "targetPort"))


def _is_routed(wanted: object, ports: Sequence[dict[str, Any]]) -> bool:
    """Tell whether the router finds endpoints by a target port: by the name of a Service's port, or the pod's number.

    Which number a named port of pods has, endpoints alone say.
    """
    for port in ports:
        target = port.get("targetPort", port.get("port"))
        by_number = str(wanted).isascii() and str(wanted).isdecimal()
        if wanted == port.get("name") or (by_number and (isinstance(target, str) or str(target) == str(wanted))):
            return True
    return False


def _namespace(manifest: Manifest) -> str:
    return text(mapping(manifest.body.get("metadata")).get("namespace"))
