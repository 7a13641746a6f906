"""Scoring by the name of a model in a live cluster: its address is found there, or a tunnel leads to its pods.

The pods are make-believe; all their ports lead to a stand-in of the runtimes (see tests/support/cluster/README.md).
"""

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
import yaml

from tests.support.cluster_server import Cluster
from tests.support.faulty_proxy import Answer, modelyard
from tests.support.model_server import Fault, Server, running
from tests.support.score_tables import expected, read, rows, table

SET: Final = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: risk}
spec:
  namespace: scoring-live
  registry: registry.example.com/models
  models:
    - name: churn
      variants:
        - {name: champion, image: "churn:2.0.0", percent: 60}
        - {name: challenger, image: "churn:2.1.0", percent: 40}
      targets: {knative: {minScale: 1}}
    - {name: credit-risk, image: "credit_risk:1.0", targets: {knative: {minScale: 1}}}
    - {name: pricing, image: "pcr:1.0", runtime: pcr, targets: {deployment: {replicas: 2}}}
    - {name: fraud, image: "fraud:1.0", targets: {deployment: {ingress: {host: fraud.example.com}}}}
    - name: mapped
      image: "mapped:1.0"
      targets: {knative: {minScale: 1, domains: [{host: mapped.example.com, claim: true}]}}
    - name: split
      variants:
        - {name: champion, image: "split:1", percent: 90}
        - {name: challenger, image: "split:2", percent: 10}
      targets: {deployment: {gateway: {name: public, host: split.example.com}}}
    - {name: shift, image: "shift:1.0", targets: {deployment: {replicas: 1}}}
"""
COUNT: Final = 200


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running(Server()) as one:
        yield one


@pytest.fixture(scope="module")
def scene(cluster: Cluster, server: Server, tmp_path_factory: pytest.TempPathFactory) -> "Scene":
    if cluster.run("get", "crd", "clusterportforwards.kwok.x-k8s.io").returncode:
        pytest.skip("the pods of this cluster are not make-believe ones that lead to a stand-in (KWOK)")
    one = Scene(cluster, "scoring-live", tmp_path_factory.mktemp("live"))
    cluster.succeed("create", "namespace", one.namespace)
    one.lead(server.port)
    (one.folder / "models.yaml").write_text(SET, "utf-8")
    done = modelyard("apply", "-f", one.folder, *one.where, "--wait", "--timeout", "60")
    assert done.code == 0, done.err
    return one


class Scene:
    """A namespace whose pods all lead to the stand-in of the runtimes."""

    def __init__(self, cluster: Cluster, namespace: str, folder: Path) -> None:
        self.cluster, self.namespace, self.folder = cluster, namespace, folder
        self.where = ["-n", namespace, "--kubeconfig", str(cluster.kubeconfig)]

    def lead(self, port: int) -> None:
        """Let the ports of all pods lead to a port of this machine."""
        forward: dict[str, Any] = {
            "apiVersion": "kwok.x-k8s.io/v1alpha1",
            "kind": "ClusterPortForward",
            "metadata": {"name": self.namespace},
            "spec": {
                "selector": {"matchNamespaces": [self.namespace]},
                "forwards": [{"target": {"port": port, "address": "127.0.0.1"}}],
            },
        }
        self.cluster.succeed("apply", "--server-side", "-f", "-", stdin=json.dumps(forward))

    def expose(self, service: str, host: str) -> None:
        """Have a Route of OpenShift to a Service."""
        route: dict[str, Any] = {
            "apiVersion": "route.openshift.io/v1",
            "kind": "Route",
            "metadata": {"name": service, "namespace": self.namespace},
            "spec": {"host": host, "to": {"kind": "Service", "name": service, "weight": 100}},
        }
        self.cluster.succeed("apply", "--server-side", "-f", "-", stdin=json.dumps(route))

    def score(self, model: str, source: Path, *options: str | Path) -> Answer:
        """Score a table."""
        return modelyard("score", model, source, "-o", source.with_name("out.csv"), *self.where, *options)


AWKWARD: Final = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: awkward}
spec:
  models:
    - {name: asleep, image: "registry.example.com/asleep:1", targets: {knative: {}}}
    - {name: broken, image: "unresolvable.invalid/broken:1", targets: {knative: {}}}
    - {name: twice, image: "registry.example.com/twice:1", targets: {knative: {}}}
"""


