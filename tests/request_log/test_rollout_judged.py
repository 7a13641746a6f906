"""By which calls `rollout` judges a challenger, what it does where some of them lack, and whose calls it gives."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
import yaml

from tests.conftest import Run
from tests.support import request_log
from tests.support.model_server import Server as Model
from tests.support.model_server import running
from tests.support.postgres import Server
from tests.support.promotions import git
from tests.support.rollouts import HOUR, MODELS, Scene

pytestmark = pytest.mark.long

OTHER: Final = """        - {name: other, image: "registry.example.com/churn:1.9.0", percent: %d}
"""
OLDER: Final = "registry.example.com/churn:2.0.9"
DIGEST: Final = f"sha256:{'1' * 64}"


@pytest.fixture
def scene(server: Server, tmp_path: Path, modelyard: Run) -> Iterator[Scene]:
    """Return a repository with a challenger that has no calls yet."""
    with running(Model()) as model:
        yield Scene(tmp_path, request_log.migrated(server), model, modelyard)


def _split(champion: int, challenger: int, other: int | None = None, *, psi: bool = False) -> str:
    text = MODELS.replace("percent: 0}", f"percent: {challenger}}}").replace(
        "percent: 100}", f"percent: {champion}}}", 1
    )
    text = text.replace("agreement: 99%", "psi: 0.1") if psi else text
    return text if other is None else text.replace("      targets:", f"{OTHER % other}      targets:")


@pytest.mark.parametrize(("percent", "champion"), [(20, 40), (20, 3), (100, 0)])
def test_one_whose_every_call_fails_is_taken_back_whatever_scores_say(
    scene: Scene, percent: int, champion: int
) -> None:
    scene.declare(_split(100 - percent, percent, psi=True))
    scene.fill("champion", champion)
    scene.fill("challenger", 40, failed=40)
    out = scene.rollout(code=1)
    assert f"churn challenger is taken back from {percent} % to 0 %" in out
    assert "does not pass the gate: errors: 100 %, at most 5% [MY840]" in out
    assert scene.percents == {"champion": 100, "challenger": 0}


def test_one_that_gives_no_scores_where_the_champion_does_is_taken_back(scene: Scene) -> None:
    scene.declare(_split(80, 20, psi=True))
    scene.fill("champion", 40)
    scene.fill("challenger", 40, score=None)
    assert "does not pass the gate: psi of P_BAD: not measured, at most 0.1 [MY840]" in scene.rollout(code=1)
    assert scene.percents == {"champion": 100, "challenger": 0}


def test_too_few_scores_of_the_champion_are_said_and_change_nothing(scene: Scene) -> None:
    scene.declare(_split(80, 20, psi=True))
    scene.fill("champion", 19)
    scene.fill("challenger", 40)
    out = scene.rollout()
    assert "cannot be judged yet: champion of churn has 19 scores in the window, of 20 [MY787]" in out
    assert scene.percents == {"champion": 80, "challenger": 20}


def test_at_the_last_step_errors_and_times_are_judged_without_the_champion(scene: Scene) -> None:
    scene.declare(_split(0, 100, psi=True))
    scene.fill("challenger", 40)
    out = scene.rollout()
    assert "has 100 %, the last step; psi is not judged: champion of churn has 0 scores in the window, of 20" in out
    assert "passes  p95: 4.0 ms, at most 5s" in out
    assert "FAILS" not in out


def test_where_the_champion_has_too_few_all_others_give_in_proportion(scene: Scene) -> None:
    scene.declare(_split(10, 5, 85))
    for percents in ({"champion": 8, "challenger": 20, "other": 72}, {"champion": 5, "challenger": 50, "other": 45}):
        scene.fill("challenger", 40)
        assert "error:" not in scene.rollout()
        assert scene.percents == percents
        scene.now += HOUR
    scene.fill("challenger", 40, failed=40)
    scene.rollout(code=1)
    assert scene.percents == {"champion": 55, "challenger": 0, "other": 45}


def test_a_champion_that_has_enough_gives_alone(scene: Scene) -> None:
    scene.declare(_split(90, 5, 5))
    scene.fill("challenger", 40)
    scene.rollout()
    assert scene.percents == {"champion": 75, "challenger": 20, "other": 5}


def test_the_champion_is_not_rolled_out(scene: Scene) -> None:
    scene.fill("champion", 40, failed=40)
    said = "churn champion is no challenger: a variant of this name is what others are held against [MY786]"
    assert said in scene.rollout("--variant=champion", code=1)
    assert scene.percents == {"champion": 100, "challenger": 0}


def test_one_that_all_calls_were_given_to_gives_them(scene: Scene) -> None:
    scene.declare(_split(0, 5, 95))
    scene.fill("challenger", 40)
    scene.rollout()
    assert scene.percents == {"champion": 0, "challenger": 20, "other": 80}


def test_rows_of_another_image_are_not_its_own(scene: Scene) -> None:
    scene.declare(_split(95, 5))
    scene.fill("challenger", 40, image=OLDER)
    out = scene.rollout()
    assert "cannot be judged yet: registry.example.com/churn:2.1.0 has 0 rows in the window, of 20" in out
    assert f"; the newest rows are of {OLDER} [MY787]" in out
    assert scene.percents == {"champion": 95, "challenger": 5}
    scene.fill("challenger", 40, ago=700)
    assert "has passed with 40 rows, and gets 20 %" in scene.rollout()


def test_scores_are_held_against_those_of_the_champion_s_image(scene: Scene) -> None:
    scene.declare(_split(80, 20, psi=True))
    scene.fill("champion", 100, score=500.0, image=OLDER)
    scene.fill("challenger", 100)
    assert "champion of churn has 0 scores in the window, of 20" in scene.rollout()


def test_an_image_with_a_digest_is_known_in_the_log_by_that(scene: Scene) -> None:
    scene.declare(_split(95, 5).replace("churn:2.1.0", f"churn:2.1.0@{DIGEST}"))
    scene.fill("challenger", 40, image=DIGEST)
    assert "has passed with 40 rows, and gets 20 %" in scene.rollout()


def test_the_same_rows_give_one_step(scene: Scene) -> None:
    scene.declare(_split(95, 5))
    scene.fill("challenger", 40)
    assert "gets 20 % after 5 %" in scene.rollout()
    out = scene.rollout()
    assert "churn challenger stays at 20 %" in out
    assert "has 0 rows since 2026-11-30T12:00:01Z, when its percent or image changed, of 20 [MY787]" in out
    assert scene.percents == {"champion": 80, "challenger": 20}
    scene.now += HOUR
    scene.fill("challenger", 19, ago=60)
    scene.declare(git(scene.origin, "show", "main:models.yaml").replace("# the new one", "# of May"))
    assert "has 19 rows since 2026-11-30T12:00:01Z, when its percent or image changed, of 20" in scene.rollout()
    scene.fill("challenger", 1, ago=30)
    assert "gets 50 % after 20 %" in scene.rollout()


def test_a_merged_request_counts_from_its_merge(scene: Scene) -> None:
    scene.declare(_split(95, 5))
    scene.fill("challenger", 40)
    work = scene.clone("work")
    git(work, "checkout", "--quiet", "-b", "step")
    (work / "models.yaml").write_text(_split(80, 20), "utf-8")
    dated = {"GIT_COMMITTER_DATE": "2026-11-30T11:30:00Z"}
    git(work, "commit", "--quiet", "--all", "--message", "A step", **dated)
    git(work, "checkout", "--quiet", "main")
    dated = {"GIT_COMMITTER_DATE": "2026-11-30T11:55:00Z"}
    git(work, "merge", "--quiet", "--no-ff", "--message", "Merge it", "step", **dated)
    git(work, "push", "--quiet", "origin", "HEAD:main")
    assert "has 0 rows since 2026-11-30T11:55:01Z, when its percent or image changed, of 20" in scene.rollout()


def test_a_new_image_begins_anew(scene: Scene) -> None:
    scene.declare(_split(95, 5))
    scene.fill("challenger", 40, ago=1800)
    work = scene.clone("work")
    (work / "models.yaml").write_text(_split(95, 5).replace("2.1.0", "2.2.0"), "utf-8")
    git(work, "commit", "--quiet", "--all", "--message", "Another", GIT_COMMITTER_DATE="2026-11-30T11:50:00Z")
    git(work, "push", "--quiet", "origin", "HEAD:main")
    assert "has 0 rows since 2026-11-30T11:50:01Z, when its percent or image changed, of 20" in scene.rollout()


def test_a_tag_that_is_locked_anew_begins_anew(scene: Scene) -> None:
    scene.declare(_split(95, 5))
    work = scene.clone("work")
    images = ("churn:2.0.0", "churn:2.1.0", "modelyard:0.2.0")
    for digit, minute in (("1", 20), ("2", 50)):
        lines = [f"  registry.example.com/{each}: sha256:{digit * 64}\n" for each in images]
        lock = f"apiVersion: modelyard.dev/v1alpha1\nkind: ImageLock\nimages:\n{''.join(lines)}"
        (work / "models.lock.yaml").write_text(lock, "utf-8")
        git(work, "add", ".")
        git(work, "commit", "--quiet", "--message", "Lock", GIT_COMMITTER_DATE=f"2026-11-30T11:{minute}:00Z")
    git(work, "push", "--quiet", "origin", "HEAD:main")
    scene.fill("challenger", 40, ago=660)
    assert "has 0 rows since 2026-11-30T11:50:01Z, when its percent or image changed" in scene.rollout()
    scene.fill("challenger", 40, ago=60)
    assert "has passed with 40 rows, and gets 20 %" in scene.rollout()


@pytest.mark.parametrize("folder", ["work", "bare"])
def test_in_place_what_came_before_the_file_was_written_does_not_count(scene: Scene, folder: str) -> None:
    scene.checkout = scene.folder / folder  # a clone, and one without Git
    scene.checkout.mkdir(exist_ok=True)
    file = scene.checkout / "models.yaml"
    file.write_text(_split(95, 5), "utf-8")
    written = scene.now.timestamp() - 3000
    os.utime(file, (written, written))
    scene.fill("challenger", 40)
    assert "gets 20 % after 5 %" in scene.rollout_here()
    written = scene.now.timestamp() - 300
    os.utime(file, (written, written))
    assert "has 0 rows since 2026-11-30T11:55:00Z, when its percent or image changed, of 20" in scene.rollout_here()
    (model,) = yaml.safe_load(file.read_text("utf-8"))["spec"]["models"]
    assert [each["percent"] for each in model["variants"]] == [80, 20]
