"""Target deployment: a plain Deployment with Service, and Ingress or HTTPRoute, autoscaler, disruption budget."""

from collections.abc import Iterator
from typing import Final

from modelyard import deployments
from modelyard.manifest import Manifest, Rendered
from modelyard.models.declared import DeclaredModel, DeclaredSet, Served
from modelyard.models.deployed import Deployed
from modelyard.pods import pod, url_path
from modelyard.problem import Problem
from modelyard.targets import Claim
from modelyard.template import Templates
from modelyard.workload import base_mark, base_name, config_map, network_policy, pod_monitor, spec_of

SUMMARY: Final = "Deployment and Service; Ingress or HTTPRoute, autoscaler, disruption budget"
SHARED_FIELDS: Final = deployments.SHARED_FIELDS
KINDS: Final = deployments.KINDS
PORT: Final = 80  # of the Services
GRACE: Final = 30  # seconds; Kubernetes' own default
SCR_GRACE: Final = 15  # seconds; SCR ignores SIGTERM, so what follows the drain is only waited for


class Spec(Deployed):
    """A plain Deployment."""


def claims(model: DeclaredModel) -> Iterator[Claim]:
    """Yield the names of the Services; all other objects are named alike."""
    for name, served in deployments.services(model, "deployment"):
        mark = served.name_mark if served.variant else base_mark(model, "deployment")
        yield Claim("Service", name, mark)


def check(models: DeclaredSet, model: DeclaredModel) -> Iterator[Problem]:
    """Yield splits that cannot work, and fields that exclude each other."""
    yield from deployments.check(models, model, "deployment")


def render(models: DeclaredSet, model: DeclaredModel, templates: Templates) -> Rendered:
    """Return the objects of a model, or of its variants and what lies over them."""
    rendered = Rendered()
    for served in model.served:
        rendered.manifests += _workload(models, model, served, templates)
    rendered.manifests += network_policy(models, model, "deployment", templates)
    rendered.manifests += pod_monitor(models, model, "deployment", "http", templates)
    rendered.manifests += deployments.over_all(
        models, model, "deployment", templates, port=PORT, paths=[url_path(model)], exact=False
    )
    return rendered


def _workload(models: DeclaredSet, model: DeclaredModel, served: Served, templates: Templates) -> Iterator[Manifest]:
    spec = spec_of(served, "deployment", Spec)
    lifecycle = deployments.until(deployments.DRAIN)
    pods = pod(models, model, served, "deployment", templates, port_name="http", lifecycle=lifecycle)
    yield from config_map(models, base_name(model, "deployment"), served, pods["name"], templates)
    grace = SCR_GRACE if served.model.runtime == "scr" else GRACE
    yield from deployments.running(served, spec, pods, templates, grace=grace, port=PORT)
