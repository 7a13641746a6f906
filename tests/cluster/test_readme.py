"""The page on clusters prints what it says, on a real API server with Knative's controller."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.support.cluster_server import Cluster
from tests.support.consoles import ROOT, blocks, environment, read, sessions

PAGE = "docs/how-to/cluster.md"
_AGES = re.compile(r"\b\d+[smhd]\b")


def _same(shown: str) -> str:
    """Return what a command prints without what differs from run to run: ages, and the blanks that follow them."""
    return re.sub(r" +", " ", _AGES.sub("AGE", _elsewhere(shown)))


def _elsewhere(shown: str) -> str:
    """Return it without what a machine's own name server says."""
    return re.sub(r"dial\s+tcp:[^)]*", "dial tcp: …", shown)


def test_the_page_on_clusters_prints_what_it_says(
    cluster: Cluster, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    page = read(PAGE)
    steps = sessions(page)
    assert len(steps) >= 12
    cluster.succeed("create", "namespace", "scoring")
    (tmp_path / "models.yaml").write_text(steps[0][1], "utf-8")
    author = {f"GIT_{who}_{what}": "a@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    env = environment(KUBECONFIG=str(cluster.kubeconfig), GIT_CONFIG_GLOBAL=os.devnull, **author)
    for words in (("init", "--quiet"), ("add", "models.yaml"), ("commit", "--quiet", "--message", "first")):
        subprocess.run(["git", *words], cwd=tmp_path, env=env, check=True)
    printed = []
    for command, output in steps:
        done = subprocess.run(
            ["bash", "-c", command], cwd=tmp_path, env=env, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip
        printed.append((command, done.stdout))
        if not request.config.getoption("--update"):
            assert _same(done.stdout) == _same(output), command
        assert all(len(line) <= 80 for line in done.stdout.splitlines() if command.startswith("modelyard list"))
    if request.config.getoption("--update"):
        _update(printed)
    block = blocks(page, "python")[0]
    done = subprocess.run(
        [sys.executable, "-c", block], cwd=tmp_path, env=env, text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["churn", "fraud"]
    models = yaml.safe_load((tmp_path / "models.yaml").read_text("utf-8"))["spec"]["models"]
    assert [each["percent"] for each in models[0]["variants"]] == [80, 20]
    assert "fraud" not in cluster.succeed("get", "services.serving.knative.dev", "-n", "scoring", "-o", "name")


def _update(printed: list[tuple[str, str]]) -> None:
    """Write what was printed into the page, to be reviewed with git diff."""
    path = ROOT / PAGE
    text = path.read_text("utf-8")
    at = 0
    for command, output in printed:
        at = text.index(f"$ {command}\n", at) + len(f"$ {command}\n")
        end = min(each for each in (text.find("```", at), text.find("\n$ ", at - 1) + 1) if each > 0)
        text = text[:at] + _elsewhere(output) + text[end:]
    path.write_text(text, "utf-8")
