"""`monitor report`: its numbers are the database's, and nothing that a name holds becomes part of the page."""

import os
import random
import subprocess
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser

from modelyard.api import measuring
from modelyard.request_log.database.connecting import connect
from tests.conftest import Run
from tests.support import browser as browsers
from tests.support import request_log, windows
from tests.support.pages import Reading
from tests.support.postgres import Server
from tests.support.windows import DAY, NOW, Window

HOSTILE: Final = "</title><script>alert(1)</script><img src=x onerror=alert(1)>\"'>{{7*7}}&amp;"
FORMULA: Final = "=HYPERLINK(A1)"
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
        {metric: auc, threshold: 0.7, score: P_1, target: FAILURE, minRows: 20, window: 2d,
         baseline: {from: "2026-11-16", to: "2026-11-20"}}
      variants:
        - {name: v7, percent: 80}
        - {name: v8, percent: 20, image: "registry.example.com/churn:2.1.0"}
      targets: {knative: {minScale: 1}}
    - name: quiet
      image: registry.example.com/quiet:1.0.0
      requestLog: {postgres: {secret: scoring-log}}
      monitor: {metric: psi, threshold: 0.2, score: P_1, baseline: {from: "2026-11-16", to: "2026-11-20"}}
      targets: {knative: {minScale: 1}}
"""
FIRST, SECOND, OTHER = f"sha256:{'1a' * 32}", f"sha256:{'2b' * 32}", f"sha256:{'3c' * 32}"


def _day(day: int) -> Iterator[Window]:
    """Yield the calls of a day, of which the champion's become worse in the second week, and better with an image."""
    chance = random.Random(day)  # noqa: S311 - a test's numbers
    for variant, count, image in (("v7", 60, FIRST if day < 11 else SECOND), ("v8", 40, OTHER)):
        true = [float(i % 3 == 0) for i in range(count)]
        lost = 0.5 if variant == "v7" and 6 <= day < 11 else 0.0
        scores = [min(max(chance.gauss(0.4 + (0.3 - lost) * each, 0.15), 0), 1) for each in true]
        inputs = [
            {"ID": f"id-canary-{i}", "AGE": chance.gauss(40 + 3 * max(day - 5, 0), 9), HOSTILE: chance.random(),
             FORMULA: chance.random(), "CITY": f"canary-{i % 3}"}
            for i in range(count)
        ]  # fmt: skip
        latency = [chance.lognormvariate(2.2, 0.4) for _ in range(count)]
        at = NOW - (14 - day) * DAY
        yield Window(scores, true, inputs, at=at, variant=variant, image=image, latency=latency)
        if day % 4 == 0:
            yield Window([None] * 2, at=at + DAY / 24, variant=variant, image=image, status=503)


class Scene:
    """A set whose log has two weeks, and what was measured each day."""

    def __init__(self, folder: Path, uri: str, run: Run) -> None:
        self.folder, self.uri = folder, uri
        self._run = run
        (folder / "models.yaml").write_text(MODELS, "utf-8")

    def report(self, *arguments: str, code: int = 0, **env: str) -> str:
        """Write the page, and return what is said."""
        given = {"MODELYARD_DATABASE": self.uri, **env}
        done = self._run("monitor", "report", "-o", "report.html", *arguments, cwd=self.folder, env=given)
        assert (done.returncode, done.stdout) == (code, ""), done.stderr
        return done.stderr

    @property
    def path(self) -> Path:
        """The page."""
        return self.folder / "report.html"

    def read(self) -> Reading:
        """Return the page as it is read."""
        return Reading(self.path.read_text("utf-8"))

    def query(self, text: str) -> list[tuple[Any, ...]]:
        """Return what the database has."""
        with closing(connect(self.uri)) as connection:
            return connection.execute(text.encode()).fetchall()


