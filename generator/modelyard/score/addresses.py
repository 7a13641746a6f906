"""Where a model is: a URL, or its name in the models file, with an ingress where no DNS knows the host."""

from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

from modelyard.manifests.names import nearest
from modelyard.models.declared import DeclaredModel, DeclaredSet
from modelyard.problems import Problem, problem
from modelyard.problems.credentials import forms
from modelyard.score.http import Address, address
from modelyard.score.options import Locate, Route
from modelyard.targets.workloads.deployments import VARIANT_HEADER
from modelyard.targets.workloads.pods import url_path

UNLOGGED: Final = ("Modelyard-Log", "none")  # the header of a call that a request log leaves out
_PLAIN: Final = frozenset([VARIANT_HEADER, UNLOGGED[0]])


def is_url(model: str) -> bool:
    """Tell whether a MODEL|URL argument is a URL."""
    return "://" in model


def name_of(model: str) -> str:
    """Return the name that a model has in Kubernetes: credit_risk is credit-risk."""
    return model.replace("_", "-").lower()


def find(
    model: str, route: Route, models: DeclaredSet | None, locate: Locate, *, live: bool = False
) -> tuple[Address | None, list[Problem]]:
    """Return where a model is, or why that is not known.

    Looked up in this order: the URL, the models file, the cluster through `locate`; with `live` the cluster alone, and
    of the file no more than the model's path.
    """
    found, problems = _found(model, route, models, locate, live=live)
    if found is None:
        return None, problems
    if route.ingress:
        found, problems = _through(found, route.ingress)
    if found is None:
        return None, problems
    own = replace(found, headers=(*found.headers, *route.headers))
    if secrets(own) and own.is_open:
        host = urlsplit(own.url).netloc
        problems = [problem("MY814", f"a credential goes to {host} over plain HTTP", hint="use https if you can")]
    return own, problems


def secrets(found: Address) -> set[str]:
    """Return the values of an address that no output may show."""
    return {form for name, value in found.headers if name not in _PLAIN for form in forms(value)}


def _found(
    model: str, route: Route, models: DeclaredSet | None, locate: Locate, *, live: bool
) -> tuple[Address | None, list[Problem]]:
    declared = None if is_url(model) else _declared(model, models)
    text = model if is_url(model) else route.url
    if text:
        return _by_url(model, text, route, declared)
    problems: list[Problem] = []
    if not live:
        found, problems = _by_file(declared, route, models) if declared else _undeclared(model, models)
        if found is not None:
            return found, []
    found, wrong = locate(*_sought(model, declared), route)
    if found is None and problems:  # no cluster at all is no news to who named none
        wrong = [each for each in wrong if each.code != "MY701"]
    return found, [] if found else [*problems, *wrong]


def _by_url(
    model: str, text: str, route: Route, declared: DeclaredModel | None
) -> tuple[Address | None, list[Problem]]:
    if is_url(model) and route.variant:
        return None, [problem("MY801", "--variant needs the model's name", hint="a URL names its variant itself")]
    found, wrong = address(text)
    if found is None:
        return None, [problem("MY813", f"the URL {wrong}", hint="such as https://models.example.com/credit_risk")]
    return (found.at(str(url_path(declared))) if declared and not found.path else found), []


def _undeclared(model: str, models: DeclaredSet | None) -> tuple[None, list[Problem]]:
    names = [each.name for each in models.models] if models else []
    meant = nearest(model, names)
    hint = f"did you mean {meant}?" if meant else "name it in models.yaml, give its URL, or -n NAMESPACE of a cluster"
    return None, [problem("MY801", f"there is no model {model} in the models file", hint=hint)]


def _sought(model: str, declared: DeclaredModel | None) -> tuple[tuple[str, ...], str]:
    """Return the names that a model's objects may have, its own first, and its path if the file says it."""
    if declared is None:
        return (name_of(model),), ""
    own = [str(name) for each in declared.whole.specs.values() if (name := getattr(each, "name", None))]
    return tuple(dict.fromkeys([declared.name, *own])), str(url_path(declared))


def _declared(model: str, models: DeclaredSet | None) -> DeclaredModel | None:
    every = models.models if models else ()
    return next((each for each in every if each.name == name_of(model)), None)


def _by_file(model: DeclaredModel, route: Route, models: DeclaredSet | None) -> tuple[Address | None, list[Problem]]:
    """Return the address that the models file says: scheme and host of a target, and the model's path."""
    variants = [each.variant for each in model.variants if each.variant]
    if route.variant and route.variant not in variants:
        hint = f"there are {', '.join(variants)}" if variants else "it has no variants"
        return None, [problem("MY801", f"{model.name} has no variant {route.variant}", hint=hint)]
    targets = model.whole.data.get("targets")
    declared: dict[str, Any] = targets if isinstance(targets, dict) else {}
    headers: tuple[tuple[str, str], ...] = ()
    found = _knative(model, declared, route, models) if "knative" in declared else ("", "")
    if not found[1]:
        found = _http(declared) if not route.variant or _gateway(declared) else ("", "")
        headers = ((VARIANT_HEADER, route.variant),) if route.variant else ()
    scheme, host = found
    if not host:
        message = f"the models file does not say at which host {model.name} is"
        hint = "give its URL, or -n NAMESPACE of the cluster; on Knative --domain is its own, such as example.com"
        return None, [problem("MY801", message, hint=hint)]
    return Address(f"{scheme}://{host}{url_path(model)}", headers=headers), []


def _knative(
    model: DeclaredModel, declared: dict[str, Any], route: Route, models: DeclaredSet | None
) -> tuple[str, str]:
    """Return scheme and host on Knative: a domain of its own, else NAME.NAMESPACE.DOMAIN, with a tag TAG-NAME."""
    spec = declared["knative"] if isinstance(declared["knative"], dict) else {}
    for domain in () if route.variant else spec.get("domains") or ():
        return ("https" if domain.get("tls") else "http"), str(domain["host"])
    namespace = models.spec.namespace if models else None
    if not route.domain or not namespace:
        return "", ""
    name = str(spec.get("name") or model.name)
    tagged = f"{route.variant}-{name}" if route.variant else name
    return "http", f"{tagged}.{namespace}.{route.domain}"


def _gateway(declared: dict[str, Any]) -> bool:
    return any(isinstance(each, dict) and each.get("gateway") for each in declared.values())


def _http(declared: dict[str, Any]) -> tuple[str, str]:
    """Return scheme and host of an Ingress, a Gateway or a Route of OpenShift."""
    for spec in declared.values():
        if not isinstance(spec, dict):
            continue
        for place in (spec.get("ingress"), spec.get("gateway"), spec):
            if isinstance(place, dict) and place.get("host"):
                return ("https" if place.get("tls") else "http"), str(place["host"])
    return "", ""


def _through(found: Address, ingress: str) -> tuple[Address | None, list[Problem]]:
    """Return the address by way of HOST:PORT, or of a URL that also says the scheme."""
    parts = urlsplit(found.url)
    gate, wrong = address(ingress if is_url(ingress) else f"{parts.scheme}://{ingress}")
    if gate is None or gate.path:
        wrong = wrong or "must have no path"
        return None, [problem("MY813", f"the ingress {wrong}", hint="such as 10.0.0.7:80")]
    through = urlsplit(gate.url)
    url = urlunsplit((through.scheme, through.netloc, parts.path, "", ""))
    return Address(url, found.host or parts.netloc, found.headers), []
