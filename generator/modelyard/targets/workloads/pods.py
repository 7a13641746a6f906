"""The pods of a model: image, environment, container, volumes, probes. Any text of theirs is in templates/shared."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from modelyard.files.yaml.marked import derived, in_order, plain
from modelyard.manifests import expansion, names
from modelyard.manifests.template import Templates
from modelyard.models.declared import DeclaredModel, DeclaredSet, Served
from modelyard.models.model import Model
from modelyard.targets.workloads.beside import beside
from modelyard.targets.workloads.objects import (
    base_name,
    common,
    config_name,
    is_assigned,
    object_name,
    port,
    ports_of,
    registered,
)
from modelyard.targets.workloads.words import unexpanded, words

if TYPE_CHECKING:
    # At run time they are imported when a model has them.
    from modelyard.models.deployment import VolumeClaim
    from modelyard.models.pod import EnvReference, Expand, PreStop, Probe, Volume

DEFAULT_PERIOD: Final = 10  # seconds between probes; Kubernetes' own default
SCR_USER: Final = 1001  # sas-container-runtime, examples/sageMakerRunTime/Dockerfile: USER 1001:0
VOLUME_GROUP: Final = 1001  # any that is nobody else's: of the volumes that a pod has for itself
APP_PATH: Final = "SAS_SCR_APP_PATH"
PRE_STOP: Final = ("exec", "httpGet", "sleep")
_HANDLERS: Final = ("httpGet", "tcpSocket", "exec", "grpc")


class Container(NamedTuple):
    """What a target says of the model's container.

    stays: seconds for which it goes on taking calls when its pod ends. sidecar: a native one, which starts before the
    pod's other containers and gets SIGTERM when those have ended. native: sidecars beside it are such ones.
    claims: volumes of the pod's own. grpc: gRPC's port is the
    container's one port. seconds: what a call may take, where the target says it. image: how pods name the image, where
    it is not its reference. silent: another container of the pod has the port, and is probed for it.
    """

    port_name: str
    stays: int = 0
    sidecar: bool = False
    native: bool = True
    claims: "Sequence[VolumeClaim]" = ()
    grpc: bool = False
    seconds: int | None = None
    image: str | None = None
    silent: bool = False


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
    context["podLabels"] = {**context["labels"], **in_order(own.podLabels or {})}
    context["podAnnotations"] = in_order(own.podAnnotations or {})
    context["assigned"] = is_assigned(models, target)
    context["volumeGroup"] = None if context["assigned"] else VOLUME_GROUP
    values = {"container": container, **_container(models, model, served, target, container)}
    values |= volumes(own, container.claims)
    if own.runtime == "tensorflow":
        _serve(values, own, container, context["name"])
    values["lifecycle"] = _lifecycle(own, container)
    if own.config:
        values["envFrom"].append({"configMapRef": {"name": config_name(context["name"])}})
    values["probes"] = context["probes"] = _probes(own, templates, container)
    values |= beside(models, own, templates, native=container.native, assigned=context["assigned"])
    context["pod"] = templates.render("shared/pod.yaml", values)
    return context


def _serve(values: dict[str, Any], own: Model, container: Container, name: str) -> None:
    """Put in what starts TensorFlow Serving: its program and flags, unless the model says others, and its files."""
    from modelyard.targets.workloads import tensorflow

    if own.command is None:
        program, *flags = tensorflow.command(own, container.seconds)
        values["command"] = derived([program], own.tensorflow)
        values["args"] = derived([*flags, *(values["args"] or [])], own.args or own.tensorflow)
    mount = {"name": tensorflow.VOLUME, "mountPath": tensorflow.FOLDER, "readOnly": True}
    source = {"name": tensorflow.VOLUME, "configMap": {"name": tensorflow.files_name(name)}}
    values["volumeMounts"] = derived([*values["volumeMounts"], mount], own.volumes)
    values["volumes"] = derived([*values["volumes"], source], own.volumes)
    if container.grpc:
        values |= {"port": tensorflow.GRPC.port, "ports": []}


def _container(
    models: DeclaredSet, model: DeclaredModel, served: Served, target: str, container: Container
) -> dict[str, Any]:
    own, spec = served.model, models.spec
    return {
        "model": own,
        "image": container.image or image(models, own),
        "port": port(own),
        "command": words(own.command),
        "args": words(own.args),
        "env": environment(model, served),
        "envFrom": [plain(each) for each in own.envFrom or []],
        "resources": in_order(plain(own.resources)) if own.resources else None,
        "securityContext": security(own, assigned=is_assigned(models, target)),
        "serviceAccountName": spec.serviceAccount.name or models.metadata.name,
        "imagePullSecrets": derived([{"name": name} for name in spec.imagePullSecrets or []], spec.imagePullSecrets),
        "affinity": in_order(own.affinity or {}),
        "ports": ports_of(own),
        "tolerations": derived([plain(each) for each in own.tolerations or []], own.tolerations),
    }


def image(models: DeclaredSet, model: Model) -> str:
    """Return the model's image, with the registry that it comes from."""
    return registered(models, model.image or "")


