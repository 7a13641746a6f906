"""What other checkers find in what the samples render: nothing but what was decided, each with its reason.

They know no Knative, so every pod template is put into a Deployment for them.
"""

import gzip
import json
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any, Final, NamedTuple

import pytest

from modelyard import api
from modelyard.check.pods import PodTemplate, pod_templates
from modelyard.manifests.manifest import Manifest
from tests.conftest import KUBE_SCORE, KUBECONFORM, KUBECTL_VALIDATE, ROOT, need

pytestmark = pytest.mark.long

Object = dict[str, Any]
Run = Callable[..., CompletedProcess[str]]

VALIDATED: Final = "1.30"  # the newest Kubernetes that kubectl-validate carries
# Without a custom resource definition beside the checkout; OpenShift's own API server serves two of them without one.
WITHOUT_DEFINITION: Final = frozenset(["BuildConfig", "ImageStream", "PrometheusRule"])
# What the schemas beside the checkout lack: the shipped one, as another program reads it.
SHIPPED: Final = ROOT / "generator" / "modelyard" / "check" / "schemas" / "shipped" / "crds"
LACKING: Final = {
    "build.openshift.io_v1_buildconfig.json.gz": "build.openshift.io-buildconfig-v1.json",
    "cloudscheduler.cnrm.cloud.google.com_v1beta1_cloudschedulerjob.json.gz": (
        "cloudscheduler.cnrm.cloud.google.com-cloudschedulerjob-v1beta1.json"
    ),
    "dataproc.cnrm.cloud.google.com_v1beta1_dataprocautoscalingpolicy.json.gz": (
        "dataproc.cnrm.cloud.google.com-dataprocautoscalingpolicy-v1beta1.json"
    ),
    "monitoring.coreos.com_v1_prometheusrule.json.gz": "monitoring.coreos.com-prometheusrule-v1.json",
}
COMPLETED: Final = "sparkoperator.k8s.io"  # its pod templates are parts, which the operator completes
KNATIVE_ONLY: Final = ("containerConcurrency", "timeoutSeconds", "responseStartTimeoutSeconds", "idleTimeoutSeconds")


class Decided(NamedTuple):
    """A finding that stays: why, on which kinds of objects, and whether in overlays too, or in test cases alone."""

    reason: str
    kinds: frozenset[str]
    overlays: bool = True


