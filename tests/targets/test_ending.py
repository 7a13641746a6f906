"""How a pod ends: preStop, the time that calls get, and when SIGKILL comes; what a model says of it, and where not."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from modelyard import api
from modelyard.manifests.names import seconds
from modelyard.problems import Problem

MODELS: Final = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: risk}
spec:
  models:
    - name: churn
      image: r.io/churn:2.0.0
      FIELDS
      targets: {TARGETS}
"""


def rendered(folder: Path, targets: str, fields: str = "runtime: scr") -> api.Rendering:
    text = MODELS.replace("FIELDS", fields.replace("; ", "\n      ")).replace("TARGETS", targets)
    (folder / "models.yaml").write_text(text, "utf-8")
    return api.render(folder)


def pod(found: api.Rendering) -> dict[str, Any]:
    assert [each for each in found.problems if each.severity == "error"] == []
    spec = next(each.body["spec"]["template"]["spec"] for each in found.objects if each.kind == "Deployment")
    assert isinstance(spec, dict)
    return spec


def ends(spec: Mapping[str, Any]) -> tuple[dict[str, Any] | None, int]:
    """Return preStop of the pod's container, and its grace period."""
    return spec["containers"][0].get("lifecycle", {}).get("preStop"), spec["terminationGracePeriodSeconds"]


def found(problems: list[Problem]) -> list[tuple[str, str, int]]:
    return [(each.code, each.severity, each.place.line if each.place else 0) for each in problems]


@pytest.mark.parametrize(
    ("target", "fields", "wanted"),
    [
        # SCR ignores SIGTERM: from then on until SIGKILL calls in flight have their time.
        ("deployment: {}", "runtime: scr", (10, 70)),
        ("deployment: {timeout: 5m}", "runtime: scr", (10, 310)),
        ("deployment: {}", "runtime: pcr", (10, 30)),
        ("deployment: {timeout: 14s}", "runtime: pcr", (10, 24)),
        ("deployment: {}", "preStop: {sleep: 25s}", (25, 85)),
        ("deployment: {}", "runtime: pcr; preStop: {sleep: 45s}", (45, 65)),
        ("deployment: {}", "preStop: {sleep: 25s}; terminationGrace: 2m", (25, 120)),
        ("deployment: {}", "terminationGrace: 90s", (10, 90)),
        ("deployment: {}", "terminationGrace: 4s", (4, 4)),  # Kubernetes refuses a longer sleep
    ],
)
def test_the_grace_period_follows_from_prestop_and_timeout(
    tmp_path: Path, target: str, fields: str, wanted: tuple[int, int]
) -> None:
    sleep, grace = wanted
    assert ends(pod(rendered(tmp_path, target, fields))) == ({"sleep": {"seconds": sleep}}, grace)


def test_a_prestop_of_the_models_own_takes_the_place_of_the_targets(tmp_path: Path) -> None:
    command = pod(rendered(tmp_path, "deployment: {}", "preStop: {exec: {command: [/app/drain, --now]}}"))
    assert ends(command) == ({"exec": {"command": ["/app/drain", "--now"]}}, 70)
    call = pod(rendered(tmp_path, "deployment: {}", "port: 9000; preStop: {httpGet: {path: /drain}}"))
    assert ends(call) == ({"httpGet": {"path": "/drain", "port": 9000}}, 70)
    assert ends(pod(rendered(tmp_path, "deployment: {}", "preStop: {sleep: 0s}"))) == (None, 60)


def test_on_sagemaker_proxy_a_sleep_is_the_proxys_and_all_else_the_models(tmp_path: Path) -> None:
    spec = pod(rendered(tmp_path, "sagemaker-proxy: {timeout: 20s}", "preStop: {sleep: 15s}"))
    delays = {each["name"]: each["value"] for each in spec["containers"][0]["env"] if each["name"].startswith("PROXY")}
    assert delays == {"PROXY_DELAY": "15s", "PROXY_DRAIN": "20s"}
    assert "lifecycle" not in spec["initContainers"][0]
    assert spec["terminationGracePeriodSeconds"] == 40
    spec = pod(rendered(tmp_path, "sagemaker-proxy: {timeout: 20s}", "preStop: {exec: {command: [/app/drain]}}"))
    assert spec["initContainers"][0]["lifecycle"] == {"preStop": {"exec": {"command": ["/app/drain"]}}}
    assert spec["terminationGracePeriodSeconds"] == 30


