"""Content hashes in names: a change gives new names to what depends on it, all the way up, and to nothing else."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from modelyard import api
from modelyard.manifests.hashed_names import seal
from modelyard.manifests.manifest import Manifest
from modelyard.modelsfile.load import load_text
from modelyard.problems import has_errors
from modelyard.problems.credentials.names import is_credential_name
from tests.conftest import Run
from tests.support.kustomize_builds import KUSTOMIZATIONS, load
from tests.support.shares import examples

pytestmark = pytest.mark.long

Data: TypeAlias = dict[str, Any]
Key: TypeAlias = tuple[str, str | None]  # kind and variant
Effect: TypeAlias = frozenset[Key]

AWS_NAME: Final = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")
ECR: Final = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
CONFIG: Final = ("EndpointConfig", None)
ONE: Final[Effect] = frozenset([("Model", "a"), CONFIG])
ALL: Final[Effect] = frozenset([("Model", "a"), ("Model", "b"), CONFIG])
ONLY_CONFIG: Final[Effect] = frozenset([CONFIG])
NONE: Final[Effect] = frozenset()

words = st.from_regex(r"[a-z][a-z0-9]{0,7}", fullmatch=True).filter(lambda word: not is_credential_name(word))
tags = st.dictionaries(words, words, max_size=3)

# Where a field stands, what it can be, and which names a change of it changes.
FIELDS: Final[Mapping[str, tuple[st.SearchStrategy[Any], Effect]]] = {
    "set/labels": (tags, NONE),
    "set/annotations": (tags, NONE),
    "set/namespace": (words, NONE),
    "model/path": (words.map("/{}".format), ALL),
    "target/executionRoleARN": (words.map("arn:aws:iam::123456789012:role/{}".format), ALL),
    "target/vpc": (
        st.fixed_dictionaries(
            {"subnets": st.lists(words, min_size=1, max_size=2), "securityGroupIDs": st.just(["sg"])}
        ),
        ALL,
    ),
    "target/networkIsolation": (st.booleans(), ALL),
    "target/tags": (tags, ALL),
    "target/kmsKeyID": (words, ONLY_CONFIG),
    "target/dataCapture": (
        st.fixed_dictionaries(
            {
                "destinationS3URI": words.map("s3://scoring-{}".format),
                "initialSamplingPercentage": st.integers(1, 100),
                "captureModes": st.sampled_from([["Input"], ["Output"], ["Input", "Output"]]),
            }
        ),
        ONLY_CONFIG,
    ),
    "target/canary": (
        st.fixed_dictionaries(
            {"percent": st.integers(1, 50), "wait": st.integers(0, 60).map("{}m".format), "alarms": st.just(["x"])}
        ),
        NONE,
    ),
    "variant/image": (words.map(f"{ECR}/score:{{}}".format), ONE),
    "variant/env": (st.dictionaries(words.map(str.upper), st.text("ab 1$=", max_size=5), max_size=3), ONE),
    "variant/config": (st.dictionaries(words, words, max_size=2), ONE),
    "variant/instanceType": (st.sampled_from(["ml.m5.large", "ml.m5.xlarge", "ml.c5.large"]), ONLY_CONFIG),
    "variant/instances": (st.integers(3, 5), ONLY_CONFIG),
    "variant/startupTimeout": (st.integers(1, 60).map("{}m".format), ONLY_CONFIG),
    "variant/percent": (st.integers(0, 100), ONLY_CONFIG),
    "variant/autoscale": (
        st.fixed_dictionaries(
            {"min": st.integers(1, 3), "max": st.integers(5, 9), "invocationsPerInstance": st.just(9)}
        ),
        NONE,
    ),
}
values = st.fixed_dictionaries({name: strategy for name, (strategy, _) in FIELDS.items()})


def model_set(value: Mapping[str, Any]) -> Data:
    """Return a models file of a model with the values, and of another that has nothing to do with them."""
    at: dict[str, Data] = {where: {} for where in ("set", "model", "target", "variant")}
    for name, each in value.items():
        where, _, field = name.partition("/")
        at[where][field] = each
    own = {key: at["variant"].pop(key) for key in ("image", "env", "config", "percent")}
    fixed = {"instanceType": "ml.m5.large", "instances": 1}
    variants = [
        {"name": "a", **own, "targets": {"sagemaker": at["variant"]}},
        {"name": "b", "image": f"{ECR}/score:fixed", "percent": 100 - own["percent"], "targets": {"sagemaker": fixed}},
    ]
    target = {"region": "eu-west-1", **at["target"]}
    score = {"name": "score", **at["model"], "variants": variants, "targets": {"sagemaker": target}}
    role = "arn:aws:iam::123456789012:role/other"
    elsewhere = {"region": "eu-west-1", "executionRoleARN": role, "serverless": {"memory": "1Gi", "maxConcurrency": 1}}
    other = {"name": "other", "image": f"{ECR}/other:1", "targets": {"sagemaker": elsewhere}}
    spec = {**at["set"], "models": [score, other]}
    return {"apiVersion": "modelyard.dev/v1alpha1", "kind": "ModelSet", "metadata": {"name": "risk"}, "spec": spec}


def rendered(data: Data) -> list[Manifest]:
    result = api.render_loaded(load_text(json.dumps(data).encode(), "models.yaml", Path()), Path())
    assert not has_errors(result.problems), result.problems
    return result.objects


def names(objects: list[Manifest], model: str = "score") -> dict[Key, str]:
    return {(each.kind, each.variant): each.name for each in objects if each.model == model}


@pytest.mark.many
@examples(150)
@given(values, st.data(), st.sampled_from(sorted(FIELDS)))
def test_a_change_changes_exactly_the_names_that_depend_on_it(
    before: dict[str, Any], data: st.DataObject, field: str
) -> None:
    strategy, effect = FIELDS[field]
    after = {**before, field: data.draw(strategy, label=field)}
    old, new = rendered(model_set(before)), rendered(model_set(after))
    changed = {key for key, name in names(new).items() if names(old).get(key) != name}
    assert changed == (effect if before[field] != after[field] else NONE)
    assert names(old, "other") == names(new, "other")
    assert_whole(new)


def assert_whole(objects: list[Manifest]) -> None:
    """Every object is called the same by Kubernetes and by AWS, and names objects that are there."""
    own = {"Model": "modelName", "EndpointConfig": "endpointConfigName", "Endpoint": "endpointName"}
    bodies = {(each.kind, each.name): each.body for each in objects}
    for (kind, name), body in bodies.items():
        if kind in own:
            assert body["spec"][own[kind]] == name
            assert AWS_NAME.fullmatch(name)
        for variant in body.get("spec", {}).get("productionVariants", ()):
            assert ("Model", variant["modelName"]) in bodies
        if kind == "Endpoint":
            assert ("EndpointConfig", body["spec"]["endpointConfigName"]) in bodies


@pytest.mark.many
@examples(50)
@given(values, st.randoms(use_true_random=False))
def test_neither_order_nor_a_second_time_changes_anything(value: dict[str, Any], random: Any) -> None:
    data = model_set(value)
    once = [each.body for each in rendered(data)]
    assert [each.body for each in rendered(data)] == once
    assert [each.body for each in rendered(shuffled(data, random))] == once


def shuffled(node: Any, random: Any) -> Any:
    """Return the same with keys in another order, and the items of lists whose order means nothing."""
    if isinstance(node, dict):
        keys = random.sample(list(node), len(node))
        return {key: items(key, shuffled(node[key], random), random) for key in keys}
    return [shuffled(each, random) for each in node] if isinstance(node, list) else node


def items(key: str, node: Any, random: Any) -> Any:
    return random.sample(node, len(node)) if key in ("models", "variants", "captureModes") else node


def test_another_region_is_another_model() -> None:
    found = []
    for region in ("eu-west-1", "eu-central-1"):
        data = model_set({"variant/image": ECR, "variant/env": {}, "variant/config": {}, "variant/percent": 100})
        (other,) = (each for each in data["spec"]["models"] if each["name"] == "other")
        other["targets"]["sagemaker"]["region"] = region
        other["ignore"] = [{"code": "MY244", "reason": "the image is in both regions"}]
        data["spec"]["models"] = [other]
        found.append(names(rendered(data), "other"))
    assert {key for key in found[0] if found[0][key] != found[1][key]} == {("Model", None), CONFIG}


def test_a_variable_that_is_called_like_a_reference_stays_as_it_is() -> None:
    body = {
        "apiVersion": "sagemaker.services.k8s.aws/v1alpha1",
        "kind": "Model",
        "metadata": {"name": "churn"},
        "spec": {"modelName": "churn", "primaryContainer": {"environment": {"modelName": "churn"}}},
    }
    (sealed,) = seal([Manifest(body, "", hashed=True)])
    assert sealed.body["spec"]["modelName"] == sealed.name != "churn"
    assert sealed.body["spec"]["primaryContainer"]["environment"] == {"modelName": "churn"}


def test_each_pod_names_config_maps_with_their_hash(
    renderings: dict[str, api.Rendering],
) -> None:
    seen = 0
    for case, each in renderings.items():
        hashed = {one.name for one in each.objects if one.kind == "ConfigMap" and one.hashed}
        before = {name.rpartition("-")[0] for name in hashed} - hashed
        for one in each.objects:
            named = set(config_maps(one.body.get("spec")))
            assert not named & before, (case, one.kind, one.name)
            seen += one.kind == "CronJob" and bool(named & hashed)
    assert seen >= 4


def config_maps(node: Any) -> Iterator[str]:
    """Yield the names of ConfigMaps to which a part of an object refers."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("configMap", "configMapRef", "configMapKeyRef") and isinstance(value, dict) and "name" in value:
                yield value["name"]
            yield from config_maps(value)
    elif isinstance(node, list):
        for value in node:
            yield from config_maps(value)


