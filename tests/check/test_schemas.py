"""The shipped schemas: what they accept another translation accepts, and the reverse; small, and with origins."""

import gzip
import json
from pathlib import Path
from typing import Any, Final, TypeAlias

import jsonschema_rs
import pytest
import yaml

from modelyard import api
from modelyard.check import check_objects
from modelyard.check.finding import Cluster
from modelyard.check.rules.schemas import by_schema
from modelyard.check.schemas.kinds import NEWEST, Kinds, versions
from modelyard.manifests.manifest import Manifest
from tests.support.mutations import mutated

Object: TypeAlias = dict[str, Any]
Name: TypeAlias = tuple[str, str, str]  # set, apiVersion, kind

FOLDER: Final = Path(__file__).parents[2] / "generator" / "modelyard" / "check" / "schemas" / "shipped"
INDEX: Final = json.loads((FOLDER / "index.json").read_text("utf-8"))
# Written by hand for the fields that modelyard writes: these accept less than upstream's.
BY_HAND: Final = frozenset(
    [
        "sagemaker.services.k8s.aws/v1alpha1",
        "applicationautoscaling.services.k8s.aws/v1alpha1",
        "cloudscheduler.cnrm.cloud.google.com/v1beta1",
        "dataproc.cnrm.cloud.google.com/v1beta1",
        "eventarc.cnrm.cloud.google.com/v1beta1",
        "iam.cnrm.cloud.google.com/v1beta1",
        "storage.cnrm.cloud.google.com/v1beta1",
        "workflows.cnrm.cloud.google.com/v1alpha1",
    ]
)
# Compared with other versions of their definitions, which differ in fields that no example has.
TARGETS: Final = {
    ("serving.knative.dev/v1", "Service"),
    ("serving.knative.dev/v1", "Configuration"),
    ("serving.knative.dev/v1", "Revision"),
    ("serving.knative.dev/v1", "Route"),
    ("serving.knative.dev/v1beta1", "DomainMapping"),
    ("networking.internal.knative.dev/v1alpha1", "ClusterDomainClaim"),
    ("gateway.networking.k8s.io/v1", "HTTPRoute"),
    ("monitoring.coreos.com/v1", "PodMonitor"),
    ("monitoring.coreos.com/v1", "ServiceMonitor"),
    ("keda.sh/v1alpha1", "ScaledObject"),
    ("route.openshift.io/v1", "Route"),
    ("sparkoperator.k8s.io/v1beta2", "SparkApplication"),
    ("sparkoperator.k8s.io/v1beta2", "ScheduledSparkApplication"),
    ("sagemaker.services.k8s.aws/v1alpha1", "Model"),
    ("sagemaker.services.k8s.aws/v1alpha1", "EndpointConfig"),
    ("sagemaker.services.k8s.aws/v1alpha1", "Endpoint"),
    ("applicationautoscaling.services.k8s.aws/v1alpha1", "ScalableTarget"),
    ("applicationautoscaling.services.k8s.aws/v1alpha1", "ScalingPolicy"),
}


def _ours() -> dict[Name, Path]:
    return {
        (name, *kind.split(" ")): FOLDER / path for name, kinds in INDEX["sets"].items() for kind, path in kinds.items()
    }


def _validator(path: Path) -> jsonschema_rs.Validator:
    content = path.read_bytes()
    return jsonschema_rs.validator_for(json.loads(gzip.decompress(content) if path.suffix == ".gz" else content))


@pytest.fixture(scope="module")
def pairs(shared: Path) -> dict[Name, tuple[jsonschema_rs.Validator, jsonschema_rs.Validator]]:
    """Return the validators of each kind that both sides have: ours, and the reference."""
    folder, ours = shared / "data" / "schemas", _ours()
    found = {}
    for entry in json.loads((folder / "index.json").read_text("utf-8")):
        name = (entry["set"].removeprefix("kubernetes-").replace("crd", "crds"), entry["apiVersion"], entry["kind"])
        if name in ours:
            found[name] = (_validator(ours[name]), _validator(folder / entry["path"]))
    return found


@pytest.fixture(scope="module")
def objects(shared: Path, renderings: dict[str, api.Rendering]) -> list[Object]:
    """Return the good examples of the reference, and what we render ourselves: each field of each kind is in one."""
    text = (shared / "data" / "schema-examples" / "good.yaml").read_text("utf-8")
    bodies = [(each.kind, _shape(each.body), each.body) for one in renderings.values() for each in one.objects]
    seen: dict[str, set[str]] = {}
    kept: list[Object] = []
    for kind, shape, body in sorted(bodies, key=lambda each: -len(each[1])):
        if not shape <= seen.setdefault(kind, set()):
            seen[kind] |= shape
            kept.append(body)
    return [*yaml.safe_load_all(text), *kept]


def _shape(node: object, path: str = "") -> set[str]:
    if isinstance(node, dict):
        return {path}.union(*(_shape(each, f"{path}/{key}") for key, each in node.items()))
    return {path}.union(*(_shape(each, f"{path}/0") for each in node)) if isinstance(node, list) else {path}


