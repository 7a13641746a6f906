"""Values that no schema knows and the API server refuses; and the random models files that look for more of them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from modelyard import api
from modelyard.models.base import Later
from modelyard.models.model import Model
from modelyard.modelsfile.load import load_text
from modelyard.targets import TARGETS, target
from tests.support import random_models

HEAD = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: risk}
spec:
  registry: registry.example.com
  knative: {features: [podspec-tolerations, podspec-fieldref, podspec-persistent-volume-claim]}
  models:
    - name: churn
      image: churn:2.0.0
      targets: {TARGET: {}}
"""
# One line of a model, and the code of its error: refused wherever pods run.
REFUSED = {
    "a privileged container that may not gain privileges": ("securityContext: {privileged: true}", "MY356"),
    "a GPU without a limit": ("resources: {requests: {nvidia.com/gpu: 1}}", "MY323"),
    "a GPU whose request is not its limit": (
        "resources: {requests: {nvidia.com/gpu: 1}, limits: {nvidia.com/gpu: 2}}",
        "MY323",
    ),
    "half a GPU": ("resources: {limits: {nvidia.com/gpu: 500m}}", "MY323"),
    "a resource without a domain": ("resources: {limits: {gpu: 1}}", "MY323"),
    "Exists with a value": ("tolerations: [{key: a, operator: Exists, value: b}]", "MY333"),
    "a toleration without a key": ("tolerations: [{value: b}]", "MY333"),
    "a comparison of taints": ('tolerations: [{key: a, operator: Gt, value: "3"}]', "MY338"),
    "a subPath from the root": ("volumes: [{name: a, mountPath: /a, subPath: /abs, emptyDir: {}}]", "MY334"),
    "a claim without a name": ('volumes: [{name: a, mountPath: /a, persistentVolumeClaim: {claimName: ""}}]', "MY334"),
    "a Secret without a name": ("volumes: [{name: a, mountPath: /a, secret: {}}]", "MY334"),
    "a size below 0": ("volumes: [{name: a, mountPath: /a, emptyDir: {sizeLimit: -1Gi}}]", "MY334"),
    "a size that is none": ("volumes: [{name: a, mountPath: /a, emptyDir: {sizeLimit: big}}]", "MY334"),
    "a field that no pod has": ("env: {A: {fieldRef: {fieldPath: spec.nope}}}", "MY335"),
    "a probe by no command": ("probes: {readiness: {exec: {command: []}}}", "MY104"),
    "a header that is none": (
        'probes: {liveness: {httpGet: {path: /a, httpHeaders: [{name: "a b", value: a}]}}}',
        "MY339",
    ),
}


def errors(text: str) -> set[tuple[str, int | None]]:
    """Return code and line of the errors of a models file, all that checks find."""
    rendering = api.render_loaded(load_text(text.encode(), "models.yaml", Path()), Path())
    found = [each for each in rendering.problems if each.severity == "error"]
    return {(each.code, each.place.line if each.place else None) for each in found}


@pytest.mark.parametrize("pods", ["deployment", "knative", "sagemaker-proxy"])
@pytest.mark.parametrize("name", REFUSED)
def test_what_the_api_server_refuses_is_an_error_at_its_line(name: str, pods: str) -> None:
    line, code = REFUSED[name]
    text = HEAD.replace("TARGET", pods)
    assert errors(text) == set()
    found = errors(f"{text}      {line}\n")
    assert (code, 11) in found
    assert {place for _, place in found} == {11}


def test_the_class_annotation_beside_another_class_is_an_error() -> None:
    ingress = "{host: a.example.com, ingressClassName: nginx, annotations: {kubernetes.io/ingress.class: CLASS}}"
    text = HEAD.replace("TARGET: {}", f"deployment: {{ingress: {ingress}}}")
    assert errors(text.replace("CLASS", "nginx")) == set()
    assert errors(text.replace("CLASS", "internal")) == {("MY357", 10)}


@pytest.mark.parametrize("path", ["/a b", "/ä", "/a/../b", "/a%2Fb"])
def test_a_path_that_a_gateway_does_not_take_is_an_error(path: str) -> None:
    gateway = "deployment: {gateway: {name: public, host: a.example.com}}"
    text = HEAD.replace("TARGET: {}", gateway) + f"      path: {path}\n"
    assert errors(text) == {("MY357", 11)}
    assert errors(text.replace(path, "/a%20b")) == set()


