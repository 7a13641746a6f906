"""What a real API server refuses beyond its schema is an error, at the field that the server names."""

import importlib
import pkgutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from modelyard.api.objects import check_streams
from modelyard.check.rules import refused
from modelyard.check.schemas.kinds import Kinds
from modelyard.problems import Problem
from tests.support import server_mutants

# File -> code and pointer of each error, where the server says what it refuses, or more than the server says.
REFUSED: Final[Mapping[str, set[tuple[str, str]]]] = {
    "crb_sa_nons.yaml": {("MY358", "/subjects/0")},
    "dup_container.yaml": {("MY328", "/spec/containers/1/name")},
    "env_both.yaml": {("MY335", "/spec/containers/0/env/0/valueFrom")},
    "hpa_minmax.yaml": {("MY358", "/spec/maxReplicas")},
    "ing.yaml": set(),
    "ing_path.yaml": {("MY357", "/spec/rules/0/http/paths/0/path")},
    "job_onfail_cron.yaml": {("MY358", "/spec/schedule")},
    "netpol_port.yaml": {("MY358", "/spec/ingress/0/from/0/ipBlock/cidr")},
    "old_api2.yaml": {("MY359", "/apiVersion")},
    "old_api3.yaml": {("MY359", "/apiVersion")},
    "pdb_both.yaml": {("MY358", "/spec/maxUnavailable")},
    "probe_port_name.yaml": {("MY322", "/spec/containers/0/livenessProbe/httpGet/port")},
    "probe_two.yaml": {("MY339", "/spec/containers/0/livenessProbe")},
    "rb_roleref.yaml": {("MY327", "/roleRef/kind")},
    "restart_deploy.yaml": {("MY358", "/spec/template/spec/restartPolicy")},
    "sc_noprov.yaml": {("MY390", "")},
    "secret_b64.yaml": {("MY358", "/data/pw")},
    "sts_novct.yaml": set(),
    "svc_name_digit.yaml": set(),
    "svc_name_dot.yaml": {("MY320", "/metadata/name")},
    "svc_nodeport_cluster.yaml": {("MY358", "/spec/ports/0/nodePort")},
    "webhook.yaml": {
        ("MY358", "/webhooks/0/name"),
        ("MY327", "/webhooks/0/sideEffects"),
        ("MY358", "/webhooks/0/clientConfig/url"),
    },
}


def checked(folder: Path, name: str, kubernetes: str = "1.37") -> list[Problem]:
    return check_streams({name: (folder / name).read_bytes()}, kinds=Kinds(kubernetes)).problems


def errors(problems: list[Problem]) -> set[tuple[str, str]]:
    return {(each.code, each.subject.pointer if each.subject else "") for each in problems if each.severity == "error"}


@pytest.fixture(scope="module")
def folder(shared: Path) -> Path:
    return shared / "data" / "field" / "server-refuses"


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_server_refuses_is_an_error_at_its_field(folder: Path, name: str) -> None:
    assert errors(checked(folder, name)) == REFUSED[name]


def test_every_stream_of_the_server_is_judged(folder: Path) -> None:
    assert {path.name for path in folder.glob("*.yaml")} - {"x1.yaml"} == REFUSED.keys()
    said = [line.split("\t") for line in (folder / "expected.txt").read_text("utf-8").splitlines() if "\t" in line]
    refused = {name for name, status, *_ in said if status == "1"}
    assert len(refused) > 15
    assert {name for name, found in REFUSED.items() if found} == {*refused, "probe_port_name.yaml"}


def test_a_service_whose_name_starts_with_a_digit_is_taken_since_kubernetes_1_36(folder: Path) -> None:
    found = [each for each in checked(folder, "svc_name_digit.yaml") if each.code in ("MY320", "MY392")]
    assert [(each.code, each.severity) for each in found] == [("MY392", "warning")]
    assert "1.36" in found[0].message
    assert errors(checked(folder, "svc_name_digit.yaml", "1.35")) == {("MY320", "/metadata/name")}


def test_values_that_no_schema_knows(shared: Path) -> None:
    folder = shared / "data" / "field" / "values-that-no-schema-knows"
    pod = "/spec/template/spec"
    assert errors(checked(folder, "deployment.yaml")) == {
        ("MY358", "/spec/replicas"),
        ("MY358", "/spec/progressDeadlineSeconds"),
        ("MY358", "/spec/strategy/rollingUpdate"),
        ("MY358", f"{pod}/restartPolicy"),
        ("MY339", f"{pod}/containers/0/livenessProbe/successThreshold"),
        ("MY339", f"{pod}/containers/0/livenessProbe/periodSeconds"),
        ("MY339", f"{pod}/containers/0/readinessProbe"),
        ("MY335", f"{pod}/containers/0/env/0/valueFrom"),
        ("MY335", f"{pod}/containers/0/env/1/valueFrom/fieldRef/fieldPath"),
        ("MY334", f"{pod}/containers/0/volumeMounts/0/subPath"),
        ("MY334", f"{pod}/volumes/0"),
        ("MY333", f"{pod}/tolerations/0/value"),
    }


def test_base64_and_keys_of_secrets(shared: Path) -> None:
    folder = shared / "data" / "field" / "base64-secret"
    assert errors(checked(folder, "bad.yaml")) == {("MY358", "/data/password"), ("MY358", "/binaryData/x")}
    assert errors(checked(folder, "good.yaml")) == set()
    assert len(errors(checked(folder, "keys.yaml"))) == 4
    assert "not base64!" not in str(checked(folder, "bad.yaml"))


@pytest.mark.parametrize("name", server_mutants.OBJECTS)
def test_check_takes_what_the_server_takes(name: str) -> None:
    assert server_mutants.errors(server_mutants.OBJECTS[name]) == ()


@pytest.mark.parametrize("name", server_mutants.OBJECTS)
def test_rules_take_any_value_anywhere(name: str) -> None:
    """Values of every type stand at every place; the rules say something or nothing, and never fail."""
    for mutant in server_mutants.mutants(name):
        if mutant.what.endswith(("= true", "= [1]", "= {}", "= null", "1099511627776")):
            server_mutants.errors(mutant.body)


def test_null_is_absent() -> None:
    body: Any = server_mutants.OBJECTS["deployment"]
    assert server_mutants.errors({**body, "spec": {**body["spec"], "replicas": None, "paused": None}}) == ()


def test_every_table_is_found_by_the_group_and_kind_of_an_object() -> None:
    tables: dict[tuple[str, str], object] = {}
    for module in pkgutil.iter_modules(refused.__path__, f"{refused.__name__}."):
        tables |= getattr(importlib.import_module(module.name), "TABLES", {})
    assert len(tables) > 35
    assert [key for key in tables if refused._tree(*key) is None] == []
    assert refused._tree("example.com", "Deployment") is refused._tree("apps", "Unknown") is None
