"""Target sagemaker-proxy: SageMaker's container contract in Kubernetes, by a proxy beside the model in each pod.

The model is a native sidecar (an init container that restarts; Kubernetes 1.29), and the proxy the pod's container:
the kubelet ends sidecars when the containers have ended (kubernetes v1.36.3, kuberuntime_termination_order.go). So the
model answers for as long as the proxy has calls, however long that is, and a pod without calls does not wait. The other
way round the proxy would get SIGTERM only when the model has ended, and calls would come in until then.

As PID 1 SCR ignores SIGTERM (-Xrs), and would live until SIGKILL. In a PID namespace that its pod shares it is not
PID 1, and ends at once. Users of one id can read each other's environment there, so the proxy has an id of its own;
where the platform gives both the same one, nothing is shared.

TensorFlow Serving reads JSON of its own form alone. Where the set names an image with modelyard, `invocations` is a
second native sidecar, between Caddy and the model.
"""

from collections.abc import Iterator
from itertools import count
from typing import Annotated, Any, Final

from pydantic import Field

from modelyard.files.yaml.marked import derived
from modelyard.manifests import names
from modelyard.manifests.manifest import Manifest, Rendered
from modelyard.manifests.template import Templates
from modelyard.models.base import Image, PositiveDuration, Quantity, checked
from modelyard.models.declared import DeclaredModel, DeclaredSet, Served
from modelyard.models.deployment import Deployed
from modelyard.problems import Problem, problem
from modelyard.targets import Claim
from modelyard.targets.sagemaker_proxy import caddy, invocations
from modelyard.targets.workloads import deployments, endings
from modelyard.targets.workloads.beside import FLUSH, measured
from modelyard.targets.workloads.deployments import Reached
from modelyard.targets.workloads.endings import Ending
from modelyard.targets.workloads.objects import (
    METRICS_PORT,
    base_mark,
    base_name,
    common,
    config_map,
    is_assigned,
    is_logged,
    log_ports,
    manifest,
    network_policy,
    offers_http,
    pod_monitor,
    port,
    registered,
    spec_of,
    taken,
)
from modelyard.targets.workloads.pods import Container, pod, security
from modelyard.targets.workloads.words import unexpanded

SUMMARY: Final = "SageMaker's /ping and /invocations in front of a model; else as deployment"
SHARED_FIELDS: Final = deployments.SHARED_FIELDS
KINDS: Final = deployments.KINDS
NAME: Final = "sagemaker-proxy"
PORT: Final = 8080  # of the Services: SageMaker's own
STAYS: Final = 5  # seconds; endpoints and load balancers forget a pod, and callers are told to close connections
PROXY_PORT: Final = 8090  # of the proxy in the pod; where another container listens there, the next that is free
MARGIN: Final = 5  # seconds for a model that obeys SIGTERM, after the proxy is done
PROXY_USER: Final = 65532  # no image of a model is known to have it: "nonroot" of distroless images
REACHED: Final = tuple(Reached(path, exact=True) for path in caddy.PATHS)
VOLUMES: Final = frozenset(["proxy-config", "proxy-tmp"])


def _timeout(text: str) -> str | None:
    # SageMaker's longest: an hour, of asynchronous inference.
    return None if names.seconds(text) <= 3600 else "must be at most 1h"


class Spec(Deployed):
    """A model behind SageMaker's container contract."""

    timeout: Annotated[PositiveDuration, checked(_timeout)] = Field(
        caddy.TIMEOUT, description="Time for one invocation, until its answer begins; then the call ends with 504."
    )
    maxBody: Annotated[Quantity, checked(names.size)] = Field(
        caddy.MAX_BODY, description="Size of an invocation's body at most; above it the answer is 413."
    )
    proxyImage: Image = Field(caddy.IMAGE, description="Image of Caddy, which runs beside the model.")


def claims(model: DeclaredModel) -> Iterator[Claim]:
    """Yield the names of the Services, as all other objects are named alike, and the address outside the cluster."""
    for name, served in deployments.services(model, NAME):
        mark = served.name_mark if served.variant else base_mark(model, NAME)
        yield Claim("Service", name, mark)
    spec = spec_of(model.whole, NAME, Spec)
    # The paths are SageMaker's, so a host belongs to one model.
    if (entrance := spec.ingress or spec.gateway) and entrance.host:
        mark = model.whole.find("targets", NAME, "ingress" if spec.ingress else "gateway", "host")
        yield Claim("address", f"{entrance.host}/invocations", mark)


def check(models: DeclaredSet, model: DeclaredModel) -> Iterator[Problem]:
    """Yield what no target with a Deployment can do, and what this one cannot ask or call."""
    yield from deployments.check(models, model, NAME)
    if not offers_http(model.served[0].model):
        place = models.place(model.whole.find("tensorflow", "protocol"))
        message = "SageMaker calls REST, but the model offers only gRPC"
        yield problem("MY230", message, hint="set protocol: rest or both", place=place)
    yield from _check_paths(models, model)
    for served in model.served:
        yield from endings.check_end(models, served, _ending(served))
        yield from caddy.check(models, model, served)
        yield from invocations.check(models, served)
        for index, volume in enumerate(served.model.volumes or []):
            if volume.name in VOLUMES:
                place = models.place(served.find("volumes", index, "name"))
                yield problem("MY201", f"{volume.name} is a volume of the proxy", hint="rename it", place=place)


