"""The pods of sagemaker-proxy in all made sets: who stops first, which ports are open, what a change renames."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from modelyard import api, proxy
from modelyard.manifest import Manifest
from modelyard.names import bytes_of, seconds
from tests import proxies

Data: TypeAlias = dict[str, Any]


def pods(renderings: Mapping[str, api.Rendering]) -> Iterator[tuple[api.Rendering, Manifest, Data, Data, Data]]:
    """Yield rendering, Deployment, pod, and the containers of model and proxy."""
    for rendering in renderings.values():
        for each in rendering.objects:
            pod = each.body["spec"]["template"]["spec"] if each.kind == "Deployment" else {}
            containers = {found["name"]: found for found in pod.get("containers", ())}
            if "proxy" in containers:
                yield rendering, each, pod, containers["model"], containers["proxy"]


def env(container: Data) -> dict[str, str]:
    return {each["name"]: each.get("value") for each in container["env"]}


def stops_after(container: Data) -> int:
    return int(container["lifecycle"]["preStop"]["sleep"]["seconds"])


def test_the_model_answers_until_the_proxy_is_done(renderings: Mapping[str, api.Rendering]) -> None:
    seen = 0
    for _, _, pod, model, beside in pods(renderings):
        drained = stops_after(beside) + seconds(env(beside)["PROXY_DRAIN"])
        assert stops_after(model) >= drained
        assert stops_after(model) < pod["terminationGracePeriodSeconds"] <= 40
        seen += 1
    assert seen > 40


def test_model_and_proxy_have_ports_of_their_own(renderings: Mapping[str, api.Rendering]) -> None:
    for _, _, _, model, beside in pods(renderings):
        (own,), (front,) = model["ports"], beside["ports"]
        assert (own["name"], front["name"]) == ("model", "http")
        assert own["containerPort"] != front["containerPort"]
        assert env(beside)["MODEL_PORT"] == str(own["containerPort"])
        assert env(beside)["SAGEMAKER_BIND_TO_PORT"] == str(front["containerPort"])


def test_every_service_is_on_8080_and_leads_to_the_proxy(renderings: Mapping[str, api.Rendering]) -> None:
    for rendering, deployment, _, _, _ in pods(renderings):
        service = next(each for each in rendering.objects if (each.kind, each.name) == ("Service", deployment.name))
        assert [(each["port"], each["targetPort"]) for each in service.body["spec"]["ports"]] == [(8080, "http")]


def test_only_the_proxys_port_is_open_but_for_monitoring(renderings: Mapping[str, api.Rendering]) -> None:
    opened = set()
    for rendering, deployment, _, _, _ in pods(renderings):
        name = deployment.body["metadata"]["labels"]["app.kubernetes.io/name"]
        for each in rendering.objects:
            if (each.kind, each.name) == ("NetworkPolicy", name):
                first, *others = each.body["spec"]["ingress"]
                assert [port["port"] for port in first["ports"]] == ["http"]
                assert all([port["port"] for port in rule["ports"]] == ["model"] and rule["from"] for rule in others)
                opened.add(len(others))
    assert opened == {0, 1}


def test_a_pod_mounts_the_caddyfile_that_is_rendered(renderings: Mapping[str, api.Rendering]) -> None:
    for rendering, _, pod, _, _ in pods(renderings):
        (mounted,) = [each["configMap"]["name"] for each in pod["volumes"] if each["name"] == "proxy-config"]
        config = next(each for each in rendering.objects if (each.kind, each.name) == ("ConfigMap", mounted))
        assert config.body["data"] == {"Caddyfile": proxy.caddyfile()}


def test_another_caddyfile_is_another_configmap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "models.yaml").write_text(proxies.MODELS.replace("TIMEOUT", "58s"), "utf-8")
    before = _config(tmp_path)
    assert _config(tmp_path) == before
    text = proxy.caddyfile()
    monkeypatch.setattr(proxy, "caddyfile", lambda: f"{text}# changed\n")
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
