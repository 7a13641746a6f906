"""A real API server with Knative's controller takes what is rendered, makes it ready, and then leaves it alone."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias

import pytest

from modelyard import api
from modelyard.manifests.manifest import CLUSTER_SCOPED
from modelyard.problems import has_errors
from tests.conftest import ROOT
from tests.support import model_sets
from tests.support.cluster_server import Cluster, stream

Data: TypeAlias = dict[str, Any]
Key: TypeAlias = tuple[str, str, str]

OVERLAYS: Final = ROOT / "overlays"
SERVED: Final = "services.serving.knative.dev,routes.serving.knative.dev,domainmappings.serving.knative.dev"
CHALLENGER: Final = {"churn:2.1.0": "churn:2.2.0"}
AT_ONCE: Final = {"rolloutDuration: 5m": "rolloutDuration: 0s"}  # while a rollout lasts, a Route is not Ready
SPLIT: Final = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: risk}
spec:
  namespace: NAMESPACE
  registry: registry.example.com/models
  models:
    - name: churn
      path: /churn
      config: {SAS_SCR_PROMETHEUS_RATE: "30"}
      variants:
        - {name: champion, image: "churn:2.0.0", percent: 60}
        - {name: challenger, image: "churn:2.1.0", percent: 40}
      targets: {knative: {minScale: 1}}
"""
RATE: Final = {'SAS_SCR_PROMETHEUS_RATE: "30"': 'SAS_SCR_PROMETHEUS_RATE: "60"'}


@pytest.fixture
def namespace(shared: Path, cluster: Cluster, request: pytest.FixtureRequest) -> str:
    """Return a new namespace that enforces Pod Security "restricted"; it goes with the server."""
    assert (shared / "data" / "crds").is_dir()  # the server has further kinds from there
    words = request.node.name.removeprefix("test_").translate(str.maketrans("_[", "--", "]"))
    name = str(words)[:40].strip("-")
    cluster.succeed("create", "namespace", name)
    levels = [f"pod-security.kubernetes.io/{mode}=restricted" for mode in ("enforce", "warn")]
    cluster.succeed("label", "namespace", name, *levels)
    return name


def rendered(overlay: str, namespace: str, folder: Path, changes: Mapping[str, str] | None = None) -> list[Data]:
    """Render an overlay's models file for a namespace, with a host name of its own, and with changes of its text."""
    text = (OVERLAYS / overlay / "models.yaml").read_text("utf-8")
    for old, new in {"namespace: model-inference": f"namespace: {namespace}", **(changes or {})}.items():
        assert old in text
        text = text.replace(old, new)
    path = folder / "models.yaml"
    path.write_text(text.replace("credit.example.com", f"{namespace}.example.com"), "utf-8")
    rendering = api.render(path)
    assert not has_errors(rendering.problems)
    return [each.body for each in rendering.objects]


def ready(cluster: Cluster, namespace: str) -> None:
    """Wait until all that Knative serves is Ready, and all Deployments are Available."""
    cluster.succeed("wait", "--for=condition=Ready", SERVED, "--all", "-n", namespace, "--timeout=60s")
    cluster.succeed("wait", "--for=condition=Available", "deployments", "--all", "-n", namespace, "--timeout=60s")


def versions(cluster: Cluster, objects: Iterable[Data]) -> dict[Key, int | str]:
    """Return what changes with an object's spec: its generation, or where a kind has none its resource version."""
    return {
        (each["apiVersion"], each["kind"], each["metadata"]["name"]): each["metadata"].get("generation")
        or each["metadata"]["resourceVersion"]
        for each in cluster.read(objects)
    }


def traffic(cluster: Cluster, namespace: str) -> dict[str, tuple[int, str]]:
    """Return tag -> percent and revision, as the Route reports them."""
    route = cluster.get("routes.serving.knative.dev", "churn", namespace)
    return {each["tag"]: (each["percent"], each["revisionName"]) for each in route["status"]["traffic"]}


def moved(before: Mapping[Key, object], after: Mapping[Key, object]) -> set[tuple[str, str]]:
    """Return kind and name of what is new or has changed."""
    return {
        (kind, name) for (group, kind, name), version in after.items() if before.get((group, kind, name)) != version
    }


