"""Where the models of a chart are: for NOTES.txt, and for the pods of `helm test`.

NAMESPACE stands for the namespace of the release.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from modelyard.chart.expressions import at, escaped
from modelyard.chart.offers import NAMESPACE
from modelyard.manifests.manifest import POD_SPECS, Manifest
from modelyard.models.declared import DeclaredModel, Served
from modelyard.targets.workloads.objects import PORT_NAMES, base_name, lasting, object_name, port
from modelyard.targets.workloads.pods import url_path

_POD_SPECS: Final = {"Service": "/spec/template/spec", **POD_SPECS}  # of Knative too
_CALLED: Final = ("deployment", "knative", "openshift", "sagemaker-proxy")


class Check(NamedTuple):
    """A call that tells whether a model is ready. any_answer: each will do but a server's error."""

    url: str
    any_answer: bool = False


def outside(model: DeclaredModel) -> Iterator[str]:
    """Yield the addresses outside of the cluster, as texts of a template."""
    path = escaped(url_path(model)) if _is_called(model) else ""
    for name in (each for each in model.targets if each in _CALLED):
        spec: Any = model.whole.specs[name]
        base = ("models", model.name, "targets", name)
        for i, domain in enumerate(getattr(spec, "domains", None) or ()):
            yield f"{'https' if domain.tls else 'http'}://{{{{ {at((*base, 'hosts', i))} }}}}{path}"
        for key in ("ingress", "gateway"):
            entrance = getattr(spec, key, None)
            if entrance and entrance.host:
                scheme = "https" if getattr(entrance, "tls", None) else "http"
                yield f"{scheme}://{{{{ {at((*base, key, 'host'))} }}}}{'/invocations' if 'proxy' in name else path}"
        if getattr(spec, "host", None):
            yield f"https://{{{{ {at((*base, 'host'))} }}}}{path}"


def inside(model: DeclaredModel, manifests: Sequence[Manifest]) -> Iterator[str]:
    """Yield the addresses inside the cluster; of SageMaker the endpoint."""
    for name in model.targets:
        base = base_name(model, name)
        if name in _CALLED and (host := _host(model, model.whole, name, manifests)):
            yield f"{host}{'/invocations' if 'proxy' in name else url_path(model)}"
        elif name == "sagemaker":
            yield f"endpoint {base} of SageMaker"


def checks(model: DeclaredModel, manifests: Sequence[Manifest]) -> Iterator[Check]:
    """Yield the calls that tell whether what a model runs is ready."""
    for name in (each for each in model.targets if each in _CALLED):
        for served in model.served:
            host = _host(model, served, name, manifests)
            if host and name == "sagemaker-proxy":
                yield Check(f"{host}/ping")
            elif host:
                yield _check(model, served, name, host, manifests)


def _check(model: DeclaredModel, served: Served, target: str, host: str, manifests: Sequence[Manifest]) -> Check:
    probe = _probe(object_name(base_name(model, target), served), manifests)
    asked = probe.get("httpGet")
    if isinstance(asked, dict) and asked.get("port") in (*PORT_NAMES, port(served.model)):
        return Check(host + str(asked.get("path", "/")))
    if served.model.runtime == "scr":
        return Check(f"{host}{url_path(model)}/apiMeta/api")  # SCR describes itself there, see score.contract
    return Check(host + url_path(model), any_answer=True)


def _probe(name: str, manifests: Sequence[Manifest]) -> dict[str, Any]:
    """Return the readiness probe of a workload's first container; nothing where patches took it out."""
    for each in manifests:
        if each.name == name and each.kind in _POD_SPECS and "template" in each.body.get("spec", {}):
            node: Any = each.body
            for key in _POD_SPECS[each.kind].strip("/").split("/"):
                node = node.get(key, {})
            for _, _, container in lasting(node):
                return container.get("readinessProbe") or {}
    return {}


def _host(model: DeclaredModel, served: Served, target: str, manifests: Sequence[Manifest]) -> str | None:
    """Return scheme, host and port inside the cluster; None where no Service of HTTP leads there."""
    base = base_name(model, target)
    if target == "knative":
        name = f"{served.variant}-{base}" if served.variant else base  # of a tag; see targets.knative.claims
        return f"http://{name}.{NAMESPACE}.svc.cluster.local"
    name = object_name(base, served)
    service = next((each for each in manifests if (each.group, each.kind, each.name) == ("", "Service", name)), None)
    ports = service.body["spec"].get("ports", ()) if service else ()
    number = next((each["port"] for each in ports if each.get("name") == "http"), None)
    if number is None:
        return None
    scheme = "http" if target == "sagemaker-proxy" else served.model.scheme
    shown = "" if (scheme, number) in (("http", 80), ("https", 443)) else f":{number}"
    return f"{scheme}://{name}.{NAMESPACE}.svc{shown}"


def _is_called(model: DeclaredModel) -> bool:
    return any(each in _CALLED for each in model.targets)
