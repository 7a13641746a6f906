"""The page on promotion tells the truth: its session runs as it stands, with images in a real registry."""

from pathlib import Path

import pytest

from tests.conftest import CACHE, need
from tests.support import registries
from tests.support.consoles import blocks, prints_what_it_says, read, sessions
from tests.support.promotions import GIT, git


@pytest.mark.slow
def test_the_page_on_promotion_prints_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**GIT, "DOCKER_CONFIG": str(tmp_path / "nobody")}.items():
        monkeypatch.setenv(name, value)
    page = read("docs/how-to/promote.md")
    folder = tmp_path / "risk"
    folder.mkdir()
    git(folder, "init", "--quiet")
    program = need(CACHE / "registry-v3.1.1" / "registry", "`make tools` builds it")
    with registries.real(program, tmp_path / "registry") as host:
        for version in ("7", "8"):
            registries.put(host, f"models/churn:{version}", version)
        (folder / "models.yaml").write_text(blocks(page, "yaml")[0].replace("registry.example.com", host), "utf-8")
        git(folder, "add", "--all")
        git(folder, "commit", "--quiet", "--message", "The models")
        steps = sessions(page)
        assert len(steps) >= 3
        prints_what_it_says(steps, folder)
