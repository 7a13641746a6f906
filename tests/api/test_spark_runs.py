"""Which run is begun where: the words of `modelyard run`, and the command of gcloud."""

from pathlib import Path

import pytest

from modelyard.api import spark_runs
from modelyard.cluster.spark_runs import told
from tests.conftest import Run

HEAD = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: risk}
spec:
  models:
    - {name: churn, image: "registry.example.com/churn:1", targets: {deployment: {}}}
    - name: network-anomaly
      runtime: spark
      spark: {bucket: my-bucket, train: {main: train.py}}
      targets:
"""
DATAPROC = (
    "        dataproc: {name: anomaly, project: analytics-prod, region: europe-west6, serviceAccount: spark-runner}\n"
)
OPERATOR = '        spark-operator: {image: "registry.example.com/spark:4.0.4", sparkVersion: "4.0.4"}\n'


@pytest.mark.parametrize(("wait", "verb"), [(False, "execute"), (True, "run")])
def test_for_dataproc_there_is_a_command(tmp_path: Path, wait: bool, verb: str) -> None:  # noqa: FBT001 - a parameter
    (tmp_path / "models.yaml").write_text(HEAD + DATAPROC, "utf-8")
    done = spark_runs.run("network-anomaly", "train", file=tmp_path, wait=wait)
    assert done.problems == []
    assert done.command == (
        f'gcloud workflows {verb} anomaly --data=\'{{"run":"train"}}\' --location=europe-west6 --project=analytics-prod'
    )


@pytest.mark.parametrize(
    ("name", "job", "target", "says", "hint"),
    [
        ("network-anomly", "train", "", "there is no model network-anomly", "did you mean network-anomaly?"),
        ("churn", "train", "", "churn has no jobs", "there are network-anomaly"),
        ("network-anomaly", "score", "", "network-anomaly has no job score", "there is train"),
        ("network-anomaly", "train", "", "network-anomaly runs on dataproc and spark-operator", "--target"),
        ("network-anomaly", "train", "knative", "does not run on knative", "it runs on dataproc or spark-operator"),
    ],
)
def test_what_cannot_be_run_is_said(tmp_path: Path, name: str, job: str, target: str, says: str, hint: str) -> None:
    (tmp_path / "models.yaml").write_text(HEAD + DATAPROC + OPERATOR, "utf-8")
    (found,) = spark_runs.run(name, job, file=tmp_path, target=target).problems
    assert found.code == "MY727"
    assert says in found.message
    assert hint in found.hint


def test_the_command_line_prints_the_command_of_gcloud_alone(modelyard: Run, tmp_path: Path) -> None:
    (tmp_path / "models.yaml").write_text(HEAD + DATAPROC, "utf-8")
    done = modelyard("run", "network-anomaly", "train", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("gcloud workflows execute anomaly ")


LOG = "26/11/30 02:47:12 INFO SparkContext: SparkContext is stopping"
TRACEBACK = ["Traceback (most recent call last):", '  File "train.py", line 3, in <module>', "ValueError: no rows"]


@pytest.mark.parametrize(
    ("lines", "shown"),
    [
        ([LOG, *TRACEBACK, *[LOG] * 90, "\tat org.sparkproject.jetty.Server.stop"], TRACEBACK),
        ([*TRACEBACK, "ValueError: the first", *TRACEBACK], TRACEBACK),
        (
            [TRACEBACK[0], *["  line"] * 90, "ValueError: deep"],
            [TRACEBACK[0], "  …", *["  line"] * 28, "ValueError: deep"],
        ),
        ([LOG] * 90, [LOG] * 30),
        ([], []),
    ],
)
def test_of_a_drivers_log_the_last_traceback_is_shown(lines: list[str], shown: list[str]) -> None:
    assert told(lines) == shown
