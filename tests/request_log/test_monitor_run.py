"""`monitor run` and `monitor export`, as people and CronJobs run them."""

import csv
import json
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest

from modelyard.api import measuring
from modelyard.request_log.database.connecting import connect
from tests.conftest import Run
from tests.support import request_log, windows
from tests.support.postgres import Server
from tests.support.windows import DAY, NOW, Window

AT: Final = ("--at", f"{NOW:%Y-%m-%dT%H:%M:%SZ}")
MODELS: Final = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: risk}
spec:
  toolImage: registry.example.com/modelyard:0.2.0
  models:
    - name: churn
      image: registry.example.com/churn:2.0.0
      requestLog: {postgres: {secret: scoring-log}, id: ID}
      monitor:
        {metric: auc, threshold: 0.7, score: P_1, target: FAILURE, minRows: 20,
         baseline: {from: "2026-11-01", to: "2026-11-02"}, schedule: "0 6 * * *"}
      variants:
        - {name: v7, percent: 80}
        - {name: v8, percent: 20, image: "registry.example.com/churn:2.1.0"}
      targets: {knative: {minScale: 1}}
    - name: quiet
      image: registry.example.com/quiet:1.0.0
      requestLog: {postgres: {secret: scoring-log}}
      targets: {knative: {minScale: 1}}
