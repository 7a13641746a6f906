"""Proposals in a real repository with images of a real registry: one branch a digest, whoever proposes it."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from modelyard.api import locking, proposals
from modelyard.api.challenger import Wanted
from modelyard.api.proposals import Outcome
from modelyard.files.branches import Branches
from modelyard.files.trailers import Trailers, trailers_of
from modelyard.problems import has_errors
from tests.conftest import Run
from tests.support import notice_servers
from tests.support.promotions import GIT, Project, git, program
from tests.support.registries import TOKEN

pytestmark = pytest.mark.long


def propose(file: Path, version: str, *, pull_request: bool = False) -> Outcome:
    return proposals.propose(file, "churn", Wanted(image=f"churn:{version}"), push=True, pull_request=pull_request)


def test_a_proposal_is_one_commit_on_a_branch_and_the_work_tree_stays(project: Project) -> None:
    before = project.file().read_text("utf-8")
    digest = project.image("2")
    outcome = propose(project.file(), "2")
    assert outcome.problems == []
    assert project.branches() == {f"modelyard/churn-2-{digest[7:15]}": outcome.commit}
    assert git(project.checkout, "status", "--porcelain") == ""
    assert project.file().read_text("utf-8") == before
    after = project.text(outcome.commit)
    new = f'{{name: challenger, image: "churn:2@{digest}", percent: 10, source: {{mlflow: {{version: 2}}}}}}'
    assert after == before.replace("percent: 100}    # since May\n", f"percent: 90}}    # since May\n        - {new}\n")
    message = git(project.origin, "log", "-1", "--format=%B", outcome.commit)
    assert message.startswith("churn: propose 2 as challenger\n")
    assert trailers_of(message) == Trailers("mlflow:churn", "2", digest)
    assert git(project.origin, "rev-list", "--count", f"main..{outcome.commit}").strip() == "1"


def test_what_is_proposed_or_merged_is_not_proposed_again(project: Project) -> None:
    first = propose(project.file(), "2")
    again = propose(project.file(), "2")
    assert (again.branch, again.commit, again.new) == (first.branch, first.commit, False)
    other = propose(project.clone("runner") / "overlays" / "prod", "2")
    assert (other.branch, other.commit, other.new) == (first.branch, first.commit, False)
    assert len(project.branches()) == 1
    project.merge(first.branch)
    merged = propose(project.file(), "2")
    assert (merged.branch, merged.problems) == ("", [])
    assert merged.said.startswith("challenger has 2 of churn already")
    assert project.branches() == {}


def test_an_open_branch_of_another_version_is_superseded_and_said(project: Project) -> None:
    second = propose(project.file(), "2")
    third = propose(project.file(), "3")
    assert third.superseded == (second.branch,)
    assert third.text.startswith(f"This takes the place of `{second.branch}`.\n")
    project.merge(third.branch)
    fourth = propose(project.file(), "2")
    assert (fourth.branch, fourth.superseded) == (second.branch, ())


def test_two_runners_at_once_meet_in_one_branch(project: Project) -> None:
    files = [project.clone(f"runner-{number}") / "overlays" / "prod" for number in range(4)]
    found: list[Outcome] = []
    threads = [threading.Thread(target=lambda each=each: found.append(propose(each, "2"))) for each in files]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert [each.problems for each in found] == [[]] * 4
    assert len(project.branches()) == 1
    assert any(each.new for each in found)


def test_a_branch_that_comes_up_meanwhile_is_the_one(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    other, found = project.clone("runner"), Branches.there
    first: list[Outcome] = []

    def there(branches: Branches, prefix: str) -> dict[str, str]:
        known = found(branches, prefix)
        if not first and branches._root == project.checkout.resolve():
            first.append(Outcome())
            first.append(propose(other / "overlays" / "prod", "2"))
        return known

    monkeypatch.setattr(Branches, "there", there)
    outcome = propose(project.file(), "2")
    assert (outcome.branch, outcome.commit, outcome.problems) == (first[1].branch, first[1].commit, [])
    assert list(project.branches()) == [outcome.branch]


@pytest.mark.slow
def test_a_run_that_is_killed_leaves_nothing_half(project: Project) -> None:
    for step in range(1, 12, 2):
        runner = project.clone(f"killed-{step}")
        bin_ = runner.parent / f"bin-{step}"
        bin_.mkdir()
        count = bin_ / "count"
        script = f"#!/bin/sh\nn=$(cat {count} 2>/dev/null || echo 0); n=$((n+1)); echo $n > {count}\n"
        script += f'[ $n = {step * 4} ] && kill -KILL $PPID\nexec /usr/bin/git "$@"\n'
        (bin_ / "git").write_text(script, "utf-8")
        (bin_ / "git").chmod(0o755)
        words = [sys.executable, "-m", "modelyard", "challenger", "churn", "--image", "churn:2", "--push"]
        env = {**os.environ, "PATH": f"{bin_}:{os.environ['PATH']}", "TMPDIR": str(bin_)}
        subprocess.run(
            [*words, "-f", str(runner / "overlays/prod")], env=env, capture_output=True, check=False, timeout=60
        )
        assert git(runner, "status", "--porcelain") == ""
        assert len(project.branches()) <= 1
        assert propose(runner / "overlays" / "prod", "2").problems == []
        assert len(project.branches()) == 1
        git(project.origin, "update-ref", "-d", f"refs/heads/{next(iter(project.branches()))}")


def test_two_environments_propose_the_same_version_each_for_itself(project: Project) -> None:
    dev, prod = propose(project.file("dev"), "2"), propose(project.file("prod"), "2")
    assert prod.branch == f"{dev.branch}-prod"
    assert (prod.superseded, prod.new) == ((), True)
    assert propose(project.file("prod"), "2").branch == prod.branch


def test_the_lock_and_what_is_rendered_go_along_where_they_are_under_git(project: Project, modelyard: Run) -> None:
    assert not has_errors(locking.lock(project.file()).problems)
    assert modelyard("render", "-f", project.file()).returncode == 0
    project.commit("locked")
    outcome = propose(project.file(), "2")
    files = git(project.origin, "diff-tree", "--no-commit-id", "--name-only", "-r", outcome.commit).split()
    changed = ("generated/models/churn.yaml", "models.lock.yaml", "models.yaml")
    assert files == [f"overlays/prod/{each}" for each in changed]
    project.merge(outcome.branch)
    assert modelyard("render", "--check", "-f", project.file()).returncode == 0
    assert modelyard("lock", "--check", "-f", project.file()).returncode == 0


@pytest.mark.parametrize("wrong", ["stale", "of others"])
def test_what_is_rendered_otherwise_is_not_mended_in_passing(project: Project, modelyard: Run, wrong: str) -> None:
    assert modelyard("render", "-f", project.file()).returncode == 0
    generated = project.file().parent / "generated"
    if wrong == "stale":
        path = generated / "models" / "churn.yaml"
        path.write_bytes(path.read_bytes().replace(b"churn:1", b"churn:0"))
    else:
        (generated / "README.md").write_text("mine", "utf-8")
    project.commit(wrong)
    (found,) = propose(project.file(), "2").problems
    assert found.code == "MY782"
    assert found.message == "overlays/prod/generated is not committed as overlays/prod/models.yaml renders it"
    assert project.branches() == {}


def test_a_file_with_changes_of_its_own_is_no_ground_for_a_proposal(project: Project) -> None:
    project.file().write_text(f"{project.file().read_text('utf-8')}# mine\n", "utf-8")
    outcome = propose(project.file(), "2")
    assert [each.code for each in outcome.problems] == ["MY782"]
    assert project.branches() == {}


def test_nobody_commits_without_a_name(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (each for each in GIT if each.endswith(("NAME", "EMAIL"))):
        monkeypatch.delenv(name)
    git(project.checkout, "config", "user.useConfigOnly", "true")
    (found,) = propose(project.file(), "2").problems
    assert (found.code, "git config user.name" in found.hint) == ("MY782", True)


def test_a_remote_that_does_not_answer_keeps_the_branch_for_the_next_run(project: Project) -> None:
    local = proposals.propose(project.file(), "churn", Wanted(image="churn:2"))
    assert (local.new, project.branches()) == (True, {})
    git(project.checkout, "remote", "set-url", "origin", f"http://u:{TOKEN}@127.0.0.1:9/models.git")
    (found,) = propose(project.file(), "2").problems
    assert found.code == "MY784"
    assert TOKEN not in repr(found)
    git(project.checkout, "remote", "set-url", "origin", str(project.origin))
    outcome = propose(project.file(), "2")
    assert project.branches() == {local.branch: local.commit} == {outcome.branch: outcome.commit}


def calls(folder: Path, name: str) -> list[list[str]]:
    lines = (folder / f"{name}.log").read_text("utf-8").split("\0\n")
    return [line.split("\0") for line in lines if line]


def test_a_pull_request_is_opened_by_gh_and_the_older_one_closed(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = propose(project.file(), "2")
    answers = {"pr list": "[]", "pr create": "https://github.example.com/risk/pull/7", "pr close": ""}
    bin_ = program(tmp_path / "bin", "gh", answers)
    monkeypatch.setenv("PATH", f"{bin_}:{os.environ['PATH']}")
    outcome = propose(project.file(), "3", pull_request=True)
    assert (outcome.url, outcome.problems) == ("https://github.example.com/risk/pull/7", [])
    (create,) = [each for each in calls(bin_, "gh") if each[1] == "create"]
    assert create[:8] == [
        "pr",
        "create",
        "--head",
        outcome.branch,
        "--base",
        "main",
        "--title",
        "churn: propose 3 as challenger",
    ]
    found = json.dumps([{"number": 6, "state": "OPEN", "url": "https://github.example.com/risk/pull/6"}])
    program(bin_, "gh", {**answers, "pr list": found})
    assert propose(project.file(), "3", pull_request=True).url.endswith("/6")
    (close,) = [each for each in calls(bin_, "gh") if each[1] == "close"]
    assert close[2] == "6"
    assert older.branch in [each[3] for each in calls(bin_, "gh") if each[1] == "list"]


def test_a_merge_request_is_opened_by_glab(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bin_ = program(
        tmp_path / "bin", "glab", {"mr list": "[]", "mr create": "https://gitlab.example.com/risk/-/merge_requests/3"}
    )
    monkeypatch.setenv("PATH", f"{bin_}:{os.environ['PATH']}")
    outcome = propose(project.file(), "2", pull_request=True)
    assert outcome.url.endswith("/3")
    (create,) = [each for each in calls(bin_, "glab") if each[1] == "create"]
    assert create[create.index("--description") + 1].rstrip("\n") == outcome.text.rstrip("\n")


def test_what_a_program_says_of_a_login_is_not_shown(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bin_ = program(tmp_path / "bin", "gh", {"pr list": "[]"})
    monkeypatch.setenv("PATH", f"{bin_}:{os.environ['PATH']}")
    outcome = propose(project.file(), "2", pull_request=True)
    assert [each.code for each in outcome.problems] == ["MY785"]
    assert TOKEN not in repr(outcome.problems)
    assert list(project.branches()) == [outcome.branch]


def test_without_a_program_the_text_is_printed(project: Project, modelyard: Run, tmp_path: Path) -> None:
    for each in ("git", "sh"):
        (tmp_path / "path").mkdir(exist_ok=True)
        (tmp_path / "path" / each).symlink_to(f"/usr/bin/{each}")
    words = ("challenger", "churn", "--image", "churn:2", "-f", project.file(), "--pull-request")
    done = modelyard(*words, env={"PATH": str(tmp_path / "path")})
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("## What changes\n")
    assert "neither gh nor glab is on PATH" in done.stderr
    assert "`modelyard promote churn champion" not in done.stderr


@pytest.mark.parametrize(("percent", "champion"), [(100, "champion"), (30, "champion"), (0, "other")])
def test_the_way_back_is_to_who_is_the_champion_then(
    project: Project, modelyard: Run, percent: int, champion: str
) -> None:
    other = f'\n        - {{name: other, image: "churn:0", percent: {100 - percent}}}'
    text = project.file().read_text("utf-8")
    project.file().write_text(text.replace("percent: 100}    # since May", f"percent: {percent}}}{other}"), "utf-8")
    project.commit("Two variants")
    done = modelyard("challenger", "churn", "--image", "churn:2", "-f", project.file(), "--pull-request")
    assert done.returncode == 0, done.stderr
    assert f"modelyard promote churn {champion} -f " in done.stdout
    assert f"gives all calls back to `{champion}`, and `challenger` stays with none" in done.stdout


def test_without_a_branch_the_files_are_changed_in_place(project: Project, modelyard: Run) -> None:
    before, digest = project.file().read_text("utf-8"), project.image("2")
    done = modelyard("challenger", "churn", "--image", "churn:2", "--percent", "5", "-f", project.file())
    assert done.returncode == 0, done.stderr
    assert f"challenger image none -> churn:2@{digest}" in done.stdout
    new = f'{{name: challenger, image: "churn:2@{digest}", percent: 5, source: {{mlflow: {{version: 2}}}}}}'
    after = before.replace("percent: 100}    # since May\n", f"percent: 95}}    # since May\n        - {new}\n")
    assert project.file().read_text("utf-8") == after
    done = modelyard("challenger", "churn", "--image", "churn:2", "-f", project.file())
    assert (done.returncode, done.stdout) == (0, "")
    assert f"nothing is new: challenger has 2 of churn already, {digest}" in done.stderr
    assert project.branches() == {}


def test_with_notify_a_new_branch_is_told_once(project: Project, modelyard: Run) -> None:
    file = project.file()
    text = file.read_text("utf-8").replace("  registry:", "  notify: {webhook: {}}\n  registry:", 1)
    file.write_text(text, "utf-8")
    project.commit("notify")
    words = ("challenger", "churn", "--image", "churn:2", "-f", file, "--push", "--notify")
    with notice_servers.webhook() as server:
        for _ in range(2):
            done = modelyard(*words, env={"MODELYARD_WEBHOOK_URL": server.url})
            assert done.returncode == 0, done.stderr
        (body,) = map(json.loads, server.bodies)
    assert body["event"] == "proposed"
    assert body["models"] == ["churn"]
    assert any("challenger" in line and "churn:2@sha256:" in line for line in body["changes"])
