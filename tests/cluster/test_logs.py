"""logs on a real API server, whose node's kubelet is KWOK: it reads files in the format of container runtimes."""

import itertools
import json
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest

from modelyard.api import cluster as live
from tests.support.cluster_scene import Scene
from tests.support.faulty_proxy import FAULTS, TOKEN, modelyard, proxied

SET: Final = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: spoken}
spec:
  registry: registry.example.com/models
  defaults: {runtime: pcr}
  models:
    - {name: pricing, image: "pricing:1.0", targets: {deployment: {replicas: 2}}}
    - name: churn
      path: /churn
      variants:
        - {name: champion, image: "churn:2.0.0", percent: 60}
        - {name: challenger, image: "churn:2.1.0", percent: 40}
      targets: {knative: {minScale: 1}}
"""


def line(text: str, *, age: float = 0) -> str:
    """Return a line as container runtimes write it (CRI, kubernetes/design-proposals, kubelet-cri-logging)."""
    return f"{(datetime.now(UTC) - timedelta(seconds=age)).isoformat().replace('+00:00', 'Z')} stdout F {text}\n"


@pytest.fixture
def log(scene: Scene, tmp_path: Path) -> Path:
    """Apply the set, and let all its pods' containers of all names have one log."""
    assert scene.apply(SET, "--wait", "--timeout", "60").code == 0
    path, proxy = tmp_path / "log", tmp_path / "proxy.log"
    path.write_text(line("old", age=3600) + line("started") + line("scored \x1b[31m7\u202e rows"), "utf-8")
    proxy.write_text(line("a probe"), "utf-8")
    told = {
        "apiVersion": "kwok.x-k8s.io/v1alpha1",
        "kind": "ClusterLogs",
        "metadata": {"name": scene.namespace},
        "spec": {
            "selector": {"matchNamespaces": [scene.namespace]},
            "logs": [
                {"logsFile": str(path), "previousLogsFile": str(proxy)},
                {"containers": ["queue-proxy"], "logsFile": str(proxy)},
            ],
        },
    }
    scene.cluster.succeed("apply", "-f", "-", stdin=json.dumps(told))
    deadline = time.monotonic() + 20
    while scene.run("logs", "pricing", "--tail", "1").code:
        assert time.monotonic() < deadline
        time.sleep(0.3)
    return path


def test_each_line_names_its_pod_where_there_are_several(scene: Scene, log: Path) -> None:
    assert log.exists()
    pods = sorted(name for name in scene.names("pods") if name.startswith("pricing-"))
    assert len(pods) == 2
    answer = scene.run("logs", "pricing")
    # What a terminal would act on is written as an escape.
    said = ("old", "started", "scored \\u001b[31m7\\u202e rows")
    assert answer.out.splitlines() == [f"{pod}: {text}" for pod in pods for text in said]
    assert scene.run("logs", "pricing", "--tail", "1").out.splitlines() == [f"{pod}: {said[2]}" for pod in pods]
    young = scene.run("logs", "pricing", "--since", "10m").out.splitlines()
    assert young == [f"{pod}: {text}" for pod in pods for text in said[1:]]
    assert len(scene.run("logs", "churn").out.splitlines()) == 6


def test_the_model_speaks_and_not_what_stands_beside_it(scene: Scene, log: Path) -> None:
    assert log.exists()
    one = scene.run("logs", "churn", "--variant", "champion")
    assert one.out.splitlines()[:2] == ["old", "started"]
    beside = scene.run("logs", "churn", "--variant", "champion", "--container", "queue-proxy")
    assert beside.out == "a probe\n"
    assert scene.run("logs", "churn", "--variant", "champion", "--previous").out == "a probe\n"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("nobody",), 1, "[MY716]"),
        (("churn", "--variant", "nobody"), 1, "no pod of churn, variant nobody, is in the namespace"),
        (("pricing", "--container", "nobody"), 1, "has no container nobody [MY716]"),
        (("pricing", "--since", "soon"), 2, "--since"),
    ],
)
def test_what_is_not_there_is_named(scene: Scene, words: tuple[str, ...], code: int, said: str) -> None:
    if code == 1:
        assert scene.apply(SET, "--wait", "--timeout", "60").code == 0
    answer = scene.run("logs", *words)
    assert (answer.code, answer.out) == (code, "")
    assert said in " ".join(answer.err.split())


def test_a_log_that_cannot_be_read_is_a_problem(scene: Scene) -> None:
    assert scene.apply(SET, "--wait", "--timeout", "60").code == 0
    answer = scene.run("logs", "pricing")  # KWOK has been told of none
    assert (answer.code, answer.out) == (1, "")
    assert "the log of pod pricing-" in answer.err


def test_a_log_that_breaks_off_is_never_a_whole_one(scene: Scene, log: Path, tmp_path: Path) -> None:
    assert log.exists()
    whole = scene.run("logs", "pricing").out
    with proxied(scene.cluster.kubeconfig) as proxy:
        where = ("-n", scene.namespace, "--kubeconfig", proxy.kubeconfig(tmp_path))
        for fault, number in itertools.product(FAULTS, range(10)):
            proxy.fail(fault, number)
            answer = modelyard("logs", "pricing", *where)
            reached = proxy.seen > number
            assert TOKEN not in answer.out + answer.err
            assert (answer.code == 0) == (answer.out == whole), (fault, number, answer)
            assert whole.startswith(answer.out)
            assert answer.code == 0 or reached


def test_what_comes_is_followed(scene: Scene, log: Path) -> None:
    found: list[str] = []
    where = live.Connection(kubeconfig=scene.cluster.kubeconfig, namespace=scene.namespace)

    def follow() -> None:
        with live.connect(where) as client:
            wanted = live.Wanted(tail=0, follow=True)
            every, problems = live.sources(client, "pricing", wanted)
            assert not problems
            for each in live.read(client, every, wanted):
                found.append(each.text)
                if found.count("later") == 2:
                    return

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while thread.is_alive() and time.monotonic() < deadline:
        with log.open("a", encoding="utf-8") as file:
            file.write(line("later"))
        thread.join(1)
    assert not thread.is_alive(), found
    assert set(found) == {"later"}
