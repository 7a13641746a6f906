"""`replay`: what the champion has answered, asked of a challenger that is a server of this process."""

import csv
import json
import os
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any, Final
from xml.etree import ElementTree

import pytest

from modelyard.api import gate
from modelyard.models.gate import Gate
from modelyard.request_log.database.batches import Batches
from modelyard.request_log.database.connecting import connect
from modelyard.request_log.rows import Row
from tests.conftest import Run
from tests.support import request_log
from tests.support.model_server import REFUSED, running, score
from tests.support.model_server import Server as Model
from tests.support.postgres import Server
from tests.support.request_log import TABLE
from tests.support.windows import DAY, NOW

pytestmark = pytest.mark.long

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
      monitor: {score: P_BAD, minRows: 20}
      gate: {agreement: 99%, psi: 0.1, p95: 20s}
      variants:
        - {name: champion, percent: 100}
        - {name: challenger, percent: 0, image: "registry.example.com/churn:2.1.0"}
      targets: {knative: {minScale: 1}}
"""


class Scene:
    """A set, its log, a challenger, and the command line."""

    def __init__(self, folder: Path, uri: str, model: Model, run: Run) -> None:
        self.folder, self.uri, self.model = folder, uri, model
        self._run = run
        self.declare(MODELS)

    def declare(self, models: str) -> None:
        """Write the models file."""
        (self.folder / "models.yaml").write_text(models, "utf-8")

    def fill(self, rows: list[tuple[Any, Any]], at: timedelta = timedelta(hours=1), image: str = "sha256:1") -> None:
        """Log rows of the champion: what was asked and answered; the ids are canaries."""
        micros = round((NOW - at).timestamp() * 1_000_000)
        made = [
            Row(f"call-{image}-{i}", 0, micros + i, f"canary-{i}", "/", 200, 1000, json.dumps(asked),
                json.dumps(answered), None)
            for i, (asked, answered) in enumerate(rows)
        ]  # fmt: skip
        with closing(connect(self.uri)) as connection:
            Batches(TABLE, "churn", "champion", image).write(connection, made)

    def run(self, *arguments: str, **env: str) -> CompletedProcess[str]:
        """Run the command."""
        return self._run("replay", "churn", *arguments, cwd=self.folder, env={"MODELYARD_DATABASE": self.uri, **env})

    def replay(self, *arguments: str, code: int = 0, against: str | None = None, path: str = "/churn") -> str:
        """Run the command, and return what it prints and says."""
        done = self.run("--against", against or self.model.url(path), *arguments)
        assert done.returncode == code, done.stderr
        assert "canary" not in done.stdout + done.stderr
        return done.stdout + done.stderr

    def listed(self) -> list[dict[str, str]]:
        """Return the rows that differ."""
        with (self.folder / "apart.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))


@pytest.fixture
def scene(server: Server, tmp_path: Path, modelyard: Run) -> Iterator[Scene]:
    """Return a set whose log is empty."""
    with running(Model()) as model:
        yield Scene(tmp_path, request_log.migrated(server), model, modelyard)


def _answered(count: int, *, off: frozenset[int] = frozenset()) -> list[tuple[Any, Any]]:
    """Return rows as SCR is asked; the champion's answers are off by 0.25 in some."""
    found = []
    for i in range(count):
        asked = {"LOAN": i, "VALUE": i / 8, "JOB": f"job {i % 5}"}
        answered = score(asked)
        found.append((asked, answered | {"P_BAD": answered["P_BAD"] + 0.25 * (i in off)}))
    return found


def test_each_row_that_differs_is_found_by_its_id(scene: Scene) -> None:
    off = frozenset([7, 1003, 2999])
    scene.fill(_answered(3000, off=off))
    out = scene.replay(*AT, "--differences", "apart.csv")
    assert {each["id"] for each in scene.listed()} == {f"canary-{i}" for i in off}
    (first,) = [each for each in scene.listed() if each["id"] == "canary-7"]
    assert first == {
        "id": "canary-7", "call": "call-sha256:1-7", "row": "0", "column": "P_BAD", "before": "14.75", "after": "14.5",
        "error": "",
    }  # fmt: skip
    assert "agreement                 99.9 %" in out
    assert "P_BAD           3     0.25" in out
    assert "passes  agreement: 99.9 %, at least 99%" in out
    assert scene.model.posts == 3000
    assert all("modelyard-log: none" in each.lower() for each in scene.model.requests if each.startswith("POST"))


def test_a_gate_that_is_not_met_fails_the_command_at_the_line_of_each_limit(scene: Scene) -> None:
    scene.fill([(asked, answered | {"P_BAD": asked["LOAN"] * 3.0}) for asked, answered in _answered(100)])
    out = scene.replay(*AT, code=1)
    assert "models.yaml:11:25: error: churn at that URL does not pass the gate: agreement: 0 %, at least 99%" in out
    assert "models.yaml:11:35: error: churn at that URL does not pass the gate: psi of P_BAD: " in out
    assert "[MY840]" in out
    assert "gate: p95" not in out


