"""What pods need besides: it is rendered where a target can have it, refused where not, and waited for in a cluster."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from modelyard import api
from modelyard.cluster.client import Object
from modelyard.cluster.readiness import State, state
from modelyard.problems import has_errors
from modelyard.report.text import text
from tests.support import model_format
from tests.support.cluster_scene import Scene

HEAD: Final = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: risk}
spec:
  models:
"""
MODEL: Final = (
    HEAD
    + """\
    - name: churn
      image: registry.example.com/churn:2.0.0
      runtime: pcr
      FIELDS
      targets: {TARGETS}
"""
)
BESIDE: Final = (
    'initContainers: [{name: fetch, image: "fetch:1"}]; sidecars: [{name: token, image: "token:1"}]; '
    "ports: [{name: admin, port: 8090}]"
)


def rendered(folder: Path, targets: str, fields: str = "") -> api.Rendering:
    content = MODEL.replace("FIELDS", fields.replace("; ", "\n      ")).replace("TARGETS", targets)
    (folder / "models.yaml").write_text(content, "utf-8")
    return api.render(folder)


def sound(folder: Path, targets: str, fields: str = "") -> dict[tuple[str, str], dict[str, Any]]:
    """Return kind and name -> object."""
    found = rendered(folder, targets, fields)
    assert not has_errors(found.problems), text(found.problems)
    return {(each.kind, each.name): each.body for each in found.objects}


def pod(objects: Mapping[tuple[str, str], dict[str, Any]], kind: str) -> dict[str, Any]:
    spec: dict[str, Any] = objects[kind, "churn"]["spec"]["template"]["spec"]
    return spec


def named(containers: list[dict[str, Any]]) -> list[tuple[str, str | None]]:
    return [(each["name"], each.get("restartPolicy")) for each in containers]


def test_the_example_of_the_documentation_is_accepted(tmp_path: Path) -> None:
    example = model_format.example("What pods need besides")
    (tmp_path / "models.yaml").write_text(HEAD + example, "utf-8")
    problems = api.check(tmp_path)
    assert not has_errors(problems), text(problems)


def test_native_sidecars_start_before_init_containers_which_may_need_them(tmp_path: Path) -> None:
    spec = pod(sound(tmp_path, "deployment: {}", BESIDE), "Deployment")
    assert named(spec["initContainers"]) == [("token", "Always"), ("fetch", None)]
    assert named(spec["containers"]) == [("model", None)]
    spec = pod(sound(tmp_path, "sagemaker-proxy: {}", BESIDE), "Deployment")
    assert named(spec["initContainers"]) == [("token", "Always"), ("fetch", None), ("model", "Always")]
    assert named(spec["containers"]) == [("proxy", None)]


def test_the_proxy_listens_where_nothing_beside_it_does(tmp_path: Path) -> None:
    fields = BESIDE.replace('"token:1"', '"token:1", ports: [{containerPort: 8091}]')
    spec = pod(sound(tmp_path, "sagemaker-proxy: {}", fields), "Deployment")
    assert spec["containers"][0]["ports"][0]["containerPort"] == 8092


def test_a_service_over_variants_has_the_ports_that_all_of_them_have(tmp_path: Path) -> None:
    fields = (
        "path: /churn; ports: [{name: grpc, port: 8500}, {name: admin, port: 8501}]; variants:; "
        "  - {name: champion, percent: 90}; "
        "  - {name: challenger, percent: 10, ports: [{name: grpc, port: 8600}]}"
    )
    target = "deployment: {service: {port: 443, type: LoadBalancer}, gateway: {name: public, host: churn.example.com}}"
    objects = sound(tmp_path, target, fields)
    ports = {
        name: [(each["name"], each["port"]) for each in body["spec"]["ports"]]
        for (kind, name), body in objects.items()
        if kind == "Service"
    }
    assert ports == {
        "churn": [("http", 443), ("grpc", 8500)],
        "churn-champion": [("http", 443), ("admin", 8501), ("grpc", 8500)],
        "churn-challenger": [("http", 443), ("grpc", 8600)],
    }
    types = {name: body["spec"].get("type") for (kind, name), body in objects.items() if kind == "Service"}
    assert types == {"churn": "LoadBalancer", "churn-champion": None, "churn-challenger": None}
    (opened,) = objects["NetworkPolicy", "churn"]["spec"]["ingress"]
    assert [each["port"] for each in opened["ports"]] == ["http", 8500, 8501, 8600]


