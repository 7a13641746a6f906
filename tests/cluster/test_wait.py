"""What is waited for stays waited for while the API server is replaced and answers nobody."""

from typing import Any, Final, cast

import pytest

from modelyard.cluster import wait
from modelyard.cluster.client import Client, ClusterProblem
from modelyard.problems import problem

BODY: Final[dict[str, Any]] = {"apiVersion": "serving.knative.dev/v1", "kind": "Service", "metadata": {"name": "churn"}}
READY: Final[dict[str, Any]] = {
    **BODY,
    "metadata": {"name": "churn", "generation": 1},
    "status": {"observedGeneration": 1, "conditions": [{"type": "Ready", "status": "True"}]},
}


class Server:
    """A server that fails so often, and then says that all is ready."""

    def __init__(self, code: str, often: int) -> None:
        self.code, self.left = code, often

    def find(self, *_: object) -> dict[str, Any]:
        """Answer, or fail."""
        if self.left:
            self.left -= 1
            raise ClusterProblem(problem(self.code, "it fails"))
        return READY


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wait, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(wait, "SILENT_SECONDS", 0.5)


def waited(server: Server, seconds: float = 5.0) -> list[str]:
    """Wait, and return what is said meanwhile."""
    said: list[str] = []
    assert wait.wait(cast("Client", server), [BODY], seconds=seconds, progress=said.append) == []
    return said


@pytest.mark.parametrize("code", ["MY702", "MY707"])
def test_a_server_that_fails_for_a_moment_is_asked_again(code: str) -> None:
    assert waited(Server(code, 5)) == ["it fails; asking again", "Service.serving.knative.dev churn: ready"]


@pytest.mark.parametrize(
    ("code", "often", "seconds"), [("MY702", 10_000, 5.0), ("MY703", 1, 5.0), ("MY707", 10_000, 0.1)]
)
def test_one_that_fails_for_longer_or_refuses_is_an_error(code: str, often: int, seconds: float) -> None:
    server = Server(code, often)
    with pytest.raises(ClusterProblem, match="it fails"):
        waited(server, seconds)
    assert server.left >= often - 60