PLAIN: Final = frozenset(["Deployment", "StatefulSet"])
KNATIVE: Final = frozenset(["Service", "Configuration"])
JOBS: Final = frozenset(["CronJob"])
EVERY: Final = PLAIN | KNATIVE
_CASES: Final = "the case gives none: what a model needs is for its file to say"
# (check of kube-score, what it says) -> why it stays.
DECIDED: Final[dict[tuple[str, str], Decided]] = {
    ("container-ephemeral-storage-request-and-limit", "Ephemeral Storage limit is not set"): Decided(
        "how much a model writes to /tmp, all that it can write to, is for its file to say; a Job of ours none",
        EVERY | JOBS,
    ),
    ("container-ephemeral-storage-request-and-limit", "Ephemeral Storage request is not set"): Decided(
        "how much a model writes to /tmp, all that it can write to, is for its file to say; a Job of ours none",
        EVERY | JOBS,
    ),
    ("container-image-pull-policy", "ImagePullPolicy is not set to Always"): Decided(
        "tags do not move (MY370), and with Always no pod starts while the registry is away; `imagePullPolicy` sets it",
        EVERY | JOBS,
    ),
    ("container-resources", "CPU limit is not set"): Decided(
        "a limit of cpu slows its work down while the node is idle; `resources` sets a model's", EVERY | JOBS
    ),
    ("container-resources", "CPU request is not set"): Decided(_CASES, EVERY, overlays=False),
    ("container-resources", "Memory limit is not set"): Decided(_CASES, EVERY, overlays=False),
    ("container-resources", "Memory request is not set"): Decided(_CASES, EVERY, overlays=False),
    ("container-security-context-user-group-id", "The container is running with a low user ID"): Decided(
        "images of SAS Container Runtime are made for user 1001, and cannot read their files as another; "
        "OpenShift chooses the user",
        EVERY | JOBS,
    ),
    ("container-security-context-user-group-id", "The container running with a low group ID"): Decided(
        "images of SAS Container Runtime are made for group 1001 or 0, and cannot read their files as another; "
        "the tool's own gives its group nothing",
        EVERY | JOBS,
    ),
    ("deployment-has-host-podantiaffinity", "Deployment does not have a host podAntiAffinity set"): Decided(
        "topologySpreadConstraints spread the pods of a Deployment; Knative has both behind feature flags; "
        "a Job has one pod",
        EVERY | JOBS,
    ),
    ("deployment-has-poddisruptionbudget", "No matching PodDisruptionBudget was found"): Decided(
        "Knative makes and removes the pods of a revision; a budget for one pod would keep nodes from being drained, "
        "and an autoscaler may leave one; a Job ends by itself",
        EVERY | JOBS,
    ),
    ("statefulset-has-poddisruptionbudget", "No matching PodDisruptionBudget was found"): Decided(
        "a budget for one pod would keep nodes from being drained", PLAIN, overlays=False
    ),
    ("statefulset-has-host-podantiaffinity", "StatefulSet does not have a host podAntiAffinity set"): Decided(
        "topologySpreadConstraints spread its pods", PLAIN
    ),
    ("container-security-context-readonlyrootfilesystem", "The pod has a container with a writable root filesystem"): (
        Decided("containers beside the model are made by others, who may write", EVERY, overlays=False)
    ),
    ("horizontalpodautoscaler-replicas", "HPA few replicas"): Decided(
        "one pod at least is what the case asks for", frozenset(["HorizontalPodAutoscaler"]), overlays=False
    ),
    ("deployment-replicas", "Deployment few replicas"): Decided(
        "one replica is what the file asks for, such as a challenger's", PLAIN
    ),
    ("pod-networkpolicy", "The pod does not have a matching NetworkPolicy"): Decided(
        "the case says networkPolicy: false; the pod of a Job listens on no port", KNATIVE | JOBS, overlays=False
    ),
    ("pod-networkpolicy", "The pod does not have a matching egress NetworkPolicy"): Decided(
        "where a model calls to, such as a database, is known to nobody here", EVERY
    ),
    ("networkpolicy-targets-pod", "The NetworkPolicys selector doesn't match any pods"): Decided(
        "the pods are those of Spark's driver and executors, which an operator makes", frozenset(["NetworkPolicy"])
    ),
    ("pod-probes", "Container is missing a livenessProbe"): Decided(
        "a custom image has the probes that its file gives it", PLAIN
    ),
    ("pod-probes-identical", "Container has the same readiness and liveness probe"): Decided(
        "SAS documents no path to ask a SAS Container Runtime for, so both ask its port; `probes` sets others", EVERY
    ),
}


def unwrapped(manifest: Manifest, template: PodTemplate) -> Object:
    """Return a Deployment with the pods of another kind."""
    labels = template.metadata.get("labels") or {"app": manifest.name}
    metadata = {**template.metadata, "labels": labels}
    pod = {key: each for key, each in template.spec.items() if key not in KNATIVE_ONLY}
    spec = {"replicas": 2, "selector": {"matchLabels": labels}, "template": {"metadata": metadata, "spec": pod}}
    own = {key: each for key, each in manifest.body["metadata"].items() if key in ("name", "namespace")}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": own, "spec": spec}


def objects(rendering: api.Rendering) -> Iterator[tuple[str, Object]]:
    """Yield the kind and body of each object, and behind what is no Deployment the Deployments of its pods."""
    for manifest in rendering.objects:
        yield manifest.kind, manifest.body
        if manifest.kind != "Deployment" and manifest.group != COMPLETED:
            yield from ((manifest.kind, unwrapped(manifest, each)) for each in pod_templates(manifest))


@pytest.fixture(scope="module")
def samples(renderings: Mapping[str, api.Rendering]) -> dict[str, list[tuple[str, Object]]]:
    """Return name -> kind and body of the objects of all overlays and cases that render any."""
    found = {name: list(objects(each)) for name, each in renderings.items() if not name.startswith("set-")}
    found = {name: bodies for name, bodies in found.items() if bodies}
    assert {"base", "dev", "prod", "sagemaker"} <= set(found)
    return found