def url_path(model: DeclaredModel) -> str:
    """Return the URL path: as declared, else from the image's repository."""
    whole = model.whole.model
    if whole.path:
        return whole.path
    if model.served[0].model.runtime == "tensorflow":
        from modelyard.targets.workloads import tensorflow

        return tensorflow.path_of(model.served[0].model)
    first = model.served[0].model.image or ""
    return derived("/" + names.repository(first).rpartition("/")[2], first)


def environment(model: DeclaredModel, served: Served) -> list[dict[str, Any]]:
    """Return the variables as Kubernetes has them, those that use others behind them, as $(NAME) needs it."""
    return [_variable(name, value) for name, value in variables(model, served).items()]


def variables(model: DeclaredModel, served: Served) -> dict[str, "str | EnvReference"]:
    """Return the variables by name, those that use others behind them."""
    values: dict[str, Any] = dict(served.model.env or {})
    if served.model.runtime == "scr":
        values.setdefault(APP_PATH, url_path(model))
    uses = {name: used & values.keys() for name, value in values.items() if (used := used_by(value))}
    return {name: values[name] for name in _in_order(uses, sorted(values))}


def used_by(value: "str | EnvReference | Expand") -> set[str]:
    """Return the names of the variables that the kubelet looks for in a value."""
    asked = None if isinstance(value, str) else value.expand
    return set(expansion.references(asked)) if asked else set()


def _in_order(uses: dict[str, set[str]], every: list[str]) -> list[str]:
    """Return names with those that use others behind them; those that use each other come last, see `load`."""
    if not uses:
        return every
    sorter = TopologicalSorter({name: uses.get(name, set()) - {name} for name in every})
    with suppress(CycleError):
        sorter.prepare()
    order: list[str] = []
    while ready := sorter.get_ready():
        order += sorted(ready)
        sorter.done(*ready)
    known = set(order)
    return [*order, *(name for name in every if name not in known)]


def _variable(name: str, value: "str | EnvReference") -> dict[str, Any]:
    if isinstance(value, str):
        return {"name": name, "value": unexpanded(value)}
    return (
        {"name": name, "value": value.expand} if value.expand is not None else {"name": name, "valueFrom": plain(value)}
    )


def security(own: Model, *, assigned: bool) -> dict[str, Any]:
    """Return what the model says over the template's security context. assigned: the platform gives the user id."""
    # The user of TensorFlow Serving's image is root; it reads its models, which all can read, and writes nothing.
    context = {"runAsUser": SCR_USER} if own.runtime in ("scr", "tensorflow") else {}
    context |= plain(own.securityContext) if own.securityContext else {}
    if assigned:
        context.pop("runAsUser", None)
    return in_order(context)


def volumes(own: Model, claims: "Sequence[VolumeClaim]") -> dict[str, Any]:
    """Return volumes and mounts of a model, and whether one of them is /tmp."""
    named = sorted(own.volumes or [], key=lambda volume: volume.name)
    mounted: list[Volume | VolumeClaim] = [*named, *sorted(claims, key=lambda claim: claim.name)]
    return {
        "mountsTmp": any(each.mountPath == "/tmp" for each in mounted),  # noqa: S108 - the container's
        "volumeMounts": [_mount(each) for each in mounted],
        "volumes": [_source(volume) for volume in named],
    }


def _lifecycle(own: Model, container: Container) -> dict[str, Any]:
    """Return the model's own preStop by a command or call, else the target's wait; a native sidecar waits anyway."""
    hook = _handlers(own.preStop, ("exec", "httpGet"), port(own)) if own.preStop else {}
    if not hook and container.stays and not container.sidecar:
        hook = {"sleep": {"seconds": container.stays}}
    return {"preStop": hook} if hook else {}


def _mount(volume: "Volume | VolumeClaim") -> dict[str, Any]:
    read_only = getattr(volume, "readOnly", None)
    mount = {"name": volume.name, "mountPath": volume.mountPath, "readOnly": read_only, "subPath": volume.subPath}
    return {key: value for key, value in mount.items() if value is not None}


def _source(volume: "Volume") -> dict[str, Any]:
    sources = {key: in_order(source) for key in volume.SOURCES if (source := getattr(volume, key)) is not None}
    return {"name": volume.name, **sources}


def _probes(model: Model, templates: Templates, container: Container) -> dict[str, Any]:
    probes: dict[str, Any] = {"startup": None, "readiness": None, "liveness": None}
    probes |= templates.render_once("shared/probes.yaml", **_asked(model, container))
    for name in probes:
        own = getattr(model.probes, name) if model.probes else None
        if own is not None:
            probes[name] = None if own is False else probe(own, port(model))
    return probes | _startup(model, probes)


def _asked(model: Model, container: Container) -> dict[str, Any]:
    """Return what the template of probes is given."""
    if model.runtime != "tensorflow":
        return {"runtime": model.runtime, "port": port(model), "asked": None}
    from modelyard.targets.workloads import tensorflow

    if container.grpc:
        return {"runtime": "grpc", "port": tensorflow.GRPC.port, "asked": None}
    return {"runtime": model.runtime, "port": port(model), "asked": tensorflow.asked(model)}


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
    if own.exec:  # its command is expanded as the container's own is; that of preStop is not
        result["exec"] = {"command": words(own.exec.command)}
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
