"""The request log on a real node: models are updated and drained under load, no call is lost, and each has a row."""

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from modelyard.request_log.database import tables
from modelyard.request_log.database.connecting import connect
from tests.conftest import need
from tests.node.calls import answer, gateway, service
from tests.node.images import Images
from tests.node.load import Load
from tests.node.test_tensorflow import PREDICT, pushed
from tests.node.updates import apply, evict, pods, wait_until_gone
from tests.support import postgres
from tests.support.cluster_scene import Scene
from tests.support.postgres import Server

pytestmark = pytest.mark.long

ADDRESS: Final = "10.99.0.1"  # of the node, for its pods
TABLE: Final = "scoring_log"
SET: Final = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: risk}
spec:
  toolImage: TOOL
  models:
    - name: churn
      image: IMAGE
      RUNTIME
      env: {VERSION: "1", TAKES: 10ms}
      securityContext: {runAsUser: 1001}
      # Patient: under this load a pod may wait for the processor, and is not to leave its Service for that.
      probes: {readiness: {httpGet: {path: READY}, period: 1s, timeout: 5s, failureThreshold: 10}}
      resources: {requests: {cpu: 10m, memory: 16Mi}, limits: {memory: 128Mi}}
      requestLog: {postgres: {secret: scoring-log}, id: ID}
      targets: {TARGET}
"""
DEPLOYMENT: Final = "deployment: {replicas: 2, timeout: 5s}"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Run PostgreSQL where pods reach it."""
    found = postgres.binaries("15")
    if found is None:
        need(Path("/usr/lib/postgresql/15/bin/postgres"), "apt-get install postgresql-15")
        return
    with postgres.running(found, ADDRESS) as running:
        yield running


@pytest.fixture
def uri(server: Server, scene: Scene) -> str:
    """Return the address of a log, which is in a Secret too."""
    found = server.uri(server.database())
    with closing(connect(found)) as connection:
        tables.migrate(connection, TABLE, None)
    scene.cluster.succeed(
        "create", "secret", "generic", "scoring-log", f"--from-literal=uri={found}", "-n", scene.namespace
    )
    return found


def rows(uri: str) -> int:
    """Return how many rows the log has of calls that were answered, each once."""
    query = "select count(*), count(distinct id) from scoring_log where status = 200"
    with closing(connect(uri)) as connection:
        every, different = connection.execute(query.encode()).fetchone() or (0, 0)
    assert every == different
    return int(every)


def drained_under_load(scene: Scene, load: Load, text: str, uri: str, address: tuple[str, ...]) -> None:
    """Update a model twice, evict a pod, end all; assert that no call is lost, and that each has a row."""
    first_row(scene, load, uri, address)
    kinds = (("-connections", "2", "-new"), ("-connections", "4", "-age", "5s"))
    calls = [load.start(*address, *each) for each in kinds]
    for version in (2, 3):
        time.sleep(2)
        load.figure(f"version {version} serves alone after {apply(scene, text, version):.1f} s")
    first = pods(scene)[0]
    evict(scene, first)
    wait_until_gone(scene, first)
    fresh, renewed = (load.stop(each) for each in calls)
    assert (fresh.lost, renewed.lost) == (0, 0)
    last = pods(scene)
    scene.cluster.succeed("delete", "pods", *last, "-n", scene.namespace, "--wait=false")
    wait_until_gone(scene, *last)
    found = rows(uri) - 1
    load.figure(f"{found:,} rows of {fresh.calls + renewed.calls:,} calls")
    assert found == fresh.calls + renewed.calls


def first_row(scene: Scene, load: Load, uri: str, address: tuple[str, ...]) -> None:
    """Make one call, and wait for its row."""
    started = load.start(*address, "-calls", "1")
    started.wait(30)
    assert load.stop(started).lost == 0
    deadline = time.monotonic() + 30
    while not rows(uri):
        if time.monotonic() > deadline:
            pytest.fail("\n".join(["the log has no row", *(metrics(scene, each) for each in pods(scene))]))
        time.sleep(0.2)


def metrics(scene: Scene, name: str) -> str:
    """Return what the sidecar of a pod counts."""
    host = scene.get("pods", name)["status"]["podIP"]
    return answer(f"http://{host}:8096/metrics", method="GET")


@pytest.mark.parametrize("runtime", ["scr", "pcr"])
def test_updates_and_a_drain_lose_no_call_and_no_row(
    scene: Scene, load: Load, own_image: str, uri: str, runtime: str, request: pytest.FixtureRequest
) -> None:
    image = str(request.getfixturevalue("ignoring" if runtime == "scr" else "obeying"))
    text = SET.replace("RUNTIME", f"runtime: {runtime}\n      path: /model")
    text = text.replace("TOOL", own_image).replace("IMAGE", image).replace("TARGET", DEPLOYMENT)
    text = text.replace("READY", "/internal/ready" if runtime == "scr" else "/ready")
    apply(scene, text, 1)
    drained_under_load(scene, load, text, uri, (service(scene, "churn", "/model"),))


def test_tensorflow_on_openshift_loses_no_call_and_no_row(
    scene: Scene, load: Load, own_image: str, uri: str, images: Images, programs: Path, tmp_path: Path
) -> None:
    text = SET.replace("RUNTIME", "runtime: tensorflow\n      version: 7\n      tensorflow: {modelName: wells}")
    text = text.replace("TOOL", own_image).replace("IMAGE", pushed(images, programs, 7, tmp_path))
    text = text.replace("TARGET", "openshift: {replicas: 2, timeout: 5s, route: false}")
    text = "".join(each for each in text.splitlines(keepends=True) if "probes:" not in each)
    apply(scene, text, 1)
    drained_under_load(scene, load, text, uri, (service(scene, "churn", PREDICT),))


def test_knative_loses_no_call_and_no_row(scene: Scene, load: Load, own_image: str, uri: str, obeying: str) -> None:
    text = SET.replace("RUNTIME", "runtime: pcr\n      path: /model").replace("READY", "/ready")
    text = text.replace("TOOL", own_image).replace("IMAGE", obeying)
    text = text.replace("TARGET", "knative: {minScale: 2, timeout: 10s}")
    apply(scene, text, 1)
    url, host = gateway(scene, "churn", "/model")
    drained_under_load(scene, load, text, uri, (url, "-host", host))