def test_a_patch_is_part_of_the_hash() -> None:
    plain = {"variant/image": f"{ECR}/score:1", "variant/env": {}, "variant/config": {}, "variant/percent": 90}
    data = model_set({**plain, "model/path": "/x", "target/executionRoleARN": "arn:aws:iam::123456789012:role/x"})
    data["spec"]["models"][0]["variants"][0]["targets"] = {"sagemaker": {"instanceType": "ml.m5.large"}}
    before = names(rendered(data))
    op = {"op": "add", "path": "/spec/primaryContainer/imageConfig", "value": {"repositoryAccessMode": "Vpc"}}
    data["spec"]["models"][0]["patches"] = [{"target": {"kind": "Model", "variant": "a"}, "ops": [op]}]
    after = names(rendered(data))
    assert {key for key in before if before[key] != after[key]} == ONE


def test_kustomize_leaves_the_names_of_aws_alone(kustomize: Path, run: Run, tmp_path: Path) -> None:
    case = KUSTOMIZATIONS.parents[1] / "render" / "cases" / "sagemaker-split"
    (tmp_path / "models.yaml").write_text((case / "models.yaml").read_text("utf-8"), "utf-8")
    assert api.write(tmp_path, api.overlay(tmp_path)) == []
    plain = {
        "components": ["generated"],
        "namePrefix": "eu-",
        "images": [{"name": "churn", "newTag": "9"}, {"name": f"{ECR}/churn", "newTag": "9"}],
    }
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(plain), "utf-8")
    done = run(kustomize, "build", tmp_path)
    assert done.returncode == 0, done.stderr
    built = load(done.stdout)
    for each in api.render(tmp_path).objects:
        assert built[each.group, each.kind, f"eu-{each.name}"]["spec"] == each.body["spec"]
