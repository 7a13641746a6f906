"""What Knative Serving refuses or changes in the pod of a revision, whatever the feature flags.

Source: knative/serving v0.50.0, pkg/apis/serving/k8s_validation.go, v1/revision_defaults.go and
v1/revision_validation.go, with the limits of config/core/configmaps/defaults.yaml; what is changed:
pkg/reconciler/revision/resources/deploy.go.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from modelyard.check.finding import PROBING, Cluster, Finding, Found, Path, allows, at, integer, items, mapping, text
from modelyard.check.pods import KNATIVE, all_pod_templates, containers, pod_templates
from modelyard.manifests.manifest import Manifest
from modelyard.manifests.names import names_registry, repository

RESERVED_PORTS: Final = frozenset([8008, 8012, 8013, 8022, 8112, 9090, 9091])
_WITH_PODS: Final = frozenset(["Service", "Configuration", "Revision"])
_PORT: Final = 8080  # of a container that names none: pkg/apis/serving/v1, DefaultUserPort
_SHORTEST: Final = 2  # characters of a repository: go-containerregistry v0.20, pkg/name/repository.go
_PORT_NAMES: Final = ("", "h2c", "http1")
_RESERVED_CONTAINER: Final = "queue-proxy"
_RESERVED_VARIABLES: Final = ("K_SERVICE", "K_CONFIGURATION", "K_REVISION")
_MAX_TIMEOUT: Final = 600  # seconds; max-revision-timeout-seconds
_MAX_CONCURRENCY: Final = 1000  # container-concurrency-max-limit
_MAX_ID: Final = 2**31 - 1
_IDS: Final = ("runAsUser", "runAsGroup", "fsGroup")
_HANDLERS: Final = ("httpGet", "tcpSocket", "exec", "grpc")
_PROBES: Final = ("livenessProbe", "readinessProbe", "startupProbe")


def _pods(manifests: Sequence[Manifest]) -> Iterator[tuple[int, Path, dict[str, Any]]]:
    for index, manifest, template in all_pod_templates(manifests):
        if manifest.group == KNATIVE:
            yield index, template.spec_path, template.spec


def ports(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find more than one port, reserved ones, and names that are no protocol."""
    for index, path, pod in _pods(manifests):
        every = [
            ((*where, "ports", i), port)
            for where, container in containers(path, pod)
            if where[-2] == "containers"
            for i, port in items(container.get("ports"))
        ]
        if len(every) > 1:
            hint = "a revision has one port, in one of its containers"
            yield Finding("MY306", "a second port", hint, index, every[1][0], every[0][0], "the first")
        if not every and len(list(items(pod.get("containers")))) > 1:
            hint = "give the container that answers the calls its port"
            yield Finding("MY306", "none of the containers has a port", hint, index, (*path, "containers"))
        for where, port in every[:1]:
            for found in _port(where, port):
                yield found.on("MY306", index)


def _port(path: Path, port: dict[str, Any]) -> Iterator[Found]:
    name, protocol = text(port.get("name")), text(port.get("protocol"))
    if name not in _PORT_NAMES:
        hint = "leave the name out, or write h2c for HTTP/2 without TLS"
        yield Found(f"a port of Knative cannot be called {name}", hint, (*path, "name"))
    if protocol not in ("", "TCP"):
        yield Found(f"a port of Knative does not speak {protocol}", "write TCP", (*path, "protocol"))
    if integer(port.get("containerPort")) in RESERVED_PORTS:
        hint = "let the container listen elsewhere"
        message = f"Knative's own containers use port {port['containerPort']}"
        yield Found(message, hint, (*path, "containerPort"))


