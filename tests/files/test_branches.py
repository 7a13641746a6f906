"""Commits that go to a remote's branch, or say why they do not."""

from pathlib import Path

import pytest

from modelyard.files.branches import Branches
from modelyard.files.git import GitProblem
from tests.support.promotions import GIT, git


def test_a_branch_that_has_gone_on_is_said_to_have(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in GIT.items():
        monkeypatch.setenv(name, value)
    origin = tmp_path / "origin.git"
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", str(origin))
    clones = []
    for name in ("one", "other"):
        git(tmp_path, "clone", "--quiet", str(origin), name)
        work = tmp_path / name
        if name == "one":
            git(work, "checkout", "--quiet", "-B", "main")
            (work / "a").write_text("1", "utf-8")
            git(work, "add", "a")
            git(work, "commit", "--quiet", "--message", "first")
            git(work, "push", "--quiet", "origin", "HEAD:main")
        clones.append(Branches(work))
    commits = [each.commit({"a": number.encode()}, number) for each, number in zip(clones, "23", strict=True)]
    assert clones[0].forward(commits[0]) == "main"
    with pytest.raises(GitProblem) as refused:
        clones[1].forward(commits[1])
    found = refused.value.problem
    assert (found.code, found.message) == ("MY784", "git push fails: the branch has other commits there")
    assert found.hint == "pull or clone anew, and run it again"
    assert git(origin, "rev-parse", "main").strip() == commits[0]