def test_a_challenger_that_gives_no_score_has_not_passed(scene: Scene) -> None:
    scene.declare(MODELS.replace("score: P_BAD", "score: P_GOOD"))
    scene.fill([(asked, answered | {"P_GOOD": answered["P_BAD"]}) for asked, answered in _answered(30)])
    assert "error: churn at that URL does not pass the gate: psi of P_GOOD: not measured" in scene.replay(*AT, code=1)


@pytest.mark.parametrize(
    "words",
    [
        ("--from", "in.csv", "--differences", "./in.csv"),
        ("--from", "in.csv", "--output", "in.md", "--differences", "in.md"),
    ],
)
def test_a_file_that_is_named_twice_is_not_overwritten(scene: Scene, words: tuple[str, ...]) -> None:
    for name in ("in.csv", "in.md"):
        (scene.folder / name).write_text("ID,LOAN,VALUE,JOB,P_BAD,I_BAD\n1,1,1,a,2.5,1\n", "utf-8")
    assert "one file is named twice" in " ".join(scene.replay(*words, code=2).split())
    assert (scene.folder / "in.csv").read_text("utf-8") == (scene.folder / "in.md").read_text("utf-8")


@pytest.mark.parametrize("day", ["0001-01-01", "1969-12-31", "3000-01-01"])
def test_a_day_at_an_end_of_the_calendar_is_refused(scene: Scene, day: str) -> None:
    assert f"{day} is not from 1970 to 2999" in " ".join(scene.replay("--at", day, code=2).split())


def test_a_share_that_is_just_reached_is_met() -> None:
    missed = []
    for agree in range(1, 1000):
        wanted = Gate(agreement=f"{agree // 10}.{agree % 10}%")
        (_, limit) = gate.limits(wanted, errors=0.0, p95=None, agreement=agree / 1000, psi={})
        missed += [] if limit.met else [limit.text]
    assert missed == []


def test_too_few_rows_are_no_pass(scene: Scene) -> None:
    scene.fill(_answered(19))
    assert "error: churn at that URL cannot be judged: 19 rows, fewer than 20 [MY843]" in scene.replay(*AT, code=1)
    assert "0 rows, fewer than 20" in scene.replay("--at", "2027-01-01", code=1)


def test_without_a_gate_nothing_is_demanded(scene: Scene) -> None:
    scene.declare(MODELS.replace("      gate: {agreement: 99%, psi: 0.1, p95: 20s}\n", ""))
    scene.fill([(asked, answered | {"P_BAD": 1.0}) for asked, answered in _answered(30)])
    assert "churn has no gate: nothing is demanded" in scene.replay(*AT)


def test_rows_without_an_answer_are_counted_and_listed(scene: Scene) -> None:
    rows = _answered(60)
    rows[5] = ({"LOAN": REFUSED, "VALUE": 1, "JOB": ""}, {"P_BAD": 1.0, "I_BAD": "0 "})
    scene.fill(rows)
    out = scene.replay(*AT, "--differences", "apart.csv", code=1)
    assert "errors                    1 (1.667 %)" in out
    assert "does not pass the gate: errors: 1.667 %, at most 1%" in out
    assert [(each["id"], each["error"][:10]) for each in scene.listed()] == [("canary-5", "status 400")]


def test_answers_of_an_earlier_version_are_not_compared(scene: Scene) -> None:
    scene.fill([(asked, answered | {"P_BAD": -1.0}) for asked, answered in _answered(50)], timedelta(hours=9), "old")
    scene.fill(_answered(30))
    out = scene.replay(*AT)
    assert "rows                      30" in out
    assert "agreement                 100 %" in out


def test_rows_outside_the_window_and_beyond_the_limit_are_left_out(scene: Scene) -> None:
    scene.fill(_answered(40), 2 * DAY)
    scene.fill(_answered(30), timedelta(hours=2))
    assert "rows                      30" in scene.replay(*AT)
    assert "rows                      70" in scene.replay(*AT, "--window", "3d")
    assert "rows                      25" in scene.replay(*AT, "--limit", "25")


def test_rows_whose_bodies_were_not_read_are_counted(scene: Scene) -> None:
    scene.fill([*_answered(30), (None, None), ([1, 2], None)])
    with closing(connect(scene.uri)) as connection:
        connection.execute(b"update scoring_log set inputs = null where inputs = 'null'")
    assert "not asked again           2, whose bodies the log could not read" in scene.replay(*AT)


def test_what_the_log_does_not_have_cannot_be_asked_again(scene: Scene) -> None:
    scene.fill(_answered(30))
    log = "requestLog: {postgres: {secret: scoring-log}, id: ID, columns: {drop: [job]}}"
    scene.declare(MODELS.replace("requestLog: {postgres: {secret: scoring-log}, id: ID}", log))
    assert "error: requestLog.columns keeps JOB out of the log [MY842]" in scene.replay(*AT, code=1)


