"""The workflow that starts jobs on Dataproc, run by a simulator: its cloud delivers twice, and loses answers."""

import base64
import json
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

import pytest
import yaml

from modelyard import api
from tests.conftest import ROOT
from tests.support.workflows import Raised, Workflow

CASE: Final = ROOT / "tests" / "render" / "cases" / "dataproc-network-anomaly" / "models.yaml"
BUCKET: Final = "network-spark-migrate"
TRAIN: Final = "model/train.py"
SCORED: Final = "data/2026-11_val_processed.parquet/_SUCCESS"


class Cloud:
    """Cloud Storage and Dataproc, as far as the workflow sees them. A run takes 5 minutes; its cluster goes with it."""

    def __init__(self) -> None:
        self.now = 0.0
        self.objects: dict[str, dict[str, Any]] = {}
        self.runs: dict[str, dict[str, Any]] = {}
        self.by_request: dict[str, str] = {}
        self.log: list[dict[str, Any]] = []
        self.fails = False
        self.hangs = False
        self.faults: Callable[[str, str], str] = lambda _, __: ""

    def clusters(self) -> list[str]:
        """Return the runs whose cluster is there."""
        return [name for name, each in self.runs.items() if each["ends"] > self.now and not each["cancelled"]]

    def started(self) -> list[str]:
        """Return the job of each run."""
        return [each["job"] for each in self.runs.values()]

    def call(self, name: str, given: dict[str, Any]) -> Any:
        """Answer one blocking call. Raises Raised."""
        if name == "sys.sleep":
            self.now += given["seconds"]
            return None
        if name == "sys.log":
            self.log.append(given)
            return None
        assert given["auth"] == {"type": "OAuth2"}
        fault = self.faults(name, given["url"])
        if fault == "before":
            raise Raised({"code": 503, "tags": ["HttpError"], "message": "try again"})
        answer = self._answer(name, given)
        if fault == "after":
            raise Raised({"tags": ["ConnectionError"], "message": "the answer was lost"})
        return {"code": 200, "body": answer}

    def _answer(self, name: str, given: dict[str, Any]) -> Any:
        url, query = given["url"], given.get("query") or {}
        if url == f"https://storage.googleapis.com/upload/storage/v1/b/{BUCKET}/o":
            assert (name, query["uploadType"]) == ("http.post", "media")
            if query.get("ifGenerationMatch") == "0" and query["name"] in self.objects:
                raise Raised({"code": 412, "tags": ["HttpError"], "message": "precondition"})
            self.objects[query["name"]] = {"body": json.loads(json.dumps(given["body"])), "generation": "1"}
            return {}
        if found := re.fullmatch(rf"https://storage\.googleapis\.com/storage/v1/b/{BUCKET}/o/([^/]+)", url):
            item = self.objects.get(unquote(found[1]))
            if item is None:
                raise Raised({"code": 404, "tags": ["HttpError"]})
            return item["body"] if query.get("alt") == "media" else {"generation": item["generation"]}
        base = "https://dataproc.googleapis.com/v1/projects/analytics-prod/regions/europe-west6"
        if found := re.fullmatch(rf"{base}/workflowTemplates/network-anomaly-(\w+)-[0-9a-f]{{10}}:instantiate", url):
            return self._instantiate(found[1], given["body"]["requestId"])
        if url == "https://dataproc.googleapis.com/v1/projects/analytics-prod/locations/europe-west6/batches":
            assert given["body"]["pysparkBatch"]["mainPythonFileUri"].startswith(f"gs://{BUCKET}/")
            return self._instantiate("batch", query["requestId"])
        if found := re.fullmatch(rf"{base}/operations/(\w+)(:cancel)?", url):
            return self._operation(found[1], cancel=bool(found[2]))
        raise AssertionError(url)

    def _instantiate(self, job: str, request: str) -> Any:
        assert re.fullmatch(r"[A-Za-z0-9_-]{1,40}", request)
        known = self.by_request.get(request)
        if known is None or self.runs[known]["ends"] <= self.now:  # only a run that goes on is one with its repetition
            known = self.by_request[request] = f"op{len(self.runs)}"
            self.runs[known] = {"job": job, "ends": float("inf") if self.hangs else self.now + 300, "cancelled": False}
        return {"name": f"projects/analytics-prod/regions/europe-west6/operations/{known}"}

    def _operation(self, name: str, *, cancel: bool) -> Any:
        run = self.runs[name]
        run["cancelled"] = run["cancelled"] or cancel
        if run["ends"] > self.now:
            return {"name": name}
        return (
            {"name": name, "done": True, "error": {"code": 9, "message": "Job failed"}}
            if self.fails
            else {"done": True}
        )


