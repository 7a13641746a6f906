"""How soon a pod is ready: probes of a start ask each second, and ask what readiness asks."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from modelyard import api
from modelyard.check.pods import KNATIVE
from modelyard.manifests.manifest import Manifest

HANDLERS: Final = ("httpGet", "tcpSocket", "exec", "grpc")
MODELS: Final = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: risk}
spec:
  registry: registry.example.com/models
  models:
    - {name: churn, image: "churn:2.0.0", runtime: RUNTIME, port: 9000, PROBES, targets: {TARGET: {}}}
"""


def model(folder: Path, runtime: str, probes: str = "ignore: []", target: str = "deployment") -> dict[str, Any]:
    """Return the model's container."""
    text = MODELS.replace("RUNTIME", runtime).replace("PROBES", probes).replace("TARGET", target)
    (folder / "models.yaml").write_text(text, "utf-8")
    rendering = api.render(folder)
    assert [each for each in rendering.problems if each.severity == "error"] == []
    return next(each for _, _, each in containers(rendering) if each["name"] == "model")


def containers(rendering: api.Rendering) -> Iterator[tuple[Manifest, str, dict[str, Any]]]:
    """Yield each container of all Deployments and Knative Services."""
    for each in rendering.objects:
        template = each.body.get("spec", {}).get("template") if each.kind in ("Deployment", "Service") else None
        spec = template["spec"] if template else {}
        for key in ("initContainers", "containers"):
            for container in spec.get(key, ()):
                yield each, key, container


@pytest.mark.parametrize(("runtime", "limit"), [("scr", 120), ("pcr", 120), ("custom", 3600)])
@pytest.mark.parametrize("target", ["deployment", "knative"])
def test_a_start_is_asked_for_each_second_and_has_its_limit(
    tmp_path: Path, runtime: str, limit: int, target: str
) -> None:
    startup = model(tmp_path, runtime, target=target)["startupProbe"]
    assert (startup["periodSeconds"], startup["failureThreshold"]) == (1, limit)


@pytest.mark.parametrize("runtime", ["scr", "pcr", "custom"])
@pytest.mark.parametrize(
    "readiness", ["httpGet: {path: /ready}, timeout: 4s", "tcpSocket: {port: 9001}", "exec: {command: [/ask]}"]
)
def test_startup_asks_what_the_models_own_readiness_probe_asks(tmp_path: Path, runtime: str, readiness: str) -> None:
    found = model(tmp_path, runtime, f"probes: {{readiness: {{{readiness}, period: 30s, initialDelay: 5s}}}}")
    startup, asked = found["startupProbe"], found["readinessProbe"]
    assert (asked["periodSeconds"], startup["periodSeconds"]) == (30, 1)
    keys = (*HANDLERS, "timeoutSeconds")
    assert {key: startup.get(key) for key in keys} == {key: asked.get(key) for key in keys}
    assert "initialDelaySeconds" not in startup


def test_what_a_model_says_of_its_startup_stands(tmp_path: Path) -> None:
    off = model(tmp_path, "scr", "probes: {startup: false, readiness: {httpGet: {path: /ready}}}")
    assert "startupProbe" not in off
    own = model(tmp_path, "scr", "probes: {startup: {tcpSocket: {}}, readiness: {httpGet: {path: /ready}}}")
    assert own["startupProbe"] == {"tcpSocket": {"port": 9000}, "periodSeconds": 10, "successThreshold": 1}
    without = model(tmp_path, "scr", "probes: {readiness: false}")
    assert without["startupProbe"]["tcpSocket"] == {"port": 9000}


def is_behind_a_log(manifest: Manifest) -> bool:
    pod = manifest.body["spec"]["template"]["spec"]
    return manifest.group == KNATIVE and any(each["name"] == "request-log" for each in pod["containers"])


def test_no_container_waits_for_the_period_of_its_readiness_probe(renderings: Mapping[str, api.Rendering]) -> None:
    seen = 0
    for rendering in renderings.values():
        assert rendering.models is not None
        own = {each.name: each.whole.model.probes for each in rendering.models.models}
        for manifest, _, container in containers(rendering):
            probes = own[manifest.model or ""]
            if container["name"] not in ("model", "proxy"):
                continue  # what stands beside them has the probes that its file gives it
            if container["name"] == "model" and probes and probes.startup is not None:
                continue
            if container["name"] == "model" and is_behind_a_log(manifest):
                continue  # Knative probes the log, which asks the model
            # A startup that succeeds makes the kubelet ask readiness at once (prober_manager.go, UpdatePodStatus).
            assert container["startupProbe"]["periodSeconds"] == 1
            seen += 1
    assert seen > 100
