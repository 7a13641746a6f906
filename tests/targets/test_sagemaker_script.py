"""The printed boto3 program: it makes what ACK would make, under the same names, and nothing when run again."""

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import boto3
import pytest
from botocore.validate import ParamValidator
from hypothesis import given
from hypothesis import strategies as st

from modelyard import api
from modelyard.api import sagemaker
from modelyard.problems import has_errors
from modelyard.targets.sagemaker.program import WIDTH, arguments, literal
from tests.conftest import Run
from tests.support import model_format
from tests.support.aws import Aws, aws

CASES: Final = Path(__file__).parents[1] / "render" / "cases"
RULES: Final = "A,ARG,B,C4,D,E,F,I,N,PERF,PIE,PL,PTH,RET,RUF,S,SIM,UP,W"
OPERATIONS: Final = {
    "Model": ("sagemaker", "CreateModel"),
    "EndpointConfig": ("sagemaker", "CreateEndpointConfig"),
    "Endpoint": ("sagemaker", "CreateEndpoint"),
    "ScalableTarget": ("application-autoscaling", "RegisterScalableTarget"),
    "ScalingPolicy": ("application-autoscaling", "PutScalingPolicy"),
}
SPLIT: Final = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: risk}
spec:
  registry: 123456789012.dkr.ecr.eu-west-1.amazonaws.com
  models:
    - name: churn
      path: /churn
      variants:
        - {name: champion, image: "churn:2.0.0", percent: 90}
        - {name: challenger, image: "churn:2.1.0", percent: 10}
      targets:
        sagemaker:
          region: eu-west-1
          executionRoleARN: arn:aws:iam::123456789012:role/sagemaker-execution
          instanceType: ml.m5.large
          tags: {team: risk}
"""
AUTOSCALED: Final = {
    "instanceType: ml.m5.large": "instanceType: ml.m5.large\n          autoscale: {max: 4, invocationsPerInstance: 200}"
}
NEW_IMAGE: Final = {"churn:2.1.0": "churn:2.2.0"}
NEW_WEIGHTS: Final = {"percent: 90": "percent: 50", "percent: 10}": "percent: 50}"}


@pytest.fixture
def region() -> Iterator[Aws]:
    with aws() as made:
        yield made


def program(folder: Path, changes: Mapping[str, str] | None = None) -> str:
    """Return the program of the split, with changes of the models file's text."""
    text = SPLIT
    for old, new in (changes or {}).items():
        assert old in text
        text = text.replace(old, new)
    (folder / "models.yaml").write_text(text, "utf-8")
    printed, problems = sagemaker.script(folder, "churn")
    assert not problems
    assert printed
    return printed


def names(folder: Path) -> dict[str, list[str]]:
    """Return the names of the rendered objects by kind."""
    found: dict[str, list[str]] = {}
    for each in api.render(folder).objects:
        found.setdefault(each.kind, []).append(each.name)
    return found


def config_of(name: str) -> str:
    return str(boto3.client("sagemaker").describe_endpoint(EndpointName=name)["EndpointConfigName"])


def test_the_first_run_makes_what_is_rendered(region: Aws, tmp_path: Path) -> None:
    done = region.run(program(tmp_path), tmp_path)
    assert (done.exit, done.calls) == (0, ["CreateModel", "CreateModel", "CreateEndpointConfig", "CreateEndpoint"])
    rendered = names(tmp_path)
    client = boto3.client("sagemaker")
    assert [each["ModelName"] for each in client.list_models()["Models"]] == rendered["Model"]
    assert config_of("churn") == rendered["EndpointConfig"][0]
    config = client.describe_endpoint_config(EndpointConfigName=config_of("churn"))
    weights = {each["VariantName"]: each["InitialVariantWeight"] for each in config["ProductionVariants"]}
    assert weights == {"challenger": 10, "champion": 90}
    assert client.list_tags(ResourceArn=region.endpoints["churn"].arn)["Tags"] == [{"Key": "team", "Value": "risk"}]


def test_the_second_run_changes_nothing(region: Aws, tmp_path: Path) -> None:
    region.run(program(tmp_path), tmp_path)
    again = region.run(program(tmp_path), tmp_path)
    assert (again.exit, again.out, again.calls) == (0, "", [])


