"""The README tells the truth: its tutorial runs as it stands, what it names exists."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from typer.main import get_command

from modelyard.cli.app import app
from modelyard.report.formats import FORMATS
from modelyard.targets import SECTIONS, TARGETS
from tests.support import viya

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text("utf-8")


def _section(title: str) -> str:
    """Return a chapter of the README."""
    return README[README.index(f"\n## {title}\n") :].partition("\n## ")[2].partition("\n## ")[0]


def sessions(text: str) -> list[tuple[str, str]]:
    """Return the commands of the console blocks, each with what it prints."""
    blocks = re.findall(r"```console\n(.*?)```", text, re.DOTALL)
    steps = [step for block in blocks for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]]
    return [(command, output) for command, _, output in (step.partition("\n") for step in steps)]


def _prints_what_it_says(sessions: list[tuple[str, str]], folder: Path, *programs: Path) -> None:
    path = os.pathsep.join([str(Path(sys.executable).parent), *map(str, programs), os.environ["PATH"]])
    for command, output in sessions:
        done = subprocess.run(
            ["bash", "-c", command], cwd=folder, env={**os.environ, "PATH": path}, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip
        assert done.stdout == output, command


def test_tutorial_prints_what_it_says(tmp_path: Path) -> None:
    steps = sessions(README[README.index("<!-- tutorial") : README.index("<!-- cluster")])
    assert len(steps) >= 8
    _prints_what_it_says(steps, tmp_path)


def test_the_page_on_viya_prints_what_it_says(shared: Path, kustomize: Path, tmp_path: Path) -> None:
    steps = sessions((ROOT / "overlays" / "viya" / "README.md").read_text("utf-8"))
    assert len(steps) >= 8
    viya.deployment(shared, tmp_path / "deploy")
    shutil.copytree(ROOT / "overlays" / "viya", tmp_path / "viya")
    before = (tmp_path / "deploy" / "kustomization.yaml").read_bytes()
    _prints_what_it_says(steps, tmp_path, kustomize.parent)
    assert (tmp_path / "deploy" / "kustomization.yaml").read_bytes() == before


def _commands() -> list[str]:
    group = get_command(app)
    return sorted(group.commands)  # type: ignore[attr-defined]


@pytest.mark.parametrize("command", _commands())
def test_every_command_is_documented(command: str) -> None:
    assert f"`modelyard {command}" in README
    documented = get_command(app).commands[command].help  # type: ignore[attr-defined]
    assert documented
    assert len(documented) > 20


def test_the_samples_for_ci_run_as_they_stand(kustomize: Path, tmp_path: Path) -> None:
    section = _section("In CI")
    lines = re.findall(r"^ *(?:- run: |- |)((?:modelyard|kustomize) [^#\n]*)", section, re.MULTILINE)
    assert len(lines) >= 8
    shutil.copytree(ROOT / "overlays", tmp_path / "overlays")
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)  # CI works in a checkout
    path = os.pathsep.join([str(Path(sys.executable).parent), str(kustomize.parent), os.environ["PATH"]])
    for line in lines:
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", line], cwd=tmp_path, env={**os.environ, "PATH": path}, text=True,
            capture_output=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, line + done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {".git", "overlays", "check.sarif", "junit.xml"}


def test_every_format_and_hook_is_documented() -> None:
    section = _section("In CI")
    samples = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", section, re.DOTALL)]
    hooks = {each["id"] for each in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))}
    assert {each["id"] for each in samples[2]["repos"][0]["hooks"]} == hooks
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == list(FORMATS)


def test_every_target_is_named() -> None:
    assert [name for name in (*TARGETS, *SECTIONS) if f"`{name}`" not in README] == []


def test_help_names_every_exit_code(run: object) -> None:
    assert callable(run)
    done = run(sys.executable, "-m", "modelyard", "--help", env={"COLUMNS": "100"})
    for code in ("0 fine", "1 problems", "2 wrong usage", "3 a bug", "130 interrupted"):
        assert code in " ".join(done.stdout.split())
