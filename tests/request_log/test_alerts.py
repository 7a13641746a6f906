"""Alerts: told once, with figures, until the model recovers; silenced, tried again, and never told twice at once."""

import json
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest

from modelyard.api import measuring
from modelyard.api.notices import delivery
from modelyard.request_log.database import alerts, tables
from modelyard.request_log.database.alerts import Judgement
from modelyard.request_log.database.connecting import connect
from tests.conftest import Run
from tests.support import notice_servers, request_log, windows
from tests.support.notice_servers import Received
from tests.support.postgres import Server
from tests.support.windows import Window

pytestmark = pytest.mark.long

DAY: Final = timedelta(days=1)
MODELS: Final = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: risk}
spec:
  toolImage: registry.example.com/modelyard:0.2.0
  notify: {webhook: {}, teams: {}}
  models:
    - name: churn
      image: registry.example.com/churn:2.0.0
      requestLog: {postgres: {secret: scoring-log}, id: ID}
      monitor:
        {metric: auc, threshold: 0.7, score: P_1, target: FAILURE, minRows: 20, window: 1d,
         url: "https://grafana.example.com/d/churn"}
      targets: {knative: {minScale: 1}}
"""
TRUE: Final = [float(i % 2) for i in range(60)]
GOOD: Final = [0.9 if each else 0.1 for each in TRUE]
BAD: Final = [round(1 - each, 1) for each in GOOD]
INPUTS: Final = [{"ID": i, "CITY": f"canary-{i % 3}"} for i in range(60)]


class Scene:
    """A set, its database, two channels, and the command line."""

    def __init__(self, folder: Path, uri: str, run: Run, webhook: Received, teams: Received) -> None:
        self.folder, self.uri, self.webhook, self.teams = folder, uri, webhook, teams
        self._run = run
        (folder / "models.yaml").write_text(MODELS, "utf-8")

    def log(self, scores: list[float], at: timedelta = DAY / 2, *, variant: str | None = None) -> None:
        """Put rows with outcomes into the log, of that long ago, in place of those that are there."""
        self.query("truncate scoring_log")
        windows.fill(self.uri, Window(scores, TRUE, INPUTS, variant=variant, at=datetime.now(UTC) - at))

    def monitor(self, *arguments: str, code: int = 0, uri: str = "") -> str:
        """Run a command, and return what it says; nothing of a row, and no address, is in it or in a notice."""
        env = {
            "MODELYARD_DATABASE": uri or self.uri,
            "MODELYARD_WEBHOOK_URL": self.webhook.url,
            "MODELYARD_WEBHOOK_KEY": "planted-key",
            "MODELYARD_TEAMS_URL": self.teams.url,
        }
        done = self._run("monitor", *arguments, cwd=self.folder, env=env)
        assert done.returncode == code, done.stderr
        everything = done.stdout + done.stderr + str(self.webhook.bodies) + str(self.teams.bodies)
        assert "canary" not in everything
        assert "planted" not in everything
        return done.stderr

    def query(self, text: str) -> list[tuple[Any, ...]]:
        """Return what the database has."""
        with closing(connect(self.uri)) as connection:
            cursor = connection.execute(text.encode())
            return cursor.fetchall() if cursor.description else []

    def events(self, received: Received | None = None) -> list[str]:
        """Return what happened, as the webhook was told."""
        return [json.loads(each)["event"] for each in (received or self.webhook).bodies]


@pytest.fixture
def scene(server: Server, tmp_path: Path, modelyard: Run) -> Iterator[Scene]:
    uri = request_log.migrated(server)
    with notice_servers.webhook() as webhook, notice_servers.webhook() as teams:
        yield Scene(tmp_path, uri, modelyard, webhook, teams)


def test_an_alert_is_told_once_and_so_is_its_end(scene: Scene) -> None:
    scene.log(GOOD)
    assert "notified" not in scene.monitor("run", "--notify")
    scene.log(BAD)
    assert "notified: teams, webhook accepted it" in scene.monitor("run", "--notify", code=1)
    for _ in range(2):
        assert "notified" not in scene.monitor("run", "--notify", code=1)
    assert scene.events() == ["degraded"]
    told = json.loads(scene.webhook.bodies[0])
    assert (told["set"], told["models"], told["by"]) == ("risk", ["churn"], "modelyard monitor")
    (line,) = told["changes"]
    assert line.startswith("churn: auc is 0, below 0.7: 60 rows, 20")
    assert {"title": "Quality", "url": "https://grafana.example.com/d/churn"} in told["links"]
    scene.log(GOOD)
    assert "notified" in scene.monitor("run", "--notify")
    assert "notified" not in scene.monitor("run", "--notify")
    assert scene.events() == ["degraded", "recovered"]
    (line,) = json.loads(scene.webhook.bodies[1])["changes"]
    assert line.startswith("churn: auc is 1, no longer below 0.7; it was 0 on 20")
    assert len(scene.teams.bodies) == 2
    scene.log(BAD)
    scene.monitor("run", "--notify", code=1)
    assert scene.events() == ["degraded", "recovered", "degraded"], "a further alert is a new one"


def test_an_alert_ends_where_a_better_one_gets_all_calls(scene: Scene, modelyard: Run) -> None:
    variants = "      variants: [{name: champion, percent: 100}, {name: challenger, percent: 0}]\n"
    (scene.folder / "models.yaml").write_text(MODELS.replace("      targets:", f"{variants}      targets:"), "utf-8")
    scene.log(BAD, variant="champion")
    scene.monitor("run", "--notify", code=1)
    promoted = modelyard("promote", "churn", "challenger", cwd=scene.folder)
    assert promoted.returncode == 0, promoted.stderr
    assert "churn challenger: auc cannot be judged" in scene.monitor("run", "--notify")
    assert scene.events() == ["degraded"], "what cannot be judged yet has not recovered"
    scene.log(GOOD, variant="challenger")
    assert "notified" in scene.monitor("run", "--notify")
    (_, line) = [json.loads(each)["changes"][0] for each in scene.webhook.bodies]
    assert line.startswith("churn: auc is 1, no longer below 0.7; champion had 0 on 20")


def test_who_was_not_reached_hears_at_the_next_run_and_the_alert_stands(scene: Scene) -> None:
    scene.log(BAD)
    scene.teams.answers = [(400, {})]
    said = scene.monitor("run", "--notify", code=1)
    assert "churn: auc is 0, below 0.7 [MY830]" in said
    assert "teams did not get the notice: it answers 400 [MY745]" in said
    assert "the next run tries again" in said
    assert "notified: teams accepted it" in scene.monitor("run", "--notify", code=1)
    assert (len(scene.webhook.bodies), len(scene.teams.bodies)) == (1, 2)
    scene.webhook.answers = [(400, {})]
    scene.log(GOOD)
    scene.monitor("run", "--notify")
    scene.monitor("run", "--notify")
    assert scene.events() == ["degraded", "recovered", "recovered"]
    assert len(scene.teams.bodies) == 3


def test_without_notify_nobody_hears_and_the_next_run_tells(scene: Scene) -> None:
    scene.log(BAD)
    scene.monitor("run", code=1)
    assert scene.events() == []
    scene.monitor("run", "--notify", code=1)
    assert scene.events() == ["degraded"]


def test_a_run_of_another_time_has_no_alert(scene: Scene) -> None:
    scene.log(BAD)
    scene.monitor("run", "--at", f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", code=1)
    assert scene.query("select count(*) from scoring_log_alerts") == [(0,)]
    assert "--at does not go with --notify" in scene.monitor("run", "--at", "2026-11-01", "--notify", code=2)


def test_what_cannot_be_judged_ends_no_alert(scene: Scene) -> None:
    scene.log(BAD)
    scene.monitor("run", "--notify", code=1)
    scene.query("truncate scoring_log")
    assert "MY831" in scene.monitor("run", "--notify")
    assert scene.events() == ["degraded"]
    scene.log(GOOD)
    scene.monitor("run", "--notify")
    assert scene.events() == ["degraded", "recovered"]


def test_of_a_silent_model_nobody_hears_until_the_silence_ends(scene: Scene) -> None:
    until = datetime.now(UTC) + DAY
    assert "churn is silent until 20" in scene.monitor("silence", "churn", "--until", f"{until:%Y-%m-%dT%H:%M:%SZ}")
    scene.log(BAD)
    said = scene.monitor("run", "--notify")
    assert f"warning: churn: auc is 0, below 0.7; silenced until {until:%Y-%m-%dT%H:%M:%SZ} [MY833]" in said
    assert scene.events() == []
    assert "churn is not silent" in scene.monitor("silence", "churn", "--end")
    scene.monitor("run", "--notify", code=1)
    assert scene.events() == ["degraded"]
    scene.monitor("silence", "churn", "--until", f"{until:%Y-%m-%d}")
    scene.log(GOOD)
    scene.monitor("run", "--notify")
    assert scene.events() == ["degraded"]
    scene.monitor("silence", "churn", "--end")
    scene.monitor("run", "--notify")
    assert scene.events() == ["degraded", "recovered"], "who heard of the alert hears of its end"


def test_an_alert_that_was_silenced_all_the_time_is_never_told(scene: Scene) -> None:
    scene.monitor("silence", "churn", "--until", f"{datetime.now(UTC) + DAY:%Y-%m-%d}")
    scene.log(BAD)
    scene.monitor("run", "--notify")
    scene.log(GOOD)
    scene.monitor("run", "--notify")
    scene.monitor("silence", "churn", "--end")
    scene.monitor("run", "--notify")
    assert scene.events() == []
    assert scene.query("select done, told from scoring_log_alerts") == [(True, [])]


def test_a_silence_needs_a_model_and_a_time_to_come(scene: Scene) -> None:
    assert "2026-01-01T00:00:00Z has passed [MY835]" in scene.monitor(
        "silence", "churn", "--until", "2026-01-01", code=1
    )
    assert "no model churm is monitored [MY110]" in scene.monitor("silence", "churm", "--end", code=1)
    scene.monitor("silence", "churn", code=2)
    assert "give --until DATE or --end" in scene.monitor("silence", "churn", "--end", "--until", "2026-01-01", code=2)


def test_two_runs_at_once_tell_once(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.log(BAD)
    for name, value in (
        ("DATABASE", scene.uri), ("WEBHOOK_URL", scene.webhook.url), ("TEAMS_URL", scene.teams.url),
    ):  # fmt: skip
        monkeypatch.setenv(f"MODELYARD_{name}", value)
    monkeypatch.setattr(delivery, "_PAUSE", 0.3)
    scene.webhook.answers = [(503, {})]  # so that one run is still at it when the others look
    gate = threading.Barrier(4)

    def run() -> None:
        gate.wait()
        measuring.run(scene.folder, notify=True)

    runs = [threading.Thread(target=run) for _ in range(4)]
    for each in runs:
        each.start()
    for each in runs:
        each.join()
    assert scene.query("select count(*) from scoring_log_alerts") == [(1,)]
    assert scene.events(scene.webhook) == ["degraded"] * 2, "once, and once more after 503"
    assert len(scene.teams.bodies) == 1


def test_what_a_killed_run_had_taken_on_is_told_later(scene: Scene) -> None:
    scene.log(BAD)
    scene.monitor("run", code=1)
    with closing(connect(scene.uri)) as connection:
        assert len(alerts.taken_on(connection, "scoring_log", ["churn"])) == 1
    scene.monitor("run", "--notify", code=1)
    assert scene.events() == []
    scene.query("update scoring_log_alerts set claimed = claimed - interval '31 minutes'")
    scene.monitor("run", "--notify", code=1)
    assert scene.events() == ["degraded"]


def test_a_database_of_before_is_said(scene: Scene) -> None:
    scene.log(BAD)
    scene.query("drop table scoring_log_alerts")
    said = scene.monitor("run", "--notify", code=1)
    assert "the database refuses: UndefinedTable (SQLSTATE 42P01)" in said
    assert "run `modelyard monitor migrate` first" in said


@pytest.fixture
def judged(each_server: Server) -> Iterator[tuple[psycopg.Connection, psycopg.Connection]]:
    """Return connections of the owner, and of a login that may measure and no more."""
    uri = request_log.migrated(each_server)
    login = f"measures_{each_server.port}_{uri.rpartition('/')[2]}"
    with closing(connect(uri)) as owner:
        owner.execute(f"create role {login} login; grant scoring_log_monitor to {login}".encode())
        with closing(connect(each_server.uri(owner.info.dbname, login))) as monitor:
            yield owner, monitor


def test_who_measures_keeps_alerts_and_can_silence_none(
    judged: tuple[psycopg.Connection, psycopg.Connection],
) -> None:
    owner, monitor = judged
    now = datetime.now(UTC)
    own = Judgement("churn", "v7", "auc", 0.7, 0.5, 60, now - DAY, now, beyond=True)
    alerts.silence(owner, "scoring_log", "fraud", now + DAY)
    assert alerts.judge(monitor, "scoring_log", [own], now) == {"fraud": now + DAY}
    (taken,) = alerts.taken_on(monitor, "scoring_log", ["churn", "fraud"])
    assert (taken.model, taken.value, taken.variant, taken.told) == ("churn", 0.5, "v7", [])
    assert alerts.taken_on(monitor, "scoring_log", ["churn"]) == []
    alerts.settle(monitor, "scoring_log", taken._replace(told=["mail"], job="train-1"), done=False)
    assert alerts.alone(monitor, "scoring_log", "train", lambda: 7) == 7
    later = now + timedelta(minutes=1)
    alerts.judge(monitor, "scoring_log", [own._replace(beyond=False, value=0.9)], later)
    (taken,) = alerts.taken_on(monitor, "scoring_log", ["churn"])
    assert (taken.recovered, taken.better, taken.told, taken.job) == (later, 0.9, ["mail"], "train-1")
    for denied in (
        "delete from scoring_log_alerts", "update scoring_log_alerts set model = 'x'",
        "insert into scoring_log_silences values ('churn', now())", "delete from scoring_log_silences",
    ):  # fmt: skip
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            monitor.execute(denied.encode())


def test_a_run_that_another_has_overtaken_begins_no_alert(
    judged: tuple[psycopg.Connection, psycopg.Connection],
) -> None:
    owner, _ = judged
    now = datetime.now(UTC)
    owner.execute(
        "insert into scoring_log_quality (at, model, measure, since, until, value, rows, alert)"
        " values (%s, 'churn', 'auc', %s, %s, 0.9, 60, false)",
        [now, now - DAY, now],
    )
    own = Judgement("churn", None, "auc", 0.7, 0.5, 60, now - DAY, now, beyond=True)
    alerts.judge(owner, "scoring_log", [own], now - timedelta(seconds=1))
    assert alerts.taken_on(owner, "scoring_log", ["churn"]) == []
    alerts.judge(owner, "scoring_log", [own], now + timedelta(seconds=1))
    assert len(alerts.taken_on(owner, "scoring_log", ["churn"])) == 1


def test_the_tables_of_alerts_come_beside_older_ones(each_server: Server) -> None:
    uri = request_log.migrated(each_server)
    with closing(connect(uri)) as connection:
        connection.execute(b"drop table scoring_log_alerts, scoring_log_silences")
        connection.execute(b"delete from scoring_log_versions where version >= 5")
        assert tables.migrate(connection, "scoring_log", None)[0] == 5
        assert alerts.judge(connection, "scoring_log", [], datetime.now(UTC)) == {}
