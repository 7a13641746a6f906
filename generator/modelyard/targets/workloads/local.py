"""A model's container without a cluster: what the kubelet would give it, as podman and docker are told it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from modelyard.manifests import expansion, names
from modelyard.manifests.template import Templates
from modelyard.models.declared import DeclaredModel, DeclaredSet, Served
from modelyard.targets.workloads import tensorflow
from modelyard.targets.workloads.pods import Container, image, pod

_MOST: Final = 1 << 17  # characters of a word with its variables; Linux, MAX_ARG_STRLEN
_SOURCES: Final = {"secretKeyRef": "the Secret", "configMapKeyRef": "the ConfigMap"}


@dataclass(frozen=True, slots=True)
class Local:
    """One container.

    given: variables whose values only the cluster has, and where from. ports: the model's own first. memory: bytes.
    writable: folders. files: path in the container -> text. lacking: what it has in a cluster alone.
    """

    name: str
    image: str
    command: tuple[str, ...]
    args: tuple[str, ...]
    env: Mapping[str, str]
    given: Mapping[str, str]
    ports: tuple[int, ...]
    user: str | None
    memory: int | None
    cpus: Decimal | None
    read_only: bool
    writable: tuple[str, ...]
    readiness: Mapping[str, Any]
    patience: int
    scheme: str = "http"
    files: Mapping[str, str] = field(default_factory=dict)
    lacking: tuple[str, ...] = ()

    @property
    def folder(self) -> str:
        """The folder of its files."""
        return tensorflow.FOLDER


def local(models: DeclaredSet, model: DeclaredModel, served: Served, templates: Templates) -> Local:
    """Return the container of a model that names a target, or of a variant."""
    target = model.targets[0]
    container = Container("http", seconds=_seconds(served, target))
    rendered = pod(models, model, served, target, templates, container)
    spec: dict[str, Any] = rendered["pod"]
    own = next(each for each in spec["containers"] if each["name"] == "model")
    env, given = _environment(own, served)
    security = own.get("securityContext", {})
    limits = own.get("resources", {}).get("limits", {})
    writable, lacking = _volumes(spec, own)
    startup = own.get("startupProbe", {})
    return Local(
        rendered["name"],
        models.locked(image(models, served.model)),
        tuple(_words(own.get("command", ()), env)),
        tuple(_words(own.get("args", ()), env)),
        env,
        given,
        tuple(each["containerPort"] for each in own["ports"]),
        _user(security),
        names.bytes_of(str(limits["memory"])) if "memory" in limits else None,
        _cpus(str(limits["cpu"])) if "cpu" in limits else None,
        bool(security.get("readOnlyRootFilesystem")),
        writable,
        own.get("readinessProbe") or startup,
        startup.get("periodSeconds", 1) * startup.get("failureThreshold", 120),
        served.model.scheme,
        {f"{tensorflow.FOLDER}/{name}": text for name, text in tensorflow.files(served.model).items()}
        if served.model.runtime == tensorflow.RUNTIME
        else {},
        (*lacking, *_beside(served)),
    )


def _seconds(served: Served, target: str) -> int | None:
    """Return what a call may take; where no target says it, that is what the server itself allows."""
    text = getattr(served.specs.get(target), "timeout", None)
    return names.seconds(text) if text else None


def _environment(container: Mapping[str, Any], served: Served) -> tuple[dict[str, str], dict[str, str]]:
    """Return the values of variables, and where those come from that only the cluster has."""
    env, given = dict(served.model.config or {}), dict[str, str]()
    for each in container.get("env", ()):
        name = str(each["name"])
        if "value" in each:
            env[name] = _expanded(each["value"], env)
        else:
            env.pop(name, None)
            given[name] = _origin(each["valueFrom"])
    return env, given


def _origin(source: Mapping[str, Any]) -> str:
    for key, what in _SOURCES.items():
        if key in source:
            return f"{what} {source[key]['name']}, key {source[key]['key']}"
    return "the pod"


def _beside(served: Served) -> Iterator[str]:
    for each in served.model.envFrom or ():
        if each.secretRef:
            yield f"the variables of the Secret {each.secretRef.name}"
        if each.configMapRef:
            yield f"the variables of the ConfigMap {each.configMapRef.name}"
    for container in (*(served.model.initContainers or ()), *(served.model.sidecars or ())):
        yield f"the container {container.name}"


def _words(words: Sequence[str], env: Mapping[str, str]) -> list[str]:
    return [_expanded(each, env) for each in words]


def _expanded(text: str, env: Mapping[str, str]) -> str:
    found = expansion.expanded(text, env, _MOST)
    return str(text) if found is None else found


def _user(security: Mapping[str, Any]) -> str | None:
    user, group = security.get("runAsUser"), security.get("runAsGroup")
    return None if user is None else f"{user}" if group is None else f"{user}:{group}"


def _cpus(text: str) -> Decimal:
    return Decimal(text.removesuffix("m")) / (1000 if text.endswith("m") else 1)


def _volumes(spec: Mapping[str, Any], container: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the folders that are empty at first, and what is lacking of the others."""
    sources = {each["name"]: each for each in spec.get("volumes", ())}
    writable, lacking = [], []
    for mount in container.get("volumeMounts", ()):
        name, path = mount["name"], str(mount["mountPath"])
        if "emptyDir" in sources.get(name, {}):
            writable.append(path)
        elif path != tensorflow.FOLDER:
            lacking.append(f"the volume {name} at {path}")
    return tuple(writable), tuple(lacking)