@pytest.fixture(scope="module")
def measured(server: Server, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("measured")
    (folder / "models.yaml").write_text(MODELS, "utf-8")
    uri = request_log.migrated(server)
    windows.fill(uri, *(each for day in range(14) for each in _day(day)))
    before = os.environ.get("MODELYARD_DATABASE")
    os.environ["MODELYARD_DATABASE"] = uri
    try:
        for day in range(8, 15):
            outcome = measuring.run(folder, ["churn"], at=NOW - (14 - day) * DAY)
            assert outcome.measures
    finally:
        os.environ.pop("MODELYARD_DATABASE") if before is None else os.environ.update(MODELYARD_DATABASE=before)
    return uri


@pytest.fixture
def scene(measured: str, tmp_path: Path, modelyard: Run) -> Scene:
    return Scene(tmp_path, measured, modelyard)


def test_the_page_says_how_each_model_stands(scene: Scene) -> None:
    (auc,) = scene.query(
        "select value from scoring_log_quality where measure = 'auc' and alert is not null order by at desc limit 1"
    )
    said = scene.report()
    assert f"churn: good, auc is {auc[0]:.4g}, above 0.7\n" in said
    assert "quiet: cannot be told, nothing was measured in this time: modelyard monitor run measures\n" in said
    assert said.endswith("wrote report.html\n")
    text = scene.read().text
    assert f"auc is {auc[0]:.4g}, above 0.7" in text
    assert text.count("quiet") >= 2


def test_every_number_of_quality_is_the_database_s(scene: Scene) -> None:
    scene.report("churn")
    found = scene.read().tables["churn-auc.csv"]
    wanted = scene.query(
        "select at, variant, image, value, low, high, rows, coalesce(alert, false) from scoring_log_quality"
        " where measure = 'auc' and model = 'churn'"
    )
    assert len(wanted) > 14
    rows = [
        (datetime.fromisoformat(each["Measured"]), each["Variant"] or None, each["Image"] or None,
         *(float(each[key]) if each[key] else None for key in ("auc", "low", "high")), int(each["Rows"]),
         each["Alert"] == "true")
        for each in found
    ]  # fmt: skip
    assert sorted(rows, key=repr) == sorted(wanted, key=repr)


@pytest.mark.parametrize(
    ("table", "measures"),
    [
        ("calls.csv", ("calls", "rows")),
        ("latency.csv", ("latency_p50", "latency_p95", "latency_p99")),
        ("errors.csv", ("error_rate", "refused_rate")),
        ("challengers.csv", ("auc_difference",)),
        ("churn-inputs.csv", ("psi", "missing_rate", "new_levels")),
        ("churn-score.csv", ("baseline_share", "score_share")),
    ],
)
def test_every_other_number_is_the_database_s(table: str, measures: tuple[str, ...], scene: Scene) -> None:
    scene.report("churn")
    cells = [cell for row in scene.read().tables[table] for cell in row.values()]
    names = ", ".join(f"'{each}'" for each in measures)
    newest = "at = (select max(at) from scoring_log_quality)"
    kept = {
        "churn-inputs.csv": f"{newest} and variant = 'v7' and detail is not null",
        "churn-score.csv": f"{newest} and variant = 'v7'",
        "challengers.csv": newest,
    }.get(table, "true")
    values = scene.query(
        f"select value from scoring_log_quality where measure in ({names}) and value is not null and {kept}"
        " and image is distinct from '" + (FIRST if table.startswith("churn") else "") + "'"
    )
    assert len(values) >= len(measures)
    assert [value for (value,) in values if repr(value) not in cells] == []


def test_alerts_are_those_that_the_runs_found(scene: Scene) -> None:
    scene.report("churn")
    alarms = scene.query("select at, value from scoring_log_quality where alert order by at")
    assert len(alarms) > 1
    (alert,) = scene.read().tables["churn-alerts.csv"]
    assert datetime.fromisoformat(alert["Began"]) == alarms[0][0]
    assert datetime.fromisoformat(alert["Ended"]) > alarms[-1][0]
    assert int(alert["Runs"]) == len(alarms)
    assert float(alert["Worst auc"]) == min(value for _, value in alarms)


def test_versions_and_promotions_are_marked(scene: Scene) -> None:
    scene.report("churn")
    assert f"v7 answers with {SECOND[:19]}" in scene.read().text
    assert "of the calls" not in scene.read().text

    def commit(message: str, moment: datetime, text: str) -> None:
        (scene.folder / "models.yaml").write_text(text, "utf-8")
        env = {**os.environ, "GIT_COMMITTER_DATE": moment.isoformat(), "GIT_AUTHOR_DATE": moment.isoformat()}
        identity = ("-c", "user.name=Ada <b>", "-c", "user.email=ada@example.com")
        for words in (("add", "models.yaml"), ("commit", "--quiet", "--message", message)):
            subprocess.run(["git", *identity, *words], cwd=scene.folder, env=env, check=True)

    subprocess.run(["git", "init", "--quiet"], cwd=scene.folder, check=True)
    commit("begin", NOW - 30 * DAY, MODELS)
    commit("more", NOW - 3 * DAY, MODELS.replace("80}", "60}").replace("percent: 20", "percent: 40"))
    scene.report("churn")
    page = scene.read()
    assert "2026-11-27 12:00: v8 gets 40 % of the calls, 20 % before, version 2.1.0; proposed by Ada" in page.text
    assert "100 %" not in page.text
    assert "ada@example.com" not in page.text, "a page goes further than Git"


def test_nothing_that_a_name_holds_becomes_part_of_the_page(scene: Scene) -> None:
    scene.report()
    page = scene.read()
    assert HOSTILE in page.text
    assert {"script", "img", "iframe", "object", "embed", "form", "base"} & page.tags == set()
    assert [name for name, _ in page.attributes if name.startswith("on")] == []
    outside = [value for name, value in page.attributes if name in ("href", "src") and value[:1] != "#"]
    assert [value for value in outside if not value.startswith("data:")] == []
    inputs = {each["Input"] for each in page.tables["churn-inputs.csv"]}
    assert {HOSTILE, f"'{FORMULA}", "AGE", "CITY"} == inputs


def test_no_value_of_a_row_and_no_login_is_in_the_page(scene: Scene) -> None:
    scene.report()
    text = scene.path.read_text("utf-8")
    assert "canary" not in text
    assert "canary" not in "".join(str(each) for rows in scene.read().tables.values() for each in rows)
    assert "postgresql:" not in text


def test_a_period_without_runs_is_said(scene: Scene) -> None:
    said = scene.report("churn", "--from", "2027-01-01")
    assert "churn: cannot be told, nothing was measured in this time" in said
    scene.report("churn", "--from", "2026-11-30")
    assert {each["Measured"][:10] for each in scene.read().tables["churn-auc.csv"]} == {"2026-11-30"}


def test_what_is_wrong_leaves_the_old_page(scene: Scene, server: Server) -> None:
    scene.path.write_text("old", "utf-8")
    assert "no model nobody is monitored [MY110]" in scene.report("nobody", code=1)
    assert "MY822" in scene.report(code=1, MODELYARD_DATABASE="")
    assert "run `modelyard monitor migrate` first" in scene.report(
        code=1, MODELYARD_DATABASE=server.uri(server.database())
    )
    assert scene.path.read_text("utf-8") == "old"
    assert sorted(each.name for each in scene.folder.iterdir()) == ["models.yaml", "report.html"]


def test_a_time_that_was_measured_again_counts_once(scene: Scene) -> None:
    scene.report("churn")
    before = scene.read().tables
    newest = "at = (select max(at) from scoring_log_quality) and measure = 'calls'"
    with closing(connect(scene.uri)) as owner:
        owner.execute(
            "insert into scoring_log_quality select at, model, variant, image, measure, detail, since, until, 4711,"
            f" low, high, rows, note, alert from scoring_log_quality where {newest} and variant = 'v8'"
        )
        scene.report("churn")
        owner.execute("delete from scoring_log_quality where value = 4711")
    after = scene.read().tables
    assert len(after["calls.csv"]) == len(before["calls.csv"])
    assert [row["Variant"] for row in after["calls.csv"] if row["calls"] == "4711.0"] == ["v8"]


def test_who_may_only_read_can_make_the_page(scene: Scene, server: Server) -> None:
    name = scene.uri.rpartition("/")[2]
    with closing(connect(scene.uri)) as owner:
        owner.execute(f"create role reads_{name} login; grant scoring_log_reader to reads_{name}".encode())
    scene.report(MODELYARD_DATABASE=server.uri(name, f"reads_{name}"))
    assert "churn" in scene.read().text


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsers.started() as started:
        yield started


@pytest.mark.slow
@pytest.mark.parametrize(("width", "colours"), browsers.VIEWS)
def test_the_page_is_sound_in_a_browser(width: int, colours: Any, scene: Scene, browser: Browser) -> None:
    scene.report()
    context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=colours)
    with browsers.watched(context, scene.path.as_uri()) as page:
        page.goto(scene.path.as_uri())
        page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        assert page.locator("h1").count() == 1
        assert page.locator("svg[role=img]").count() == 7
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert browsers.violations(page) == []
        smallest = page.evaluate(
            "Math.min(...[...document.querySelectorAll('svg[role=img]')].map(each => 14 * each.getScreenCTM().a))"
        )
        assert smallest >= 9, "pixels of the drawings' text"
        back = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (sum(map(int, back[4:-1].split(","))) < 200) == (colours == "dark")
    context.close()


