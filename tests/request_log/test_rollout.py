"""`rollout`: each step a commit in a bare repository, by what replays and sidecars have measured."""

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from modelyard.request_log.database.connecting import connect
from tests.conftest import Run
from tests.support import request_log
from tests.support.forges import Forge
from tests.support.model_server import Server as Model
from tests.support.model_server import answer, running
from tests.support.postgres import Server
from tests.support.promotions import git
from tests.support.request_log import Sidecar, call, sidecar
from tests.support.rollouts import HOUR, IMAGES, MODELS, Scene

pytestmark = pytest.mark.long


@pytest.fixture
def scene(server: Server, tmp_path: Path, modelyard: Run) -> Iterator[Scene]:
    """Return a repository with a challenger that has no calls yet."""
    with running(Model()) as model:
        yield Scene(tmp_path, request_log.migrated(server), model, modelyard)


def test_steps_are_commits_with_their_figures_until_all_calls_are_its_own(scene: Scene) -> None:
    scene.fill("champion", 40)
    out = scene.rollout()
    assert "churn challenger has passed a replay of 40 rows, and gets 5 %" in out
    assert scene.percents == {"champion": 95, "challenger": 5}
    assert scene.message.startswith("churn: roll out challenger to 5 %\n")
    assert "* passes: agreement: 100 %, at least 99%" in scene.message
    for percent in (20, 50, 100):
        scene.now += HOUR
        scene.fill("challenger", 30)
        out = scene.rollout()
        assert f"churn challenger has passed with 30 rows, and gets {percent} % after " in out
        assert scene.percents == {"champion": 100 - percent, "challenger": percent}
        assert "* passes: p95: 4.0 ms, at most 5s" in scene.message
    assert "# the new one" in git(scene.origin, "show", "main:models.yaml")
    scene.now += HOUR
    scene.fill("challenger", 30)
    assert "churn challenger has 100 %, the last step\n" in scene.rollout()
    assert git(scene.origin, "rev-list", "--count", "main").strip() == "5"


def test_a_replay_that_does_not_pass_gives_it_no_calls(scene: Scene) -> None:
    scene.fill("champion", 40, score=1.0)
    with closing(connect(scene.uri)) as connection:
        connection.execute(b"update scoring_log set outputs = outputs || '{\"P_BAD\": 7}'")
    out = scene.rollout(code=1)
    assert "churn challenger gets no calls" in out
    assert "churn challenger does not pass the gate: agreement: 0 %, at least 99% [MY840]" in out
    assert scene.percents == {"champion": 100, "challenger": 0}


def test_too_few_calls_change_nothing_and_are_no_failure(scene: Scene) -> None:
    scene.declare(MODELS.replace("percent: 100", "percent: 95").replace("percent: 0", "percent: 5"))
    scene.fill("champion", 40)
    scene.fill("challenger", 19, failed=19)
    out = scene.rollout()
    assert "churn challenger stays at 5 %" in out
    assert (
        "warning: churn challenger cannot be judged yet: churn challenger has 19 rows in the window, of 20 [MY787]"
        in out
    )
    assert scene.percents == {"champion": 95, "challenger": 5}


def test_scores_of_another_population_are_taken_back(scene: Scene) -> None:
    split = MODELS.replace("percent: 100", "percent: 80").replace("percent: 0", "percent: 20")
    scene.declare(split.replace("agreement: 99%", "psi: 0.1"))
    scene.fill("champion", 100)
    scene.fill("challenger", 100, score=500.0)
    out = scene.rollout(code=1)
    assert "churn challenger is taken back from 20 % to 0 %" in out
    assert "fails: psi of P_BAD: " in scene.message
    assert scene.percents == {"champion": 100, "challenger": 0}


def test_a_version_that_was_taken_back_is_not_begun_with_again(scene: Scene) -> None:
    scene.declare(MODELS.replace("percent: 100", "percent: 80").replace("percent: 0", "percent: 20"))
    scene.fill("champion", 40)
    scene.fill("challenger", 40, failed=3)
    out = scene.rollout(code=1)
    assert "does not pass the gate: errors: 7.5 %, at most 5% [MY840]" in out
    assert scene.message.startswith("churn: take challenger back, from 20 %\n")
    assert scene.percents == {"champion": 100, "challenger": 0}
    assert "was taken back in" in scene.rollout(code=1)
    assert "[MY788]" in scene.rollout(code=1)
    assert "gets 5 %" in scene.rollout("--again")
    text = git(scene.origin, "show", "main:models.yaml").replace("churn:2.1.0", "churn:2.2.0")
    scene.declare(text.replace("percent: 95", "percent: 100").replace("percent: 5", "percent: 0"))
    assert "gets 5 %" in scene.rollout()