"""
TRUE: Final = [float(i % 2) for i in range(60)]
GOOD: Final = [0.9 if each else 0.1 for each in TRUE]
BAD: Final = [0.9 if i % 3 else 0.1 for i in range(60)]
INPUTS: Final = [{"ID": i, "AGE": i, "CITY": f"canary-{i % 3}"} for i in range(60)]


class Scene:
    """A set, its database, and the command line."""

    def __init__(self, folder: Path, uri: str, run: Run) -> None:
        self.folder, self.uri = folder, uri
        self._run = run
        (folder / "models.yaml").write_text(MODELS, "utf-8")

    def monitor(self, *arguments: str, code: int = 0, at: tuple[str, ...] = AT) -> tuple[str, str]:
        """Run a command, and return its output and what it says."""
        env = {"MODELYARD_DATABASE": self.uri}
        done = self._run("monitor", *arguments, *at, cwd=self.folder, env=env)
        assert done.returncode == code, done.stderr
        assert "canary" not in done.stdout + done.stderr
        return done.stdout, done.stderr

    def query(self, text: str) -> list[tuple[Any, ...]]:
        """Return what the database has."""
        with closing(connect(self.uri)) as connection:
            return connection.execute(text.encode()).fetchall()


@pytest.fixture
def scene(server: Server, tmp_path: Path, modelyard: Run) -> Scene:
    """Return a set whose log has a month of a good champion, and of a challenger."""
    made = Scene(tmp_path, request_log.migrated(server), modelyard)
    windows.fill(
        made.uri,
        Window(GOOD, TRUE, INPUTS, variant="v7", at=NOW - 29 * DAY),
        Window(GOOD, TRUE, INPUTS, variant="v7"),
        Window(BAD, TRUE, INPUTS, variant="v8", image="sha256:2"),
    )
    return made


def test_a_good_model_is_measured_and_fine(scene: Scene) -> None:
    out, said = scene.monitor("run")
    assert said == ""
    assert out.startswith("churn\n  v7\n    ks                                    1\n")
    assert "auc_difference v7" in out
    assert scene.query("select count(*) from scoring_log_quality where measure = 'auc' and not alert") == [(1,)]


def test_a_model_that_has_fallen_fails_the_run_and_is_said_at_its_threshold(scene: Scene) -> None:
    windows.fill(scene.uri, Window([round(1 - each, 1) for each in GOOD] * 3, TRUE * 3, variant="v7", at=NOW - 2 * DAY))
    out, said = scene.monitor("run", "churn", code=1)
    assert "models.yaml:11:34: error: churn v7: auc is 0.25, below 0.7 [MY830]" in said
    assert "auc                                0.25  0.195 to 0.305  ALERT" in out
    assert scene.query("select value from scoring_log_quality where alert") == [(0.25,)]


def test_what_cannot_be_judged_is_a_warning(scene: Scene) -> None:
    (scene.folder / "models.yaml").write_text(MODELS.replace("minRows: 20", "minRows: 100"), "utf-8")
    _, said = scene.monitor("run")
    assert "warning: churn v7: auc cannot be judged: 60 rows, fewer than 100 [MY831]" in said


def test_a_window_without_rows_is_a_warning(scene: Scene) -> None:
    _, said = scene.monitor("run", at=("--at", "2027-06-01"))
    assert "churn v7: auc cannot be judged: it has answered no call in the window" in said


def test_all_measures_come_as_data(scene: Scene) -> None:
    out, _ = scene.monitor("run", "-o", "json")
    (found,) = [each for each in json.loads(out)["churn"] if (each["measure"], each["variant"]) == ("psi", "v7")
                and each["detail"] == "AGE"]  # fmt: skip
    assert found["value"] == 0
    assert found["since"] == "2026-11-23T12:00:00+00:00"


def test_a_model_that_is_not_monitored_is_said(scene: Scene) -> None:
    _, said = scene.monitor("run", "quiet", code=1)
    assert "no model quiet is monitored [MY110]" in said
    assert "hint: name churn" in said
    assert "-o takes json" in scene.monitor("run", "-o", "yaml", code=2)[1]


def test_a_database_that_is_not_migrated_prints_nothing(scene: Scene, server: Server) -> None:
    scene.uri = server.uri(server.database())
    out, said = scene.monitor("run", code=1)
    assert out == ""
    assert "run `modelyard monitor migrate` first" in said


def test_who_measures_may_do_no_more(scene: Scene, server: Server) -> None:
    name = scene.uri.rpartition("/")[2]
    with closing(connect(scene.uri)) as owner:
        owner.execute(f"create role measures_{name} login; grant scoring_log_monitor to measures_{name}".encode())
    scene.uri = server.uri(name, f"measures_{name}")
    scene.monitor("run")
    with closing(connect(scene.uri)) as connection:
        for denied in (
            "delete from scoring_log",
            "insert into scoring_log_outcomes values ('a', 'b', 'c')",
            "drop table scoring_log",
            "delete from scoring_log_quality",
            "update scoring_log_baselines set missing = 0",
            "select scoring_log_upkeep()",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(denied.encode())


def test_what_the_cron_job_is_given_measures_the_same(scene: Scene, modelyard: Run) -> None:
    modelyard("render", cwd=scene.folder)
    text = (scene.folder / "generated" / "models" / "churn.yaml").read_text("utf-8")
    given = text.partition("  models.yaml: |\n")[2].partition("immutable:")[0]
    own, _ = scene.monitor("run", "churn", "-o", "json")
    (scene.folder / "given.yaml").write_text(given, "utf-8")
    assert scene.monitor("run", "churn", "-f", "given.yaml", "-o", "json")[0] == own
    assert "quiet" not in given


def test_a_table_for_model_manager_has_inputs_prediction_and_outcome(scene: Scene) -> None:
    (scene.folder / "perf").mkdir()
    for label, name in (("Q3", "churn_1_Q3.csv"), ("Q4", "churn_2_Q4.csv"), ("Q3", "churn_1_Q3.csv")):
        _, said = scene.monitor("export", "churn", "--output", "perf", "--prefix", "churn", "--label", label)
        assert f"wrote perf/{name}" in said
    with (scene.folder / "perf" / "churn_1_Q3.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 120
    assert set(rows[0]) == {"ID", "AGE", "CITY", "P_1", "FAILURE"}
    assert {(row["AGE"], row["FAILURE"]) for row in rows} == {(str(i), str(TRUE[i])) for i in range(60)}
    assert [each.name for each in sorted((scene.folder / "perf").iterdir())] == ["churn_1_Q3.csv", "churn_2_Q4.csv"]


def test_a_table_needs_a_name_and_a_folder(scene: Scene) -> None:
    _, said = scene.monitor("export", "churn", "-o", ".", "--prefix", "../x", "--label", "Q3", code=1)
    assert "'../x' can be no part of a table's name [MY832]" in said
    _, said = scene.monitor("export", "churn", "-o", "nowhere", "--prefix", "x", "--label", "Q3", code=1)
    assert "MY402" in said


def test_python_measures_too(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELYARD_DATABASE", scene.uri)
    outcome = measuring.run(scene.folder, at=NOW)
    assert outcome.problems == []
    assert outcome.alerts == 0
    assert next(each for each in outcome.measures["churn"] if each.measure == "auc").value == 1
