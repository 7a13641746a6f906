"""Images that are probably not what was meant, and objects that two targets or models give."""

from pathlib import Path

import pytest

from modelyard import api
from modelyard.modelsfile.load import load_text
from modelyard.problems import Problem

HEAD = "apiVersion: modelyard.dev/v1alpha1\nkind: ModelSet\nmetadata: {name: risk}\nspec:\n"
REGISTRY = "  registry: r.example.com/m\n"
VARIANTS = "[{name: champion, image: 'IMAGE', percent: 90}, {name: challenger, image: 'OTHER', percent: 10}]"


def found(spec: str) -> list[Problem]:
    return load_text((HEAD + spec).encode(), "models.yaml", Path()).problems


def split(image: str, other: str, rest: str = "") -> str:
    variants = VARIANTS.replace("IMAGE", image).replace("OTHER", other)
    head = "  models:\n    - name: a\n      path: /a\n      targets: {knative: {minScale: 1}}\n"
    return f"{head}      variants: {variants}\n{rest}"


@pytest.mark.parametrize(
    ("image", "other"),
    [
        ("churn:1.0.0", "churn:1.0.0"),
        ("churn:1.0.0", "r.example.com/m/churn:1.0.0"),
        ("q.io/c@sha256:" + "a" * 64, "q.io/c@sha256:" + "a" * 64),
    ],
)
def test_one_image_in_two_variants_is_told(image: str, other: str) -> None:
    (problem,) = found(REGISTRY + split(image, other))
    assert (problem.code, problem.severity) == ("MY225", "warning")
    assert problem.message == "challenger and champion of a run the same image"
    assert problem.place
    assert problem.place.line == 10
    assert [each.message for each in problem.related] == ["that of challenger"]


def test_variants_that_inherit_one_image_are_told() -> None:
    variants = "[{name: champion, percent: 90}, {name: challenger, percent: 10, env: {A: b}}]"
    model = f"{{name: a, image: 'a:1', targets: {{knative: {{minScale: 1}}}}, variants: {variants}}}"
    assert [each.code for each in found(f"{REGISTRY}  models: [{model}]\n")] == ["MY225"]


def test_variants_of_one_image_can_be_meant() -> None:
    accepted = "      ignore: [{code: MY225, reason: they differ by their environment}]\n"
    (problem,) = found(REGISTRY + split("churn:1.0.0", "churn:1.0.0", accepted))
    assert problem.accepted == "they differ by their environment"


def test_two_images_in_two_variants_are_fine() -> None:
    assert found(REGISTRY + split("churn:1.0.0", "churn:1.0.1")) == []


@pytest.mark.parametrize("image", ["churn:1.0.0", "team/churn:1.0.0", "library/churn@sha256:" + "a" * 64])
def test_an_image_without_a_registry_is_told(image: str) -> None:
    (problem,) = found(f"  models: [{{name: a, image: '{image}', targets: {{deployment: {{}}}}}}]\n")
    assert (problem.code, problem.severity) == ("MY226", "warning")
    assert problem.message == f"{image} names no registry"
    assert problem.place
    assert problem.place.column == 29


@pytest.mark.parametrize(
    "spec",
    [
        REGISTRY + "  models: [{name: a, image: 'churn:1.0.0', targets: {deployment: {}}}]\n",
        "  models: [{name: a, image: 'localhost/churn:1.0.0', targets: {deployment: {}}}]\n",
        "  models: [{name: a, image: 'r.io:5000/churn:1.0.0', targets: {deployment: {}}}]\n",
    ],
)
def test_an_image_with_a_registry_is_fine(spec: str) -> None:
    assert found(spec) == []


def test_sagemaker_has_a_finding_of_its_own() -> None:
    fields = "{region: eu-west-1, executionRoleARN: 'arn:aws:iam::123456789012:role/x', instanceType: ml.m5.large}"
    problems = found(f"  models: [{{name: a, path: /a, image: 'a:1', targets: {{sagemaker: {fields}}}}}]\n")
    assert [each.code for each in problems] == ["MY244"]


RESOURCES = "{requests: {cpu: 100m, memory: 1Gi}, limits: {memory: 1Gi}}"


def model(name: str, targets: str, kind: str) -> str:
    return f"""\
    - name: {name}
      image: {name}:1.0.0
      resources: {RESOURCES}
      targets: {targets}
      patches:
        - target: {{kind: {kind}}}
          ops:
            - {{op: replace, path: /metadata/name, value: one}}
"""


@pytest.mark.parametrize("kind", ["NetworkPolicy", "ConfigMap", "PodMonitor"])
def test_two_targets_of_one_model_that_give_one_object_are_found(kind: str) -> None:
    spec = f"{REGISTRY}  defaults: {{config: {{A: b}}, metrics: {{podMonitor: true}}}}\n  models:\n"
    spec += model("churn", "{knative: {minScale: 1}, deployment: {name: churn-d}}", kind)
    rendering = api.render_loaded(load_text((HEAD + spec).encode(), "models.yaml", Path()), Path())
    (problem,) = [each for each in rendering.problems if each.code == "MY381"]
    assert problem.severity == "error"
    assert problem.message.startswith(kind)
    assert problem.place
    assert problem.place.line == 15
    assert [each.message for each in problem.related] == ["the first is of churn"]


def test_two_models_that_give_one_object_are_found() -> None:
    spec = REGISTRY + "  models:\n" + model("churn", "{knative: {minScale: 1}}", "NetworkPolicy")
    spec += model("fraud", "{deployment: {}}", "NetworkPolicy")
    rendering = api.render_loaded(load_text((HEAD + spec).encode(), "models.yaml", Path()), Path())
    (problem,) = [each for each in rendering.problems if each.code == "MY381"]
    assert problem.place
    assert problem.place.line == 22
    assert [each.message for each in problem.related] == ["the first is of churn"]


def test_one_name_in_two_kinds_or_namespaces_is_fine() -> None:
    moved = "            - {op: add, path: /metadata/namespace, value: other}\n"
    spec = REGISTRY + "  models:\n" + model("churn", "{knative: {minScale: 1}}", "NetworkPolicy")
    spec += model("fraud", "{deployment: {}}", "NetworkPolicy") + moved
    rendering = api.render_loaded(load_text((HEAD + spec).encode(), "models.yaml", Path()), Path())
    assert [each.code for each in rendering.problems] == []