def test_a_dry_run_says_what_would_be_done(region: Aws, tmp_path: Path) -> None:
    done = region.run(program(tmp_path, AUTOSCALED), tmp_path, "--dry-run")
    assert (done.exit, done.calls) == (0, [])
    said = re.findall(r"^would call (\w+)", done.out, re.MULTILINE)
    assert said[:4] == ["create_model", "create_model", "create_endpoint_config", "create_endpoint"]
    assert said[4:] == ["register_scalable_target", "put_scaling_policy"] * 2
    assert boto3.client("sagemaker").list_models()["Models"] == []


@pytest.mark.parametrize(
    ("change", "calls"),
    [
        (NEW_IMAGE, ["CreateModel", "CreateEndpointConfig", "UpdateEndpoint"]),
        (NEW_WEIGHTS, ["CreateEndpointConfig", "UpdateEndpoint"]),
    ],
    ids=["image", "weights"],
)
def test_a_change_moves_the_endpoint(change: dict[str, str], calls: list[str], region: Aws, tmp_path: Path) -> None:
    region.run(program(tmp_path), tmp_path)
    before = config_of("churn")
    done = region.run(program(tmp_path, change), tmp_path)
    assert (done.exit, done.calls) == (0, calls)
    assert config_of("churn") == names(tmp_path)["EndpointConfig"][0] != before
    assert boto3.client("sagemaker").describe_endpoint_config(EndpointConfigName=before), "the old one stays"
    # Without RetainAllVariantProperties, weights and counts are those of the new configuration.
    assert region.updates == [{"EndpointName": "churn", "EndpointConfigName": config_of("churn")}]
    assert region.run(program(tmp_path, change), tmp_path).calls == []


def test_the_way_back_makes_nothing_new(region: Aws, tmp_path: Path) -> None:
    for change in (None, NEW_IMAGE):
        region.run(program(tmp_path, change), tmp_path)
    back = region.run(program(tmp_path), tmp_path)
    assert (back.exit, back.calls) == (0, ["UpdateEndpoint"])


def test_autoscaled_variants_keep_their_instances_and_get_new_weights(region: Aws, tmp_path: Path) -> None:
    region.run(program(tmp_path, AUTOSCALED), tmp_path)
    autoscaling = boto3.client("application-autoscaling")
    targets = autoscaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    assert [(each["ResourceId"], each["MaxCapacity"]) for each in targets] == [
        ("endpoint/churn/variant/challenger", 4),
        ("endpoint/churn/variant/champion", 4),
    ]
    policies = autoscaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]
    assert [each["PolicyName"] for each in policies] == ["churn-challenger", "churn-champion"]
    region.run(program(tmp_path, {**AUTOSCALED, **NEW_WEIGHTS}), tmp_path)
    (update,) = region.updates
    assert update["RetainAllVariantProperties"] is True
    excluded = {each["VariantPropertyType"] for each in update["ExcludeRetainedVariantProperties"]}
    assert excluded == {"DesiredWeight", "DataCaptureConfig"}
    now = autoscaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    assert now == targets


def test_an_endpoint_that_fails_says_why(region: Aws, tmp_path: Path) -> None:
    region.fails = "The container did not pass the ping health check."
    done = region.run(program(tmp_path), tmp_path)
    assert str(done.exit).startswith("Failed with churn-")
    assert str(done.exit).endswith(region.fails)


def test_a_failed_endpoint_is_made_anew(region: Aws, tmp_path: Path) -> None:
    region.fails = "The container did not pass the ping health check."
    region.run(program(tmp_path), tmp_path)
    region.fails = None
    done = region.run(program(tmp_path, NEW_IMAGE), tmp_path)
    assert (done.exit, done.calls[-2:]) == (0, ["DeleteEndpoint", "CreateEndpoint"])
    assert config_of("churn") == names(tmp_path)["EndpointConfig"][0]
    assert region.run(program(tmp_path, NEW_IMAGE), tmp_path).calls == []


def test_an_update_that_is_rolled_back_says_why_and_can_be_tried_again(region: Aws, tmp_path: Path) -> None:
    region.run(program(tmp_path), tmp_path)
    before = config_of("churn")
    region.fails = "Alarm credit-risk-5xx went off."
    done = region.run(program(tmp_path, NEW_IMAGE), tmp_path)
    assert done.exit == f"InService with {before}: {region.fails}"
    region.fails = None
    again = region.run(program(tmp_path, NEW_IMAGE), tmp_path)
    assert (again.exit, again.calls) == (0, ["UpdateEndpoint"])


def test_an_endpoint_that_moves_is_left_alone(region: Aws, tmp_path: Path) -> None:
    region.run(program(tmp_path), tmp_path)
    region.endpoints["churn"].endpoint_status = "Updating"
    done = region.run(program(tmp_path, NEW_WEIGHTS), tmp_path)
    assert done.exit == "churn is Updating: it must be InService"
    assert region.updates == []