@pytest.fixture(scope="module")
def folder(samples: Mapping[str, list[tuple[str, Object]]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a file per object."""
    folder = tmp_path_factory.mktemp("objects")
    for name, bodies in samples.items():
        for number, (_, body) in enumerate(bodies):
            (folder / f"{name}-{number:03}.yaml").write_text(json.dumps(body))
    return folder


def test_kubeconform_finds_nothing(run: Run, folder: Path, shared: Path, tmp_path: Path) -> None:
    kubeconform = need(KUBECONFORM, "`make tools` builds it")
    index = json.loads((shared / "data" / "schemas" / "index.json").read_text("utf-8"))
    for each in index:
        if each["set"] in ("kubernetes-1.37", "crd", "openshift"):
            group, _, version = each["apiVersion"].rpartition("/")
            path = tmp_path / f"{group or version}-{each['kind'].lower()}-{version}.json"
            shutil.copy(shared / "data" / "schemas" / each["path"], path)
    for name, named in LACKING.items():
        assert not (tmp_path / named).exists()
        (tmp_path / named).write_bytes(gzip.decompress((SHIPPED / name).read_bytes()))
    location = f"{tmp_path}/{{{{.Group}}}}-{{{{.ResourceKind}}}}-{{{{.ResourceAPIVersion}}}}.json"
    done = run(kubeconform, "-strict", "-summary", "-output", "json", "-schema-location", location, folder)
    result = json.loads(done.stdout)
    assert (result["resources"], done.returncode) == ([], 0)
    count = len(list(folder.iterdir()))
    assert result["summary"] == {"valid": count, "invalid": 0, "errors": 0, "skipped": 0}
    assert count > 100


def test_kubectl_validate_finds_nothing(run: Run, folder: Path, shared: Path, tmp_path: Path) -> None:
    program = need(KUBECTL_VALIDATE, "`make tools` builds it")
    crds = tmp_path / "definitions"
    shutil.copytree(shared / "data" / "crds", crds)
    for each in (shared / "data" / "crds-more").glob("*.cnrm.cloud.google.com.yaml"):
        shutil.copy(each, crds)
    tmp_path = tmp_path / "objects"
    tmp_path.mkdir()
    for each in folder.iterdir():
        if json.loads(each.read_text("utf-8"))["kind"] not in WITHOUT_DEFINITION:
            shutil.copy(each, tmp_path)
    done = run(program, tmp_path, "--version", VALIDATED, "--local-crds", crds, "--output", "json")
    result = json.loads(done.stdout)
    refused = {file: each for file, each in result.items() if any(one["status"] != "Success" for one in each)}
    assert (refused, done.returncode) == ({}, 0)
    assert len(result) == len(list(tmp_path.iterdir())) > 100


def test_kube_score_finds_nothing_but_what_was_decided(
    run: Run, samples: Mapping[str, list[tuple[str, Object]]]
) -> None:
    program = need(KUBE_SCORE, "`make tools` builds it")
    found: defaultdict[tuple[str, str], set[tuple[str, bool]]] = defaultdict(set)
    seen = 0
    for name, bodies in samples.items():
        kinds = {(body["kind"], body["metadata"]["name"]): kind for kind, body in bodies}
        stream = "\n---\n".join(json.dumps(body) for _, body in bodies)
        done = run(program, "score", "-", "--output-format", "json", "--kubernetes-version", "v1.37", stdin=stream)
        for scored in json.loads(done.stdout) or []:
            head = scored["type_meta"]["kind"], scored["object_meta"]["name"]
            seen += head[0] == "Deployment"
            for key in _findings(scored):
                found[key].add((kinds[head], (ROOT / "overlays" / name).exists()))
    assert seen > 20, "kube-score has seen the pods"
    undecided = [(key, *each) for key, where in found.items() for each in where if not _stays(key, *each)]
    assert undecided == []
    assert {key: each.reason for key, each in DECIDED.items() if key not in found} == {}, "these are not found any more"


def _stays(key: tuple[str, str], kind: str, overlay: bool) -> bool:  # noqa: FBT001
    decided = DECIDED.get(key)
    return decided is not None and kind in decided.kinds and (decided.overlays or not overlay)


def _findings(scored: Object) -> Iterator[tuple[str, str]]:
    """Yield check and summary of all that has not the best grade."""
    for check in scored["checks"]:
        if not check["skipped"] and check["grade"] < 10:
            for comment in check["comments"] or [{"summary": ""}]:
                yield check["check"]["id"], comment["summary"]