def test_dev_becomes_ready(cluster: Cluster, namespace: str, tmp_path: Path) -> None:
    objects = rendered("dev", namespace, tmp_path)
    cluster.apply(objects)
    ready(cluster, namespace)
    assert traffic(cluster, namespace) == {
        "champion": (90, "churn-champion-00001"),
        "challenger": (10, "churn-challenger-00001"),
    }
    stored = {(each["kind"], each["metadata"]["name"]): each for each in cluster.read(objects)}
    assert len(stored) == len(objects)
    served = [each for each in stored.values() if each["apiVersion"].startswith("serving.knative.dev/")]
    assert {each["kind"] for each in served} == {"Service", "Route", "DomainMapping"}
    mapping = stored["DomainMapping", f"{namespace}.example.com"]
    assert mapping["status"]["url"] == f"https://{namespace}.example.com"


def test_kubectl_apply_k_takes_the_folder_with_a_prefix(cluster: Cluster, namespace: str, tmp_path: Path) -> None:
    (tmp_path / "models.yaml").write_text(SPLIT.replace("NAMESPACE", namespace), "utf-8")
    assert api.write(tmp_path, api.overlay(tmp_path)) == []
    (tmp_path / "kustomization.yaml").write_text("components: [generated]\nnamePrefix: eu-\n", "utf-8")
    for _ in range(2):  # Knative refuses a second time what it does not take for the same
        applied = cluster.succeed("apply", "-k", str(tmp_path), "--server-side", "--validate=strict")
        assert applied.count("serverside-applied") == 7
    ready(cluster, namespace)
    route = cluster.get("routes.serving.knative.dev", "eu-churn", namespace)
    assert {each["tag"]: each["revisionName"] for each in route["status"]["traffic"]} == {
        "champion": "eu-churn-champion-00001",
        "challenger": "eu-churn-challenger-00001",
    }


def test_restricted_takes_all_pods(cluster: Cluster, namespace: str, tmp_path: Path) -> None:
    refused = cluster.run("run", "open", "--image=open:1", "-n", namespace, "--dry-run=server")
    assert 'violates PodSecurity "restricted:latest"' in refused.stderr
    cluster.apply(rendered("dev", namespace, tmp_path))
    ready(cluster, namespace)
    pods = json.loads(cluster.succeed("get", "pods", "-n", namespace, "-o", "json"))["items"]
    assert {each["status"]["phase"] for each in pods} == {"Running"}
    names = {each["metadata"]["labels"]["app.kubernetes.io/name"] for each in pods}
    assert names == {"churn", "credit-risk", "fraud", "pricing"}
    on_knative = [each for each in pods if "serving.knative.dev/service" in each["metadata"]["labels"]]
    assert len(on_knative) == 3


@pytest.mark.parametrize(
    "options",
    [("--server-side", "--field-manager=modelyard"), ()],
    ids=["server-side", "client-side"],
)
def test_applying_again_changes_nothing(
    cluster: Cluster, namespace: str, tmp_path: Path, options: tuple[str, ...]
) -> None:
    objects = rendered("dev", namespace, tmp_path)
    text = stream(objects)
    cluster.succeed("apply", *options, "--validate=strict", "-f", "-", stdin=text)
    ready(cluster, namespace)
    before = versions(cluster, objects)
    revisions = cluster.succeed("get", "revisions.serving.knative.dev", "-n", namespace, "-o", "name")
    difference = cluster.run("diff", *options, "-f", "-", stdin=text)
    assert (difference.returncode, difference.stdout) == (0, "")
    cluster.succeed("apply", *options, "--validate=strict", "-f", "-", stdin=text)
    ready(cluster, namespace)
    assert versions(cluster, objects) == before
    assert cluster.succeed("get", "revisions.serving.knative.dev", "-n", namespace, "-o", "name") == revisions
    assert len(before) == len(objects)


def test_a_new_image_moves_its_variant_alone(cluster: Cluster, namespace: str, tmp_path: Path) -> None:
    objects = rendered("dev", namespace, tmp_path, AT_ONCE)
    cluster.apply(objects)
    ready(cluster, namespace)
    before = versions(cluster, objects)
    changed = rendered("dev", namespace, tmp_path, AT_ONCE | CHALLENGER)
    cluster.apply(changed)
    assert moved(before, versions(cluster, changed)) == {("Service", "churn-challenger")}
    _wait_for_revision(cluster, namespace, "churn-challenger-00002")
    ready(cluster, namespace)
    assert traffic(cluster, namespace) == {
        "champion": (90, "churn-champion-00001"),
        "challenger": (10, "churn-challenger-00002"),
    }


