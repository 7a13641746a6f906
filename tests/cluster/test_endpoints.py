"""What ACK says of SageMaker's objects, in words, and the shares of their variants."""

from typing import Any, Final

import pytest

from modelyard.cluster.endpoints import percents, shares
from modelyard.cluster.readiness import State, state
from modelyard.targets.sagemaker.values import CONFIG, ENDPOINT, MODEL

SYNCED: Final = {"type": "ACK.ResourceSynced", "status": "True"}
NOT_SYNCED: Final = {"type": "ACK.ResourceSynced", "status": "False"}
APPLIED: Final = "2026-05-01T10:00:10Z"
UNSEEN: Final = "waiting for its controller"
LAST: Final = "sagemaker.services.k8s.aws/last-endpoint-config-for-update"


def _live(kind: tuple[str, str], status: dict[str, Any] | None = None, **metadata: Any) -> dict[str, Any]:
    own = {"name": "churn", "creationTimestamp": "2026-05-01T09:00:00Z", "generation": 1, **metadata}
    spec = {"endpointConfigName": "churn-2"}
    return {"apiVersion": kind[0], "kind": kind[1], "metadata": own, "spec": spec, "status": status or {}}


def _endpoint(now: str, *conditions: dict[str, str], why: str = "") -> dict[str, Any]:
    return {"endpointStatus": now, "conditions": [*conditions], **({"failureReason": why} if why else {})}


@pytest.mark.parametrize(
    ("status", "ready"),
    [
        ({}, State(None, UNSEEN)),
        (_endpoint("InService", SYNCED), State(True)),
        (_endpoint("Creating", NOT_SYNCED), State(None, "the endpoint is Creating")),
        (_endpoint("Updating", SYNCED), State(None, "the endpoint is Updating")),
        ({"conditions": [SYNCED]}, State(None, UNSEEN)),
        (_endpoint("InService", NOT_SYNCED), State(None, UNSEEN)),
        (
            _endpoint("Failed", NOT_SYNCED, why="variant main did not pass the ping health check"),
            State(False, "the endpoint is Failed: variant main did not pass the ping health check"),
        ),
        (_endpoint("OutOfService", SYNCED), State(False, "the endpoint is OutOfService")),
        (
            _endpoint(
                "InService", {"type": "ACK.Terminal", "status": "True", "message": "check FailureReason"}, why="alarm a"
            ),
            State(False, "check FailureReason: alarm a"),
        ),
        (
            _endpoint("InService", {"type": "ACK.Recoverable", "status": "True", "message": "Throttling"}, SYNCED),
            State(None, "its controller tries again: Throttling"),
        ),
    ],
    ids=lambda value: str(value)[:60],
)
def test_the_state_of_an_endpoint_in_words(status: dict[str, Any], ready: State) -> None:
    assert state(_live(ENDPOINT, status)) == ready


def test_other_objects_of_ack_have_conditions_alone() -> None:
    for kind in (MODEL, CONFIG):
        assert state(_live(kind, {"conditions": [SYNCED]})) == State(True)
        assert state(_live(kind)) == State(None, UNSEEN)
    failed = {"type": "ACK.Terminal", "status": "True", "reason": "ValidationException", "message": "no such role"}
    assert state(_live(MODEL, {"conditions": [SYNCED, failed]})) == State(False, "ValidationException: no such role")


@pytest.mark.parametrize(
    ("moved", "looked", "generation", "why"),
    [
        ("churn-2", "", 2, ""),
        ("churn-1", "2026-05-01T10:00:20Z", 2, UNSEEN),
        (None, "2026-05-01T10:00:20Z", 2, ""),
        (None, "2026-05-01T10:00:09Z", 2, UNSEEN),
        (None, "2026-05-01T10:00:09Z", 1, ""),
        (None, "2025-01-01T00:00:00Z", 2, ""),  # older than the object: from a backup
        (None, "", 2, ""),
    ],
)
def test_what_was_said_before_the_endpoint_moved_does_not_count(
    moved: str | None, looked: str, generation: int, why: str
) -> None:
    condition = {**SYNCED, **({"lastTransitionTime": looked} if looked else {})}
    metadata = {"generation": generation, "managedFields": [{"manager": "modelyard", "time": APPLIED}]}
    metadata |= {"annotations": {LAST: moved}} if moved else {}
    assert state(_live(ENDPOINT, _endpoint("InService", condition), **metadata)).why == why


@pytest.mark.parametrize(
    ("weights", "shown"),
    [
        ([1.0], [100]), ([90.0, 10.0], [90, 10]), ([1.0, 1.0, 1.0], [34, 33, 33]), ([0.0, 3.0], [0, 100]),
        ([2.0, 1.0], [67, 33]), ([0.0, 0.0], [None, None]), ([], []),
    ],
)  # fmt: skip
def test_weights_are_shown_as_percents_that_come_to_100(weights: list[float], shown: list[int | None]) -> None:
    assert percents(weights) == shown


def test_variants_are_shown_as_they_run_and_else_as_they_are_declared() -> None:
    models = {name: {"spec": {"primaryContainer": {"image": f"{name}:2"}}} for name in ("a", "b")}
    declared = [
        {"variantName": name, "modelName": name, "initialVariantWeight": weight}
        for name, weight in (("a", 3), ("b", 1))
    ]
    config = {"spec": {"productionVariants": declared}}
    assert shares(_live(ENDPOINT), config, models) == [("a", 75, "a:2"), ("b", 25, "b:2")]
    running = [
        {"variantName": "a", "currentWeight": 1, "deployedImages": [{"specifiedImage": "a:1"}]},
        {"variantName": "b", "currentWeight": 1},
    ]
    live = _live(ENDPOINT, {"productionVariants": running})
    assert shares(live, config, models) == [("a", 50, "a:1"), ("b", 50, "b:2")]
    assert shares(_live(ENDPOINT), None, {}) == []
    alone = {"spec": {"productionVariants": [{"variantName": "main", "modelName": "a"}]}}
    assert shares(_live(ENDPOINT), alone, models) == [("", 100, "a:2")]