@pytest.mark.parametrize(
    "term",
    [
        "{topologyKey: a b}",
        "{topologyKey: a, namespaces: [a.b]}",
        "{topologyKey: a, matchLabelKeys: [version]}",
        "{topologyKey: a, labelSelector: {matchLabels: {a: a b}}}",
        "{topologyKey: a, labelSelector: {matchExpressions: [{key: a b, operator: Exists}]}}",
        "{topologyKey: a, labelSelector: {matchLabels: {a: b}}, matchLabelKeys: [a]}",
    ],
)
def test_a_term_of_an_affinity_that_is_refused_is_an_error(term: str) -> None:
    affinity = f"affinity: {{podAffinity: {{requiredDuringSchedulingIgnoredDuringExecution: [{term}]}}}}"
    assert errors(f"{HEAD.replace('TARGET', 'deployment')}      {affinity}\n") == {("MY337", 11)}


def test_a_second_port_of_the_service_with_one_number_is_an_error() -> None:
    text = HEAD.replace("TARGET", "deployment")
    assert {code for code, _ in errors(f"{text}      ports: [{{name: grpc, port: 80}}]\n")} == {"MY322"}
    assert errors(f"{text}      ports: [{{name: grpc, port: 9000}}]\n") == set()


def test_knative_takes_two_slashes_for_the_root() -> None:
    volume = "      volumes: [{name: a, mountPath: //, emptyDir: {}}]\n"
    assert errors(HEAD.replace("TARGET", "knative") + volume) == {("MY313", 11)}


def test_a_pull_secret_named_twice_is_an_error() -> None:
    text = HEAD.replace("TARGET", "deployment").replace("  models:", "  imagePullSecrets: [a, a]\n  models:")
    assert errors(text) == {("MY326", 7)}


def test_a_comparison_of_taints_can_be_accepted() -> None:
    tolerated = '      tolerations: [{key: a, operator: Gt, value: "3"}]\n'
    accepted = "      ignore: [{code: MY338, reason: the gate is on}]\n"
    text = HEAD.replace("TARGET", "deployment") + tolerated
    assert errors(text) == {("MY338", 11)}
    rendering = api.render_loaded(load_text((text + accepted).encode(), "models.yaml", Path()), Path())
    assert [each.code for each in rendering.problems if not each.accepted and each.severity == "error"] == []


def test_values_that_no_schema_knows(shared: Path) -> None:
    folder = shared / "data" / "field" / "values-that-no-schema-knows"
    found = errors((folder / "models.yaml").read_text("utf-8"))
    assert found >= {("MY334", 14), ("MY334", 15), ("MY333", 16), ("MY335", 17)}
    assert {line for _, line in found} <= {13, 14, 15, 16, 17}


def test_random_files_of_one_seed_are_the_same() -> None:
    made = [random_models.Maker("a").models_file("ns") for _ in range(2)]
    assert made[0] == made[1] != random_models.Maker("b").models_file("ns")


@pytest.mark.slow
def test_random_files_use_every_field() -> None:
    missed = set(_fields(Model)) | {f"{name}: {field}" for name in TARGETS for field in _fields(target(name).Spec)}
    for number in range(20_000):
        model = random_models.Maker(number).models_file("ns")["spec"]["models"][0]
        missed -= set(_keys(model))
        for name, own in model["targets"].items():
            missed -= {f"{name}: {field}" for field in _keys(own)}
        if not missed:
            return
    pytest.fail(f"never used: {', '.join(sorted(missed))}")


def _fields(shape: type[BaseModel]) -> Iterator[str]:
    """Yield the names of the fields of a shape and of those inside it, but for what random files leave out."""
    for name, field in shape.model_fields.items():
        if name not in random_models.LEFT_OUT:
            yield field.alias or name
            for inner in _shapes((field.annotation, *field.metadata)):
                yield from _fields(inner)


def _shapes(notes: Any) -> Iterator[type[BaseModel]]:
    for note in notes if isinstance(notes, tuple) else (notes,):
        if isinstance(note, Later):
            yield note.shape()
        elif isinstance(note, type) and issubclass(note, BaseModel):
            yield note
        else:
            yield from _shapes((*get_args(note), *getattr(note, "__metadata__", ()))) if get_args(note) else ()


def _keys(node: object) -> Iterator[str]:
    """Yield all keys of a models file, at any depth."""
    if isinstance(node, dict):
        yield from node
    for each in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _keys(each)
