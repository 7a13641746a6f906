"""Target deployment: a plain Deployment or StatefulSet, with Service, Ingress or HTTPRoute, autoscaler, budget."""

from collections.abc import Iterator
from typing import Final

from pydantic import Field

from modelyard.files.yaml.marked import derived
from modelyard.manifests import names
from modelyard.manifests.manifest import Manifest, Rendered
from modelyard.manifests.template import Templates
from modelyard.models.base import PositiveDuration
from modelyard.models.declared import DeclaredModel, DeclaredSet, Served
from modelyard.models.deployment import Deployed
from modelyard.problems import Problem
from modelyard.targets import Claim
from modelyard.targets.workloads import deployments, endings
from modelyard.targets.workloads.beside import AFTER_CALLS, behind, logged, measured
from modelyard.targets.workloads.endings import Ending
from modelyard.targets.workloads.objects import (
    base_mark,
    base_name,
    config_map,
    is_logged,
    network_policy,
    pod_monitor,
    spec_of,
)
from modelyard.targets.workloads.pods import Container, pod

SUMMARY: Final = "Deployment or StatefulSet, and Service; Ingress or HTTPRoute, autoscaler, disruption budget"
SHARED_FIELDS: Final = deployments.SHARED_FIELDS
KINDS: Final = deployments.KINDS
PORT: Final = 80  # of the Services
STAYS: Final = 10  # seconds; endpoints and load balancers forget a pod in that time
SCR_TIMEOUT: Final = "60s"  # as on knative
REST: Final = 20  # seconds after STAYS for calls in flight where nothing says more: Kubernetes' own 30 in all


class Spec(Deployed):
    """A plain Deployment."""

    timeout: PositiveDuration | None = Field(
        None,
        description="Time for calls in flight when a pod ends, after preStop; 60s for scr, else Kubernetes decides.",
    )


def claims(model: DeclaredModel) -> Iterator[Claim]:
    """Yield the names of the Services; all other objects are named alike."""
    for name, served in deployments.services(model, "deployment"):
        mark = served.name_mark if served.variant else base_mark(model, "deployment")
        yield Claim("Service", name, mark)


def check(models: DeclaredSet, model: DeclaredModel) -> Iterator[Problem]:
    """Yield splits that cannot work, and fields that exclude each other."""
    yield from deployments.check(models, model, "deployment")
    yield from deployments.check_path(models, model, "deployment")
    for served in model.served:
        yield from endings.check_end(models, served, _ending(served))


def render(models: DeclaredSet, model: DeclaredModel, templates: Templates) -> Rendered:
    """Return the objects of a model, or of its variants and what lies over them."""
    rendered = Rendered()
    for served in model.served:
        rendered.manifests += _workload(models, model, served, templates)
    rendered.manifests += network_policy(models, model, "deployment", templates)
    rendered.manifests += pod_monitor(models, model, "deployment", "http", templates)
    rendered.manifests += measured(models, model, "deployment", templates)
    rendered.manifests += deployments.over_all(
        models, model, "deployment", templates, port=PORT, paths=deployments.reached(model)
    )
    return rendered


def _workload(models: DeclaredSet, model: DeclaredModel, served: Served, templates: Templates) -> Iterator[Manifest]:
    spec = spec_of(served, "deployment", Spec)
    ending = _ending(served)
    seconds = derived(names.seconds(spec.timeout), spec.timeout) if spec.timeout else None
    container = Container("http", ending.stays, claims=spec.volumeClaims or (), seconds=seconds)
    pods = pod(models, model, served, "deployment", templates, behind(served, container))
    logged(models, model, served, templates, pods, ending)
    yield from config_map(models, base_name(model, "deployment"), served, pods["name"], templates)
    yield from deployments.running(served, spec, pods, templates, grace=ending.grace, port=PORT)


def _ending(served: Served) -> Ending:
    """Return how a pod ends. SCR, as PID 1, ignores SIGTERM: it answers calls in flight until SIGKILL."""
    declared = spec_of(served, "deployment", Spec).timeout
    timeout = declared or (SCR_TIMEOUT if served.model.runtime == "scr" else None)
    calls = names.seconds(timeout) if timeout else None
    rest = (REST if calls is None else 0) + (AFTER_CALLS if is_logged(served) else 0)
    return endings.ending(served.model, STAYS, calls, rest=rest)
