"""Target sagemaker-proxy: SageMaker's container contract in Kubernetes, by a proxy beside the model in each pod.

The proxy is a second container, not a native sidecar (an init container that restarts). A native sidecar gets
SIGTERM only when the model has ended, and SCR does not end: as PID 1 it ignores SIGTERM (-Xrs) until SIGKILL. Calls
would come in until both are killed. As a second container the proxy stops taking calls while the model still
answers, and lets those in flight end.
"""

from collections.abc import Iterator
from typing import Annotated, Any, Final

from pydantic import Field

from modelyard import deployments, names, proxy
from modelyard.manifest import Manifest, Rendered
from modelyard.models.declared import DeclaredModel, DeclaredSet, Served
from modelyard.models.deployed import Deployed
from modelyard.models.shape import Image, PositiveDuration, Quantity, checked
from modelyard.places import derived
from modelyard.pods import SCR_USER, pod, registered
from modelyard.problem import Problem, problem
from modelyard.targets import Claim
from modelyard.template import Templates
from modelyard.workload import (
    base_mark,
    base_name,
    common,
    config_map,
    manifest,
    network_policy,
    pod_monitor,
    port,
    spec_of,
)

SUMMARY: Final = "SageMaker's /ping and /invocations in front of a model; else as deployment"
SHARED_FIELDS: Final = deployments.SHARED_FIELDS
KINDS: Final = deployments.KINDS
NAME: Final = "sagemaker-proxy"
PORT: Final = 8080  # of the Services: SageMaker's own
PROXY_PORTS: Final = (8090, 8091)  # of the proxy in the pod; the second where the model listens on the first
MARGIN: Final = 5  # seconds for a model that obeys SIGTERM, after the proxy is done
VOLUMES: Final = frozenset(["proxy-config", "proxy-tmp"])


def _timeout(text: str) -> str | None:
    # SageMaker's longest: an hour, of asynchronous inference.
    return None if names.seconds(text) <= 3600 else "must be at most 1h"


class Spec(Deployed):
    """A model behind SageMaker's container contract."""

    timeout: Annotated[PositiveDuration, checked(_timeout)] = Field(
        proxy.TIMEOUT, description="Time for one invocation, until its answer begins; then the call ends with 504."
    )
    maxBody: Annotated[Quantity, checked(names.size)] = Field(
        proxy.MAX_BODY, description="Size of an invocation's body at most; above it the answer is 413."
    )
    proxyImage: Image = Field(proxy.IMAGE, description="Image of Caddy, which runs beside the model.")


def claims(model: DeclaredModel) -> Iterator[Claim]:
    """Yield the names of the Services, as all other objects are named alike, and the address outside the cluster."""
    for name, served in deployments.services(model, NAME):
        mark = served.name_mark if served.variant else base_mark(model, NAME)
        yield Claim("Service", name, mark)
    spec = spec_of(model.whole, NAME, Spec)
    if entrance := spec.ingress or spec.gateway:  # the paths are SageMaker's, so a host belongs to one model
        mark = model.whole.find("targets", NAME, "ingress" if spec.ingress else "gateway", "host")
        yield Claim("address", f"{entrance.host}/invocations", mark)


def check(models: DeclaredSet, model: DeclaredModel) -> Iterator[Problem]:
    """Yield what no target with a Deployment can do, and what this one cannot ask or call."""
    yield from deployments.check(models, model, NAME)
    for served in model.served:
        yield from proxy.check(models, model, served)
        for index, volume in enumerate(served.model.volumes or []):
            if volume.name in VOLUMES:
                place = models.place(served.find("volumes", index, "name"))
                yield problem("MY201", f"{volume.name} is a volume of the proxy", hint="rename it", place=place)


def render(models: DeclaredSet, model: DeclaredModel, templates: Templates) -> Rendered:
    """Return the objects of a model, or of its variants and what lies over them."""
    rendered = Rendered([_caddyfile(models, model, templates)])
    for served in model.served:
        rendered.manifests += _workload(models, model, served, templates)
    rendered.manifests += network_policy(models, model, NAME, templates)
    rendered.manifests += pod_monitor(models, model, NAME, "model", templates)
    rendered.manifests += deployments.over_all(models, model, NAME, templates, port=PORT, paths=proxy.PATHS, exact=True)
    return rendered


def _caddyfile(models: DeclaredSet, model: DeclaredModel, templates: Templates) -> Manifest:
    base = base_name(model, NAME)
    context = {**common(models, base, model.whole, base), "caddyfile": proxy.caddyfile()}
    return manifest(f"{NAME}/configmap.yaml", context, templates, model.whole, hashed=True)


def _workload(models: DeclaredSet, model: DeclaredModel, served: Served, templates: Templates) -> Iterator[Manifest]:
    spec = spec_of(served, NAME, Spec)
    drain = min(names.seconds(spec.timeout), proxy.DRAIN)
    # The model is to answer until the proxy is done, also where it obeys SIGTERM.
    end = deployments.DRAIN + drain
    lifecycle = deployments.until(end)
    pods = pod(models, model, served, NAME, templates, port_name="model", lifecycle=lifecycle)
    beside = templates.render(f"{NAME}/pod.yaml", _beside(models, model, served, spec, drain))
    for key in ("containers", "volumes"):
        pods["pod"][key] = derived([*pods["pod"].get(key, []), *beside[key]], pods["pod"].get(key))
    yield from config_map(models, base_name(model, NAME), served, pods["name"], templates)
    yield from deployments.running(served, spec, pods, templates, grace=end + MARGIN, port=PORT)


def _beside(models: DeclaredSet, model: DeclaredModel, served: Served, spec: Spec, drain: int) -> dict[str, Any]:
    """Return what the template of the proxy's container is given."""
    own = port(served.model)
    listens = next(each for each in PROXY_PORTS if each != own)
    asked = proxy.ping(model, served) or ("GET", "/")  # what `check` has refused is rendered for other findings
    variables = {
        "SAGEMAKER_BIND_TO_PORT": str(listens),
        "MODEL_PORT": str(own),
        **proxy.routes(model, asked),
        **proxy.limits(names.seconds(spec.timeout), names.bytes_of(spec.maxBody), drain),
    }
    return {
        "image": registered(models, spec.proxyImage),
        "port": listens,
        "env": [{"name": name, "value": value} for name, value in sorted(variables.items())],
        "lifecycle": deployments.until(deployments.DRAIN),
        "config": base_name(model, NAME),
        "user": None if models.spec.platform == "openshift" else SCR_USER,
    }