@pytest.mark.parametrize("target", ["deployment", "sagemaker-proxy"])
def test_a_volume_for_each_pod_makes_a_stateful_set_that_all_else_follows(target: str, tmp_path: Path) -> None:
    claims = "volumeClaims: [{name: cache, mountPath: /cache, storage: 1Gi}], autoscale: {min: 2, max: 3}"
    objects = sound(tmp_path, f"{target}: {{{claims}}}", "securityContext: {runAsUser: 10001}")
    stateful = objects["StatefulSet", "churn"]
    assert ("Deployment", "churn") not in objects
    assert objects["Service", stateful["spec"]["serviceName"]]["spec"]["clusterIP"] == "None"
    assert objects["HorizontalPodAutoscaler", "churn"]["spec"]["scaleTargetRef"]["kind"] == "StatefulSet"
    assert ("PodDisruptionBudget", "churn") in objects
    containers = [*pod(objects, "StatefulSet")["containers"], *pod(objects, "StatefulSet").get("initContainers", [])]
    model = next(each for each in containers if each["name"] == "model")
    assert {"name": "cache", "mountPath": "/cache"} in model["volumeMounts"]


def test_the_load_of_the_processor_counts_where_nothing_else_is_named(tmp_path: Path) -> None:
    metric = "{type: Pods, pods: {metric: {name: queue}, target: {type: AverageValue, averageValue: 10}}}"

    def types(autoscale: str) -> list[str]:
        objects = sound(tmp_path, f"deployment: {{autoscale: {{max: 3{autoscale}}}}}")
        return [each["type"] for each in objects["HorizontalPodAutoscaler", "churn"]["spec"]["metrics"]]

    assert types("") == ["Resource"]
    assert types(f", metrics: [{metric}]") == ["Pods"]
    assert types(f", cpu: 50, metrics: [{metric}]") == ["Resource", "Pods"]


def test_a_credential_beside_the_model_is_refused_and_never_shown(tmp_path: Path) -> None:
    for field in ("initContainers", "sidecars"):
        fields = f'{field}: [{{name: token, image: "token:1", env: [{{name: DB_PASSWORD, value: hunter2}}]}}]'
        found = rendered(tmp_path, "deployment: {}", fields)
        assert [each.code for each in found.problems if each.severity == "error"] == ["MY208"]
        assert "hunter2" not in text(found.problems)


def _stateful(**status: object) -> Object:
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "churn", "generation": 2},
        "spec": {"replicas": 3},
        "status": status,
    }


@pytest.mark.parametrize(
    ("status", "wanted"),
    [
        ({}, State(None, "waiting for its controller")),
        ({"observedGeneration": 1}, State(None, "waiting for its controller")),
        ({"currentRevision": "a", "updateRevision": "b", "updatedReplicas": 1, "replicas": 3, "availableReplicas": 3},
         State(None, "1 of 3 pods have the new version")),
        ({"currentRevision": "b", "updateRevision": "b", "updatedReplicas": 3, "replicas": 3, "availableReplicas": 2},
         State(None, "2 of 3 pods are available")),
        ({"currentRevision": "b", "updateRevision": "b", "updatedReplicas": 3, "replicas": 3, "availableReplicas": 3},
         State(True)),
    ],
)  # fmt: skip
def test_a_stateful_set_is_ready_when_all_pods_have_its_version(status: dict[str, object], wanted: State) -> None:
    seen = {"observedGeneration": 2, **status} if len(status) > 1 else status
    assert state(_stateful(**seen)) == wanted


CLAIMS: Final = (
    HEAD
    + """\
    - name: churn
      image: registry.example.com/churn:2.0.0
      runtime: pcr
      sidecars: [{name: token, image: "registry.example.com/token:1.0.0"}]
      targets:
        deployment:
          replicas: 2
          volumeClaims: [{name: cache, mountPath: /cache, storage: 1Gi, storageClassName: CLASS}]
"""
)