def seeded(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - it only chooses who goes on


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


def source(text: str = CASE.read_text("utf-8"), folder: Path | None = None) -> dict[str, Any]:
    path = CASE.parent
    if folder is not None:
        (folder / "models.yaml").write_text(text, "utf-8")
        path = folder
    rendering = api.overlay(path)
    assert not [each for each in rendering.problems if each.severity == "error"]
    found: dict[str, Any] = yaml.safe_load(rendering.content["workflows/network-anomaly.yaml"])
    return found


@pytest.fixture
def workflow(cloud: Cloud) -> Workflow:
    return Workflow(source(), lambda: cloud.now)


def upload(name: str, generation: int | str = "1764500000000000", bucket: str = BUCKET) -> dict[str, Any]:
    return {
        "type": "google.cloud.storage.object.v1.finalized",
        "data": {"bucket": bucket, "name": name, "generation": generation},
    }


def outcome(cloud: Cloud, workflow: Workflow, event: Any, execution: str = "e1") -> Any:
    """Execute to the end; return its result, or what it raised."""
    (found,) = together(cloud, workflow, [event], seeded(0), [execution])
    return found


def together(
    cloud: Cloud, workflow: Workflow, events: list[Any], order: random.Random, executions: list[str] | None = None
) -> list[Any]:
    """Execute several at once: after each blocking call another one may go on."""
    names = executions or [f"e{i}" for i in range(len(events))]
    going = {i: workflow.execute(event, names[i]) for i, event in enumerate(events)}
    answers: dict[int, Any] = dict.fromkeys(going)
    results: list[Any] = [None] * len(events)
    while going:
        i = order.choice(sorted(going))
        try:
            step = answers[i]
            name, given = going[i].throw(step) if isinstance(step, Raised) else going[i].send(step)
        except StopIteration as end:
            results[i] = end.value
            del going[i]
        except Raised as raised:
            results[i] = raised
            del going[i]
        else:
            try:
                answers[i] = cloud.call(name, given)
            except Raised as raised:
                answers[i] = raised
    return results


@pytest.mark.parametrize(
    ("name", "runs"),
    [
        (TRAIN, ["train"]),
        (SCORED, ["score"]),
        ("model/train.pyc", []),
        ("x/model/train.py", []),
        ("data/a/b_val_processed.parquet/_SUCCESS", []),
        ("data/2026_val_processedXparquet/_SUCCESS", []),
        (".modelyard/runs/abc.json", []),
    ],
)
def test_an_upload_starts_the_job_whose_trigger_it_matches(
    cloud: Cloud, workflow: Workflow, name: str, runs: list[str]
) -> None:
    state = "succeeded" if runs else "ignored"
    assert outcome(cloud, workflow, upload(name)) == {"state": state}
    assert cloud.started() == runs
    assert cloud.clusters() == []
    assert [each["severity"] for each in cloud.log] == ["INFO"] * len(runs)


def test_an_upload_to_another_bucket_starts_nothing(cloud: Cloud, workflow: Workflow) -> None:
    assert outcome(cloud, workflow, upload(TRAIN, bucket="other")) == {"state": "ignored"}
    assert not cloud.objects


def test_what_a_job_writes_starts_nothing(cloud: Cloud, tmp_path: Path) -> None:
    text = CASE.read_text("utf-8").replace("{main: model/score.py,", "{main: model/score.py, outputs: [data/scored/],")
    declared = Workflow(source(text, tmp_path), lambda: cloud.now)
    assert outcome(cloud, declared, upload("data/scored/x_val_processed.parquet/_SUCCESS")) == {"state": "ignored"}
    assert outcome(cloud, declared, upload(SCORED)) == {"state": "succeeded"}


def test_a_job_that_fails_is_a_failed_execution_and_leaves_no_cluster(cloud: Cloud, workflow: Workflow) -> None:
    cloud.fails = True
    raised = outcome(cloud, workflow, upload(TRAIN))
    assert isinstance(raised, Raised)
    assert raised.value["message"] == "Job failed"
    assert cloud.clusters() == []
    (said,) = cloud.log
    assert (said["severity"], said["json"]["message"]) == ("ERROR", "train failed")
    (marker,) = cloud.objects.values()
    assert marker["body"]["state"] == "failed"


def test_a_run_that_takes_too_long_is_cancelled(cloud: Cloud, workflow: Workflow) -> None:
    cloud.hangs = True
    raised = outcome(cloud, workflow, upload(TRAIN))
    assert isinstance(raised, Raised)
    assert "cancelled" in raised.value
    assert cloud.clusters() == []
    assert 6 * 3600 <= cloud.now < 6 * 3600 + 120


def test_two_uploads_at_once_make_two_runs(cloud: Cloud, workflow: Workflow) -> None:
    events = [upload(TRAIN, "1"), upload(TRAIN, "2"), upload(SCORED, "1")]
    assert together(cloud, workflow, events, seeded(1)) == [{"state": "succeeded"}] * 3
    assert sorted(cloud.started()) == ["score", "train", "train"]


@pytest.mark.parametrize("seed", range(20))
def test_an_event_that_is_delivered_again_makes_one_run(cloud: Cloud, workflow: Workflow, seed: int) -> None:
    results = together(cloud, workflow, [upload(TRAIN)] * 3, seeded(seed))
    assert sorted(each["state"] for each in results) == ["repeated", "repeated", "succeeded"]
    cloud.now += 86_400
    assert outcome(cloud, workflow, upload(TRAIN), "late") == {"state": "repeated"}
    assert cloud.started() == ["train"]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("part", ["upload/storage", ":instantiate", "/operations/"])
def test_a_call_that_fails_once_is_made_again_and_makes_one_run(
    cloud: Cloud, workflow: Workflow, part: str, when: str
) -> None:
    failed: list[str] = []

    def once(_: str, url: str) -> str:
        if part in url and not failed:
            failed.append(url)
            return when
        return ""

    cloud.faults = once
    assert outcome(cloud, workflow, upload(TRAIN)) == {"state": "succeeded"}
    assert failed
    assert cloud.started() == ["train"]


def test_a_service_that_stays_away_fails_the_execution(cloud: Cloud, workflow: Workflow) -> None:
    cloud.faults = lambda _, url: "before" if ":instantiate" in url else ""
    raised = outcome(cloud, workflow, upload(TRAIN))
    assert isinstance(raised, Raised)
    assert raised.value["code"] == 503
    assert cloud.started() == []
    assert cloud.log[-1]["severity"] == "ERROR"


def schedules() -> Iterator[dict[str, Any]]:
    for each in api.render(CASE.parent).objects:
        if each.kind == "CloudSchedulerJob":
            yield json.loads(json.loads(base64.b64decode(each.body["spec"]["httpTarget"]["body"]))["argument"])


def test_a_schedule_runs_once_a_minute_however_often_it_is_delivered(cloud: Cloud, workflow: Workflow) -> None:
    (event,) = schedules()
    results = together(cloud, workflow, [event, event], seeded(3))
    assert sorted(each["state"] for each in results) == ["repeated", "succeeded"]
    cloud.now += 86_400
    assert outcome(cloud, workflow, event, "next day") == {"state": "succeeded"}
    assert cloud.started() == ["score", "score"]


def test_a_person_runs_a_job_as_often_as_they_like(cloud: Cloud, workflow: Workflow) -> None:
    assert outcome(cloud, workflow, {"run": "score"}, "one") == {"state": "succeeded"}
    assert outcome(cloud, workflow, {"run": "score"}, "two") == {"state": "succeeded"}
    assert cloud.started() == ["score", "score"]
    raised = outcome(cloud, workflow, {"run": "retrain"}, "three")
    assert isinstance(raised, Raised)
    assert raised.value == "there is no job retrain"


@pytest.mark.parametrize(("generation", "runs"), [("7", ["score"]), ("8", [])])
def test_nothing_but_the_approved_champion_is_scored_with(
    cloud: Cloud, tmp_path: Path, generation: str, runs: list[str]
) -> None:
    text = CASE.read_text("utf-8").replace(
        "bucket: network", 'champion: {version: "7", path: models/7, generation: 7}\n        bucket: network'
    )
    approved = Workflow(source(text, tmp_path), lambda: cloud.now)
    cloud.objects["models/7/metadata/part-00000"] = {"body": {}, "generation": generation}
    found = outcome(cloud, approved, upload(SCORED))
    assert cloud.started() == runs
    if not runs:
        assert isinstance(found, Raised)
        assert found.value == "models/7/metadata/part-00000 is not what was approved, but of generation 8"
    assert outcome(cloud, approved, upload(TRAIN)) == {"state": "succeeded"}  # training needs no approval


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("model/demo-config.yml]", "model/other.yml]"),
        ("./demo-config.yml", "./other.yml"),
        ("workers: 2", "workers: 3"),
        ("memory: 8Gi", "memory: 9Gi"),
        ("conf: {}", "conf: {spark.sql.shuffle.partitions: '9'}"),
        ("idleDeleteTtl: 10m", "idleDeleteTtl: 11m"),
        ("project: analytics-prod", "project: analytics-test"),
        ("zone: europe-west6-b", "zone: europe-west6-a"),
        ("  namespace: model-inference", "  labels: {team: risk}"),
    ],
)
def test_a_changed_field_gives_a_new_template_and_the_workflow_follows(tmp_path: Path, old: str, new: str) -> None:
    def templates(text: str) -> tuple[set[str], str]:
        (tmp_path / "models.yaml").write_text(text, "utf-8")
        rendering, whole = api.overlay(tmp_path), api.render(tmp_path)
        names = {each.name for each in whole.objects if each.kind == "DataprocWorkflowTemplate"}
        ids = {each.body["spec"]["resourceID"] for each in whole.objects if each.kind == "DataprocWorkflowTemplate"}
        assert names == ids
        return names, rendering.content["workflows/network-anomaly.yaml"]

    before, _ = templates(CASE.read_text("utf-8"))
    assert old in CASE.read_text("utf-8")
    after, text = templates(CASE.read_text("utf-8").replace(old, new))
    assert not before & after
    assert all(f"/workflowTemplates/{each}:instantiate" in text for each in after)


