"""--crds: a user's own custom resource definitions, judged as another translation and as strictly as our own."""

import json
import lzma
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any, Final

import jsonschema_rs
import pytest
import yaml

from modelyard.api.crds import Custom, Kinds, of_files
from modelyard.api.objects import check_streams
from modelyard.problems import has_errors
from modelyard.problems.codes import CODES
from tests.cli.test_cli import GOOD
from tests.support.mutations import mutated

Command = Callable[..., CompletedProcess[str]]

SCORER: Final = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: scorers.example.com}
spec:
  group: example.com
  names: {kind: Scorer, plural: scorers}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        required: [spec]
        properties:
          spec:
            type: object
            required: [image, mode]
            properties:
              image: {type: string, minLength: 3, pattern: "^[a-z:0-9]+$"}
              mode: {type: string, enum: [fast, exact], default: fast}
              replicas: {type: integer, format: int32, minimum: 0}
              port: {x-kubernetes-int-or-string: true, anyOf: [{type: integer}, {type: string}]}
              note: {type: string, nullable: true}
              tags: {type: array, items: {type: string}, x-kubernetes-list-type: set}
              labels: {type: object, additionalProperties: {type: string}}
              free: {type: object, x-kubernetes-preserve-unknown-fields: true, properties: {a: {type: integer}}}
              template: {type: object, x-kubernetes-embedded-resource: true, x-kubernetes-preserve-unknown-fields: true}
            oneOf:
            - required: [replicas]
            - required: [port]
          status: {type: object, x-kubernetes-preserve-unknown-fields: true}
  - name: v1alpha1
    served: false
    storage: false
    schema: {openAPIV3Schema: {type: object}}