def test_a_stateful_set_is_applied_waited_for_listed_and_deleted(scene: Scene) -> None:
    for number in range(2):
        volume = f"""\
apiVersion: v1
kind: PersistentVolume
metadata: {{name: {scene.namespace}-{number}}}
spec:
  capacity: {{storage: 1Gi}}
  accessModes: [ReadWriteOnce]
  storageClassName: {scene.namespace}
  hostPath: {{path: /srv/{number}}}
"""
        scene.cluster.succeed("apply", "-f", "-", stdin=volume)
    models = CLAIMS.replace("CLASS", scene.namespace)
    applied = scene.apply(models, "--wait", "--timeout", "60")
    assert applied.code == 0, applied.err
    assert scene.names("persistentvolumeclaims") == {"cache-churn-0", "cache-churn-1"}
    changed = scene.apply(models.replace("churn:2.0.0", "churn:2.1.0"), "--wait", "--timeout", "60")
    assert changed.code == 0, changed.err
    images = {scene.get("pod", f"churn-{number}")["spec"]["containers"][0]["image"] for number in range(2)}
    assert images == {"registry.example.com/churn:2.1.0"}
    listed = scene.run("list")
    assert listed.out.splitlines()[1].split()[:2] == ["churn", "-"], listed.out
    assert scene.run("status", "churn").code == 0
    assert scene.run("delete", "churn", "--yes").code == 0
    assert scene.names("statefulsets") == set()
    assert scene.names("persistentvolumeclaims") == {"cache-churn-0", "cache-churn-1"}, "what is kept stays"


def test_what_sagemaker_refuses_is_said_in_the_files_of_reports(shared: Path) -> None:
    def errors(name: str) -> set[tuple[str, int]]:
        problems = api.check(shared / "data" / "field" / name / "models.yaml")
        return {(each.code, each.place.line) for each in problems if each.severity == "error" and each.place}

    assert errors("sagemaker-environment") == {("MY243", 13), ("MY243", 14), ("MY243", 15)}
    found = errors("startup-timeout")
    assert {("MY104", 16), ("MY104", 18), ("MY010", 19), ("MY241", 20)} <= found
    assert not {line for _, line in found} & {15, 17}, "60s and 1h are times that SageMaker takes"


TEN: Final = (
    "knative-sas-container",
    "deployment-ingress-path",
    "knative-token-sidecar",
    "deployment-claim-per-replica",
    "deployment-grpc",
    "deployment-language-model",
    "sagemaker-model-data",
    "sagemaker-async",
    "deployment-embedder",
    "sagemaker-containers",
)


def test_ten_real_deployments_are_written_without_a_patch(renderings: Mapping[str, api.Rendering]) -> None:
    for name in TEN:
        models = renderings[name].models
        assert models is not None
        assert models.models
        assert not any(each.whole.model.patches for each in models.models), name


def test_the_environment_of_sagemaker_stands_above_that_of_the_model(tmp_path: Path) -> None:
    image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/churn:1"
    target = (
        "sagemaker: {region: eu-west-1, executionRoleARN: 'arn:aws:iam::123456789012:role/scoring', "
        f"image: '{image}', instanceType: ml.m5.large, env: {{HOST: aws.example.com, MODE: plain}}}}"
    )
    fields = (
        'env: {HOST: db.example.com, URL: {expand: "http://$(HOST)/x"}, '
        "MODE: {secretKeyRef: {name: modes, key: mode}}}; config: {LEVEL: debug}"
    )
    objects = sound(tmp_path, target, fields)
    (model,) = (body for (kind, _), body in objects.items() if kind == "Model")
    assert model["spec"]["primaryContainer"]["environment"] == {
        "HOST": "aws.example.com",
        "LEVEL": "debug",
        "MODE": "plain",
        "URL": "http://aws.example.com/x",
    }


def test_a_text_beside_the_model_reaches_its_container_as_it_stands(tmp_path: Path) -> None:
    fields = (
        'sidecars: [{name: token, image: "token:1", args: ["$(HOST)", {expand: "$(HOST)/x"}], '
        'env: [{name: HOST, value: "a$$b"}, {name: URL, value: {expand: "http://$(HOST)"}}]}]'
    )
    (token,) = pod(sound(tmp_path, "deployment: {}", fields), "Deployment")["initContainers"]
    assert token["args"] == ["$$(HOST)", "$(HOST)/x"]
    assert token["env"] == [{"name": "HOST", "value": "a$$$b"}, {"name": "URL", "value": "http://$(HOST)"}]


def test_what_the_kubelet_does_not_put_in_beside_the_model_is_told(tmp_path: Path) -> None:
    fields = (
        'sidecars: [{name: token, image: "token:1", args: ["$(HOST)", {expand: "$(HOTS)"}], '
        'env: [{name: URL, value: {expand: "http://$(HOST)"}}, {name: HOST, value: a}]}]'
    )
    found = rendered(tmp_path, "deployment: {}", fields)
    assert sorted(each.message for each in found.problems if each.code == "MY238") == [
        "$(HOST) in args is not expanded",
        "there is no variable HOST to expand",
        "there is no variable HOTS to expand",
    ]
