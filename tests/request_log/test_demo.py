"""`monitor demo`: the whole loop on this machine, of which the report alone is left, however it ends."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import pytest

from modelyard.api import demo
from modelyard.request_log.demo import model, postgres, story
from tests.support.leftovers import about
from tests.support.pages import Reading

_WAIT: Final = 120.0  # seconds


def _begun(folder: Path, temporary: Path, *arguments: str, **env: str) -> "subprocess.Popen[str]":
    temporary.mkdir()
    temporary.chmod(0o1777)
    command = [sys.executable, "-m", "modelyard", "monitor", "demo", *arguments]
    given = {**os.environ, "TMPDIR": str(temporary), **env}
    return subprocess.Popen(
        command, cwd=folder, env=given, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1
    )


@pytest.fixture
def temporary() -> Path:
    """Return a folder that is not there yet."""
    folder = Path(tempfile.mkdtemp(prefix="d"))
    folder.chmod(0o755)
    return folder / "t"


def _nothing_left(temporary: Path) -> None:
    assert about(temporary) == []
    assert list(temporary.iterdir()) == []
    temporary.rmdir()
    temporary.parent.rmdir()


@pytest.mark.slow
def test_the_demo_tells_its_story_and_leaves_the_report_alone(tmp_path: Path, temporary: Path) -> None:
    start = time.monotonic()
    opened = tmp_path / "opened"
    browser = f"sh -c 'echo \"$0\" > {opened}' %s"
    with _begun(tmp_path, temporary, "--open", BROWSER=browser, MODELYARD_DATABASE="") as process:
        out, said = process.communicate(timeout=_WAIT)
    assert (process.returncode, out) == (0, ""), said
    assert time.monotonic() - start < 90
    assert "5,250 calls through the sidecars" in said
    assert "ALERT churn champion: auc is 0." in said
    assert said.splitlines()[-1] == f"the report is {tmp_path / 'report.html'}"
    assert opened.read_text("utf-8").strip() == (tmp_path / "report.html").as_uri()
    page = Reading((tmp_path / "report.html").read_text("utf-8"))
    assert "challenger is better than champion." in page.text
    assert "challenger gets 20 % of the calls" in page.text
    assert page.tables["churn-alerts.csv"][0]["Ended"] == ""
    drift = page.tables["churn-inputs.csv"]
    assert {each["Input"] for each in drift[:2]} == {"PRICE", "REGION"}
    assert sum(float(each["calls"]) for each in page.tables["calls.csv"]) > 5000
    assert max(float(each["error_rate"]) for each in page.tables["errors.csv"]) > 0
    assert sorted(each.name for each in tmp_path.iterdir()) == ["opened", "report.html"]
    _nothing_left(temporary)


@pytest.mark.slow
def test_a_folder_whose_name_is_too_long_for_a_socket_is_none_of_its_concern(tmp_path: Path, temporary: Path) -> None:
    long = temporary.with_name("x" * 90)
    with _begun(tmp_path, long) as process:
        out, said = process.communicate(timeout=_WAIT)
    assert (process.returncode, out) == (0, ""), said
    _nothing_left(long)


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("after", ["starting PostgreSQL", "three weeks", "monitor run"])
def test_an_interrupted_demo_leaves_nothing(how: signal.Signals, after: str, tmp_path: Path, temporary: Path) -> None:
    with _begun(tmp_path, temporary) as process:
        assert process.stderr is not None
        next(line for line in process.stderr if after in line)
        time.sleep(0.3)
        process.send_signal(how)
        process.communicate(timeout=_WAIT)
    assert process.returncode == 130
    assert list(tmp_path.iterdir()) == []
    _nothing_left(temporary)


def test_without_its_packages_the_demo_says_so_in_a_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(postgres, "find_spec", lambda _: None)
    said: list[str] = []
    outcome = demo.run(tmp_path / "report.html", tell=said.append)
    (found,) = outcome.problems
    assert (found.code, found.hint) == ("MY838", "pip install 'modelyard[demo]'")
    assert "\n" not in found.message
    assert said == []


def test_a_server_that_does_not_start_is_said_and_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, temporary: Path
) -> None:
    temporary.mkdir(mode=0o755)
    own = tmp_path / "programs" / "bin"
    own.mkdir(parents=True)
    for name in ("postgres", "initdb"):
        (own / name).write_text("#!/bin/sh\necho the disk is full >&2\n[ $# = 1 ]\n", "utf-8")
        (own / name).chmod(0o755)
    monkeypatch.setattr(postgres, "programs", lambda: own)
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    outcome = demo.run(tmp_path / "report.html", tell=lambda _: None)
    (found,) = outcome.problems
    assert found.code == "MY839"
    assert found.message == "the demo cannot go on: initdb of PostgreSQL fails: the disk is full"
    _nothing_left(temporary)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's server runs as another user")
def test_a_folder_that_the_server_s_user_cannot_enter_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, temporary: Path
) -> None:
    temporary.mkdir(mode=0o700)
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    (found,) = demo.run(tmp_path / "report.html", tell=lambda _: None).problems
    assert found.code == "MY839"
    assert "set TMPDIR to a folder that all users can enter" in found.message
    _nothing_left(temporary)


def test_the_story_is_the_same_each_time_and_changes_in_its_third_week() -> None:
    calls = list(story.calls())
    assert calls == list(story.calls())
    assert len({each.id for each in calls}) == len({each.row[story.ID] for each in calls}) == len(calls)
    whole = [each for each in calls if each.row["PRICE"] is not None]

    def order(days: range, version: str) -> float:
        """Return how often a customer who leaves has a higher score than one who stays."""
        own = [(model.VERSIONS[f"/churn/{version}"](each.row), each.true) for each in whole if int(each.day) in days]
        gone, stay = ([score for score, true in own if true == wanted] for wanted in (1, 0))
        return sum((a > b) + (a == b) / 2 for a in gone for b in stay) / len(gone) / len(stay)

    assert order(range(4), "champion") > 0.8
    assert order(range(18, 21), "champion") < 0.6
    assert order(range(18, 21), "challenger") > 0.8