def limits(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find a concurrency, a time-out or a user that Knative refuses."""
    for index, path, pod in _pods(manifests):
        bounded: list[tuple[Path, Any, int]] = [
            ((*path, "containerConcurrency"), pod.get("containerConcurrency"), _MAX_CONCURRENCY),
            ((*path, "timeoutSeconds"), pod.get("timeoutSeconds"), _MAX_TIMEOUT),
        ]
        contexts = [(path, pod), *containers(path, pod)]
        for where, each in contexts:
            context = mapping(each.get("securityContext"))
            inside: Path = (*where, "securityContext")
            ids: list[tuple[Path, Any]] = [((*inside, key), context.get(key)) for key in _IDS]
            if isinstance(groups := context.get("supplementalGroups"), list):
                ids += [((*inside, "supplementalGroups", i), group) for i, group in enumerate(groups)]
            bounded += [(place, value, _MAX_ID) for place, value in ids]
        for where, value, most in bounded:
            number = integer(value)
            if number is not None and not 0 <= number <= most:
                message = f"{where[-1]} {number} is not between 0 and {most}"
                yield Finding("MY310", message, "change it", index, where)


def user_containers(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find containers that Knative refuses: by name, by image, with a variable that has no name, and none at all."""
    for index, manifest in enumerate(manifests):
        if manifest.group == KNATIVE and manifest.kind in _WITH_PODS and not any(pod_templates(manifest)):
            yield Finding("MY311", "there is no container", "add containers:", index, _deepest(manifest))
    for index, path, pod in _pods(manifests):
        if not pod.get("containers"):
            yield Finding("MY311", "there is no container", "add containers:", index, path)
        for where, container in containers(path, pod):
            if container.get("name") == _RESERVED_CONTAINER:
                message = f"Knative's own container is called {_RESERVED_CONTAINER}"
                yield Finding("MY311", message, "give yours another name", index, (*where, "name"))
            name = repository(text(container.get("image")))
            if name and len(name.partition("/")[2] if names_registry(name) else name) < _SHORTEST:
                hint = "write at least two characters: Knative cannot look up the digest of a shorter name"
                yield Finding("MY311", f"the image's name {name} is too short", hint, index, (*where, "image"))
            if not container:
                yield Finding("MY311", "the container is empty", "give it an image", index, where)
            for i, variable in items(container.get("env")):
                if variable.get("name") == "":
                    yield Finding("MY311", "the variable's name is empty", "name it", index, (*where, "env", i, "name"))


def _deepest(manifest: Manifest) -> Path:
    """Return how far the path to the pod's spec leads in an object that has none."""
    wanted = ("spec",) if manifest.kind == "Revision" else ("spec", "template", "spec")
    return next(wanted[:i] for i in range(len(wanted), -1, -1) if i == 0 or at(manifest.body, *wanted[:i]))


def variables(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find environment variables that Knative sets itself."""
    for index, path, pod in _pods(manifests):
        several = len(list(items(pod.get("containers")))) > 1
        for where, container in containers(path, pod):
            serves = where[-2] == "containers" and (not several or container.get("ports"))
            for i, variable in items(container.get("env")):
                name = variable.get("name")
                if name in _RESERVED_VARIABLES or (name == "PORT" and serves):
                    hint = "take it out; the container finds Knative's value there"
                    yield Finding("MY312", f"Knative itself sets {name}", hint, index, (*where, "env", i, "name"))


def probes(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find probes that Knative's queue-proxy cannot run."""
    for index, path, pod in _pods(manifests):
        several = len(list(items(pod.get("containers")))) > 1
        for where, container in containers(path, pod):
            sidecar = where[-2] != "containers" or (several and not container.get("ports"))
            for key in _PROBES:
                probe = container.get(key)
                if not isinstance(probe, dict):
                    continue
                if not sidecar:
                    wrong = _probe((*where, key), probe, container)
                    if key == "livenessProbe" and not allows(cluster, PROBING):
                        yield from (
                            each.on("MY319", index) for each in _asked_elsewhere((*where, key), probe, container)
                        )
                elif where[-2] == "containers" and allows(cluster, PROBING):
                    wrong = _beside((*where, key), probe)
                else:
                    wrong = _sidecar(where, key)
                yield from (found.on("MY314", index) for found in wrong)


def _asked_elsewhere(path: Path, probe: dict[str, Any], container: dict[str, Any]) -> Iterator[Found]:
    """Find a liveness probe whose port Knative replaces by that of the container (rewriteUserLivenessProbe)."""
    own = next((integer(port.get("containerPort")) for _, port in items(container.get("ports"))), None) or _PORT
    for key in ("httpGet", "tcpSocket"):
        port = integer(mapping(probe.get(key)).get("port"))
        if port and port != own:
            hint = f"ask what answers at {own}, or leave the probe out"
            yield Found(f"Knative asks at port {own}, not {port}", hint, (*path, key, "port"))


def _sidecar(path: Path, key: str) -> Iterator[Found]:
    hint = "take it out: Knative probes the container with the port alone"
    if path[-2] == "containers":
        hint += f"; where config-features has {PROBING} on, add that to spec.knative.features, or --knative-feature"
    yield Found(f"a {key} in a container without a port", hint, (*path, key))


def _beside(path: Path, probe: dict[str, Any]) -> Iterator[Found]:
    """Find what is wrong with a probe of a container beside the one that serves: it says its port itself."""
    handlers = [key for key in _HANDLERS if isinstance(probe.get(key), dict)]
    if len(handlers) != 1:
        word = " and ".join(handlers) or "nothing"
        yield Found(f"the probe has {word}", f"write one of {', '.join(_HANDLERS)}", path)
    for key in handlers:
        if key in ("httpGet", "tcpSocket") and not probe[key].get("port"):
            yield Found("the probe has no port", "write the port that the container listens on", (*path, key))
    if path[-1] == "readinessProbe":
        yield from _readiness(path, probe)


def _probe(path: Path, probe: dict[str, Any], container: dict[str, Any]) -> Iterator[Found]:
    readiness = path[-1] == "readinessProbe"
    handlers = [key for key in _HANDLERS if isinstance(probe.get(key), dict)]
    if len(handlers) > 1 or (not handlers and not readiness):
        word = " and ".join(handlers) or "nothing"
        yield Found(f"the probe has {word}", f"write one of {', '.join(_HANDLERS)}", path)
    ports = [port for _, port in items(container.get("ports"))]
    name = (text(ports[0].get("name")) if ports else "") or "http"
    for key in handlers:
        port = mapping(probe[key]).get("port")
        if key in ("httpGet", "tcpSocket") and isinstance(port, str) and port not in ("", name):
            hint = "leave the port out: Knative probes the container's own"
            yield Found(f"the probe's port {port} is not the container's", hint, (*path, key, "port"))
    if readiness:
        yield from _readiness(path, probe)


def _readiness(path: Path, probe: dict[str, Any]) -> Iterator[Found]:
    period = integer(probe.get("periodSeconds")) or 0
    for key in ("periodSeconds", "initialDelaySeconds"):
        if (integer(probe.get(key)) or 0) < 0:
            yield Found(f"{key} is less than 0", "change it", (*path, key))
    if (integer(probe.get("successThreshold")) or 1) < 1:
        yield Found("successThreshold is less than 1", "change it", (*path, "successThreshold"))
    for key in ("timeoutSeconds", "failureThreshold"):
        number = integer(probe.get(key)) or 0
        if period == 0 and number != 0:
            hint = "set periodSeconds too, or leave both out: Knative then asks several times a second"
            yield Found(f"{key} without periodSeconds", hint, (*path, key))
        elif number < 0:
            yield Found(f"{key} is less than 1", "change it", (*path, key))