def test_new_config_is_a_new_config_map_and_revision(cluster: Cluster, namespace: str, tmp_path: Path) -> None:
    objects = rendered("dev", namespace, tmp_path)
    cluster.apply(objects)
    ready(cluster, namespace)
    before = versions(cluster, objects)
    changed = rendered("dev", namespace, tmp_path, RATE)
    cluster.apply(changed)
    old, new = (_config_map(each) for each in (objects, changed))
    assert old != new
    assert moved(before, versions(cluster, changed)) == {("Service", "credit-risk"), ("ConfigMap", new)}
    _wait_for_revision(cluster, namespace, "credit-risk-00002")
    for revision, config in (("credit-risk-00001", old), ("credit-risk-00002", new)):
        spec = cluster.get("revisions.serving.knative.dev", revision, namespace)["spec"]
        assert {"configMapRef": {"name": config}} in spec["containers"][0]["envFrom"]
        assert cluster.get("configmaps", config, namespace)["immutable"] is True


def _config_map(objects: Iterable[Data]) -> str:
    (name,) = (each["metadata"]["name"] for each in objects if each["kind"] == "ConfigMap")
    return str(name)


def _wait_for_revision(cluster: Cluster, namespace: str, revision: str) -> None:
    service = revision.rpartition("-")[0]
    condition = f"--for=jsonpath={{.status.latestReadyRevisionName}}={revision}"
    cluster.succeed("wait", condition, f"services.serving.knative.dev/{service}", "-n", namespace, "--timeout=60s")


def test_base_becomes_available_and_keeps_its_scale(cluster: Cluster, namespace: str, tmp_path: Path) -> None:
    objects = rendered("base", namespace, tmp_path)
    kinds = {each["kind"] for each in objects}
    assert kinds >= {"HTTPRoute", "HorizontalPodAutoscaler", "PodDisruptionBudget", "Ingress", "PodMonitor"}
    cluster.apply(objects)
    ready(cluster, namespace)
    cluster.succeed("scale", "deployment/pricing", "--replicas=4", "-n", namespace)
    before = versions(cluster, objects)
    cluster.apply(objects)
    assert versions(cluster, objects) == before
    assert cluster.get("deployments", "pricing", namespace)["spec"]["replicas"] == 4


def test_a_new_image_is_a_new_model_and_the_endpoint_moves(cluster: Cluster, namespace: str, tmp_path: Path) -> None:
    objects = rendered("sagemaker", namespace, tmp_path)
    cluster.apply(objects)
    before = versions(cluster, objects)
    cluster.apply(objects)
    assert versions(cluster, objects) == before
    changed = rendered("sagemaker", namespace, tmp_path, {"churn-sagemaker:2.1.0": "churn-sagemaker:2.2.0"})
    cluster.apply(changed)
    names = {kind: name for kind, name in moved(before, versions(cluster, changed)) if kind != "Endpoint"}
    assert moved(before, versions(cluster, changed)) == {*names.items(), ("Endpoint", "churn")}
    assert {kind: name.rpartition("-")[0] for kind, name in names.items()} == {
        "Model": "churn-challenger",
        "EndpointConfig": "churn",
    }
    endpoint = cluster.get("endpoints.sagemaker.services.k8s.aws", "churn", namespace)
    assert endpoint["spec"]["endpointConfigName"] == names["EndpointConfig"]
    assert cluster.read(objects), "what the endpoint moved from is still there"


def test_every_rendered_object_is_accepted(
    cluster: Cluster, namespace: str, renderings: Mapping[str, api.Rendering]
) -> None:
    objects = [moved_to(namespace, each.body) for rendering in renderings.values() for each in rendering.objects]
    distinct = list({json.dumps(each, sort_keys=True): each for each in objects}.values())
    # Knative's webhook tries the pods of its objects, which want theirs.
    accounts = [each for each in distinct if each["kind"] == "ServiceAccount"]
    cluster.apply([*priority_classes(distinct), *{each["metadata"]["name"]: each for each in accounts}.values()])
    with cluster.features(model_sets.FLAGS):
        accepted = cluster.apply(distinct, "--dry-run=server")
    assert len(accepted.splitlines()) == len(distinct) > 500


def moved_to(namespace: str, body: Data) -> Data:
    moved_: Data = json.loads(json.dumps(body))
    if moved_["kind"] in CLUSTER_SCOPED:
        moved_["spec"]["namespace"] = namespace
    else:
        moved_["metadata"]["namespace"] = namespace
    return moved_


def priority_classes(objects: Iterable[Data]) -> list[Data]:
    """Return the PriorityClasses that pods name: the API server wants them to exist."""
    # What a ScheduledSparkApplication has as its template is no pod's.
    templates = [each["spec"]["template"] for each in objects if "template" in each.get("spec", {})]
    pods = [each["spec"] for each in templates if "spec" in each]
    names = sorted({str(each["priorityClassName"]) for each in pods if "priorityClassName" in each})
    head = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "value": 1000}
    return [{**head, "metadata": {"name": name}} for name in names]