def _check_paths(models: DeclaredSet, model: DeclaredModel) -> Iterator[Problem]:
    ingress = spec_of(model.whole, NAME, Spec).ingress
    for key in ("path", "pathType"):
        if ingress and getattr(ingress, key) is not None:
            place = models.place(model.whole.find_key("targets", NAME, "ingress", key))
            message = f"{key} cannot be set here: the paths are SageMaker's, {' and '.join(caddy.PATHS)}"
            yield problem("MY229", message, hint="take it out", place=place)


def render(models: DeclaredSet, model: DeclaredModel, templates: Templates) -> Rendered:
    """Return the objects of a model, or of its variants and what lies over them."""
    rendered = Rendered([_caddyfile(models, model, templates)])
    for served in model.served:
        rendered.manifests += _workload(models, model, served, templates)
    rendered.manifests += network_policy(models, model, NAME, templates)
    rendered.manifests += pod_monitor(models, model, NAME, _scraped(model), templates)
    rendered.manifests += measured(models, model, NAME, templates)
    rendered.manifests += deployments.over_all(models, model, NAME, templates, port=PORT, paths=REACHED)
    return rendered


def _scraped(model: DeclaredModel) -> str:
    """Return the port at which the model's metrics are asked for: where it is closed, that of what logs calls."""
    return "log" if any(map(is_logged, model.served)) else "model"


def _caddyfile(models: DeclaredSet, model: DeclaredModel, templates: Templates) -> Manifest:
    base = base_name(model, NAME)
    context = {**common(models, base, model.whole, base), "caddyfile": caddy.caddyfile()}
    return manifest(f"{NAME}/configmap.yaml", context, templates, model.whole, hashed=True)


def _workload(models: DeclaredSet, model: DeclaredModel, served: Served, templates: Templates) -> Iterator[Manifest]:
    spec, ending = spec_of(served, NAME, Spec), _ending(served)
    seconds = derived(names.seconds(spec.timeout), spec.timeout)
    container = Container("model", ending.stays, sidecar=True, claims=spec.volumeClaims or (), seconds=seconds)
    pods = pod(models, model, served, NAME, templates, container)
    # What kubectl takes, where it is not told.
    pods["podAnnotations"] = {"kubectl.kubernetes.io/default-container": "model", **pods["podAnnotations"]}
    beside = templates.render(f"{NAME}/pod.yaml", _beside(models, model, served, ending.stays))
    initial = [*pods["pod"]["initContainers"], *_log(models, model, served, templates)]
    beside["initContainers"] = derived([*initial, *beside.get("initContainers", [])], pods["pod"]["initContainers"])
    volumes = pods["pod"].pop("volumes", [])
    volumes = _with_spool(volumes) if is_logged(served) else volumes
    pods["pod"] |= {**beside, "volumes": derived([*volumes, *beside["volumes"]], volumes)}
    yield from config_map(models, base_name(model, NAME), served, pods["name"], templates)
    yield from deployments.running(served, spec, pods, templates, grace=ending.grace, port=PORT)


def _log(models: DeclaredSet, model: DeclaredModel, served: Served, templates: Templates) -> Iterator[dict[str, Any]]:
    """Yield what logs calls: a native sidecar, which starts when the model has started, and ends when Caddy has."""
    if is_logged(served):
        from modelyard.targets.workloads import request_log  # few models have it

        yield request_log.container(
            models,
            model,
            served,
            templates,
            seconds=(0, 1),
            restart="Always",
            names_=("log", METRICS_PORT),
            assigned=is_assigned(models, NAME),
        )


def _with_spool(volumes: list[Any]) -> list[Any]:
    from modelyard.targets.workloads.request_log import with_spool

    return with_spool(volumes)


def _ending(served: Served) -> Ending:
    timeout = names.seconds(spec_of(served, NAME, Spec).timeout)
    rest = MARGIN + (FLUSH if is_logged(served) else 0)
    return endings.ending(served.model, STAYS, timeout, rest=rest)


def _beside(models: DeclaredSet, model: DeclaredModel, served: Served, stays: int) -> dict[str, Any]:
    """Return what the template of the proxy's container is given."""
    spec = spec_of(served, NAME, Spec)
    own = log_ports(served)[0] if is_logged(served) else port(served.model)
    openshift = is_assigned(models, NAME)
    user = security(served.model, assigned=openshift).get("runAsUser")
    timeout = names.seconds(spec.timeout)
    used = taken(served).union(log_ports(served) if is_logged(served) else ())
    free = (each for each in count(PROXY_PORT) if each not in used)
    listens = next(free)
    asked = caddy.ping(model, served) or ("GET", "/")  # what `check` has refused is rendered for other findings
    variables = {
        "SAGEMAKER_BIND_TO_PORT": str(listens),
        "MODEL_PORT": str(own),
        **caddy.routes(model, asked),
        **caddy.limits(timeout, names.bytes_of(spec.maxBody), stays=stays, drain=timeout),
    }
    reading = None
    if invocations.is_needed(models, served):
        ports, limits = (next(free), next(free)), (spec.timeout, spec.maxBody)
        reading = invocations.container(models, model, served, asked[1], ports=ports, limits=limits)
        variables |= invocations.variables(ports[0])
    elif served.model.runtime == "tensorflow":
        variables["MODEL_REFUSES"] = invocations.REFUSES
    return {
        "image": registered(models, spec.proxyImage),
        "port": listens,
        "env": [{"name": name, "value": unexpanded(value)} for name, value in sorted(variables.items())],
        "invocations": reading,
        "config": base_name(model, NAME),
        "user": None if openshift else PROXY_USER,
        "shared": True if served.model.runtime == "scr" and user not in (None, PROXY_USER) else None,
    }
