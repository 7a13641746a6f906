"""A Job whose pods cannot begin: it is not waited for without end, and one whose pods get on is."""

from typing import Any, cast

import pytest

from modelyard.cluster import jobs
from modelyard.cluster.client import Client

JOB: dict[str, Any] = {"metadata": {"name": "churn-score", "namespace": "ml"}, "spec": {"completions": 2}}


class _Cluster:
    """A cluster with one Job, which ends after so many looks at its pods, or never."""

    def __init__(self, pods: list[dict[str, Any]], looks: int = 1_000_000) -> None:
        self.pods, self.looks = pods, looks

    def find(self, *_: str) -> dict[str, Any]:
        """Return the Job."""
        ended = [{"type": "Complete", "status": "True"}] if self.looks <= 0 else []
        return {**JOB, "status": {"conditions": ended}}

    def select(self, _version: str, kind: str, *_: str, **__: str) -> list[dict[str, Any]]:
        """Return the pods, or no events."""
        self.looks -= kind == "Pod"
        return self.pods if kind == "Pod" else []


def _pod(index: int, phase: str, restarts: int = 0) -> dict[str, Any]:
    ended = {"exitCode": 1, "reason": "Error", "finishedAt": "2026-01-01T00:00:00Z"}
    model = {
        "name": "model", "restartCount": restarts, "ready": False,
        "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {"terminated": ended},
    }  # fmt: skip
    labels = {"batch.kubernetes.io/job-completion-index": str(index)}
    metadata = {"name": f"churn-score-{index}", "uid": f"{index}", "labels": labels}
    return {"metadata": metadata, "status": {"phase": phase, "initContainerStatuses": [model]}}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "_TICK", 0.01)
    monkeypatch.setattr(jobs, "_HOPE", 0.1)


def test_a_model_that_does_not_start_ends_the_wait_and_says_why() -> None:
    cluster = _Cluster([_pod(0, "Pending", restarts=7), _pod(1, "Pending", restarts=7)])
    _, problems = jobs.follow(cast("Client", cluster), JOB, "score", lambda _: None)
    assert [each.code for each in problems] == ["MY728"]
    assert problems[0].message.startswith("the Job churn-score cannot begin: pod churn-score-0: the container model ")
    assert "exit code 1" in problems[0].message


@pytest.mark.parametrize(
    "pods",
    [
        [_pod(0, "Pending", restarts=7), _pod(1, "Running")],  # one works
        [_pod(0, "Pending", restarts=1), _pod(1, "Pending", restarts=1)],  # the next start may be the good one
    ],
)
def test_a_job_that_may_get_on_is_waited_for(pods: list[dict[str, Any]]) -> None:
    cluster = _Cluster(pods, looks=40)
    assert jobs.follow(cast("Client", cluster), JOB, "score", lambda _: None)[1] == []
    assert cluster.looks < 0  # it looked until the Job had ended
