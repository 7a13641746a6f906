"""Random models files against a real API server: `python -m tests.support.refusals FILES [SEED]` says what it refused.

Each file that `check` takes is rendered, and each of its objects applied to the server as a dry run. Knative is asked
to try the pods too (its annotation podspec-dryrun), as it would make them. What pods need beforehand is made first.
"""

import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, TypeAlias, get_args

from modelyard.check.pods import all_pod_templates
from modelyard.cluster.client import Client, ClusterProblem
from modelyard.cluster.login import Connection, connect
from modelyard.manifests.manifest import Manifest
from modelyard.models.model_set import Feature
from modelyard.problems import has_errors
from tests import conftest
from tests.support import cluster_server, random_models
from tests.support.cluster_server import Cluster

Data: TypeAlias = dict[str, Any]

FEATURES: Final[tuple[str, ...]] = get_args(Feature)
AT_ONCE: Final = 4  # calls
_APPLY: Final = "application/apply-patch+yaml"
_TRY: Final = {"fieldManager": "modelyard", "force": "true", "fieldValidation": "Strict", "dryRun": "All"}
_MAKE: Final = {key: value for key, value in _TRY.items() if key != "dryRun"}
_PODS_TOO: Final = {"features.knative.dev/podspec-dryrun": "strict"}


class Refusal(NamedTuple):
    """What the server said of an object of a models file."""

    seed: str
    text: str
    object: str
    message: str

    def __str__(self) -> str:
        """Return it for a person: the file last."""
        return f"{self.object}, seed {self.seed}: {self.message}\n{self.text}"


@dataclass
class Tried:
    """How many files there were, how many of them `check` took, their objects, and what the server refused of those."""

    files: int = 0
    taken: int = 0
    objects: int = 0
    seconds: float = 0.0
    refused: list[Refusal] = field(default_factory=list)

    def __str__(self) -> str:
        """Return the figures in a line."""
        return (
            f"{self.files} models files: check takes {self.taken}, with {self.objects} objects; "
            f"the API server refuses {len(self.refused)}; {self.seconds:.0f} s"
        )


def tried(cluster: Cluster, namespace: str, count: int, seed: int = 0) -> Tried:
    """Render so many random files, and apply what `check` takes of them as a dry run."""
    began, result = time.monotonic(), Tried(count)
    with connect(Connection(kubeconfig=cluster.kubeconfig, namespace=namespace)) as client:
        wanted: list[tuple[str, str, Manifest]] = []
        for number in range(count):
            name = f"{seed}/{number}"
            text, rendering = random_models.rendered(name, namespace)
            if not has_errors(rendering.problems):
                result.taken += 1
                wanted += [(name, text, each) for each in rendering.objects]
        result.objects = len(wanted)
        for body in _needed(each for _, _, each in wanted):
            _said(client, body, _MAKE)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            answers = pool.map(lambda each: _said(client, _asked(each[2].body), _TRY), wanted)
            for (name, text, each), message in zip(wanted, answers, strict=True):
                if message:
                    result.refused.append(Refusal(name, text, str(each), message))
    result.seconds = time.monotonic() - began
    return result


def answer(cluster: Cluster, namespace: str, body: Data) -> str:
    """Return what the server has against one object as a dry run; empty if it takes it."""
    with connect(Connection(kubeconfig=cluster.kubeconfig, namespace=namespace)) as client:
        return _said(client, body, _TRY)


def _asked(body: Data) -> Data:
    """Return an object as it is sent: of Knative's, the pods are tried too."""
    if (body["apiVersion"], body["kind"]) != ("serving.knative.dev/v1", "Service"):
        return body
    metadata = body["metadata"]
    return {**body, "metadata": {**metadata, "annotations": {**(metadata.get("annotations") or {}), **_PODS_TOO}}}


def _needed(manifests: Iterable[Manifest]) -> Iterator[Data]:
    """Yield what pods cannot be without: their accounts and classes."""
    made = set()
    for _, _, template in all_pod_templates(list(manifests)):
        pod = template.spec
        made.add(("v1", "ServiceAccount", pod.get("serviceAccountName")))
        made.add(("scheduling.k8s.io/v1", "PriorityClass", pod.get("priorityClassName")))
        made.add(("node.k8s.io/v1", "RuntimeClass", pod.get("runtimeClassName")))
    more: Mapping[str, Data] = {"PriorityClass": {"value": 1000}, "RuntimeClass": {"handler": "runc"}}
    for version, kind, name in sorted(each for each in made if each[2]):
        yield {"apiVersion": version, "kind": kind, "metadata": {"name": name}, **more.get(kind, {})}


def _said(client: Client, body: Data, query: Mapping[str, str]) -> str:
    """Apply an object, and return what the server has against it; empty if it takes it."""
    metadata = body["metadata"]
    try:
        path = client.kind(body["apiVersion"], body["kind"]).path(client.namespace, metadata["name"])
        client.call("PATCH", path, f"{body['kind']} {metadata['name']}", query=query, body=body, content_type=_APPLY)
    except ClusterProblem as error:
        return error.problem.message
    return ""


def main() -> int:
    """Try files on a server of its own, and print the figures; returns 1 where one was refused."""
    count, seed = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else int(time.time())
    crds = cluster_server.crds(conftest.SHARED)
    with cluster_server.serve(conftest.CLUSTER_SOURCE / "up", conftest.CLUSTER, crds) as kubeconfig:
        cluster = Cluster(conftest.built("all") / "kubectl", kubeconfig)
        cluster.wait_for_node()
        cluster.succeed("create", "namespace", "refusals")
        with cluster.features(FEATURES):
            result = tried(cluster, "refusals", count, seed)
    sys.stdout.write("\n".join([*map(str, result.refused), f"seed {seed}: {result}", ""]))
    return 1 if result.refused else 0


if __name__ == "__main__":
    sys.exit(main())
