"""`rollout`: each step a commit in a bare repository, by what replays and sidecars have measured."""

import asyncio
import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from modelyard.request_log.database.batches import Batches
from modelyard.request_log.database.connecting import connect
from modelyard.request_log.rows import Row
from tests.conftest import Run
from tests.support import request_log
from tests.support.forges import Forge
from tests.support.model_server import Server as Model
from tests.support.model_server import answer, running
from tests.support.postgres import Server
from tests.support.promotions import GIT, git
from tests.support.request_log import TABLE, Sidecar, call, sidecar
from tests.support.windows import NOW

AT: Final = ("--at", f"{NOW:%Y-%m-%dT%H:%M:%SZ}")
MODELS: Final = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: risk}
spec:
  namespace: risk
  toolImage: registry.example.com/modelyard:0.2.0
  models:
    - name: churn
      requestLog: {postgres: {secret: scoring-log}, id: ID}
      monitor: {score: P_BAD, minRows: 20}
      gate: {agreement: 99%, p95: 5s, errors: 5%}
      variants:
        - {name: champion, image: "registry.example.com/churn:2.0.0", percent: 100}
        - {name: challenger, image: "registry.example.com/churn:2.1.0", percent: 0}    # the new one
      targets: {knative: {minScale: 1}}
"""


class Scene:
    """A bare repository, the log's database, a challenger, and the command in a fresh clone for each run."""

    def __init__(self, folder: Path, uri: str, model: Model, run: Run) -> None:
        self.folder, self.uri, self.model = folder, uri, model
        self.origin = folder / "origin.git"
        self.checkout = folder / "run"
        self._run = run
        git(folder, "init", "--quiet", "--bare", "--initial-branch=main", str(self.origin))
        self.declare(MODELS)

    def declare(self, models: str) -> None:
        """Commit the models file."""
        work = self.clone("work")
        git(work, "checkout", "--quiet", "-B", "main")
        (work / "models.yaml").write_text(models, "utf-8")
        git(work, "add", "models.yaml")
        git(work, "commit", "--quiet", "--allow-empty", "--message", "The models")
        git(work, "push", "--quiet", "origin", "HEAD:main")

    def clone(self, name: str) -> Path:
        """Return a fresh clone, as a CronJob has one."""
        shutil.rmtree(self.folder / name, ignore_errors=True)
        git(self.folder, "clone", "--quiet", str(self.origin), name)
        return self.folder / name

    def rollout(self, *arguments: str, code: int = 0, way: str = "--push", **env: str) -> str:
        """Run the command in a clone, and return what it prints and says."""
        words = ["rollout", "churn", "--domain=example.com", f"--ingress=127.0.0.1:{self.model.port}", *arguments]
        self.checkout = self.clone("run")
        own = {"MODELYARD_DATABASE": self.uri, **GIT, **env}
        done = self._run(*words, *([way] if way else []), cwd=self.checkout, env=own)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    @property
    def percents(self) -> dict[str, int]:
        """What Git says."""
        (model,) = yaml.safe_load(git(self.origin, "show", "main:models.yaml"))["spec"]["models"]
        return {each["name"]: each["percent"] for each in model["variants"]}

    @property
    def message(self) -> str:
        """The newest commit's message."""
        return git(self.origin, "log", "-1", "--format=%B", "main")

    def fill(self, variant: str, rows: int, *, failed: int = 0, score: float = 0.0, name: str = "a") -> None:
        """Log calls; the answers are those of the stand-in."""
        micros = round((NOW.timestamp() - 600) * 1_000_000)
        made = []
        for i in range(rows):
            asked = {"LOAN": i, "VALUE": i / 8, "JOB": "job"}
            answered: dict[str, Any] = {"P_BAD": i * 2 + 0.5, "I_BAD": "           1" if i > 500 else "0 "}
            status = 500 if i < failed else 200
            identity = f"{variant}-{name}-{i}"
            made.append(
                Row(identity, 0, micros + i, identity, "/churn", status, 4000, json.dumps(asked), json.dumps(answered),
                    i * 2 + 0.5 + score)
            )  # fmt: skip
        with closing(connect(self.uri)) as connection:
            Batches(TABLE, "churn", variant, f"sha256:{variant}").write(connection, made)


@pytest.fixture
def scene(server: Server, tmp_path: Path, modelyard: Run) -> Iterator[Scene]:
    """Return a repository with a challenger that has no calls yet."""
    with running(Model()) as model:
        yield Scene(tmp_path, request_log.migrated(server), model, modelyard)


def test_steps_are_commits_with_their_figures_until_all_calls_are_its_own(scene: Scene) -> None:
    scene.fill("champion", 40)
    out = scene.rollout(*AT)
    assert "churn challenger has passed a replay of 40 rows, and gets 5 %" in out
    assert scene.percents == {"champion": 95, "challenger": 5}
    assert scene.message.startswith("churn: roll out challenger to 5 %\n")
    assert "* passes: agreement: 100 %, at least 99%" in scene.message
    scene.fill("challenger", 30)
    for percent in (20, 50, 100):
        out = scene.rollout(*AT)
        assert f"churn challenger has passed with 30 rows, and gets {percent} % after " in out
        assert scene.percents == {"champion": 100 - percent, "challenger": percent}
        assert "* passes: p95: 4.0 ms, at most 5s" in scene.message
    assert "# the new one" in git(scene.origin, "show", "main:models.yaml")
    assert "churn challenger has 100 %, the last step" in scene.rollout(*AT)
    assert git(scene.origin, "rev-list", "--count", "main").strip() == "5"


