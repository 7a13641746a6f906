"""The Job that scores a table by shards: what it holds, and what no Job is made of."""

import json
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from modelyard import api
from modelyard.api import shards
from modelyard.api.objects import check_streams
from modelyard.score.http import Limits
from modelyard.score.options import Options, Route
from modelyard.targets.workloads.scoring_job import Wanted
from tests.conftest import Run

SET: Final = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: risk}
spec:
  namespace: scoring
  registry: registry.example.com/models
  toolImage: modelyard:0.2.0
  labels: {team: risk}
  models:
    - name: churn
      runtime: scr
      image: churn:1
      path: /churn
      config: {RATE: "30"}
      podLabels: {azure.workload.identity/use: "true"}
      nodeSelector: {disk: ssd}
      volumes: [{name: data, mountPath: /models, emptyDir: {}}]
      resources: {requests: {cpu: 100m, memory: 128Mi}, limits: {memory: 256Mi}}
      targets: {deployment: {}}
    - name: wells
      runtime: tensorflow
      image: wells:7
      version: 7
      resources: {requests: {cpu: 100m, memory: 128Mi}, limits: {memory: 256Mi}}
      targets: {deployment: {}}
    - name: fraud
      runtime: pcr
      resources: {requests: {cpu: 100m, memory: 128Mi}, limits: {memory: 256Mi}}
      variants:
        - {name: champion, image: "fraud:2", percent: 60}
        - {name: challenger, image: "fraud:3", percent: 40}
      targets: {knative: {}}
