"""The pods of a model: image, environment, container, volumes, probes. Any text of theirs is in templates/shared."""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from modelyard import names
from modelyard.models.declared import DeclaredModel, DeclaredSet, Served
from modelyard.models.model import Model
from modelyard.places import derived, in_order, plain
from modelyard.template import Templates
from modelyard.workload import base_name, common, config_name, object_name, port

if TYPE_CHECKING:
    from modelyard.models.pod import PreStop, Probe, Volume  # at run time they are imported when a model has them

DEFAULT_PERIOD: Final = 10  # seconds between probes; Kubernetes' own default
SCR_USER: Final = 1001  # sas-container-runtime, examples/sageMakerRunTime/Dockerfile: USER 1001:0
APP_PATH: Final = "SAS_SCR_APP_PATH"
PRE_STOP: Final = ("exec", "httpGet", "sleep")
_HANDLERS: Final = ("httpGet", "tcpSocket", "exec", "grpc")
_REFERENCE: Final = re.compile(r"\$\(([^)]+)\)")


class Container(NamedTuple):
    """What a target says of the model's container.

    stays: seconds for which it goes on taking calls when its pod ends. sidecar: a native one, which starts before the
    pod's other containers and gets SIGTERM when those have ended.
    """

    port_name: str
    stays: int = 0
    sidecar: bool = False


def pod(
    models: DeclaredSet,
    model: DeclaredModel,
    served: Served,
    target: str,
    templates: Templates,
    container: Container,
) -> dict[str, Any]:
    """Return what a workload's template is given: `common`, and of its pods labels, annotations and spec."""
    base = base_name(model, target)
    own = served.model
    context = common(models, base, served, object_name(base, served))
    context["podLabels"] = context["labels"]
    context["podAnnotations"] = in_order(own.podAnnotations or {})
    values = {"container": container, **_container(models, model, served), **_volumes(own)}
    values["lifecycle"] = _lifecycle(own, container)
    if own.config:
        values["envFrom"].append({"configMapRef": {"name": config_name(context["name"])}})
    values["probes"] = _probes(own, templates)
    context["pod"] = templates.render("shared/pod.yaml", values)
    return context


def _container(models: DeclaredSet, model: DeclaredModel, served: Served) -> dict[str, Any]:
    own, spec = served.model, models.spec
    return {
        "model": own,
        "image": image(models, own),
        "port": port(own),
        "env": environment(model, served),
        "envFrom": [plain(each) for each in own.envFrom or []],
        "resources": in_order(plain(own.resources)) if own.resources else None,
        "securityContext": security(models, own),
        "serviceAccountName": spec.serviceAccount.name or models.metadata.name,
        "imagePullSecrets": derived([{"name": name} for name in spec.imagePullSecrets or []], spec.imagePullSecrets),
        "tolerations": derived([plain(each) for each in own.tolerations or []], own.tolerations),
    }


def image(models: DeclaredSet, model: Model) -> str:
    """Return the model's image, with the registry that it comes from."""
    return registered(models, model.image or "")


def registered(models: DeclaredSet, image: str) -> str:
    """Return an image's reference with the set's registry before it, unless it names one."""
    registry = models.spec.registry
    return image if registry is None or names.names_registry(image) else derived(f"{registry}/{image}", image)


def url_path(model: DeclaredModel) -> str:
    """Return the URL path: as declared, else from the image's repository."""
    whole = model.whole.model
    if whole.path:
        return whole.path
    first = model.served[0].model.image or ""
    return derived("/" + names.repository(first).rpartition("/")[2], first)


def environment(model: DeclaredModel, served: Served) -> list[dict[str, Any]]:
    """Return the variables by name; those that use others stand behind them, as $(NAME) needs it."""
    values: dict[str, Any] = dict(served.model.env or {})
    if served.model.runtime == "scr":
        values.setdefault(APP_PATH, url_path(model))
    entries = {
        name: {"name": name, "value": value} if isinstance(value, str) else {"name": name, "valueFrom": plain(value)}
        for name, value in values.items()
    }
    depths = _depths({name: _used(value, values) for name, value in values.items()})
    return [entries[name] for name in sorted(entries, key=lambda name: (depths[name], name))]


def _used(value: object, known: Mapping[str, Any]) -> set[str]:
    """Return the variables that a value refers to."""
    if not isinstance(value, str):
        return set()
    closed = value[: value.rfind(")") + 1]  # each $( behind it would be looked for to the end of the text
    return {each for each in _REFERENCE.findall(closed) if each in known}


