"""What is asked of a container, and what it is told before its end: probes and hooks.

Source: kubernetes v1.36.3, pkg/apis/core/validation/validation.go, validateHandler, validateProbe,
validateLivenessProbe, validateReadinessProbe and validateExecAction; apimachinery pkg/util/validation,
IsHTTPHeaderName.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from modelyard.check.finding import Cluster, Finding, Found, Path, integer, items, mapping, text
from modelyard.check.pods import KNATIVE, all_pod_templates
from modelyard.manifests.manifest import Manifest
from modelyard.manifests.names import one_of
from modelyard.problems.patterns import pattern

_PROBES: Final = ("livenessProbe", "readinessProbe", "startupProbe")
_OF_PROBES: Final = ("exec", "grpc", "httpGet", "tcpSocket")
_OF_HOOKS: Final = ("exec", "httpGet", "sleep", "tcpSocket")
_NUMBERS: Final = ("failureThreshold", "initialDelaySeconds", "periodSeconds", "successThreshold", "timeoutSeconds")
_HEADER: Final = pattern(r"[-A-Za-z0-9]+")


def handlers(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find probes and hooks that ask nothing, in two ways, or with numbers that are none."""
    for index, manifest, template in all_pod_templates(manifests):
        for path, container in template.containers:
            found: list[Found] = []
            for key in _PROBES:
                if isinstance(container.get(key), dict):
                    found += _handler((*path, key), container[key], _OF_PROBES, open_=manifest.group == KNATIVE)
                    found += _probe((*path, key), container[key])
            for key, hook in mapping(container.get("lifecycle")).items():
                if isinstance(hook, dict):
                    found += _handler((*path, "lifecycle", key), hook, _OF_HOOKS, open_=manifest.group == KNATIVE)
            yield from (each.on("MY339", index) for each in found)


def _handler(path: Path, asked: Mapping[str, Any], kinds: Sequence[str], *, open_: bool) -> Iterator[Found]:
    """open_: of how many ways there are, rules of Knative say the same."""
    ways = [key for key in kinds if isinstance(asked.get(key), dict)]
    if len(ways) != 1 and not open_:
        said = f"{path[-1]} has {' and '.join(ways)}" if ways else f"{path[-1]} has no check"
        yield Found(said, f"give exactly one of {one_of(kinds)}", path)
    command = mapping(asked.get("exec"))
    if isinstance(asked.get("exec"), dict) and not command.get("command"):
        yield Found("the command is empty", "write command: [program, argument]", (*path, "exec"))
    for i, header in items(mapping(asked.get("httpGet")).get("httpHeaders")):
        if not _HEADER.fullmatch(text(header.get("name"))):
            where = (*path, "httpGet", "httpHeaders", i, "name")
            yield Found("the name of the header is not valid", "write letters, digits and -, such as X-Header", where)


def _probe(path: Path, probe: Mapping[str, Any]) -> Iterator[Found]:
    for key in _NUMBERS:
        number = integer(probe.get(key))
        if number is not None and number < 0:
            yield Found(f"{key} is less than 0", "change it", (*path, key))
    if path[-1] != "readinessProbe" and integer(probe.get("successThreshold")) not in (None, 0, 1):
        hint = "only a readiness probe can need more than one success"
        yield Found(f"successThreshold of a {path[-1]} must be 1", hint, (*path, "successThreshold"))
    grace = integer(probe.get("terminationGracePeriodSeconds"))
    where: Path = (*path, "terminationGracePeriodSeconds")
    if grace is not None and path[-1] == "readinessProbe":
        yield Found("a readiness probe never ends a pod", "take it out", where)
    elif grace is not None and grace <= 0:
        yield Found("the time to end is not more than 0", "change it", where)