"""
SPEC: Final[dict[str, Any]] = {"image": "churn:1", "replicas": 1}
TEMPLATE: Final = {"apiVersion": "v1", "kind": "ConfigMap"}
# What of the spec is changed -> where it is refused; None where it is taken.
CHANGES: Final[list[tuple[dict[str, Any], str | None]]] = [
    ({}, None),
    ({"unknown": 1}, "/spec/unknown"),
    ({"image": "UPPER"}, "/spec/image"),
    ({"image": "a"}, "/spec/image"),
    ({"image": None}, "/spec"),
    ({"mode": "slow"}, "/spec/mode"),
    ({"replicas": -1}, "/spec/replicas"),
    ({"replicas": 2**31}, "/spec/replicas"),
    ({"replicas": "1"}, "/spec/replicas"),
    ({"port": 80}, "/spec"),
    ({"note": None}, None),
    ({"note": 1}, "/spec/note"),
    ({"tags": ["a", "b"]}, None),
    ({"tags": ["a", "a"]}, "/spec/tags"),
    ({"tags": [1]}, "/spec/tags/0"),
    ({"labels": {"any": "text"}}, None),
    ({"labels": {"any": 1}}, "/spec/labels/any"),
    ({"free": {"a": 1, "any": [1]}}, None),
    ({"free": {"a": "1"}}, "/spec/free/a"),
    ({"template": {**TEMPLATE, "data": {"a": 1}}}, None),
    ({"template": {"kind": "ConfigMap"}}, "/spec/template"),
    ({"template": {**TEMPLATE, "metadata": {"labels": {"a": 1}}}}, "/spec/template/metadata/labels/a"),
    ({"template": {**TEMPLATE, "metadata": {"unknown": 1}}}, "/spec/template/metadata/unknown"),
]
VERSION: Final = "  - name: v1\n    served: true\n    storage: true\n"
HEAD: Final = SCORER.partition("  versions:")[0] + "  versions:\n"
BROKEN: Final[dict[str, tuple[str, str, int]]] = {
    "no YAML": (SCORER.replace("served: true", "served: [true"), "MY001", 11),
    "an old form": (SCORER.replace("k8s.io/v1\n", "k8s.io/v1beta1\n"), "MY652", 1),
    "no schema": (HEAD + VERSION, "MY652", 9),
    "a type that there is not": (SCORER.replace("minimum: 0", "minimum: zero"), "MY390", 23),
    "a field without a type": (SCORER.replace("note: {type: string, ", "note: {"), "MY652", 25),
    "a reference": (SCORER.replace("note: {type: string", "note: {$ref: '#/a', type: string"), "MY652", 25),
    "a pattern": (SCORER.replace("^[a-z:0-9]+$", "^[a-z"), "MY652", 8),
    "an unknown field": (SCORER.replace("scope:", "scoop: a\n  scope:"), "MY390", 7),
    "something else": ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n", "MY652", 0),
    "nothing": ("", "MY652", 0),
}


def own(text: str = SCORER) -> list[Custom]:
    found, problems = of_files("crds.yaml", {"crds.yaml": text.encode()})
    assert problems == []
    return found


def scorer(changes: dict[str, Any], api_version: str = "example.com/v1") -> dict[str, Any]:
    spec = {**SPEC, **changes}
    return {"apiVersion": api_version, "kind": "Scorer", "metadata": {"name": "churn"}, "spec": spec}


def found(body: dict[str, Any], kinds: Kinds) -> set[tuple[str, str]]:
    checked = check_streams({"stream": yaml.safe_dump(body).encode()}, kinds=kinds)
    return {(each.code, each.subject.pointer) for each in checked.problems if each.subject}


@pytest.mark.parametrize(("changes", "refused"), CHANGES, ids=str)
def test_a_definition_adds_a_schema(changes: dict[str, Any], refused: str | None) -> None:
    assert found(scorer(changes), Kinds(own=own())) == ({("MY390", refused)} if refused else set())


def test_without_a_definition_an_object_stays_unchecked() -> None:
    assert found(scorer({}), Kinds()) == {("MY391", "/kind")}
    assert found(scorer({}, "example.com/v1alpha1"), Kinds(own=own())) == {("MY391", "/kind")}


def test_a_users_definition_wins_over_a_shipped_one() -> None:
    route = {"apiVersion": "serving.knative.dev/v1", "kind": "Route", "metadata": {"name": "a"}}
    route["spec"] = {"traffic": [{"latestRevision": True, "configurationName": "a", "percent": 100}]}
    text = SCORER.replace("example.com", "serving.knative.dev").replace("Scorer", "Route")
    assert found(route, Kinds()) == set()
    assert ("MY390", "/spec/traffic") in found(route, Kinds(own=own(text)))


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_definition_is_a_problem_with_its_place(case: str) -> None:
    text, code, line = BROKEN[case]
    kinds, problems = of_files("crds.yaml", {"crds.yaml": text.encode()})
    assert [each.code for each in problems] == [code]
    assert [each.place.line if each.place else 0 for each in problems] == [line]
    assert kinds == []


def test_real_definitions_are_as_strict_as_another_translation(shared: Path) -> None:
    folder = shared / "data"
    files = {each.name: each.read_bytes() for each in (folder / "crds").glob("*.yaml")}
    full = "workflowtemplates.argoproj.io.full.yaml.xz"
    files["workflowtemplates.argoproj.io.yaml"] = lzma.decompress((folder / "crds" / full).read_bytes())
    kinds, problems = of_files("crds", files)
    assert problems == []
    ours = {each.name: each.validator for each in kinds}
    index = json.loads((folder / "schemas" / "index.json").read_text("utf-8"))
    theirs = {f"{each['apiVersion']} {each['kind']}": folder / "schemas" / each["path"] for each in index}
    judged, differ = 0, []
    for body in yaml.safe_load_all((folder / "schema-examples" / "good.yaml").read_text("utf-8")):
        name = f"{body['apiVersion']} {body['kind']}"
        if name not in ours:
            continue
        other = jsonschema_rs.validator_for(json.loads(theirs[name].read_bytes()))
        assert ours[name].is_valid(body), name
        for what, each in mutated(body):
            judged += 1
            if ours[name].is_valid(each) != other.is_valid(each):
                differ.append(f"{name} {what}: upstream {other.is_valid(each)}")
    # The other one does not fill in defaults: without a host, a Route has wildcardPolicy: None, and is sound.
    assert differ == ["route.openshift.io/v1 Route ('spec', 'host') less: upstream False"]
    assert judged > 3_000


# ------------------------------------------------------------ the command


@pytest.fixture
def crds(tmp_path: Path) -> Path:
    """Return a folder with a definition among other documents, and what is none of our business."""
    other = "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n---\n"
    folder = tmp_path / "crds"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "all.yml").write_text(other + SCORER)
    (folder / "kustomization.yaml").write_text("resources: [deep/all.yml]\n")
    (folder / "README.md").write_text("{{ no YAML")
    return folder


def test_the_command_takes_files_and_folders(modelyard: Command, crds: Path) -> None:
    text = yaml.safe_dump(scorer({"unknown": 1}))
    for named in (crds, crds / "deep" / "all.yml"):
        done = modelyard("check", "-", "--crds", named, stdin=text)
        assert done.returncode == 1
        assert "unknown field unknown [MY390]" in done.stderr
        assert modelyard("check", "-", "--crds", named, stdin=text.replace("  unknown: 1\n", "")).returncode == 0
    done = modelyard("check", "-", stdin=text)
    assert "unchecked [MY391]" in done.stderr
    assert "--crds" in done.stderr


def test_a_broken_file_is_shown_with_its_line_beside_what_else_is_wrong(modelyard: Command, crds: Path) -> None:
    (crds / "broken.json").write_text('{"apiVersion": ')
    done = modelyard("check", "-", "--crds", crds, stdin=yaml.safe_dump(scorer({"unknown": 1})))
    assert done.returncode == 1
    assert "broken.json:1:" in done.stderr
    assert "unknown field unknown [MY390]" in done.stderr


@pytest.mark.parametrize("how", ["-f", "--built"])
def test_what_is_rendered_is_held_against_the_users_definitions(
    how: str, modelyard: Command, tmp_path: Path, shared: Path
) -> None:
    (tmp_path / "models.yaml").write_text(GOOD)
    stream = modelyard("render", "--stdout", cwd=tmp_path).stdout
    crd = (shared / "data" / "crds" / "services.serving.knative.dev.yaml").read_text("utf-8")
    assert "containerConcurrency:" in crd
    for text, code in ((crd, 0), (crd.replace("automountServiceAccountToken:", "automountNothing:"), 1)):
        (tmp_path / "crd.yaml").write_text(text)
        done = modelyard(
            "check", *(["--built", "-"] if how == "--built" else []), "--crds", "crd.yaml", stdin=stream, cwd=tmp_path
        )
        assert done.returncode == code, done.stderr
        assert ("unknown field automountServiceAccountToken [MY390]" in done.stderr) == bool(code)


def test_the_version_of_kubernetes_can_be_chosen_for_a_models_file(modelyard: Command, tmp_path: Path) -> None:
    (tmp_path / "models.yaml").write_text(GOOD)
    assert modelyard("check", "--kubernetes", "1.35", cwd=tmp_path).returncode == 0
    done = modelyard("check", "--kubernetes", "1.20", cwd=tmp_path)
    assert done.returncode == 2
    assert "there are 1.35, 1.36, 1.37" in " ".join(done.stderr.split())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--crds", "none.yaml"], "cannot read none.yaml"),
        (["--crds", "-"], "- is for objects"),
        (["--context", "a"], "--context has an effect only with --crds"),
        (["--kubeconfig", "a", "--crds", "."], "go with --crds cluster"),
    ],
)
def test_wrong_usage_is_said(arguments: list[str], said: str, modelyard: Command, tmp_path: Path) -> None:
    done = modelyard("check", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert said in " ".join(done.stderr.split())


def test_a_cluster_that_is_not_there_is_a_problem(modelyard: Command, tmp_path: Path) -> None:
    (tmp_path / "config").write_text("contexts: []\n")
    text = yaml.safe_dump(scorer({}))
    arguments = ["--crds", "cluster", "--kubeconfig", tmp_path / "config", "--format", "json"]
    done = modelyard("check", "-", *arguments, stdin=text)
    assert done.returncode == 1
    assert [each["code"] for each in json.loads(done.stdout)["problems"]] == ["MY391", "MY701"]


def test_one_wrong_value_anywhere_in_a_definition_is_a_problem_or_harmless() -> None:
    judged = 0
    for what, crd in mutated(yaml.safe_load(SCORER)):
        kinds, problems = of_files("crds.yaml", {"crds.yaml": json.dumps(crd).encode()})
        assert all(each.code in CODES and each.message for each in problems), what
        assert bool(kinds) != has_errors(problems) or not crd["spec"]["versions"][0].get("served"), what
        found(scorer({}), Kinds(own=kinds))
        judged += 1
    assert judged > 500
