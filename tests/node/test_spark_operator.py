"""Jobs of Spark on the node: the real operator, a real driver and executors, and a model beside each executor."""

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import pyspark
import pytest

from tests.conftest import CLUSTER, need
from tests.node.conftest import PROGRAMS
from tests.node.images import Images
from tests.node.spark_operator import operating
from tests.support.cluster_scene import Scene
from tests.support.cluster_server import Cluster

JOBS: Final = PROGRAMS / "spark"
APPLICATIONS: Final = "sparkapplications.sparkoperator.k8s.io"
REMEDY: Final = "`tests/support/cluster/node build` makes it"
SET: Final = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: risk}
spec:
  models:
    - name: churn
      image: MODEL
      path: /churn
      env: {VERSION: "7"}
      resources: {requests: {cpu: 10m, memory: 16Mi}, limits: {memory: 64Mi}}
      targets: {deployment: {}}
    - name: anomaly
      runtime: spark
      env: {LOG: debug}
      volumes: [{name: jobs, mountPath: /opt/jobs, readOnly: true, configMap: {name: jobs}}]
      spark:
        bucket: anomaly-data
        train: {main: "local:///opt/jobs/fails.py"}
        score: {main: "local:///opt/jobs/score.py"}
        driver: {cores: 1, memory: 512Mi}
        executor: {cores: 1, memory: 512Mi}
        conf: {spark.kubernetes.driver.request.cores: 100m, spark.kubernetes.executor.request.cores: 100m}
      targets:
        spark-operator: {image: SPARK, sparkVersion: "VERSION", executors: {min: 2}, beside: churn}
"""


@pytest.fixture(scope="module")
def operator(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Run the Spark operator, and return the folder with its logs."""
    program = need(CLUSTER / "bin" / "spark-operator", REMEDY)
    crds = CLUSTER / "manifests" / "spark-operator-newest"
    with operating(cluster, program, crds, tmp_path_factory.mktemp("operator")) as logs:
        yield logs


@pytest.fixture(scope="module")
def text(images: Images) -> str:
    """Return the models file, with the images that it names."""
    spark = images.spark_image(JOBS, need(CLUSTER / "debian-java.tar", REMEDY))
    model = images.model_image("models/beside:1")
    return SET.replace("MODEL", model).replace("SPARK", spark).replace('"VERSION"', f'"{pyspark.__version__}"')


@pytest.fixture
def applied(scene: Scene, text: str, operator: Path) -> Scene:
    """Return a namespace with the set, and with the programs of its jobs."""
    assert operator
    files = [f"--from-file={JOBS / name}" for name in ("score.py", "fails.py")]
    scene.cluster.succeed("create", "configmap", "jobs", "-n", scene.namespace, *files)
    done = scene.apply(text)
    assert done.code == 0, done.err
    return scene


def pods(scene: Scene, role: str) -> list[dict[str, Any]]:
    """Return the pods of a role: driver or executor."""
    where = ("-n", scene.namespace, "-l", f"spark-role={role}")
    found: list[dict[str, Any]] = json.loads(scene.cluster.succeed("get", "pods", *where, "-o", "json"))["items"]
    return found


@pytest.mark.usefixtures("processor")
def test_a_job_scores_with_the_model_beside_each_executor_and_leaves_nothing(
    applied: Scene, operator: Path, figure: Callable[[str], None]
) -> None:
    before, began = applied.names(APPLICATIONS), time.monotonic()
    executors: dict[str, dict[str, Any]] = {}
    with ThreadPoolExecutor() as pool:
        words = ("run", "anomaly", "score", "-f", str(applied.file), "--wait", "--timeout", "5m")
        run = pool.submit(applied.run, *words)
        while not run.done():
            executors |= {each["metadata"]["name"]: each for each in pods(applied, "executor")}
            time.sleep(0.5)
    done = run.result()
    figure(f"the run took {time.monotonic() - began:.0f} s")
    # The job ends with an error if a score is wrong.
    assert done.code == 0, (done.err, (operator / "controller.log").read_text("utf-8")[-3000:])
    assert done.out.endswith(" succeeded\n")
    assert "running, stages 0/1, tasks " in done.err
    assert len(executors) == 2
    for each in executors.values():
        (model,) = each["spec"]["initContainers"]
        assert (model["name"], model["restartPolicy"]) == ("model", "Always")
        (own,) = each["spec"]["containers"]
        assert own["securityContext"]["runAsUser"] == 185
        assert {"name": "LOG", "value": "debug"} in own["env"]
        assert "model-tmp" not in {mount["name"] for mount in own["volumeMounts"]}
    _nothing_is_left(applied, before)


@pytest.mark.usefixtures("processor")
def test_a_job_that_fails_says_what_its_driver_says(applied: Scene) -> None:
    before = applied.names(APPLICATIONS)
    done = applied.run("run", "anomaly", "train", "-f", str(applied.file), "--wait", "--timeout", "4m")
    assert (done.code, done.out) == (1, "")
    assert "Traceback (most recent call last):" in done.err
    assert "ValueError: there is no column income" in done.err
    assert "[MY726]" in done.err
    _nothing_is_left(applied, before)


def _nothing_is_left(scene: Scene, before: set[str]) -> None:
    """Look whether the applications are those of before, and nothing is there but them, the model and the programs."""
    assert scene.names(APPLICATIONS) == before
    end = time.monotonic() + 60
    while left := {
        each for kind in ("pods", "services", "configmaps") for each in scene.names(kind) if "anomaly" in each
    }:
        assert time.monotonic() < end, left
        time.sleep(1)