def test_every_set_has_its_kinds_and_its_origin() -> None:
    assert tuple(INDEX["kubernetes"]) == versions() == ("1.35", "1.36", "1.37")
    assert versions()[-1] == NEWEST
    assert {tuple(kind.split(" ")) for kind in INDEX["sets"]["crds"]} >= TARGETS
    assert all(each["origin"] and each["licence"] == "Apache-2.0" for each in INDEX["origins"])
    assert all(len(INDEX["sets"][minor]) > 60 for minor in INDEX["kubernetes"])


def test_the_files_are_those_of_the_index_and_small() -> None:
    files = {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.gz")}
    assert files == {path for kinds in INDEX["sets"].values() for path in kinds.values()}
    assert sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()) < 2_000_000


def test_every_schema_compiles_and_holds_no_description() -> None:
    for path in _ours().values():
        text = gzip.decompress(path.read_bytes()).decode()
        jsonschema_rs.validator_for(json.loads(text))
        assert '"description":"' not in text, path


def test_good_examples_are_accepted(shared: Path) -> None:
    text = (shared / "data" / "schema-examples" / "good.yaml").read_text("utf-8")
    known = {kind for kinds in INDEX["sets"].values() for kind in kinds}
    bodies = [each for each in yaml.safe_load_all(text) if f"{each['apiVersion']} {each['kind']}" in known]
    manifests = [Manifest(each, "") for each in bodies if each["apiVersion"] not in BY_HAND]
    assert [(str(manifests[each.manifest]), each) for each in by_schema(manifests, Cluster())] == []
    assert len(manifests) > 25


@pytest.mark.slow
def test_mutated_objects_are_judged_as_upstream_does(
    pairs: dict[Name, tuple[jsonschema_rs.Validator, jsonschema_rs.Validator]], objects: list[Object]
) -> None:
    judged, differ = 0, []
    for body in objects:
        for name, (ours, theirs) in pairs.items():
            if name[1:] != (body["apiVersion"], body["kind"]) or name[0] in ("1.35", "1.36"):
                continue
            for what, each in mutated(body):
                judged += 1
                mine, other = ours.is_valid(each), theirs.is_valid(each)
                if mine != other and not (name[1] in BY_HAND and other):
                    differ.append(f"{name} {what}: {mine}, upstream {other}")
    # The other schema does not fill in defaults: without a host, a Route has wildcardPolicy: None, and is sound.
    assert set(differ) <= {"('crds', 'route.openshift.io/v1', 'Route') ('spec', 'host') less: True, upstream False"}
    assert judged > 10_000


@pytest.mark.slow
@pytest.mark.parametrize("minor", ["1.35", "1.36"])
def test_older_versions_are_judged_as_upstream_does(
    minor: str, pairs: dict[Name, tuple[jsonschema_rs.Validator, jsonschema_rs.Validator]], objects: list[Object]
) -> None:
    judged = 0
    for body in objects[:60]:
        found = pairs.get((minor, body["apiVersion"], body["kind"]))
        for _, each in mutated(body) if found else ():
            judged += 1
            assert found
            assert found[0].is_valid(each) == found[1].is_valid(each)
    assert judged > 1_000


def test_what_is_rendered_has_schemas(renderings: dict[str, api.Rendering]) -> None:
    for minor in versions():
        for name, rendering in renderings.items():
            assert [*by_schema(rendering.objects, Cluster(kinds=Kinds(minor)))] == [], f"{name}, {minor}"


def test_an_object_without_a_schema_is_named_unchecked() -> None:
    body = {"apiVersion": "example.com/v1", "kind": "Scorer", "metadata": {"name": "a"}}
    (found,) = check_objects([body], Cluster())
    assert (found.code, found.path) == ("MY391", ("kind",))


def test_a_version_that_is_not_served_names_those_that_are() -> None:
    body = {"apiVersion": "apps/v2", "kind": "Deployment", "metadata": {"name": "a"}}
    (found,) = [each for each in check_objects([body], Cluster()) if each.code == "MY391"]
    assert found.hint == "there are schemas for apps/v1"


def test_values_stay_out_of_messages() -> None:
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"a": ["hunter2"]}}
    (found,) = [each for each in check_objects([body], Cluster()) if each.code == "MY390"]
    assert "hunter2" not in f"{found.message}{found.hint}"
    assert found.message == "a is a list, not a text"


@pytest.mark.parametrize("value", [{1: 2}, {None: 1}, float("nan"), {"a"}])
def test_a_value_that_json_cannot_hold_is_a_finding(value: object) -> None:
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"a": value}}
    assert "MY390" in {each.code for each in check_objects([body], Cluster())}


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ({"type": "IPAddress", "value": "1.1.1.1", "more": 1}, "unknown field more"),
        ({"type": "Hostname", "value": 1}, "value is an integer, not a text"),
    ],
)
def test_the_reason_is_named_below_the_field(address: Any, message: str) -> None:
    listener = {"name": "http", "port": 80, "protocol": "HTTP"}
    spec = {"gatewayClassName": "a", "addresses": [address], "listeners": [listener]}
    body = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", "metadata": {"name": "a"}, "spec": spec}
    assert message in {each.message for each in check_objects([body], Cluster())}
    sound = {**spec, "addresses": [{"value": "1.1.1.1"}]}  # of the type that is the default
    assert [each for each in check_objects([{**body, "spec": sound}], Cluster()) if each.code == "MY390"] == []
