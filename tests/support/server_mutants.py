"""Mutants of sound objects against a real API server: `python -m tests.support.server_mutants COUNT [SEED]` compares.

Each mutant is an object of tests/check/server/objects.yaml with one thing changed. The server is asked to create it, as
a dry run; where it takes it and `check` does not, it is asked by server-side apply too, as modelyard and Flux do.
"""

import json
import pickle
import random
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

import yaml

from modelyard.check import check_objects
from modelyard.check.finding import Cluster as Known
from modelyard.check.schemas.kinds import Kinds
from modelyard.cluster.client import Client, ClusterProblem
from modelyard.cluster.login import Connection, connect
from modelyard.manifests.json_patch import pointer_of
from modelyard.problems.codes import CODES
from tests import conftest
from tests.support import cluster_server
from tests.support.cluster_server import Cluster

Data: TypeAlias = dict[str, Any]
Path_: TypeAlias = tuple[str | int, ...]

SERVER: Final = "1.36"  # of Kubernetes: of the API server that is asked
FOLDER: Final = Path(__file__).parents[1] / "check" / "server"
OBJECTS: Final[dict[str, Data]] = yaml.safe_load((FOLDER / "objects.yaml").read_text("utf-8"))
AT_ONCE: Final = 4  # calls
_KINDS: Final = Kinds(SERVER)
_OTHERS: Final[tuple[Any, ...]] = ("x y", 2**40, True, None, [1], {})
_TEXTS: Final = (*("", "a", "a.b", "-a", "A", "1a", "a_b", "/a", "a/b", "*", "..", "None"), "x" * 64, "y" * 254)
_NUMBERS: Final = (-1, 0, 1, 2, 100, 70000, 2**31)
# Words that a field of this name may hold, right ones and wrong ones.
_WORDS: Final[Mapping[str, tuple[Any, ...]]] = {
    "type": (
        *("ClusterIP", "NodePort", "LoadBalancer", "ExternalName", "Recreate", "RollingUpdate", "OnDelete"),
        *("Percent", "Pods", "Resource", "External", "Utilization", "Value", "kubernetes.io/tls", "Container", "Pod"),
        *("kubernetes.io/dockercfg", "kubernetes.io/service-account-token", "kubernetes.io/basic-auth"),
    ),
    "restartPolicy": ("Always", "Never", "OnFailure"),
    "operator": ("In", "NotIn", "Exists", "DoesNotExist", "Equal", "Gt"),
    "schedule": (
        "61 * * * *",
        "@daily",
        "@never",
        "* * * *",
        "0 0 31 2 *",
        "0 0 * * 8",
        "TZ=UTC 0 0 * * *",
        "*/0 * * * *",
    ),
    "timeZone": ("Local", "Mars/Base", "Etc/UTC", "UTC"),
    "cidr": ("10.0.0.0/33", "10.0.0.1/8", "fd00::/8", "10.0.0.0"),
    "maxUnavailable": (0, "0%", "101%", "a"),
    "maxSurge": (0, "0%", "101%", "a"),
    "minAvailable": ("101%", "a", 0),
    "clusterIP": ("10.0.0.300", "10.0.0.77", "None", "fd00::1"),
    "ip": ("127.0.0.1", "224.0.0.1", "10.1.2.300", "fd00::1"),
    "host": ("https://a.example.com", "*.example.com", "10.1.2.3", "a.example.com:80"),
    "path": ("/a/../b", "a", "//"),
    "pathType": ("Exact", "Prefix", "ImplementationSpecific"),
    "url": ("http://a.example.com", "https://a.example.com/x?y=1", "https://u:p@a.example.com"),
    "scope": ("Cluster", "Namespace", "Namespaced", "*"),
    "sideEffects": ("Some", "None", "Unknown"),
    "kind": ("Role", "ClusterRole", "User", "Group", "ServiceAccount", "PersistentVolumeClaim", "ConfigMap"),
    "completionMode": ("Indexed", "NonIndexed"),
    "dnsPolicy": ("None", "Default", "ClusterFirst"),
    "succeededIndexes": ("0-2", "3-1", "9", "a"),
    "whenUnsatisfiable": ("ScheduleAnyway", "DoNotSchedule"),
    "externalName": ("A_b", "a.example.com.", "10.1.2.3"),
    "sessionAffinity": ("None", "ClientIP"),
    "storage": ("0", "-1Gi", "1.5"),
    "cpu": ("0", "-1", "3", "50m"),
    "memory": ("0", "-1", "8Gi", "1m"),
    "averageValue": ("0", "-1"),
    "value": ("0", "-1"),
    "expression": ("1 +", "true"),
    "preemptionPolicy": ("Never",),
}


