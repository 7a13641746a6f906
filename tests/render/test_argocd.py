"""What is written for Argo CD: its rules of health, run on states, and what it is told to ignore."""

import shutil
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from modelyard import api
from modelyard.render import argocd
from tests.conftest import need
from tests.support.argocd import STATES, different, health, settings, without_ignored

Case = dict[str, Any]

CASES: Final[list[Case]] = yaml.safe_load(Path(__file__).with_name("argocd_states.yaml").read_text("utf-8"))
RULE: Final = "resource.customizations.health."
ROUTE: Final = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute"}
SERVICE: Final = {"apiVersion": "serving.knative.dev/v1", "kind": "Service"}


def _rules(backend: Case) -> Case:
    return {"rules": [{"backendRefs": [backend]}]}


def _pod(*, readOnly: bool = False, **source: Case) -> Case:  # noqa: N803 - the name of the field
    mount = {"name": "files", **({"readOnly": True} if readOnly else {})}
    pod = {"containers": [{"volumeMounts": [mount]}], "volumes": [{"name": "files", **source}]}
    return {"template": {"spec": pod}}


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["name"]))
def test_health(case: Case) -> None:
    assert health(case["object"]) == (case["is"], case["says"])


def test_there_is_a_rule_for_each_kind_that_argo_cd_has_none_for_and_no_other() -> None:
    kinds = {key.removeprefix(RULE) for key in settings() if key.startswith(RULE)}
    missing = {f"serving.knative.dev_{kind}" for kind in ("Route", "DomainMapping", "Configuration")}
    assert kinds == {*missing, "sparkoperator.k8s.io_ScheduledSparkApplication"}
    assert {each["is"] for each in CASES} == STATES
    ruled = {f"{each['object']['apiVersion'].partition('/')[0]}_{each['object']['kind']}" for each in CASES}
    assert ruled == kinds


def _ignored() -> list[Case]:
    cases = Path(__file__).parent / "cases"
    objects = [each for name in ("knative-argocd", "deployment-split") for each in api.render(cases / name).objects]
    source = argocd.Source("https://git.example.com/models.git", "prod", "scoring")
    found: list[Case] = yaml.safe_load(argocd.application("all", source, objects))["spec"]["ignoreDifferences"]
    return found


@pytest.mark.parametrize(
    ("git", "live", "differs"),
    [
        ({**ROUTE, "spec": _rules({"name": "a"})}, {**ROUTE, "spec": _rules({"name": "a", "weight": 1})}, False),
        ({**ROUTE, "spec": _rules({"weight": 90})}, {**ROUTE, "spec": _rules({"weight": 1})}, True),
        ({**ROUTE, "spec": _rules({"weight": 90})}, {**ROUTE, "spec": _rules({"weight": 80})}, True),
        ({**SERVICE, "spec": _pod(emptyDir={})}, {**SERVICE, "spec": _pod(readOnly=True, emptyDir={})}, True),
        ({**SERVICE, "spec": _pod(secret={})}, {**SERVICE, "spec": _pod(readOnly=True, secret={})}, False),
    ],
    ids=["default weight", "a weight against the default", "another weight", "a volume that is fixed", "a secret"],
)
def test_only_what_means_the_same_is_ignored(git: Case, live: Case, *, differs: bool) -> None:
    need(Path(shutil.which("jq") or "jq"), "install jq")
    assert different(git, live)
    (old, new) = without_ignored([git, live], _ignored())
    assert bool(different(old, new)) is differs