def test_an_argument_that_looks_like_an_expression_stays_a_text(cloud: Cloud, tmp_path: Path) -> None:
    text = (CASE.parents[1] / "dataproc-serverless" / "models.yaml").read_text("utf-8")
    made = source(text.replace('"./demo-config.yml"]', '"${HOME}/a ${b}", "$HOME"]'), tmp_path)
    (body,) = (each["body"] for each in _jobs(Workflow(made, lambda: cloud.now)))
    assert body["pysparkBatch"]["args"] == ["--configfile", "${HOME}/a ${b}", "$HOME"]


def _jobs(workflow: Workflow) -> list[dict[str, Any]]:
    """Return what the workflow sends for each job, with its expressions evaluated."""
    settings = workflow.parts["main"]["steps"][0]["settings"]["assign"]
    jobs = next(each["jobs"] for each in settings if "jobs" in each)
    return [workflow.value(each) for each in jobs.values()]


def test_a_batch_is_created_once_with_the_id_of_its_run(cloud: Cloud, tmp_path: Path) -> None:
    text = (CASE.parents[1] / "dataproc-serverless" / "models.yaml").read_text("utf-8")
    text = text.replace("example.com:analytics", "analytics-prod")
    declared = Workflow(source(text, tmp_path), lambda: cloud.now)
    tries: list[str] = []

    def once(_: str, url: str) -> str:
        if url.endswith("/batches"):
            tries.append(url)
        return "after" if len(tries) == 1 and url.endswith("/batches") else ""

    cloud.faults = once
    assert outcome(cloud, declared, upload("data/a.csv")) == {"state": "succeeded"}
    assert (len(tries), cloud.started()) == (2, ["batch"])
    assert outcome(cloud, declared, upload("data/b/a.csv")) == {"state": "ignored"}