# Where the server and check need not agree: what a difference says, as a regular expression, and why.
EXCEPTIONS: Final[Mapping[str, str]] = {
    r"compilation failed|xpression(?:\[\d+\])?: Invalid": "of CEL, brackets and quotes alone are read",
    r"parsing time": "times are not read",
    r"scaleIO|flocker|quobyte|portworx|storageos|cinder|rbd|cephfs|glusterfs|photon|vsphere|flexVolume": (
        "drivers that Kubernetes has taken out"
    ),
    r"IPv6 is not configured|without corresponding RuntimeClass": "it depends on the cluster",
    r"= null\n": "null in a list, or as a value of a map, is the empty value of its type",
    r"check: MY371 ": "no node can fetch an image of this name",
    r"check: MY390 \S+: \S+ lacks |: the object lacks ": "the server fills in an empty value, and older clients refuse",
    r"does not have the required form|not a quantity|/divisor = \"\S+ \"": "blanks around an amount are taken off",
    r"nodePort: -?\d+ is not a port": "a dry run gives no port of the node",
    r"volumeClaimTemplates/0/(?:kind|apiVersion): ": "kind and version of a claim's template are overwritten",
    r"medium \S+ is unknown": "no node has such a volume",
    r"MY335 \S+/configMapRef/name|image has no reference": "no pod would ever start",
    r"one source is of": "the second source is behind a feature gate that is off",
    r"check: MY337 .* Gt|check: MY358 .* Gt needs one whole": "no node would ever fit",
    r"check: MY322 \S+: the container has no port": "the probe would never succeed",
}


class Mutant(NamedTuple):
    """An object with one thing changed. what: the object's name in the file, the place, and the change."""

    name: str
    what: str
    body: Data

    def __str__(self) -> str:
        """Return it for a person."""
        return f"{self.name} {self.what}"


class Difference(NamedTuple):
    """A mutant that the server and check do not agree about. server, check: what each has against it."""

    mutant: Mutant
    server: str
    check: tuple[str, ...]

    def __str__(self) -> str:
        """Return it for a person."""
        return f"{self.mutant}\n  server: {self.server or 'takes it'}\n  check: {'; '.join(self.check) or 'takes it'}"


@dataclass
class Compared:
    """What came of all mutants, and how many of each kind there were."""

    tried: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    excepted: Counter[str] = field(default_factory=Counter)
    differences: list[Difference] = field(default_factory=list)

    def __str__(self) -> str:
        """Return the figures, a line for each object."""
        differ = Counter(each.mutant.name for each in self.differences)
        lines = [
            f"{name}: {count} mutants, the server refuses {self.refused[name]}, check differs on {differ[name]}"
            for name, count in sorted(self.tried.items())
        ]
        total = (
            f"all: {self.tried.total()} mutants, {self.refused.total()} refused, {len(self.differences)} differences"
        )
        return "\n".join([*lines, total])


def mutants(name: str) -> Iterator[Mutant]:
    """Yield the object of a name with each change of each of its places."""
    body = OBJECTS[name]
    whole = pickle.dumps(body)
    definition = _KINDS.find(body["apiVersion"], body["kind"])
    schema = definition.schema if definition else {}
    for path, node in _nodes(body, ()):
        if path and path not in (("apiVersion",), ("kind",)):
            for value in _values(path, node):
                yield Mutant(name, f"{pointer_of(*path)} = {json.dumps(value)[:60]}", _put(whole, path, value))
            yield Mutant(name, f"{pointer_of(*path)} taken out", _without(whole, path))
        if isinstance(node, dict):
            known = _resolved(_at(schema, path), schema).get("properties", {})
            for key in known.keys() - node.keys() - {"status"}:
                if path != ("metadata",):
                    for value in _samples(key, known[key], schema, 0):
                        what = f"{pointer_of(*path, key)} added {json.dumps(value)[:60]}"
                        yield Mutant(name, what, _put(whole, (*path, key), value))


