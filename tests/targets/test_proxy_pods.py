"""The pods of sagemaker-proxy in all made sets: who stops first, which ports are open, what a change renames."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from modelyard import api
from modelyard.manifests.manifest import Manifest
from modelyard.manifests.names import bytes_of, seconds
from modelyard.models.deployment import Deployed, Service
from modelyard.models.model import Model
from modelyard.targets.sagemaker_proxy import caddy
from modelyard.targets.workloads.beside import FLUSH
from modelyard.targets.workloads.objects import lasting
from tests.support import sagemaker_proxy

Data: TypeAlias = dict[str, Any]


def pods(renderings: Mapping[str, api.Rendering]) -> Iterator[tuple[api.Rendering, Manifest, Data, Data, Data]]:
    """Yield rendering, Deployment or StatefulSet, pod, and the containers of model and proxy."""
    for rendering in renderings.values():
        for each in rendering.objects:
            pod = each.body["spec"]["template"]["spec"] if each.kind in ("Deployment", "StatefulSet") else {}
            if [found["name"] for found in pod.get("containers", ())] == ["proxy"]:
                (model,) = (found for found in pod["initContainers"] if found["name"] == "model")
                yield rendering, each, pod, model, pod["containers"][0]


def env(container: Data) -> dict[str, str]:
    return {each["name"]: each.get("value") for each in container["env"]}


def declared(rendering: api.Rendering, deployment: Manifest) -> Model:
    assert rendering.models is not None
    return next(each.whole.model for each in rendering.models.models if each.name == deployment.model)


def test_the_model_answers_until_the_proxy_is_done(renderings: Mapping[str, api.Rendering]) -> None:
    seen = 0
    for _, _, _, model, beside in pods(renderings):
        # The kubelet sends SIGTERM to native sidecars when the containers have ended, and the proxy gets it at once.
        assert (model["name"], model["restartPolicy"]) == ("model", "Always")
        assert "sleep" not in model.get("lifecycle", {}).get("preStop", {})
        assert "lifecycle" not in beside
        seen += 1
    assert seen > 40


def test_the_grace_period_is_what_the_proxy_and_the_model_need(renderings: Mapping[str, api.Rendering]) -> None:
    seen = set()
    for rendering, deployment, pod, _, beside in pods(renderings):
        own, given = declared(rendering, deployment), env(beside)
        hook = own.preStop
        delay = 5 if hook is None or hook.sleep is None else seconds(hook.sleep)
        assert given["PROXY_DRAIN"] == given["MODEL_TIMEOUT"], "no call is cut that has not had its time"
        wanted = delay + seconds(given["PROXY_DRAIN"]) + 5 + (FLUSH if logs(pod) else 0)
        assert seconds(given["PROXY_DELAY"]) == delay
        assert pod["terminationGracePeriodSeconds"] == (
            seconds(own.terminationGrace) if own.terminationGrace else wanted
        )
        seen.add((delay, own.terminationGrace))
    assert {delay for delay, _ in seen} == {0, 5, 15, 20}
    assert {grace for _, grace in seen} == {None, "30s", "90s", "2h"}


def test_scr_obeys_sigterm_where_the_proxy_cannot_read_its_environment(renderings: Mapping[str, api.Rendering]) -> None:
    seen = set()
    for rendering, deployment, pod, model, beside in pods(renderings):
        users = [each["securityContext"].get("runAsUser") for each in (model, beside)]
        shared = pod.get("shareProcessNamespace", False)
        assert shared == (declared(rendering, deployment).runtime == "scr" and users[0] not in (None, users[1]))
        seen.add(shared)
    assert seen == {True, False}


def test_the_models_container_is_the_first_that_cluster_commands_look_at(
    renderings: Mapping[str, api.Rendering],
) -> None:
    for _, deployment, pod, model, beside in pods(renderings):
        first, *others = [each for _, _, each in lasting(pod)]
        assert first == model
        assert beside in others
        metadata = deployment.body["spec"]["template"]["metadata"]
        assert metadata["annotations"]["kubectl.kubernetes.io/default-container"] == model["name"]


def test_of_a_foreign_pod_native_sidecars_last_and_init_containers_do_not() -> None:
    sidecar = {"name": "mesh", "restartPolicy": "Always"}
    pod = {"containers": [{"name": "app"}], "initContainers": [{"name": "fetch"}, sidecar]}
    assert [(key, i, each["name"]) for key, i, each in lasting(pod)] == [
        ("containers", 0, "app"),
        ("initContainers", 1, "mesh"),
    ]
    assert [lasting(odd) for odd in ({}, {"containers": None}, {"containers": ["app"], "initContainers": {}})] == [
        []
    ] * 3


def test_model_and_proxy_have_ports_of_their_own(renderings: Mapping[str, api.Rendering]) -> None:
    for _, _, pod, model, beside in pods(renderings):
        (own, *further), (front,) = model["ports"], beside["ports"]
        assert (own["name"], front["name"]) == ("model", "http")
        assert front["containerPort"] not in {each["containerPort"] for each in (own, *further)}
        behind = logs(pod)["ports"][0] if logs(pod) else own
        if not reading(pod):
            assert env(beside)["MODEL_PORT"] == str(behind["containerPort"])
        assert env(beside)["SAGEMAKER_BIND_TO_PORT"] == str(front["containerPort"])


def logs(pod: Data) -> Data:
    """Return the container that logs what is scored; empty where there is none."""
    return next((each for each in pod["initContainers"] if each["name"] == "request-log"), {})


def reading(pod: Data) -> list[Data]:
    """Return the container that reads rows for TensorFlow Serving, where there is one."""
    return [each for each in pod["initContainers"] if each["name"] == "invocations"]


def test_what_reads_rows_stands_between_the_proxy_and_the_model(renderings: Mapping[str, api.Rendering]) -> None:
    seen = 0
    for rendering, _, pod, model, beside in pods(renderings):
        for each in reading(pod):
            # It starts when the model has started, and gets SIGTERM when the proxy has ended, before the model does.
            behind = logs(pod) or model
            assert pod["initContainers"].index(each) == pod["initContainers"].index(behind) + 1
            assert each["restartPolicy"] == "Always"
            options = dict(word.split("=", 1) for word in each["command"][3:])
            ports = [int(options[name]) for name in ("--port", "--health-port")]
            taken = [port["containerPort"] for port in (*model["ports"], *beside["ports"])]
            assert len({*ports, *taken}) == 2 + len(taken)
            given = env(beside)
            assert (given["MODEL_PORT"], given["SAS_SCR_APP_PATH"]) == (str(ports[0]), "/invocations")
            assert (given["MODEL_PING_METHOD"], given["MODEL_PING_PATH"]) == ("GET", "/ping")
            assert f":{behind['ports'][0]['containerPort']}/v1/models/" in each["command"][2]
            assert (options["--timeout"], options["--max-body"]) == (given["MODEL_TIMEOUT"], given["MAX_BODY"])
            probes = [each[name]["httpGet"]["port"] for name in ("startupProbe", "readinessProbe", "livenessProbe")]
            assert probes == [ports[1]] * 3
            assert rendering.models is not None
            assert rendering.models.spec.toolImage
            seen += 1
    assert seen


def test_every_service_is_on_8080_unless_it_says_more_and_leads_to_the_proxy(
    renderings: Mapping[str, api.Rendering],
) -> None:
    for rendering, deployment, _, _, _ in pods(renderings):
        service = next(each for each in rendering.objects if (each.kind, each.name) == ("Service", deployment.name))
        first, *_ = [(each["port"], each["targetPort"]) for each in service.body["spec"]["ports"]]
        own = _service(rendering, deployment)
        assert first == (own.port if own and own.port else 8080, "http")


def _service(rendering: api.Rendering, deployment: Manifest) -> Service | None:
    assert rendering.models is not None
    spec = next(
        each.whole.specs["sagemaker-proxy"] for each in rendering.models.models if each.name == deployment.model
    )
    assert isinstance(spec, Deployed)
    return spec.service


def test_only_the_proxys_port_and_further_ones_are_open_but_for_monitoring(
    renderings: Mapping[str, api.Rendering],
) -> None:
    opened = set()
    for rendering, deployment, pod, model, _ in pods(renderings):
        behind = (logs(pod) or model)["ports"][0]["containerPort"]
        name = deployment.body["metadata"]["labels"]["app.kubernetes.io/name"]
        for each in rendering.objects:
            if (each.kind, each.name) == ("NetworkPolicy", name):
                first, *others = each.body["spec"]["ingress"]
                further = {port.port for port in declared(rendering, deployment).ports or []}
                assert [port["port"] for port in first["ports"]][:1] == ["http"]
                assert {port["port"] for port in first["ports"][1:]} == further
                assert all(rule["from"] for rule in others)
                numbers = [port["port"] for rule in others for port in rule["ports"]]
                assert not numbers or behind in numbers
                assert not logs(pod) or model["ports"][0]["containerPort"] not in numbers
                assert len(others) <= 1 + bool(logs(pod))  # who scrapes the log, beside who scrapes the model
                opened.add(len(others))
    assert opened == {0, 1, 2}


def test_a_pod_mounts_the_caddyfile_that_is_rendered(renderings: Mapping[str, api.Rendering]) -> None:
    for rendering, _, pod, _, _ in pods(renderings):
        (mounted,) = [each["configMap"]["name"] for each in pod["volumes"] if each["name"] == "proxy-config"]
        config = next(each for each in rendering.objects if (each.kind, each.name) == ("ConfigMap", mounted))
        assert config.body["data"] == {"Caddyfile": caddy.caddyfile()}


def test_another_caddyfile_is_another_configmap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "models.yaml").write_text(sagemaker_proxy.MODELS.replace("TIMEOUT", "58s"), "utf-8")
    before = _config(tmp_path)
    assert _config(tmp_path) == before
    text = caddy.caddyfile()
    monkeypatch.setattr(caddy, "caddyfile", lambda: f"{text}# changed\n")
    assert _config(tmp_path) != before


def _config(folder: Path) -> tuple[str, str]:
    objects = {each.kind: each for each in api.render(folder).objects}
    volumes = objects["Deployment"].body["spec"]["template"]["spec"]["volumes"]
    named = next(each["configMap"]["name"] for each in volumes if "configMap" in each)
    assert objects["ConfigMap"].name == named
    return objects["ConfigMap"].name, named


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("6Mi", 6 << 20), ("1.5k", 1500), ("1", 1), ("2e3", 2000), ("0.5Ki", 512), ("1500m", 2), ("7E", 7 * 10**18)],
)
def test_a_quantity_is_as_many_bytes_as_kubernetes_takes_it_for(text: str, wanted: int) -> None:
    assert bytes_of(text) == wanted
