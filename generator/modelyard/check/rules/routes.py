"""What OpenShift refuses in a Route and says in CEL, which schemas here do not read.

Source: openshift/api 34e60874783e (2026-04-20), route/v1/types.go, its XValidation markers.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from modelyard.check.finding import Cluster, Finding, Found, Path, at, items, mapping, text
from modelyard.manifests.manifest import Manifest
from modelyard.problems.patterns import pattern

_KEPT: Final = frozenset(["cookie", "proxy", "set-cookie", "strict-transport-security"])
_FETCHED: Final = r"\[(?:FETCH\.hdr\([0-9A-Za-z-]+\)|ssl_c_der)(?:,(?:lower|base64))*\]"
_VALUE: Final = rf"(?:%(?:%|(?:\{{[-+]?[QXE](?:,[-+]?[QXE])*\}})?{_FETCHED})|[^%\x00-\x1f\x7f])+"
_VALUES: Final = {
    "request": pattern(_VALUE.replace("FETCH", "req")),
    "response": pattern(_VALUE.replace("FETCH", "res")),
}


def routes(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find Routes whose TLS or header actions OpenShift refuses."""
    for index, manifest in enumerate(manifests):
        if (manifest.group, manifest.kind) == ("route.openshift.io", "Route"):
            for found in (*_tls(at(manifest.body, "spec")), *_headers(at(manifest.body, "spec"))):
                yield Finding("MY363", found.message, found.hint, index, found.path)


def _tls(spec: dict[str, Any]) -> Iterator[Found]:
    tls = mapping(spec.get("tls"))
    where: Path = ("spec", "tls")
    through = tls.get("termination") == "passthrough"
    if through and tls.get("insecureEdgeTerminationPolicy") == "Allow":
        hint = "write Redirect or None: plain HTTP cannot reach a server behind passthrough"
        yield Found("passthrough allows no plain HTTP", hint, (*where, "insecureEdgeTerminationPolicy"))
    if "certificate" in tls and "externalCertificate" in tls:
        hint = "keep one of them"
        yield Found("certificate and externalCertificate exclude each other", hint, (*where, "externalCertificate"))
    if through and "httpHeaders" in spec:
        hint = "take httpHeaders out, or write edge or reencrypt"
        yield Found("the router sees no headers behind passthrough", hint, ("spec", "httpHeaders"))


def _headers(spec: dict[str, Any]) -> Iterator[Found]:
    actions = mapping(mapping(spec.get("httpHeaders")).get("actions"))
    for side, value in _VALUES.items():
        for i, each in items(actions.get(side)):
            where: Path = ("spec", "httpHeaders", "actions", side, i)
            name, action = text(each.get("name")), mapping(each.get("action"))
            if name.lower() in _KEPT:
                yield Found(f"the header {name} cannot be changed by a Route", "take it out", (*where, "name"))
            if (action.get("type") == "Set") != ("set" in action):
                yield Found(
                    "an action of type Set needs set; other types cannot have it", "correct it", (*where, "action")
                )
            set_ = mapping(action.get("set")).get("value")
            if isinstance(set_, str) and not value.fullmatch(set_):
                hint = (
                    f"write %% for a percent sign, %[{side[:3]}.hdr(NAME)] for a header, %[ssl_c_der] for a certificate"
                )
                yield Found("HAProxy would not accept this value", hint, (*where, "action", "set", "value"))