def test_a_pull_request_holds_the_figures_and_main_stays(scene: Scene) -> None:
    scene.fill("champion", 40)
    forge = Forge(scene.folder / "forge", "gh", "token")
    env: dict[str, Any] = {"PATH": f"{forge.bin}:/usr/bin:/bin", "GH_TOKEN": "token"}
    out = scene.rollout(way="--pull-request", **env)
    assert "https://git.example.com/risk/models/1" in out
    assert scene.percents == {"champion": 100, "challenger": 0}
    (request,) = forge.requests
    assert request["title"] == "churn: roll out challenger to 5 %"
    assert "* passes: agreement: 100 %, at least 99%" in request["text"]
    scene.rollout(way="--pull-request", **env)
    assert len(forge.requests) == 1


def test_without_a_way_to_git_the_file_is_edited_in_place(scene: Scene) -> None:
    scene.fill("champion", 40)
    scene.rollout(way="")
    assert "percent: 5}    # the new one" in (scene.checkout / "models.yaml").read_text("utf-8")
    assert scene.percents == {"champion": 100, "challenger": 0}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("      gate: {agreement: 99%, p95: 5s, errors: 5%}\n", ""), "churn challenger has no gate"),
        (("name: challenger", "name: v9"), "churn has no variant challenger that takes calls"),
        (("percent: 0}", "shadow: true}"), "churn has no variant challenger that takes calls"),
        (
            ("monitor: {score: P_BAD, minRows: 20}\n      gate: {", "gate: {psi: 0.1, "),
            "has no score for the gate's psi",
        ),
    ],
)
def test_what_cannot_be_rolled_out_is_said(scene: Scene, change: tuple[str, str], said: str) -> None:
    scene.declare(MODELS.replace(*change))
    assert said in scene.rollout(code=1)


def test_a_branch_that_has_gone_on_is_not_overwritten(scene: Scene) -> None:
    scene.fill("champion", 40)
    clone = scene.clone("old")
    scene.declare(MODELS.replace("minRows: 20", "minRows: 21"))
    scene.checkout = clone
    assert "[MY784]" in scene.rollout_here("--push", code=1)
    assert scene.percents == {"champion": 100, "challenger": 0}


async def _degraded(_: Model, writer: asyncio.StreamWriter, __: int) -> bool:
    answer(writer, 500, {"error": "out of memory"})
    return True


def _period(fronts: dict[str, Sidecar], percents: dict[str, int], sent: dict[str, int]) -> None:
    """Make 500 calls as Git splits them, and wait until they are logged."""
    for name, front in fronts.items():
        for i in range(5 * percents[name]):
            body = json.dumps({"data": {"LOAN": i, "VALUE": 1, "JOB": "job"}}).encode()
            assert call(front.port, path="/churn", body=body, Content_Type="application/json")[0] in (200, 500)
        sent[name] += 5 * percents[name]
    assert fronts["champion"].rows(sum(sent.values())) == sum(sent.values())


def test_a_challenger_that_degrades_at_20_percent_is_taken_back_within_a_period(scene: Scene) -> None:
    seen: list[int] = []
    scene.by_clock = True
    with ExitStack() as stack:
        champion = stack.enter_context(running(Model()))
        fronts = {}
        for name, each in (("champion", champion), ("challenger", scene.model)):
            options = ("--model=churn", f"--variant={name}", "--score=P_BAD", f"--image={IMAGES[name]}")
            fronts[name] = stack.enter_context(sidecar(each.port, scene.uri, scene.folder / name, *options))
        sent = dict.fromkeys(fronts, 0)
        while seen[-1:] != [0] and len(seen) < 5:
            percents = scene.percents
            scene.model.fault = _degraded if percents["challenger"] >= 20 else None
            time.sleep(1.1)  # what comes in the second of a commit is not counted: Git knows whole ones
            _period(fronts, percents, sent)
            scene.rollout(code=1 if scene.model.fault else 0)
            seen.append(scene.percents["challenger"])
    assert seen == [5, 20, 0]
    assert scene.message.startswith("churn: take challenger back, from 20 %\n")
    assert "* fails: errors: 100 %, at most 5%" in scene.message
    titles = git(scene.origin, "log", "--format=%s", "main").splitlines()
    assert titles[1:] == ["churn: roll out challenger to 20 %", "churn: roll out challenger to 5 %", "The models"]