@pytest.fixture(scope="module")
def awkward(scene: Scene, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Have models that take no calls: scaled to zero, without an image, without pods, of two kinds."""
    folder = tmp_path_factory.mktemp("awkward")
    (folder / "models.yaml").write_text(AWKWARD, "utf-8")
    done = modelyard("apply", "-f", folder, *scene.where)
    assert done.code == 0, done.err
    for name in ("asleep", "twice"):
        ready = ("wait", f"ksvc/{name}", "--for=condition=Ready", "-n", scene.namespace, "--timeout=30s")
        scene.cluster.succeed(*ready)
    failed = ("wait", "ksvc/broken", "--for=condition=Ready=False", "-n", scene.namespace, "--timeout=30s")
    scene.cluster.succeed(*failed)
    scene.cluster.succeed("scale", "deployment/asleep-00001-deployment", "--replicas=0", "-n", scene.namespace)
    pods = ("wait", "pod", "-l", "serving.knative.dev/service=asleep", "--for=delete", "-n", scene.namespace)
    scene.cluster.succeed(*pods, "--timeout=60s")
    for name, service in (("twice", "twice-plain"), ("empty", "empty")):
        body = {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {
                "name": service,
                "namespace": scene.namespace,
                "labels": {"app.kubernetes.io/name": name},
            },
            "spec": {"selector": {"app.kubernetes.io/name": "nobody"}, "ports": [{"port": 80}]},
        }
        scene.cluster.succeed("apply", "--server-side", "-f", "-", stdin=json.dumps(body))


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a table in the current folder, which has no models file."""
    monkeypatch.chdir(tmp_path)
    return table(tmp_path / "in.csv", rows(COUNT))


@pytest.mark.parametrize(
    ("model", "options"),
    [
        ("credit_risk", []),
        ("churn", ["--variant", "challenger"]),
        ("pricing", []),
    ],
)
def test_without_an_address_outside_a_tunnel_leads_to_the_pods(
    scene: Scene, source: Path, model: str, options: list[str]
) -> None:
    done = scene.score(model, source, *options)
    assert done.code == 0, done.err
    assert read(source.with_name("out.csv")) == expected(rows(COUNT))
    assert f"{model} is http://{model.replace('_', '-')}.{scene.namespace}/" in done.err


@pytest.mark.parametrize(
    ("model", "options", "path", "headers"),
    [
        ("fraud", [], "/fraud", ["Host: fraud.example.com"]),
        ("mapped", [], "/mapped", ["Host: mapped.example.com"]),
        ("split", [], "/split", ["Host: split.example.com"]),
        ("split", ["--variant", "challenger"], "/split", ["Host: split.example.com", "modelyard-variant: challenger"]),
        ("shift", [], "/shift", ["Host: shift.example.com"]),
    ],
    ids=["Ingress", "DomainMapping", "HTTPRoute", "variant of an HTTPRoute", "Route of OpenShift"],
)
def test_an_address_outside_is_used(
    scene: Scene, server: Server, source: Path, model: str, options: list[str], path: str, headers: list[str]
) -> None:
    """Nobody knows these hosts: so they are reached by way of an ingress, which is the stand-in."""
    if model == "shift":
        scene.expose(model, "shift.example.com")
    done = scene.score(model, source, "--ingress", f"127.0.0.1:{server.port}", *options)
    assert done.code == 0, done.err
    head = server.requests[-1]
    assert head.startswith(f"POST {path} ")
    assert [each for each in headers if each not in head] == []


def test_an_address_that_nobody_knows_is_named(scene: Scene, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hasty = ["--no-retry", "--connect-timeout", "1s"]
    done = scene.score("fraud", source, *hasty)
    assert (done.code, "[MY802]" in done.err) == (1, True)
    assert "GET http://fraud.example.com/fraud/apiMeta/api" in done.err
    # A process in the cluster itself uses the cluster's own names, and needs no tunnel.
    api = urlsplit(yaml.safe_load(scene.cluster.kubeconfig.read_text("utf-8"))["clusters"][0]["cluster"]["server"])
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", str(api.hostname))
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(api.port))
    done = scene.score("churn", source, *hasty)
    assert f"GET http://churn.{scene.namespace}.svc.cluster.local/churn/apiMeta/api" in done.err


@pytest.mark.parametrize(
    ("variant", "host"), [([], "churn.{}.svc.cluster.local"), (["champion"], "champion-churn.{}.svc.cluster.local")]
)
def test_a_live_address_goes_together_with_an_ingress(
    scene: Scene, server: Server, source: Path, variant: list[str], host: str
) -> None:
    options = [word for each in variant for word in ("--variant", each)]
    done = scene.score("churn", source, "--ingress", f"127.0.0.1:{server.port}", *options)
    assert done.code == 0, done.err
    assert f"Host: {host.format(scene.namespace)}\r\n" in server.requests[-1]
    assert read(source.with_name("out.csv")) == expected(rows(COUNT))


def test_the_path_of_the_models_file_is_used(scene: Scene, server: Server, source: Path, tmp_path: Path) -> None:
    text = SET.replace('image: "credit_risk:1.0",', 'image: "credit_risk:1.0", path: /models/v2,')
    (tmp_path / "models.yaml").write_text(text, "utf-8")
    done = modelyard("score", "credit_risk", source, "-o", tmp_path / "out.csv", "-f", tmp_path, *scene.where)
    assert done.code == 0, done.err
    assert server.requests[-1].startswith("POST /models/v2 ")


def test_a_service_of_another_tool_is_found(scene: Scene, server: Server, source: Path) -> None:
    template = {"spec": {"containers": [{"image": "registry.example.com/foreign_model:3"}]}}
    annotations = {"autoscaling.knative.dev/min-scale": "1"}
    body = {
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Service",
        "metadata": {"name": "foreign", "namespace": scene.namespace},
        "spec": {
            "template": {"metadata": {"name": "foreign-v1", "annotations": annotations}, **template},
            "traffic": [{"revisionName": "foreign-v1", "percent": 100, "tag": "blue"}],
        },
    }
    scene.cluster.succeed("apply", "--server-side", "-f", "-", stdin=json.dumps(body))
    scene.cluster.succeed("wait", "ksvc/foreign", "--for=condition=Ready", "-n", scene.namespace, "--timeout=30s")
    for options in ([], ["--variant", "blue"]):
        done = scene.score("foreign", source, *options)
        assert done.code == 0, done.err
        assert server.requests[-1].startswith("POST /foreign_model ")


@pytest.mark.usefixtures("awkward")
@pytest.mark.parametrize(
    ("model", "options", "code", "said"),
    [
        ("credit-rsk", [], "MY710", "there is no model credit-rsk in the namespace scoring-live of 127.0.0.1:"),
        ("churn", [], "MY816", "its calls are split [MY816] hint: choose a variant with --variant"),
        ("churn", ["--variant", "v9"], "MY801", "churn has no variant v9 [MY801] hint: there are challenger, champion"),
        ("pricing", ["--variant", "v9"], "MY801", "pricing has no variant v9 [MY801] hint: it has no variants"),
        ("pricing", ["--ingress", "127.0.0.1:1"], "MY816", "pricing has no Ingress, HTTPRoute or Route"),
        ("asleep", [], "MY816", "it is scaled to zero [MY816] hint: a call through the cluster's gateway wakes it"),
        ("broken", [], "MY816", "broken is not ready"),
        ("empty", [], "MY816", "empty has no pod [MY816] hint: scale it up"),
        ("twice", [], "MY816", "twice may be Service twice"),
    ],
)
def test_what_takes_no_calls_is_said_with_a_way_out(
    scene: Scene, source: Path, model: str, options: list[str], code: str, said: str
) -> None:
    done = scene.score(model, source, *options)
    assert done.code == 1
    assert f"[{code}]" in done.err
    assert said in " ".join(done.err.split())
    assert not source.with_name("out.csv").exists()


def test_a_tunnel_that_breaks_is_a_fault_that_passes(scene: Scene, source: Path) -> None:
    """The stand-in goes down and comes up again elsewhere; pods are replaced meanwhile."""
    body = rows(3000)
    table(source, body)
    with running(Server(delay=0.02)) as first:
        scene.lead(first.port)
        called = threading.Event()
        first.fault = _told(called, 300)
        answers: list[Answer] = []
        # Not every node tells the API server that a pod's end has closed: then the time limit does.
        options = ("--batch", "2", "--headers-timeout", "2s")
        runner = threading.Thread(target=lambda: answers.append(scene.score("pricing", source, *options)))
        runner.start()
        assert called.wait(60)
        with running(Server()) as second:
            scene.lead(second.port)
            scene.cluster.succeed("delete", "pod", "-l", "app.kubernetes.io/name=pricing", "-n", scene.namespace)
            first.fault = _broken
            runner.join(120)
            assert answers[0].code == 0, answers[0].err
            assert second.posts > 100
    assert read(source.with_name("out.csv")) == expected(body)
    assert " 0 retries" not in answers[0].err


def _told(event: threading.Event, after: int) -> Fault:
    async def fault(_server: Server, _writer: object, number: int) -> bool:
        if number == after:
            event.set()
        return False

    return fault


async def _broken(_server: Server, writer: asyncio.StreamWriter, _number: int) -> bool:
    writer.transport.abort()
    return True


READ: Final = (
    "pods",
    "services",
    "services.serving.knative.dev",
    "routes.serving.knative.dev",
)


def test_who_may_not_open_a_tunnel_is_told_which_role_it_needs(scene: Scene, source: Path, tmp_path: Path) -> None:
    user = ("create", "serviceaccount", "reader", "-n", scene.namespace)
    scene.cluster.succeed(*user)
    role = ("create", "role", "reader", "--verb=get,list", f"--resource={','.join(READ)}")
    scene.cluster.succeed(*role, "-n", scene.namespace)
    binding = ("create", "rolebinding", "reader", "--role=reader", f"--serviceaccount={scene.namespace}:reader")
    scene.cluster.succeed(*binding, "-n", scene.namespace)
    token = scene.cluster.succeed("create", "token", "reader", "-n", scene.namespace).strip()
    config = yaml.safe_load(scene.cluster.kubeconfig.read_text("utf-8"))
    config["users"][0]["user"] = {"token": token}
    (tmp_path / "kubeconfig").write_text(json.dumps(config), "utf-8")
    where = ["-n", scene.namespace, "--kubeconfig", str(tmp_path / "kubeconfig")]
    done = modelyard("score", "pricing", source, "-o", tmp_path / "out.csv", *where)
    assert done.code == 1
    assert "[MY703]" in done.err
    assert "portforward" in done.err
    assert token not in done.err