def test_an_unknown_argument_does_nothing(region: Aws, tmp_path: Path) -> None:
    done = region.run(program(tmp_path), tmp_path, "--dryrun")
    assert "--dry-run" in str(done.exit)
    assert done.calls == []


def test_the_programs_are_clean(run: Run, tmp_path: Path) -> None:
    for folder in sorted(CASES.glob("sagemaker-*")):
        for model in ("credit-risk", "churn", "fraud"):
            text, _ = sagemaker.script(folder, model)
            if text:
                (tmp_path / f"{model}.py").write_text(text, "utf-8")
    assert len(list(tmp_path.iterdir())) == 3
    options = ("--isolated", "--output-format=concise", f"--line-length={WIDTH}", f"--select={RULES}")
    done = run(sys.executable, "-m", "ruff", "check", *options, "--ignore=D203,D213", tmp_path)
    assert done.returncode == 0, done.stdout


def test_the_program_of_the_documentation_has_fewer_than_80_lines(tmp_path: Path) -> None:
    section = model_format.example("SageMaker")
    model = re.sub(r"        sagemaker-proxy:.*?(?=        sagemaker:)", "", section, flags=re.DOTALL)
    head = SPLIT.partition("    - name")[0]
    (tmp_path / "models.yaml").write_text(head + model, "utf-8")
    text, problems = sagemaker.script(tmp_path, "credit-risk")
    assert problems == []
    assert text is not None
    assert "SCALING" in text
    assert "CANARY" in text
    assert len(text.splitlines()) < 80


def test_arguments_are_those_of_the_aws_api() -> None:
    """boto3's own validation takes what every field of the target comes to."""
    with aws():
        checked = set()
        for folder in sorted(CASES.glob("sagemaker-*")):
            result = api.render(folder)
            for each in () if has_errors(result.problems) else result.objects:
                if each.kind in OPERATIONS and each.group.endswith(".services.k8s.aws"):
                    service, operation = OPERATIONS[each.kind]
                    shape = boto3.client(service).meta.service_model.operation_model(operation).input_shape
                    report = ParamValidator().validate(arguments(each.body["spec"]), shape)
                    assert not report.has_errors(), report.generate_report()
                    checked.add(each.kind)
    assert checked == set(OPERATIONS)


leaves = st.text() | st.integers() | st.booleans() | st.none()
trees = st.recursive(
    leaves, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner)
)


@given(trees)
def test_a_literal_is_the_value_again(value: Any) -> None:
    assert ast.literal_eval(literal(value)) == value


@given(st.text())
def test_no_text_ends_its_literal(text: str) -> None:
    written = literal(text)
    assert written.isprintable()
    assert ast.literal_eval(written) == text


def test_what_cannot_be_seen_is_escaped() -> None:
    assert literal("a\u202eb\u2028\x00\ud800") == '"a\\u202eb\\u2028\\x00\\ud800"'


def test_hostile_values_stay_values(region: Aws, tmp_path: Path) -> None:
    hostile = '"); import os; os._exit(9)  # {{ 7 * 7 }} """ \\'
    text = program(tmp_path, {"path: /churn": f"path: /churn\n      env: {{HOSTILE: {json.dumps(hostile)}}}"})
    done = region.run(text, tmp_path)
    assert done.exit == 0
    model = boto3.client("sagemaker").describe_model(ModelName=names(tmp_path)["Model"][0])
    assert model["PrimaryContainer"]["Environment"]["HOSTILE"] == hostile


def test_the_command_prints_the_program(modelyard: Run, tmp_path: Path) -> None:
    text = program(tmp_path)
    done = modelyard("sagemaker", "script", "churn", "-f", tmp_path)
    assert (done.returncode, done.stdout) == (0, text)
    assert done.stderr == "Next: save it as deploy.py, then run: python deploy.py --dry-run\n"


@pytest.mark.parametrize(
    ("model", "code"), [("chrn", "did you mean churn?"), ("pods", "pods has no target sagemaker [MY248]")]
)
def test_what_has_no_program_is_a_problem(model: str, code: str, modelyard: Run, tmp_path: Path) -> None:
    program(tmp_path)
    with (tmp_path / "models.yaml").open("a") as file:
        file.write("    - {name: pods, image: 'pods:1', targets: {deployment: {}}}\n")
    done: subprocess.CompletedProcess[str] = modelyard("sagemaker", "script", model, "-f", tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert code in done.stderr