def test_a_replay_that_does_not_pass_gives_it_no_calls(scene: Scene) -> None:
    scene.fill("champion", 40, score=1.0)
    with closing(connect(scene.uri)) as connection:
        connection.execute(b"update scoring_log set outputs = outputs || '{\"P_BAD\": 7}'")
    out = scene.rollout(*AT, code=1)
    assert "churn challenger gets no calls" in out
    assert "churn challenger does not pass the gate: agreement: 0 %, at least 99% [MY840]" in out
    assert scene.percents == {"champion": 100, "challenger": 0}


def test_too_few_calls_change_nothing_and_are_no_failure(scene: Scene) -> None:
    scene.declare(MODELS.replace("percent: 100", "percent: 95").replace("percent: 0", "percent: 5"))
    scene.fill("champion", 40)
    scene.fill("challenger", 19, failed=19)
    out = scene.rollout(*AT)
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
    out = scene.rollout(*AT, code=1)
    assert "churn challenger is taken back from 20 % to 0 %" in out
    assert "fails: psi of P_BAD: " in scene.message
    assert scene.percents == {"champion": 100, "challenger": 0}


def test_a_version_that_was_taken_back_is_not_begun_with_again(scene: Scene) -> None:
    scene.declare(MODELS.replace("percent: 100", "percent: 80").replace("percent: 0", "percent: 20"))
    scene.fill("champion", 40)
    scene.fill("challenger", 40, failed=3)
    out = scene.rollout(*AT, code=1)
    assert "does not pass the gate: errors: 7.5 %, at most 5% [MY840]" in out
    assert scene.message.startswith("churn: take challenger back, from 20 %\n")
    assert scene.percents == {"champion": 100, "challenger": 0}
    assert "was taken back in" in scene.rollout(*AT, code=1)
    assert "[MY788]" in scene.rollout(*AT, code=1)
    assert "gets 5 %" in scene.rollout(*AT, "--again")
    text = git(scene.origin, "show", "main:models.yaml").replace("churn:2.1.0", "churn:2.2.0")
    scene.declare(text.replace("percent: 95", "percent: 100").replace("percent: 5", "percent: 0"))
    assert "gets 5 %" in scene.rollout(*AT)


def test_a_pull_request_holds_the_figures_and_main_stays(scene: Scene) -> None:
    scene.fill("champion", 40)
    forge = Forge(scene.folder / "forge", "gh", "token")
    env: dict[str, Any] = {"PATH": f"{forge.bin}:/usr/bin:/bin", "GH_TOKEN": "token"}
    out = scene.rollout(*AT, way="--pull-request", **env)
    assert "https://git.example.com/risk/models/1" in out
    assert scene.percents == {"champion": 100, "challenger": 0}
    (request,) = forge.requests
    assert request["title"] == "churn: roll out challenger to 5 %"
    assert "* passes: agreement: 100 %, at least 99%" in request["text"]
    scene.rollout(*AT, way="--pull-request", **env)
    assert len(forge.requests) == 1


def test_without_a_way_to_git_the_file_is_edited_in_place(scene: Scene) -> None:
    scene.fill("champion", 40)
    scene.rollout(*AT, way="")
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
    words = ("rollout", "churn", "--domain=example.com", f"--ingress=127.0.0.1:{scene.model.port}", *AT, "--push")
    done = scene._run(*words, cwd=clone, env={"MODELYARD_DATABASE": scene.uri, **GIT})
    assert done.returncode == 1
    assert "[MY784]" in done.stderr
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
    with ExitStack() as stack:
        champion = stack.enter_context(running(Model()))
        fronts = {}
        for name, each in (("champion", champion), ("challenger", scene.model)):
            options = ("--model=churn", f"--variant={name}", "--score=P_BAD", "--image=registry.example.com/churn:2")
            fronts[name] = stack.enter_context(sidecar(each.port, scene.uri, scene.folder / name, *options))
        sent = dict.fromkeys(fronts, 0)
        while seen[-1:] != [0] and len(seen) < 5:
            percents = scene.percents
            scene.model.fault = _degraded if percents["challenger"] >= 20 else None
            _period(fronts, percents, sent)
            scene.rollout(code=1 if scene.model.fault else 0)
            seen.append(scene.percents["challenger"])
    assert seen == [5, 20, 0]
    assert scene.message.startswith("churn: take challenger back, from 20 %\n")
    assert "* fails: errors: 80 %, at most 5%" in scene.message
    titles = git(scene.origin, "log", "--format=%s", "main").splitlines()
    assert titles[1:] == ["churn: roll out challenger to 20 %", "churn: roll out challenger to 5 %", "The models"]