@pytest.mark.parametrize("path", ["/churn", "/pcr/churn", "/v1/models/churn"])
def test_a_file_that_score_has_written_is_replayed(scene: Scene, modelyard: Run, path: str) -> None:
    lines = ["ID,LOAN,VALUE,JOB", *(f"canary-{i},{i},{i / 8},job" for i in range(600))]
    (scene.folder / "in.csv").write_text("\n".join([*lines, ""]), "utf-8")
    modelyard("score", scene.model.url(path), "in.csv", "-o", "scored.csv", cwd=scene.folder)
    text = (
        (scene.folder / "scored.csv")
        .read_text("utf-8")
        .replace("canary-77,77,9.625,job,154.5", "canary-77,77,9.625,job,155")
    )
    (scene.folder / "scored.csv").write_text(text, "utf-8")
    out = scene.replay("--from", "scored.csv", "--differences", "apart.csv", "--batch", "100", path=path)
    assert "agreement                 99.833 %" in out
    assert [(each["id"], each["before"]) for each in scene.listed()] == [("canary-77", "155")]


@pytest.mark.parametrize("path", ["/pcr/churn", "/v1/models/churn"])
def test_the_log_of_each_runtime_is_replayed(scene: Scene, path: str) -> None:
    rows = _answered(60, off=frozenset([3]))
    if path.startswith("/v1"):  # the single tensor of an answer has no name
        rows = [({"LOAN": [a["LOAN"]], "VALUE": [a["VALUE"]]}, [came["P_BAD"]]) for a, came in rows]
    scene.fill(rows)
    out = scene.replay(*AT, "--differences", "apart.csv", "--batch", "7", path=path, code=1)
    assert "agreement                 98.333 %" in out
    assert [each["id"] for each in scene.listed()] == ["canary-3"]


def test_a_file_without_answers_is_refused(scene: Scene) -> None:
    (scene.folder / "in.csv").write_text("LOAN,VALUE,JOB\n1,2,a\n", "utf-8")
    out = scene.replay("--from", "in.csv", code=1)
    assert "error: in.csv has no answer to compare: no column P_BAD, I_BAD [MY841]" in out


def test_reports_have_the_same_figures_in_each_form(scene: Scene) -> None:
    scene.fill(_answered(200, off=frozenset([1, 2, 3, 4])))
    files = ("report.json", "report.md", "report.xml", "report.txt")
    out = scene.replay(*AT, "--format", "json", *(f"--output={each}" for each in files), code=1)
    found = json.loads((scene.folder / "report.json").read_text("utf-8"))
    assert out.startswith((scene.folder / "report.json").read_text("utf-8"))
    assert (found["rows"], found["agreement"], found["columns"][0]["largest"]) == (200, 0.98, 0.25)
    assert "| agreement | 98 % |" in (scene.folder / "report.md").read_text("utf-8")
    assert "| agreement: 98 %, at least 99% | **fails** |" in (scene.folder / "report.md").read_text("utf-8")
    suites = ElementTree.parse(scene.folder / "report.xml").getroot()  # noqa: S314 - our own report
    assert (suites.get("tests"), suites.get("failures")) == ("4", "1")
    assert "FAILS   agreement: 98 %, at least 99%" in (scene.folder / "report.txt").read_text("utf-8")


def test_an_image_without_a_program_that_starts_it_is_one_problem(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.fill(_answered(30))
    monkeypatch.setenv("PATH", str(tmp_path))
    out = scene.replay(*AT, against="registry.example.com/churn:3.0.0", code=1)
    assert (
        "error: registry.example.com/churn:3.0.0 cannot be started here: none of podman, docker is on PATH [MY844]"
        in out
    )
    assert "name http://localhost:PORT/PATH in place of the image" in " ".join(out.split())


@pytest.mark.parametrize("against", ["-v.h/:/host:1", "--volume=x.y/a:/b", "churn:2.0.0 --privileged", "churn:"])
def test_what_is_no_image_is_not_given_to_who_starts_it(scene: Scene, tmp_path: Path, against: str) -> None:
    podman = tmp_path / "bin" / "podman"
    podman.parent.mkdir()
    podman.write_text('#!/bin/sh\ntouch "$0.called"\n', "utf-8")
    podman.chmod(0o755)
    scene.fill(_answered(30))
    done = scene.run(f"--against={against}", PATH=f"{podman.parent}:{os.environ['PATH']}")
    assert (done.returncode, done.stdout) == (1, "")
    assert "is not an image reference" in done.stderr
    assert not podman.with_name("podman.called").exists()


def test_a_variant_is_sought_where_score_finds_it(scene: Scene) -> None:
    scene.fill(_answered(30))
    assert "the models file does not say at which host churn is" in scene.replay(*AT, against="challenger", code=1)
    assert "churn has no variant challenge [MY723]" in scene.replay(*AT, against="challenge", code=1)
    port = scene.model.port
    scene.declare(MODELS.replace("spec:\n", "spec:\n  namespace: risk\n"))
    domain = ("--domain", "example.com", "--ingress", f"127.0.0.1:{port}")
    assert "churn: challenger against the champion's answers" in scene.replay(*AT, *domain, against="challenger")
    assert any("host: challenger-churn.risk.example.com" in each.lower() for each in scene.model.requests)
