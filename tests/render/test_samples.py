"""The samples under overlays/ are what the reference of the models file shows, and what they render is committed."""

import json
import re
from datetime import date
from pathlib import Path

import jsonschema_rs
import pytest
import yaml

from modelyard import api
from modelyard.files.yaml import write_all
from modelyard.models.fields import shipped
from modelyard.problems import has_errors
from tests.support import model_format

ROOT = Path(__file__).resolve().parents[2]
OVERLAYS = ROOT / "overlays"
_MODELS = "Models on Knative and as Deployments"


@pytest.mark.parametrize("name", ["dev", "prod", "sagemaker", "viya"])
def test_generated_is_what_the_models_file_gives(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    folder = Path("overlays") / name
    result = api.overlay(folder)
    assert not has_errors(result.problems)
    assert api.drift(folder, result) == ("", [])


def test_dev_and_prod_are_the_examples_of_the_format() -> None:
    assert (OVERLAYS / "dev" / "models.yaml").read_text("utf-8") == model_format.example(_MODELS)
    prod = model_format.example("Two environments, one declaration")
    assert (OVERLAYS / "prod" / "models.yaml").read_text("utf-8") == prod


def test_prod_is_base_with_what_it_changes() -> None:
    bodies = {str(each): each.body for each in api.render(OVERLAYS / "prod").objects}
    route = bodies["Route.serving.knative.dev churn"]
    assert [(each["tag"], each["percent"]) for each in route["spec"]["traffic"]] == [
        ("challenger", 5),
        ("champion", 95),
    ]
    assert not [name for name in bodies if "fraud" in name]
    champion = bodies["Service.serving.knative.dev churn-champion"]["spec"]["template"]["spec"]["containers"][0]
    assert champion["image"] == "registry.example.com/released/churn:2.0.0"


def test_patches_work_as_shown(tmp_path: Path) -> None:
    models = model_format.example(_MODELS).replace(
        "      targets:\n        knative:\n          minScale: 0",
        f"{model_format.example('Patches')}      targets:\n        knative:\n          minScale: 0",
    )
    (tmp_path / "models.yaml").write_text(models, "utf-8")
    result = api.render(tmp_path)
    assert not has_errors(result.problems)
    service = next(each.body for each in result.objects if str(each) == "Service.serving.knative.dev credit-risk")
    assert {"name": "TZ", "value": "Europe/Berlin"} in service["spec"]["template"]["spec"]["containers"][0]["env"]


def test_the_sagemaker_example_is_accepted_as_it_stands(tmp_path: Path) -> None:
    head = "apiVersion: modelyard.dev/v1alpha1\nkind: ModelSet\nmetadata: {name: risk}\nspec:\n  models:\n"
    (tmp_path / "models.yaml").write_text(f"{head}{model_format.example('SageMaker')}", "utf-8")
    result = api.render(tmp_path)
    assert not has_errors(result.problems)
    assert {"Deployment", "Endpoint"} < {each.kind for each in result.objects}


def test_the_tensorflow_example_is_accepted_as_it_stands(tmp_path: Path) -> None:
    head = "apiVersion: modelyard.dev/v1alpha1\nkind: ModelSet\nmetadata: {name: risk}\nspec:\n  models:\n"
    (tmp_path / "models.yaml").write_text(f"{head}{model_format.example('TensorFlow Serving and OpenShift')}", "utf-8")
    result = api.render(tmp_path)
    assert result.problems == []
    assert {"Deployment", "Route"} < {each.kind for each in result.objects}


def test_the_spark_example_is_accepted_as_it_stands(tmp_path: Path) -> None:
    head = "apiVersion: modelyard.dev/v1alpha1\nkind: ModelSet\nmetadata: {name: risk}\nspec:\n  models:\n"
    (tmp_path / "models.yaml").write_text(f"{head}{model_format.example('Spark')}", "utf-8")
    result = api.overlay(tmp_path)
    assert result.problems == []
    assert {"kustomization.yaml", "workflows/network-anomaly.yaml"} < set(result.content)


def test_site_config_works_as_shown(tmp_path: Path) -> None:
    head = "apiVersion: modelyard.dev/v1alpha1\nkind: ModelSet\nmetadata: {name: risk}\n"
    (tmp_path / "models.yaml").write_text(head + model_format.example("SAS Viya"), "utf-8")
    result = api.overlay(tmp_path, today=date(2026, 11, 24))
    assert result.problems == []
    assert set(result.content) == {"site-config/kustomization.yaml", "site-config/transformers.yaml"}
    late = api.check(tmp_path, today=date(2027, 1, 1))
    assert [each.code for each in late] == ["MY234"]


def test_order_in_the_file_changes_nothing(tmp_path: Path) -> None:
    text = (OVERLAYS / "dev" / "models.yaml").read_text("utf-8")
    head, _, body = text.partition("  models:\n")
    models = re.split(r"(?m)^(?=    - name: )", body)
    (tmp_path / "models.yaml").write_text(
        f"{head}  models:\n{''.join(m.rstrip() + chr(10) for m in reversed(models))}", "utf-8"
    )
    turned, straight = api.render(tmp_path), api.render(OVERLAYS / "dev")
    assert len(straight.objects) > 15
    assert write_all(each.body for each in turned.objects) == write_all(each.body for each in straight.objects)


@pytest.mark.parametrize(
    "name",
    ["overlays/base", "overlays/dev", "overlays/prod", "overlays/sagemaker", "overlays/viya", "templates/init"],
)
def test_editors_accept_the_samples(name: str) -> None:
    validator = jsonschema_rs.validator_for(json.loads(shipped()))
    read = yaml.safe_load((ROOT / name / "models.yaml").read_text("utf-8").replace("NAME", "risk"))
    document = json.loads(json.dumps(read, default=str))  # a date is text to the YAML 1.2 of editors
    assert [error.message for error in validator.iter_errors(document)] == []


@pytest.mark.parametrize("mistake", ["metric: qps", "minscale: 1", "minScale: one", "domains: [{}]"])
def test_editors_refuse_mistakes(mistake: str) -> None:
    validator = jsonschema_rs.validator_for(json.loads(shipped()))
    text = (OVERLAYS / "base" / "models.yaml").read_text("utf-8")
    assert not validator.is_valid(yaml.safe_load(text.replace("rolloutDuration: 5m", mistake)))


def test_null_removes_for_editors_too() -> None:
    validator = jsonschema_rs.validator_for(json.loads(shipped()))
    text = (OVERLAYS / "base" / "models.yaml").read_text("utf-8")
    assert validator.is_valid(yaml.safe_load(text.replace("rolloutDuration: 5m", "rolloutDuration: null")))
    assert validator.is_valid(yaml.safe_load(text.replace("runtime: custom", "runtime: null")))