def _depths(used: Mapping[str, set[str]]) -> dict[str, int]:
    """Return for each variable how many others stand in a row below it; those that go in a circle come last."""
    depths: dict[str, int] = {}
    users: dict[str, list[str]] = {}
    for name, others in used.items():
        for each in others:
            users.setdefault(each, []).append(name)
    left = {name: len(others) for name, others in used.items()}
    ready = [name for name, count in left.items() if not count]
    for name in ready:  # grows while it is read
        depths[name] = 1 + max((depths[each] for each in used[name]), default=-1)
        for user in users.get(name, ()):
            left[user] -= 1
            if not left[user]:
                ready.append(user)
    return {name: depths.get(name, len(used)) for name in used}


def security(models: DeclaredSet, own: Model) -> dict[str, Any]:
    """Return what the model says over the template's security context; OpenShift assigns user ids itself."""
    context = {"runAsUser": SCR_USER} if own.runtime == "scr" else {}
    context |= plain(own.securityContext) if own.securityContext else {}
    if models.spec.platform == "openshift":
        context.pop("runAsUser", None)
    return in_order(context)


def _volumes(own: Model) -> dict[str, Any]:
    volumes = sorted(own.volumes or [], key=lambda volume: volume.name)
    return {
        "mountsTmp": any(volume.mountPath == "/tmp" for volume in volumes),  # noqa: S108 - the container's
        "volumeMounts": [_mount(volume) for volume in volumes],
        "volumes": [_source(volume) for volume in volumes],
    }


def _lifecycle(own: Model, container: Container) -> dict[str, Any]:
    """Return the model's own preStop by a command or call, else the target's wait; a native sidecar waits anyway."""
    hook = _handlers(own.preStop, ("exec", "httpGet"), port(own)) if own.preStop else {}
    if not hook and container.stays and not container.sidecar:
        hook = {"sleep": {"seconds": container.stays}}
    return {"preStop": hook} if hook else {}


def _mount(volume: "Volume") -> dict[str, Any]:
    mount = {"name": volume.name, "mountPath": volume.mountPath, "readOnly": volume.readOnly, "subPath": volume.subPath}
    return {key: value for key, value in mount.items() if value is not None}


def _source(volume: "Volume") -> dict[str, Any]:
    sources = {key: in_order(source) for key in volume.SOURCES if (source := getattr(volume, key)) is not None}
    return {"name": volume.name, **sources}


def _probes(model: Model, templates: Templates) -> dict[str, Any]:
    probes: dict[str, Any] = {"startup": None, "readiness": None, "liveness": None}
    probes |= templates.render_once("shared/probes.yaml", runtime=model.runtime, port=port(model))
    for name in probes:
        own = getattr(model.probes, name) if model.probes else None
        if own is not None:
            probes[name] = None if own is False else probe(own, port(model))
    return probes | _startup(model, probes)


def _startup(model: Model, probes: Mapping[str, Any]) -> dict[str, Any]:
    """Return a startup probe that asks what the model's own readiness probe asks, unless it has one of its own.

    Else a pod whose port opens before it is ready would be asked again only after the period of readiness.
    """
    own = model.probes
    if own is None or own.startup is not None or not own.readiness or not probes["startup"]:
        return {}
    asked = {key: probes["readiness"][key] for key in (*_HANDLERS, "timeoutSeconds") if key in probes["readiness"]}
    return {"startup": asked | {key: probes["startup"][key] for key in ("periodSeconds", "failureThreshold")}}


def probe(own: "Probe", default_port: int) -> dict[str, Any]:
    """Return a probe in Kubernetes' form: seconds instead of durations, the port filled in."""
    result = _handlers(own, _HANDLERS, default_port)
    for name, field in (
        ("initialDelay", "initialDelaySeconds"),
        ("timeout", "timeoutSeconds"),
        ("period", "periodSeconds"),
    ):
        if (duration := getattr(own, name)) is not None:
            result[field] = derived(names.seconds(duration), duration)
    # Spelt out, because Knative compares probes with defaults filled in, and takes a probe without a period for a
    # quick one of its own that has no other times (knative/serving v0.50.0, validateReadinessProbe).
    result.setdefault("periodSeconds", DEFAULT_PERIOD)
    result["successThreshold"] = own.successThreshold or 1
    if own.failureThreshold is not None:
        result["failureThreshold"] = own.failureThreshold
    return result


def _handlers(own: "Probe | PreStop", kinds: Sequence[str], default_port: int) -> dict[str, Any]:
    """Return what is asked, and how, in Kubernetes' form: of these kinds, with the port filled in."""
    result: dict[str, Any] = {}
    for name in kinds:
        handler = getattr(own, name)
        if handler is not None:
            given = plain(handler)
            filled = {key: given[key] for key in ("path",) if key in given} | {"port": default_port}
            result[name] = given if name == "exec" else filled | given
    return result