"""
WANTED: Final = Wanted("s3://risk/in", "s3://risk/out", 40, 10)
ON_CLAIM: Final = Wanted("/data/in", "/data/$(out)", 8, 4, "tables")


def written(tmp_path: Path, text: str = SET) -> Path:
    path = tmp_path / "models.yaml"
    path.write_text(text, "utf-8")
    return path


def job(path: Path, name: str = "churn", wanted: Wanted = WANTED, **given: Any) -> dict[str, Any]:
    body, namespace, problems = shards.job_of(name, wanted, file=path, **given)
    assert body is not None, problems
    assert namespace == "scoring"
    return body


@pytest.mark.parametrize("wanted", [WANTED, ON_CLAIM])
@pytest.mark.parametrize(("name", "variant"), [("churn", None), ("wells", None), ("fraud", "challenger")])
@pytest.mark.parametrize("platform", ["kubernetes", "openshift"])
def test_the_job_is_sound(tmp_path: Path, wanted: Wanted, name: str, variant: str | None, platform: str) -> None:
    path = written(tmp_path, SET.replace("spec:\n", f"spec:\n  platform: {platform}\n", 1))
    body = job(path, name, wanted, route=Route(variant=variant))
    found = check_streams({"job.yaml": json.dumps(body).encode()}).problems
    assert {each.code for each in found} <= {"MY331", "MY333"}, found  # what it names is in the cluster
    text = json.dumps(body)
    assert ("runAsUser" in text) == (platform == "kubernetes")


def test_each_pod_scores_its_shard_by_the_model_beside_it(tmp_path: Path) -> None:
    body = job(written(tmp_path), wanted=ON_CLAIM)
    assert (body["spec"]["completions"], body["spec"]["parallelism"]) == (8, 4)
    assert (body["spec"]["completionMode"], body["spec"]["backoffLimitPerIndex"]) == ("Indexed", 3)
    spec = body["spec"]["template"]["spec"]
    assert spec["restartPolicy"] == "Never"
    assert spec["nodeSelector"] == {"disk": "ssd"}
    assert spec["serviceAccountName"] == "risk"
    (model,), (main,) = spec["initContainers"], spec["containers"]
    assert model["restartPolicy"] == "Always"
    assert {"name": "RATE", "value": "30"} in model["env"]
    assert main["image"] == "registry.example.com/models/modelyard:0.2.0"
    assert main["command"] == [
        "modelyard", "score", "http://127.0.0.1:8080/churn", "/data/in", "--output=/data/$$(out)",
        "--shard=$(JOB_COMPLETION_INDEX)/8", "--manifest=/dev/termination-log",
    ]  # fmt: skip
    names = [each["name"] for each in spec["volumes"]]
    assert len(names) == len(set(names))
    assert {"tmp", "data", "model-tmp", "model-data"} <= set(names)


def test_neither_prune_nor_a_service_takes_its_pods_for_those_of_the_set(tmp_path: Path) -> None:
    body = job(written(tmp_path))
    labels = {**body["metadata"]["labels"], **body["spec"]["template"]["metadata"]["labels"]}
    assert labels == {"team": "risk", "azure.workload.identity/use": "true", "modelyard.dev/run": "score"}


def test_its_name_follows_from_what_it_does(tmp_path: Path) -> None:
    path = written(tmp_path)
    one, same = job(path), job(path)
    other = job(path, wanted=Wanted("s3://risk/in", "s3://risk/other", 40, 10))
    newer = job(written(tmp_path, SET.replace("churn:1", "churn:2")))
    names = [each["metadata"]["name"] for each in (one, same, other, newer)]
    assert names[0] == names[1]
    assert len(set(names)) == 3
    long = job(written(tmp_path, SET.replace("name: churn", f"name: {'c' * 58}")), "c" * 58)["metadata"]["name"]
    assert len(f"{long}-99999") <= 63


def test_files_of_tensorflow_serving_are_those_of_the_set(tmp_path: Path) -> None:
    volumes = job(written(tmp_path), "wells")["spec"]["template"]["spec"]["volumes"]
    (files,) = [each["configMap"]["name"] for each in volumes if "configMap" in each]
    assert files in {each.name for each in api.render(tmp_path).objects if each.kind == "ConfigMap"}


def test_options_that_differ_go_to_each_shard(tmp_path: Path) -> None:
    options = Options(Limits(body=90.0), retries=0, missing=("NA", "$(x)"), decimal=",", escape_formulas=True)
    body = job(written(tmp_path), route=Route(step="execute"), options=options)
    command = body["spec"]["template"]["spec"]["containers"][0]["command"]
    assert command[5:-2] == [
        "--step=execute", "--retries=0", "--body-timeout=90.0", "--decimal=,", "--missing=NA", "--missing=$$(x)",
        "--escape-formulas",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "name", "variant", "said"),
    [
        (SET.replace("  toolImage: modelyard:0.2.0\n", ""), "churn", None, "no toolImage"),
        (SET, "chrun", None, "did you mean churn?"),
        (SET, "fraud", None, "challenger or champion"),
        (SET, "fraud", "third", "no variant third"),
        (SET, "churn", "first", "leave out --variant"),
    ],
)
def test_what_no_job_is_made_of(tmp_path: Path, text: str, name: str, variant: str | None, said: str) -> None:
    body, _, problems = shards.job_of(name, WANTED, file=written(tmp_path, text), route=Route(variant=variant))
    assert body is None
    (found,) = [each for each in problems if each.code == "MY729"]
    assert said in f"{found.message}; {found.hint}"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["churn", "s3://b/in", "-o", "s3://b/out"], "needs --shards N"),
        (["http://x/churn", "s3://b/in", "-o", "s3://b/out", "--shards", "2"], "needs the model's name"),
        (["churn", "in.csv", "-o", "s3://b/out", "--shards", "2"], "INPUT of --engine jobs is"),
        (["churn", "s3://b/in", "-o", "/data/out", "--shards", "2"], "--output of --engine jobs is"),
        (["churn", "s3://b/in", "-o", "s3://b/out", "--shards", "2", "--claim", "x"], "--claim has no effect"),
        (["churn", "s3://b/in", "-o", "s3://b/out", "--shards", "2", "--ingress", "x:1"], "--ingress has no effect"),
        (["churn", "s3://b/in", "-o", "s3://b/out", "--shards", "2", "--header", "A: b"], "--header has no effect"),
        (["churn", "s3://b/in", "-o", "s3://b/out", "--shards", "2", "--input-format", "csv"], "only with --engine sp"),
    ],
)
def test_options_that_no_job_can_have_are_refused(modelyard: Run, words: list[str], said: str) -> None:
    done = modelyard("score", *words, "--engine", "jobs")
    assert (done.returncode, done.stdout) == (2, "")
    assert said in " ".join(done.stderr.replace("│", " ").split())


def test_the_job_can_be_printed(modelyard: Run, tmp_path: Path) -> None:
    path = written(tmp_path)
    words = ("score", "churn", "s3://risk/in", "-o", "s3://risk/out", "--engine", "jobs", "--shards", "40")
    done = modelyard(*words, "--stdout", "-f", path)
    assert done.returncode == 0, done.stderr
    assert yaml.safe_load(done.stdout) == json.loads(json.dumps(job(path)))
