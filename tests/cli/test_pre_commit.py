"""The hooks, as pre-commit runs them in somebody's repository."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from modelyard import api
from tests.cli.test_cli import BAD, GOOD

ROOT = Path(__file__).resolve().parents[2]


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def hooks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a repository with what this tree would be published as."""
    folder = tmp_path_factory.mktemp("hooks")
    command = [
        "git",
        "ls-files",
        "--cached",
        "--others",
        "--exclude-standard",
        "generator",
        "templates",
        "*.*",
        "LICENSE",
    ]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    for name in listed:
        if (ROOT / name).is_file() and not name.startswith(("tests/", "overlays/", "bench/")):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "release")
    return folder


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    (folder / "test").mkdir(parents=True)
    (folder / "test" / "models.yaml").write_text(GOOD, "utf-8")
    assert api.write(folder / "test", api.overlay(folder / "test")) == []
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    return folder


def try_repo(hooks: Path, repository: Path, home: Path) -> subprocess.CompletedProcess[str]:
    config = {"repos": [{"repo": str(hooks), "rev": "HEAD", "hooks": [
        {"id": "modelyard-check"}, {"id": "modelyard-drift", "args": ["-f", "test"]},
    ]}]}  # fmt: skip
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=hooks, check=True, capture_output=True, text=True).stdout
    config["repos"][0]["rev"] = head.strip()
    (repository / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config), "utf-8")
    git(repository, "add", ".pre-commit-config.yaml")
    return subprocess.run(
        [sys.executable, "-m", "pre_commit", "run", "--all-files"],
        cwd=repository, env={**os.environ, "PRE_COMMIT_HOME": str(home)}, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.slow
def test_the_hooks_find_a_mistake_and_drift(
    hooks: Path, repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    home = tmp_path_factory.mktemp("home")
    fine = try_repo(hooks, repository, home)
    assert fine.returncode == 0, fine.stdout + fine.stderr
    assert fine.stdout.count("Passed") == 2
    (repository / "test" / "models.yaml").write_text(GOOD.replace("2.0.0", "2.1.0"), "utf-8")
    drift = try_repo(hooks, repository, home)
    assert (drift.returncode, drift.stdout.count("Passed"), drift.stdout.count("Failed")) == (1, 1, 1)
    assert "+        image: r.io/churn:2.1.0" in drift.stdout
    (repository / "test" / "models.yaml").write_text(BAD, "utf-8")
    wrong = try_repo(hooks, repository, home)
    assert wrong.returncode == 1
    assert "test/models.yaml:8:27: error: unknown key minscale [MY101]" in wrong.stdout
