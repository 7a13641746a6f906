"""The commands of `monitor`, and replay, over a log in files of a bucket, as people and CronJobs run them."""

import csv
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from modelyard.request_log.files import opened
from modelyard.request_log.measures.running import Asked, Version, running
from modelyard.request_log.rows import Row
from tests.conftest import Run
from tests.support import log_files, model_server, windows
from tests.support.log_files import BUCKET, SECRET, Bucket
from tests.support.request_log import TABLE
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
      requestLog: {files: "s3://bucket/FOLDER", id: ID, retention: 90d}
      monitor:
        {metric: auc, threshold: 0.7, score: P_1, target: FAILURE, minRows: 20,
         baseline: {from: "2026-11-01", to: "2026-11-02"}, schedule: "0 6 * * *"}
      variants:
        - {name: v7, percent: 80}
        - {name: v8, percent: 20, image: "registry.example.com/churn:2.1.0"}
      targets: {knative: {minScale: 1}}
"""
TRUE: Final = [float(i % 2) for i in range(60)]
GOOD: Final = [0.9 if each else 0.1 for each in TRUE]
BAD: Final = [0.9 if i % 3 else 0.1 for i in range(60)]
INPUTS: Final = [{"ID": i, "AGE": i, "CITY": f"canary-{i % 3}"} for i in range(60)]


@pytest.fixture(scope="module", params=["s3", "gs"])
def bucket(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bucket]:
    with log_files.of_scheme(request.param, tmp_path_factory.mktemp("login")) as made:
        yield made


class Scene:
    """A set, its bucket, and the command line."""

    def __init__(self, folder: Path, bucket: Bucket, run: Run) -> None:
        self.folder, self.bucket, self.name = folder, bucket, folder.name
        self._run = run
        (folder / "models.yaml").write_text(
            MODELS.replace("s3://bucket/FOLDER", f"{bucket.scheme}://bucket/{self.name}"), "utf-8"
        )

    def fill(self, *made: Window) -> None:
        """Write windows into the bucket."""
        local = self.folder / "log"
        local.mkdir(exist_ok=True)
        windows.fill(str(local), *made)
        self.bucket.copy(local, self.name)

    def monitor(self, *arguments: str, code: int = 0) -> tuple[str, str]:
        """Run a command, and return its output and what it says."""
        done = self._run("monitor", *arguments, cwd=self.folder, env=self.bucket.environment)
        assert done.returncode == code, done.stderr
        assert "canary" not in done.stdout + done.stderr
        assert SECRET not in done.stdout + done.stderr
        return done.stdout, done.stderr

    def kept(self, what: str) -> list[dict[str, Any]]:
        """Return the rows of a table beside the log."""
        found: list[dict[str, Any]] = log_files.read(
            f"{BUCKET}/{self.name}/{TABLE}_{what}", self.bucket.system()
        ).to_pylist()
        return found

    def files(self, what: str = "") -> list[str]:
        """Return the paths of the files of the log, or of a table beside it."""
        return log_files.held(f"{BUCKET}/{self.name}/{TABLE}{what}", self.bucket.system())


@pytest.fixture
def scene(bucket: Bucket, tmp_path: Path, modelyard: Run) -> Scene:
    """Return a set whose log has a month of a good champion, and of a challenger."""
    made = Scene(tmp_path, bucket, modelyard)
    made.fill(
        Window(GOOD, TRUE, INPUTS, variant="v7", at=NOW - 29 * DAY),
        Window(GOOD, TRUE, INPUTS, variant="v7"),
        Window(BAD, TRUE, INPUTS, variant="v8", image="sha256:2"),
    )
    return made


def test_a_good_model_is_measured_and_fine(scene: Scene) -> None:
    out, said = scene.monitor("run", *AT)
    assert said == ""
    assert "  v7\n    ks                                    1\n" in out
    assert "auc_difference v7" in out
    alerts = {each["variant"]: each["alert"] for each in scene.kept("quality") if each["measure"] == "auc"}
    assert alerts == {"v7": False, "v8": None}
    scene.monitor("run", *AT)
    assert len(scene.files("_quality")) == 2
    assert len(scene.files("_baselines")) == 1
    assert scene.files("_lock") == []


def test_a_model_that_has_fallen_is_an_alert_until_it_is_better(bucket: Bucket, tmp_path: Path, modelyard: Run) -> None:
    now, scene = datetime.now(UTC), Scene(tmp_path, bucket, modelyard)
    scene.fill(Window([round(1 - each, 1) for each in GOOD], TRUE, INPUTS, variant="v7", at=now - timedelta(hours=2)))
    _, said = scene.monitor("run", code=1)
    assert "churn v7: auc is 0, below 0.7 [MY830]" in said
    (alert,) = scene.kept("alerts")
    assert (alert["model"], alert["value"], alert["recovered"], alert["told"]) == ("churn", 0.0, None, [])
    scene.monitor("silence", "churn", "--until", f"{now + DAY:%Y-%m-%d}")
    _, said = scene.monitor("run")
    assert "silenced until" in said
    assert "[MY833]" in said
    scene.fill(Window(GOOD * 30, TRUE * 30, variant="v7", at=now - timedelta(hours=1)))
    scene.monitor("run")
    (alert,) = scene.kept("alerts")
    assert alert["recovered"] is not None


def test_outcomes_are_loaded_once_and_forgotten_with_their_rows(scene: Scene) -> None:
    keys = [f"churn-v7-1-{NOW - DAY:%d}-{i}" for i in range(3)]
    (scene.folder / "o.csv").write_text("ID,BAD\n" + "".join(f"{each},1\n" for each in [*keys, "nobody"]), "utf-8")
    load = ("actuals", "o.csv", "--id", "ID", "--target", "BAD")
    _, said = scene.monitor(*load)
    assert "BAD: 4 new" in said
    assert (scene.folder / "o.csv.unknown.csv").read_text("utf-8") == 'ID\n"nobody"\n'
    assert "4 as before" in scene.monitor(*load)[1]
    before = scene.files()
    total = log_files.read(f"{BUCKET}/{scene.name}/{TABLE}", scene.bucket.system()).num_rows
    _, said = scene.monitor("forget", "--id", keys[0], "--id", keys[1], "--id", keys[1])
    assert said == f"2 rows of {TABLE}, 4 rows of {TABLE}_outcomes are gone\n"
    assert scene.files() == before
    left = log_files.read(f"{BUCKET}/{scene.name}/{TABLE}", scene.bucket.system())
    assert left.num_rows == total - 2
    assert not {*keys[:2]} & {*left.column("key").to_pylist()}
    assert keys[2] in left.column("key").to_pylist()
    assert f"0 rows of {TABLE}, 0 rows" in scene.monitor("forget", "--id", keys[0])[1]
    scene.monitor("run", *AT)


def test_a_file_whose_rows_are_all_forgotten_goes(scene: Scene) -> None:
    ids = scene.folder / "ids.txt"
    ids.write_text("".join(f"churn-v8-2-{NOW - DAY:%d}-{i}\n" for i in range(60)), "utf-8")
    before = len(scene.files())
    assert f"60 rows of {TABLE}, 60 rows of" in scene.monitor("forget", "--ids", "ids.txt")[1]
    assert len(scene.files()) == before - 1


def test_days_beyond_retention_go_with_their_folders(scene: Scene) -> None:
    now = datetime.now(UTC)
    scene.fill(
        Window(GOOD, variant="v7", at=now - 92 * DAY), Window(GOOD, variant="v7", at=now - 89 * DAY),
        Window(GOOD, model="other", at=now - 92 * DAY),
    )  # fmt: skip
    assert "1 day of rows gone, by retention; files need no tables" in scene.monitor("migrate")[1]
    days = {each.split("/")[1] for each in scene.files() if each.startswith("model=churn/")}
    assert f"day={now - 92 * DAY:%Y-%m-%d}" not in days
    assert f"day={now - 89 * DAY:%Y-%m-%d}" in days
    assert any(each.startswith("model=other/") for each in scene.files())
    assert "0 days of rows gone" in scene.monitor("migrate")[1]


def test_measures_of_past_days_are_joined(scene: Scene) -> None:
    for _ in range(2):
        scene.monitor("run", *AT)
    system, folder = scene.bucket.system(), f"{BUCKET}/{scene.name}/{TABLE}_quality"
    for i, name in enumerate(scene.files("_quality")):
        system.copy_file(f"{folder}/{name}", f"{folder}/2026110106000{i}-run.parquet")
        system.delete_file(f"{folder}/{name}")
    before = scene.kept("quality")
    scene.monitor("migrate")
    assert scene.files("_quality") == ["20261101060001-run-day.parquet"]
    assert scene.kept("quality") == before  # both runs were of one time


def test_rows_with_outcomes_are_exported(scene: Scene) -> None:
    (scene.folder / "tables").mkdir()
    scene.monitor("export", "churn", "-o", "tables", "--prefix", "wells", "--label", "Q4", *AT)
    with (scene.folder / "tables" / "wells_1_Q4.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 120
    assert {(each["CITY"], each["AGE"]) for each in rows} == {(f"canary-{i % 3}", str(i)) for i in range(60)}
    assert {float(each["P_1"]) for each in rows} == {0.1, 0.9}


def test_the_report_has_what_was_kept(scene: Scene) -> None:
    scene.monitor("run", *AT)
    scene.monitor("report", "-o", "report.html", "--from", "2026-11-01")
    assert "churn" in (scene.folder / "report.html").read_text("utf-8")


def test_a_challenger_s_calls_are_measured(scene: Scene) -> None:
    week = (NOW - 7 * DAY, NOW)
    asked = Asked(TABLE, "churn", Version("v8", ["sha256:2"]), Version("v7", ["sha256:1"]), *week)
    local = str(scene.folder / "log")
    found = opened.done(local, TABLE, lambda log: running(log, asked), parts=[opened.Part("churn", *week)])
    assert (found.rows, found.calls, found.failed, found.newest, found.scores) == (60, 60, 0, "sha256:2", 60)
    assert found.psi is not None
    assert found.psi > 0


def test_the_champion_s_answers_are_asked_of_a_challenger(bucket: Bucket, tmp_path: Path, modelyard: Run) -> None:
    scene, micros = Scene(tmp_path, bucket, modelyard), round((NOW - timedelta(hours=1)).timestamp() * 1e6)
    made = []
    for i in range(300):
        asked = {"LOAN": i, "VALUE": i / 8, "JOB": f"job {i % 5}"}
        answered = model_server.score(asked) | ({"P_BAD": 0.125} if i == 7 else {})
        names = (f"call-{i}", 0, micros + i, f"id-{i}", "/", 200, 1000)
        made.append(Row(*names, json.dumps(asked), json.dumps(answered), None))
    local = tmp_path / "log"
    windows.write(str(local), "churn", "v7", "sha256:1", made)
    bucket.copy(local, scene.name)
    with model_server.running(model_server.Server()) as model:
        words = ("replay", "churn", "--against", model.url("/churn"), "--differences", "apart.csv", *AT)
        done = modelyard(*words, cwd=tmp_path, env=bucket.environment)
    assert done.returncode == 0, done.stderr
    assert "agreement                 99.66" in done.stdout
    with (tmp_path / "apart.csv").open(encoding="utf-8", newline="") as file:
        assert [(each["id"], each["column"]) for each in csv.DictReader(file)] == [("id-7", "P_BAD")]


@pytest.mark.parametrize("bucket", ["s3", pytest.param("gs", marks=pytest.mark.slow)], indirect=True, scope="module")
def test_a_bucket_that_is_away_prints_nothing(scene: Scene) -> None:
    began = time.monotonic()
    scene.bucket.stop()
    try:
        out, said = scene.monitor("run", code=1)
    finally:
        scene.bucket.start()
    assert time.monotonic() - began < 180  # Google's client alone would ask again for 15 minutes
    assert out == ""
    assert "the log in files cannot be used: " in said
    assert "[MY823]" in said
    assert "hint: look at the folder of requestLog.files" in said


def test_a_log_without_files_yet_is_no_alert(bucket: Bucket, tmp_path: Path, modelyard: Run) -> None:
    scene = Scene(tmp_path, bucket, modelyard)
    _, said = scene.monitor("run")
    assert "it has answered no call in the window" in said
    assert json.loads(scene.monitor("run", "-o", "json")[0])["churn"]
