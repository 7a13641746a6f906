"""A Job that has ended: what its pods said becomes a manifest, or the names of the shards that failed."""

from typing import Any, Final, cast

import pytest

from modelyard.api import shards
from modelyard.cluster import Client, jobs
from modelyard.cluster.jobs import Progress
from modelyard.score.manifest import Part, part_of
from modelyard.targets.workloads.scoring_job import Wanted

SHARDS: Final = 4
WANTED: Final = Wanted("s3://risk/in", "s3://risk/out", SHARDS, 2)


class Ended:
    """A cluster in which a Job has ended."""

    def __init__(self, status: dict[str, Any], pods: dict[int, dict[str, Any]]) -> None:
        self.job = {"metadata": {"name": "churn-score-1", "namespace": "risk"}, "spec": {"completions": SHARDS}}
        self.status, self.pods = status, pods

    def find(self, *_: str) -> dict[str, Any]:
        """Return the Job."""
        return {**self.job, "status": self.status}

    def select(self, _: str, kind: str, *__: str, **___: str) -> list[dict[str, Any]]:
        """Return its pods, and no events."""
        label = "batch.kubernetes.io/job-completion-index"
        pods = [
            {
                "metadata": {"name": f"churn-score-1-{index}", "labels": {label: str(index)}, "uid": str(index)},
                "status": {
                    "phase": "Failed" if ended.get("exitCode") else "Succeeded",
                    "containerStatuses": [{"name": "score", "state": {"terminated": ended}}],
                },
            }
            for index, ended in self.pods.items()
        ]
        return pods if kind == "Pod" else []


def part(index: int, failed: int = 0) -> str:
    """Return what the pod of a shard says of its part."""
    return Part(f"part-{index:05d}.parquet", index, SHARDS, 10, 10 - failed, failed, str(index + 1)).text()


def followed(status: dict[str, Any], pods: dict[int, dict[str, Any]]) -> tuple[Progress, list[str]]:
    cluster = Ended(status, pods)
    progress, problems = jobs.follow(cast("Client", cluster), cluster.job, "score", lambda _: None)
    return progress, [f"{each.code} {each.message}" for each in problems]


def condition(kind: str, reason: str = "") -> dict[str, Any]:
    return {"conditions": [{"type": kind, "status": "True", "reason": reason, "message": reason}]}


@pytest.mark.parametrize("failed", [0, 1])
def test_what_the_pods_said_becomes_a_manifest(failed: int) -> None:
    pods = {index: {"exitCode": 0, "message": part(index, failed)} for index in range(SHARDS)}
    progress, problems = followed({"succeeded": SHARDS, **condition("Complete")}, pods)
    assert not problems
    done = shards.Done()
    shards.join(done, "churn", WANTED, progress)
    assert done.manifest is not None
    assert (done.manifest.rows, done.manifest.failed, done.manifest.checksum) == (40, 4 * failed, "10")
    assert [each.code for each in done.problems] == ["MY808"] * failed


def test_a_part_that_nobody_told_of_is_named() -> None:
    pods = {index: {"exitCode": 0, "message": part(index)} for index in (0, 1, 3)}
    progress, _ = followed({"succeeded": SHARDS, **condition("Complete")}, pods)
    done = shards.Done()
    shards.join(done, "churn", WANTED, progress)
    assert done.manifest is None
    assert "s3://risk/out/_modelyard-00002.json says it" in done.problems[0].hint


def test_shards_that_failed_are_named_with_their_reasons() -> None:
    said = "\x1b[31merror\x1b[0m: there is no s3://risk/in [MY805]\n  hint: check it\n1 error\n"
    pods: dict[int, dict[str, Any]] = {
        1: {"exitCode": 1, "message": said},
        2: {"exitCode": 137, "reason": "OOMKilled"},
        3: {"exitCode": 9},
    }
    _, problems = followed({"succeeded": 1, "failedIndexes": "1-3", **condition("Failed", "FailedIndexes")}, pods)
    assert problems == [
        "MY728 shard 1 failed: error: there is no s3://risk/in [MY805] hint: check it 1 error",
        "MY728 shard 2 failed: it used more memory than its limit (OOMKilled)",
        "MY728 shard 3 failed: exit code 9, without a word",
    ]


def test_a_job_that_fails_as_a_whole_says_why() -> None:
    _, problems = followed(condition("Failed", "PodFailurePolicy"), {0: {"exitCode": 2, "message": "no such option"}})
    assert problems == ["MY728 the Job churn-score-1 failed: no such option"]
    _, problems = followed(condition("Failed", "DeadlineExceeded"), {})
    assert problems == ["MY728 the Job churn-score-1 failed: DeadlineExceeded"]


def test_texts_that_are_no_part_are_none() -> None:
    for text in ("", "[]", "{", '{"part": "x"}', part(0).replace('"1"', '"many"'), part(0).replace("10,", '"10",')):
        assert part_of(text) is None
    assert part_of(part(0)) == Part("part-00000.parquet", 0, SHARDS, 10, 10, 0, "1")