@pytest.mark.parametrize("target", ["deployment: {timeout: 58s}", "sagemaker-proxy: {timeout: 58s}"])
def test_a_grace_period_that_cuts_calls_is_a_warning_that_can_be_accepted(tmp_path: Path, target: str) -> None:
    few = rendered(tmp_path, target, "preStop: {sleep: 2s}; terminationGrace: 59s")
    assert found(few.problems) == [("MY223", "warning", 9)]
    assert few.problems[0].hint == "set terminationGrace: 60s, or a shorter timeout"
    assert found(rendered(tmp_path, target, "preStop: {sleep: 2s}; terminationGrace: 60s").problems) == []
    # How long a command takes is not known: a call at least must have its time.
    fields = "preStop: {exec: {command: [/app/drain]}}; terminationGrace: 58s"
    assert found(rendered(tmp_path, target, fields).problems) == []
    ignored = "ignore: [{code: MY223, reason: calls are short}]; terminationGrace: 30s"
    assert [each.accepted for each in rendered(tmp_path, target, ignored).problems] == ["calls are short"]


@pytest.mark.parametrize("target", ["deployment: {}", "sagemaker-proxy: {}"])
def test_a_sleep_longer_than_the_grace_period_is_an_error(tmp_path: Path, target: str) -> None:
    few = rendered(tmp_path, target, "preStop: {sleep: 90s}; terminationGrace: 60s")
    assert found(few.problems) == [("MY104", "error", 9)]
    assert few.problems[0].message == "preStop sleeps 90s, but the pod is killed after 60s"


def test_knative_takes_neither_and_says_what_does_it(tmp_path: Path) -> None:
    refused = rendered(tmp_path, "knative: {minScale: 1}", "preStop: {sleep: 5s}; terminationGrace: 60s")
    assert found(refused.problems) == [("MY224", "error", 8), ("MY224", "error", 9)]
    assert refused.problems[0].message.startswith("preStop cannot be set on Knative")
    assert all("timeout" in (each.hint or "") for each in refused.problems)


def test_on_sagemaker_they_have_no_effect(tmp_path: Path) -> None:
    fields = "preStop: {sleep: 5s}; terminationGrace: 60s"
    image = "image: '123456789012.dkr.ecr.eu-west-1.amazonaws.com/churn:1.0.0'"
    role = "arn:aws:iam::123456789012:role/scoring"
    target = f"sagemaker: {{region: eu-west-1, instanceType: ml.m5.large, executionRoleARN: '{role}', {image}}}"
    codes = found(rendered(tmp_path, target, fields).problems)
    assert codes == [("MY245", "warning", 8), ("MY245", "warning", 9)]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ("preStop: {sleep: 5s, httpGet: {}}", "httpGet and sleep exclude each other"),
        ("preStop: {}", "a handler is missing"),
        ("preStop: {sleep: 5}", "5 is a number to YAML, and text is wanted"),
        ("preStop: {sleep: soon}", "soon is not a duration such as 60s, 5m, 1h30m or 7d"),
        ("terminationGrace: 0s", "0s must be at least 1s"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, fields: str, message: str) -> None:
    (problem,) = rendered(tmp_path, "deployment: {}", fields).problems
    assert problem.message == message


def test_a_pod_always_has_time_for_its_prestop(renderings: Mapping[str, api.Rendering]) -> None:
    seen = 0
    for rendering in renderings.values():
        for each in rendering.objects:
            spec = each.body["spec"]["template"]["spec"] if each.kind == "Deployment" else {"containers": ()}
            for container in (*spec.get("initContainers", ()), *spec["containers"]):
                hook = container.get("lifecycle", {}).get("preStop", {})
                assert hook.get("sleep", {}).get("seconds", 0) <= spec["terminationGracePeriodSeconds"]
                seen += "sleep" in hook
    assert seen > 40


def test_a_call_has_its_time_also_when_a_pod_ends(renderings: Mapping[str, api.Rendering]) -> None:
    seen = 0
    for rendering in renderings.values():
        assert rendering.models is not None
        for model in rendering.models.models:
            own, spec = model.whole.model, model.whole.specs.get("deployment")
            if own.runtime != "scr" or not spec or own.preStop or own.terminationGrace:
                continue
            timeout = seconds(getattr(spec, "timeout", None) or "60s")
            for each in rendering.objects:
                if each.kind == "Deployment" and each.model == model.name:
                    containers = each.body["spec"]["template"]["spec"]
                    if containers["containers"][0]["name"] == "model":
                        assert containers["terminationGracePeriodSeconds"] == 10 + timeout
                        seen += 1
    assert seen > 5
