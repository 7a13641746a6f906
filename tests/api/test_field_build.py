"""Bug reports of others about what kustomize builds: each folder of ../shared/data/field gives its right result."""

import os
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from modelyard import api
from modelyard.api import site_config
from modelyard.api.build import check_built
from modelyard.api.objects import check_streams
from modelyard.kustomize import site_config as install
from modelyard.problems import Problem, has_errors
from tests.support.folders import state


@pytest.fixture
def field(shared: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """Return a copy of the report that the test is named for in `@pytest.mark.parametrize`."""
    return Path(shutil.copytree(shared / "data" / "field" / request.param, tmp_path / "field"))


def report(name: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("field", [name], indirect=True, ids=[name])


def render(*folders: Path) -> None:
    for folder in folders:
        result = api.overlay(folder)
        assert not has_errors(result.problems)
        assert api.write(folder, result) == []


def build(kustomize: Path, folder: Path) -> bytes:
    return subprocess.run([kustomize, "build", folder], capture_output=True, check=True).stdout


def stream_problems(content: bytes) -> list[Problem]:
    return check_streams({"built.yaml": content}).problems


@report("hash-in-route")
def test_names_with_suffix_and_hash_reach_knative_services(field: Path, kustomize: Path) -> None:
    render(field)
    content = build(kustomize, field)
    assert len(re.findall(rb"name: site-(?:settings|secret)-eu-[a-z0-9]{10}\n", content)) >= 10
    assert content.count(b"configurationName: claims-one-eu\n") == 1
    assert content.count(b"configurationName: claims-two-eu\n") == 1
    assert check_built(field, content, "built.yaml") == []
    assert stream_problems(content) == []


@report("numeric-namespace")
def test_a_namespace_of_digits_stays_text(field: Path, kustomize: Path) -> None:
    render(field)
    content = build(kustomize, field)
    assert content.count(b'namespace: "01234"\n') == 8
    data = [each["data"] for each in yaml.safe_load_all(content) if each["kind"] == "ConfigMap"]
    assert data
    assert all(each == {"LIMIT": "1e3", "MODE": "on"} for each in data)
    assert check_built(field, content, "built.yaml") == []
    assert stream_problems(content) == []


@report("replacement-of-a-number")
def test_a_replaced_value_stays_text_and_is_a_note_that_hides_it(field: Path, kustomize: Path) -> None:
    render(field)
    content = build(kustomize, field)
    assert not has_errors(stream_problems(content))
    found = check_built(field, content, "built.yaml")
    assert [each.severity for each in found] == ["note"] * 3
    template = "Service.serving.knative.dev risk: /spec/template"
    assert [each.message for each in found] == [
        f"{template}/spec/containers/0/env/0/value differs (hidden)",
        f"{template}/spec/containers/0/env/1/value differs (hidden)",
        f'{template}/metadata/annotations/autoscaling.knative.dev~1min-scale is "3", not "1"',
    ]


@report("replacement-quotes")
def test_values_that_replacements_leave_without_a_type_are_errors(field: Path, kustomize: Path) -> None:
    render(field)
    content = build(kustomize, field)
    lines = content.decode().split("\n")
    for found in (stream_problems(content), check_built(field, content, "built.yaml")):
        places = [each.place for each in found if each.severity == "error"]
        wrong = [lines[each.line - 1].strip() for each in places if each and each.file == "built.yaml"]
        assert wrong == ["audited: true", "value: true", "value: 80"]


@report("two-places")
def test_one_set_in_two_namespaces_has_a_note_for_the_annotation(field: Path, kustomize: Path) -> None:
    render(field / "a", field / "b")
    content = build(kustomize, field)
    routes = [each["spec"]["traffic"] for each in yaml.safe_load_all(content) if each["kind"] == "Route"]
    assert Counter(target["configurationName"] for traffic in routes for target in traffic) == {
        "claims-one": 2,
        "claims-two": 2,
    }
    assert stream_problems(content) == []
    for folder in ("a", "b"):
        (found,) = check_built(field / folder, content, "built.yaml")
        assert (found.code, found.severity) == ("MY632", "note")
        assert found.message == "Route.serving.knative.dev claims: /metadata/annotations/owner was added"


@report("two-places")
def test_a_set_is_compared_with_its_own_objects_of_two_namespaces(field: Path, kustomize: Path) -> None:
    file = field / "b" / "models.yaml"
    file.write_text(file.read_text("utf-8").replace("claims:1.0", "claims:2.0"), "utf-8")
    render(field / "a", field / "b")
    content = build(kustomize, field)
    for folder in ("a", "b"):
        (found,) = check_built(field / folder, content, "built.yaml")
        assert "owner was added" in found.message
    bodies = [each for each in yaml.safe_load_all(content) if identity(each) != ("Route", "claims-b")]
    codes = [each.code for each in check_built(field / "b", yaml.safe_dump_all(bodies).encode(), "built.yaml")]
    assert codes == ["MY631"], "the Route of the other namespace is not its own"


def identity(body: dict[str, Any]) -> tuple[str, str]:
    return body["kind"], body["metadata"].get("namespace", "")


def deployed(field: Path, shared: Path, kustomize: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make the deployment of a report, with kustomize on PATH; return its folder."""
    monkeypatch.setenv("PATH", f"{kustomize.parent}{os.pathsep}{os.environ['PATH']}")
    subprocess.run(["sh", "setup.sh"], cwd=field, env={**os.environ, "SHARED": str(shared)}, check=True)
    return field / "deploy"


@report("viya-missing-list")
def test_each_patch_that_misses_its_list_is_named_with_the_right_pointer(
    field: Path, shared: Path, kustomize: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy = deployed(field, shared, kustomize, monkeypatch)
    found = site_config.check_base(field, deploy)
    assert [each.code for each in found if each.severity == "error"] == ["MY609", "MY609", "MY622"]
    assert all(each.place and each.place.file.endswith("site-config/project-data.yaml") for each in found)
    assert all("project-data" in each.message for each in found)
    assert "Deployment.apps sas-microanalytic-score and on 2 more objects" in found[0].message
    assert found[0].hint.endswith("/spec/template/spec/volumes/-")
    assert found[1].hint.endswith("/spec/template/spec/containers/0/volumeMounts/-")


@report("viya-order")
def test_entries_of_ones_own_keep_their_place(
    field: Path, shared: Path, kustomize: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy = deployed(field, shared, kustomize, monkeypatch)
    before = state(deploy)
    change, problems = site_config.installation(field, deploy, api.overlay(field))
    assert change is not None, problems
    assert install.apply(change) == []
    after = (deploy / "kustomization.yaml").read_text("utf-8")
    assert after.removeprefix(before["kustomization.yaml"]).startswith("components:\n")
    assert check_built(field, build(kustomize, deploy), "b.yaml") == []
    assert site_config.check_base(field, deploy) == []
    assert site_config.installed(deploy)[1] == []
    change, problems = site_config.removal(field, deploy)
    assert change is not None, problems
    assert install.apply(change) == []
    assert state(deploy) == before