def chosen(count: int, seed: int = 0) -> Iterator[Mutant]:
    """Yield so many mutants, as many of each object as there are, always the same for one seed."""
    chance = random.Random(seed)  # noqa: S311 - reproducible, not secret
    each = -(-count // len(OBJECTS))
    for name in OBJECTS:
        all_ = sorted(mutants(name), key=lambda one: one.what)
        yield from chance.sample(all_, min(each, len(all_)))


def compared(cluster: Cluster, namespace: str, wanted: list[Mutant]) -> Compared:
    """Ask the server and check about mutants."""
    result = Compared()
    with connect(Connection(kubeconfig=cluster.kubeconfig, namespace=namespace)) as client:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            answers = list(pool.map(lambda each: _asked(client, each.body), wanted))
        for mutant, created in zip(wanted, answers, strict=True):
            check = errors(mutant.body)
            server = _asked(client, mutant.body, apply=True) if check and not created else created
            result.tried[mutant.name] += 1
            result.refused[mutant.name] += bool(server)
            if bool(server) != bool(check):
                difference = Difference(mutant, server, check)
                reason = next((why for form, why in EXCEPTIONS.items() if re.search(form, str(difference))), None)
                if reason:
                    result.excepted[reason] += 1
                else:
                    result.differences.append(difference)
    return result


def errors(body: Data) -> tuple[str, ...]:
    """Return what check has against an object, errors alone."""
    found = check_objects([body], Known(kinds=_KINDS))
    return tuple(
        f"{each.code} {pointer_of(*each.path)}: {each.message}"
        for each in found
        if CODES[each.code].severity == "error"
    )


def _asked(client: Client, body: Data, *, apply: bool = False) -> str:
    """Return what the server has against an object; empty if it takes it."""
    query = {"fieldManager": "modelyard", "fieldValidation": "Strict", "dryRun": "All"}
    metadata = body.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    try:
        kind = client.kind(body["apiVersion"], body["kind"])
        if apply:
            path, query = kind.path(client.namespace, str(name)), {**query, "force": "true"}
            client.call("PATCH", path, str(name), query=query, body=body, content_type="application/apply-patch+yaml")
        else:
            client.call("POST", kind.path(client.namespace), str(name), query=query, body=body)
    except ClusterProblem as error:
        # Another test has an object of that name; before the server looks for it, it has found nothing wrong
        # (kubernetes v1.36.3, apiserver pkg/registry/generic/registry/store.go, create: rest.BeforeCreate).
        return "" if error.problem.message.endswith("already exists") else error.problem.message
    return ""


def _values(path: Path_, node: object) -> Iterator[Any]:
    """Yield what a place may hold otherwise."""
    yield from _OTHERS
    key = next((part for part in reversed(path) if isinstance(part, str)), "")
    if isinstance(node, str | int) and not isinstance(node, bool):
        yield from (each for each in _WORDS.get(key, ()) if each != node)
    if isinstance(node, bool):
        yield not node
    elif isinstance(node, str):
        yield from _TEXTS
        yield from (f"{node}-", f"{node} ", node.upper())
    elif isinstance(node, int):
        yield from (*_NUMBERS, node + 1, str(node))
    elif isinstance(node, list):
        yield from ([], [*node, *node[:1]], node[::-1])
    elif isinstance(node, dict):
        yield from ({"a b": "c"}, {**node, "unknownField": 1})


def _samples(key: str, node: Data, schema: Data, depth: int) -> Iterator[Any]:
    """Yield values for a field that is not there."""
    node = _resolved(node, schema)
    if key in _WORDS and depth == 0:
        yield from _WORDS[key]
    given = node.get("type")
    match given[0] if isinstance(given, list) and given else given:
        case "string":
            yield "a"
        case "integer":
            yield from (1, 0, -1)
        case "boolean":
            yield from (True, False)
        case "array":
            yield from ([each] for each in (_samples(key, node["items"], schema, depth + 1) if depth < 3 else ()))
        case "object":
            fields = node.get("properties", {})
            needed = {
                each: next(_samples(each, fields[each], schema, depth + 1), "a") for each in node.get("required", ())
            }
            yield needed
            if not fields:
                yield {"a": "b"}
            elif depth < 2:
                for each in fields:
                    value = next(_samples(each, fields[each], schema, depth + 1), None)
                    yield {**needed, each: value}
        case _:
            yield from (1, "a")


def _resolved(node: Data, schema: Data) -> Data:
    reference = node.get("$ref")
    return _resolved(schema["$defs"][reference.rpartition("/")[2]], schema) if reference else node


def _at(schema: Data, path: Path_) -> Data:
    node = schema
    for part in path:
        node = _resolved(node, schema)
        if isinstance(part, int):
            node = node.get("items", {})
        else:
            others = node.get("additionalProperties")
            node = node.get("properties", {}).get(part, others if isinstance(others, dict) else {})
    return node


def _nodes(node: object, path: Path_) -> Iterator[tuple[Path_, object]]:
    yield path, node
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        yield from _nodes(value, (*path, key))


def _put(whole: bytes, path: Path_, value: object) -> Data:
    copy: Data = pickle.loads(whole)  # noqa: S301 - dumped above
    node: Any = copy
    for part in path[:-1]:
        node = node[part]
    node[path[-1]] = value
    return copy


def _without(whole: bytes, path: Path_) -> Data:
    copy: Data = pickle.loads(whole)  # noqa: S301 - dumped above
    node: Any = copy
    for part in path[:-1]:
        node = node[part]
    node.pop(path[-1])
    return copy


def main() -> int:
    """Compare on a server of its own, and print the figures; returns 1 where they differ."""
    count, seed = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0
    with cluster_server.serve_bare(conftest.CLUSTER_SOURCE / "up", conftest.CLUSTER) as kubeconfig:
        cluster = Cluster(conftest.built("kube-apiserver") / "kubectl", kubeconfig)
        cluster.succeed("create", "namespace", "mutants")
        result = compared(cluster, "mutants", list(chosen(count, seed)))
    sys.stdout.write("\n".join([*map(str, result.differences), f"seed {seed}", str(result), ""]))
    return 1 if result.differences else 0


if __name__ == "__main__":
    sys.exit(main())