@pytest.mark.slow
def test_the_page_is_used_by_keys_alone_and_its_numbers_are_saved(scene: Scene, browser: Browser) -> None:
    scene.report("churn")
    context = browser.new_context(accept_downloads=True)
    page = context.new_page()
    page.goto(scene.path.as_uri())
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    summary = page.locator("#m1-quality summary")
    for _ in range(10):
        page.keyboard.press("Tab")
        if summary.evaluate("each => each === document.activeElement"):
            break
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Save as CSV (Quality over time: auc)").wait_for()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('role')") == "region"
    page.keyboard.press("Tab")
    with page.expect_download() as saved:
        page.keyboard.press("Enter")
    assert saved.value.suggested_filename == "churn-auc.csv"
    assert Path(saved.value.path()).read_text("utf-8").startswith("Measured,Variant,Image,Window from,to,auc,low,high")
    page.close()
    context.close()


def test_the_catalog_has_what_was_measured_too(scene: Scene, modelyard: Run) -> None:
    env = {"MODELYARD_DATABASE": scene.uri}
    done = modelyard("catalog", "-o", "site", cwd=scene.folder, env=env)
    assert done.returncode == 0, done.stderr
    scene.report("churn")
    (page,) = (scene.folder / "site").rglob("churn.html")
    own = Reading(page.read_text("utf-8"))
    assert own.tables["churn-auc.csv"] == scene.read().tables["churn-auc.csv"]
    index = Reading((scene.folder / "site" / "index.html").read_text("utf-8"))
    assert [row["Quality"][:7] for row in index.tables["catalog.csv"]] == ["auc is ", "nothing"]
    assert modelyard("catalog", "-o", "site", cwd=scene.folder, env={"MODELYARD_DATABASE": ""}).returncode == 0
    assert "auc is" not in (scene.folder / "site" / "index.html").read_text("utf-8")
