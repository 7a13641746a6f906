"""traffic, promote, rollback and deploy on a real API server with Knative's controller."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.support.cluster_scene import KSVC, SET, Scene
from tests.support.faulty_proxy import modelyard

THEIRS: Final[dict[str, Any]] = {
    "apiVersion": "serving.knative.dev/v1",
    "kind": "Service",
    "metadata": {"name": "theirs"},
    "spec": {"template": {"spec": {"containers": [{"image": "registry.example.com/theirs:1"}]}}},
}


def shares(scene: Scene, kind: str, name: str) -> dict[str, int]:
    """Return tag or revision -> percent, as the controller reports it."""
    traffic = scene.get(kind, name)["status"]["traffic"]
    return {each.get("tag") or each["revisionName"]: each.get("percent") or 0 for each in traffic}


def elsewhere(scene: Scene) -> Path:
    """Return a folder without a models file."""
    folder = scene.file.with_name("elsewhere")
    folder.mkdir()
    return folder


def git(scene: Scene, *words: str) -> None:
    author = {f"GIT_{who}_{what}": "a@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    env = {**os.environ, **author, "GIT_CONFIG_GLOBAL": os.devnull}
    subprocess.run(["git", *words], cwd=scene.file.parent, env=env, check=True, capture_output=True)


def test_a_split_is_moved_in_the_file_and_the_cluster_and_rolled_back(scene: Scene) -> None:
    assert scene.apply(SET, "--wait", "--timeout", "60").code == 0
    git(scene, "init", "--quiet")
    git(scene, "add", "models.yaml")
    git(scene, "commit", "--quiet", "--message", "first")
    words = ("-f", str(scene.file), "--apply", "--wait", "--timeout", "60")
    moved = scene.run("traffic", "churn", "champion=30", "challenger=70", *words)
    assert moved.code == 0, moved.err
    said = "churn: challenger percent 40 -> 70, champion percent 60 -> 30"
    assert moved.out == f"{said}\n{scene.namespace}: 1 changed, 12 unchanged\n"
    route = "routes.serving.knative.dev"
    assert shares(scene, route, "churn") == {"champion": 30, "challenger": 70}
    assert scene.file.read_text("utf-8") == SET.replace("percent: 60", "percent: 30").replace(
        "percent: 40", "percent: 70"
    )
    promoted = scene.run("promote", "churn", "challenger", *words)
    assert promoted.code == 0, promoted.err
    assert shares(scene, route, "churn") == {"champion": 0, "challenger": 100}
    assert len(scene.get(route, "churn")["status"]["traffic"]) == 2
    back = scene.run("rollback", "churn", *words)
    assert back.code == 0, back.err
    assert shares(scene, route, "churn") == {"champion": 60, "challenger": 40}
    assert scene.file.read_text("utf-8") == SET


def test_what_the_server_refuses_is_not_written(scene: Scene) -> None:
    assert scene.apply(SET).code == 0
    scene.take_over()
    refused = scene.run("traffic", "churn", "champion=30", "challenger=70", "-f", str(scene.file), "--apply")
    assert (refused.code, refused.out) == (1, "")
    assert "set by night-shift" in refused.err
    assert scene.file.read_text("utf-8") == SET


def test_a_run_that_stopped_after_the_file_was_written_is_gone_on_with(scene: Scene) -> None:
    assert scene.apply(SET, "--wait", "--timeout", "60").code == 0
    written = SET.replace("percent: 60", "percent: 30").replace("percent: 40", "percent: 70")
    scene.file.write_text(written, "utf-8")
    words = ("-f", str(scene.file), "--apply", "--wait", "--timeout", "60")
    moved = scene.run("traffic", "churn", "champion=30", "challenger=70", *words)
    assert (moved.code, moved.out) == (0, f"{scene.namespace}: 1 changed, 12 unchanged\n")
    assert shares(scene, "routes.serving.knative.dev", "churn") == {"champion": 30, "challenger": 70}


def test_a_models_file_that_is_broken_or_missing_lets_nothing_through_to_the_cluster(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert scene.apply(SET).code == 0
    before = scene.get("routes.serving.knative.dev", "churn")["spec"]
    scene.file.write_text(SET.replace("kind: ModelSet", "kind: Modelset"), "utf-8")
    monkeypatch.chdir(scene.file.parent)
    for words in ((), ("-f", str(scene.file.with_name("typo.yaml")))):
        for command in (("traffic", "churn", "champion=1", "challenger=99"), ("promote", "churn", "challenger")):
            answer = scene.run(*command, *words)
            assert (answer.code, answer.out) == (1, "")
    others: list[list[str]] = [["list"], ["status", "churn"], ["logs", "churn"], ["delete", "churn", "--yes"]]
    for other in others:
        answer = modelyard(*other, "-f", scene.file.with_name("typo.yaml"), *scene.where)
        assert (answer.code, answer.out) == (1, "")
        assert "typo.yaml cannot be read" in answer.err
    assert scene.get("routes.serving.knative.dev", "churn")["spec"] == before
    assert "churn-champion" in scene.names(KSVC)


def test_a_model_of_another_tool_is_split_between_its_revisions(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(elsewhere(scene))
    for number in (1, 2):
        image = {"image": f"registry.example.com/theirs:{number}"}
        body = {**THEIRS, "spec": {"template": {"spec": {"containers": [image]}}}}
        scene.cluster.succeed("apply", "-n", scene.namespace, "-f", "-", stdin=json.dumps(body))
        scene.cluster.succeed("wait", KSVC, "theirs", "--for=condition=Ready", "-n", scene.namespace, "--timeout=60s")
    moved = scene.run("traffic", "theirs", "theirs-00001=20", "@latest=80")
    assert (moved.code, moved.out) == (0, "theirs: @latest percent 100 -> 80, theirs-00001 percent 0 -> 20\n"), (
        moved.err
    )
    scene.cluster.succeed("wait", KSVC, "theirs", "--for=condition=Ready", "-n", scene.namespace, "--timeout=60s")
    assert shares(scene, KSVC, "theirs") == {"theirs-00001": 20, "theirs-00002": 80}
    promoted = scene.run("promote", "theirs", "theirs-00001")
    assert promoted.code == 0, promoted.err
    scene.cluster.succeed("wait", KSVC, "theirs", "--for=condition=Ready", "-n", scene.namespace, "--timeout=60s")
    assert shares(scene, KSVC, "theirs") == {"theirs-00001": 100, "theirs-00002": 0}
    for words, said in (
        (("theirs", "theirs-00001=20"), "would add up to 20"),
        (("theirs", "theirs-00009=100"), "theirs has no tag or revision theirs-00009 [MY715]"),
        (("nobody", "a=100"), "[MY710]"),
    ):
        wrong = scene.run("traffic", *words)
        assert (wrong.code, wrong.out) == (1, "")
        assert said in wrong.err
    assert shares(scene, KSVC, "theirs") == {"theirs-00001": 100, "theirs-00002": 0}


def test_a_route_of_ours_without_its_file_is_split_by_its_tags(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    assert scene.apply(SET, "--wait", "--timeout", "60").code == 0
    monkeypatch.chdir(elsewhere(scene))
    moved = scene.run("promote", "churn", "challenger")
    assert moved.code == 0, moved.err
    scene.cluster.succeed(
        "wait", "routes.serving.knative.dev", "churn", "--for=condition=Ready", "-n", scene.namespace, "--timeout=60s"
    )
    assert shares(scene, "routes.serving.knative.dev", "churn") == {"champion": 0, "challenger": 100}
    # An apply of the models file does not take that back unasked.
    refused = scene.apply(SET)
    assert (refused.code, refused.out) == (1, "")
    assert ".spec.traffic is set by modelyard-traffic [MY705]" in refused.err
    assert "champion percent 0 -> 60" in scene.diff(SET, "--force-conflicts").out
    assert scene.apply(SET, "--force-conflicts").code == 0
    assert scene.diff(SET).out == ""


def test_deploy_then_another_image_then_delete(scene: Scene) -> None:
    words = ("--image", "registry.example.com/credit_risk:1.0.0", "--min-scale", "1", "--wait", "--timeout", "60")
    first = scene.run("deploy", "credit-risk", *words, "--env", "LEVEL=INFO")
    assert first.code == 0, first.err
    assert first.out.startswith(f"{scene.namespace}: 3 created")
    live = scene.get(KSVC, "credit-risk")
    container = live["spec"]["template"]["spec"]["containers"][0]
    assert container["image"] == "registry.example.com/credit_risk:1.0.0"
    assert {"name": "LEVEL", "value": "INFO"} in container["env"]
    again = scene.run("deploy", "credit-risk", *words, "--env", "LEVEL=INFO")
    assert "3 unchanged" in again.out
    words = ("--image", "registry.example.com/credit_risk:1.1.0", "--min-scale", "1", "--wait", "--timeout", "60")
    assert "1 changed" in scene.run("deploy", "credit-risk", *words).out
    assert scene.get(KSVC, "credit-risk")["status"]["latestReadyRevisionName"] == "credit-risk-00002"
    assert "credit_risk:1.1.0" in scene.run("list").out
    assert scene.run("delete", "credit-risk", "--yes").code == 0
    assert scene.names(KSVC) == set()


def test_deploy_saves_a_models_file_and_adds_to_one(scene: Scene) -> None:
    saved = scene.file.with_name("saved.yaml")
    words = ("--runtime", "pcr", "--min-scale", "1", "--save", str(saved))
    first = scene.run("deploy", "one", "--image", "registry.example.com/one:1", *words)
    assert first.code == 0, first.err
    assert modelyard("check", "-f", saved).code == 0
    text = saved.read_text("utf-8")
    second = scene.run("deploy", "two", "--image", "registry.example.com/two:1", *words)
    assert second.code == 0, second.err
    assert saved.read_text("utf-8").startswith(text)
    assert [each["name"] for each in yaml.safe_load(saved.read_text("utf-8"))["spec"]["models"]] == ["one", "two"]
    assert scene.names(KSVC) == {"one", "two"}
    # What was deployed is what the file gives.
    assert modelyard("diff", "-f", saved, *scene.where, "--exit-code").out == ""
    third = scene.run("deploy", "two", "--image", "registry.example.com/two:2", *words)
    assert (third.code, third.out) == (1, "")
    assert scene.get(KSVC, "two")["spec"]["template"]["spec"]["containers"][0]["image"].endswith("two:1")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("Bad_Name", "--image", "registry.example.com/model:1"), 1, "[MY105]"),
        (("model", "--image", "not an image"), 1, "[MY105]"),
        (("model", "--image", "registry.example.com/model:1", "--target", "nowhere"), 1, "nowhere"),
        (("model", "--image", "registry.example.com/model:1", "--env", "X"), 2, "--env number 1 is not NAME=VALUE"),
        (("model", "--image", "registry.example.com/model:1", "--env", "DB_PASSWORD=planted-9"), 1, "[MY208]"),
    ],
)
def test_a_deployment_that_is_wrong_never_reaches_the_cluster(
    scene: Scene, words: tuple[str, ...], code: int, said: str
) -> None:
    save = scene.file.with_name("saved.yaml")
    answer = scene.run("deploy", *words, "--save", str(save))
    assert (answer.code, answer.out) == (code, "")
    assert said in " ".join(answer.err.split())
    assert "planted-9" not in answer.err
    assert not save.exists()
    assert scene.names(KSVC) == set()


def test_deploy_leaves_models_of_a_set_alone(scene: Scene) -> None:
    assert scene.apply(SET).code == 0
    answer = scene.run("deploy", "fraud", "--image", "registry.example.com/fraud:1", "--runtime", "pcr")
    assert (answer.code, answer.out) == (1, "")
    assert "Service fraud belongs to the set risk [MY714]" in answer.err
