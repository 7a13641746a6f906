"""generated/ that no kustomization names is built by nobody: init, render and check say so, and nothing is edited."""

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest
import yaml

from modelyard import api
from tests.cli.test_cli import GOOD

Command = Callable[..., CompletedProcess[str]]
CODE = "[MY629]"
SILENT = {
    "a path of another spelling": "components:\n- ./generated/\n",
    "as a plugin": "generators:\n- |-\n  apiVersion: modelyard.dev/v1alpha1\n  kind: ModelGenerator\n"
    "  metadata: {name: models}\n  spec: {models: models.yaml}\n",
}
SAID = {
    "no list": ("resources: [a.yaml]\n", "1:1", "add to it the line `components: [generated]`"),
    "another component": ("components:\n- other\n", "1:1", "add `- generated` under its components:"),
    "under resources": ("resources:\n- a.yaml\n- generated\n", "3:3", "move it to components:"),
    "in a comment": ("resources: []\n# components: [generated]\n", "1:1", "add to it the line"),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "models.yaml").write_text(GOOD, "utf-8")
    return tmp_path


@pytest.mark.parametrize("case", SAID)
def test_init_render_and_check_say_it(modelyard: Command, folder: Path, case: str) -> None:
    text, place, hint = SAID[case]
    (folder / "kustomization.yaml").write_text(text, "utf-8")
    said = [modelyard("init", cwd=folder)]
    assert CODE not in modelyard("check", cwd=folder).stderr  # nothing is rendered: somebody may apply it otherwise
    said += [modelyard(*words, cwd=folder) for words in (["render"], ["render"], ["render", "--check"], ["check"])]
    for done in said:
        assert done.returncode == 0, done.stderr
        assert done.stderr.count(CODE) == 1
        assert f"kustomization.yaml:{place}: warning: " in done.stderr
        assert hint in done.stderr
    assert modelyard("check", "--strict", cwd=folder).returncode == 1
    assert (folder / "kustomization.yaml").read_text("utf-8") == text


@pytest.mark.parametrize("case", ["no list", "another component"])
def test_the_hint_mends_it(modelyard: Command, folder: Path, case: str) -> None:
    text, _, hint = SAID[case]
    entries = yaml.safe_load(text)
    added = hint.rpartition("`components: ")[2].strip("`") if "the line" in hint else "[generated]"
    entries["components"] = [*entries.get("components", []), *yaml.safe_load(added)]
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(entries), "utf-8")
    assert CODE not in modelyard("render", cwd=folder).stderr


@pytest.mark.parametrize("case", SILENT)
def test_what_names_it_is_silent(folder: Path, case: str) -> None:
    (folder / "kustomization.yaml").write_text(SILENT[case], "utf-8")
    result = api.overlay(folder)
    assert result.problems == []
    assert api.write(folder, result) == []
    assert api.check(folder) == []


def test_a_folder_without_a_kustomization_is_silent(folder: Path) -> None:
    assert api.write(folder, api.overlay(folder)) == []
    assert api.check(folder) == []


@pytest.mark.parametrize("name", ["kustomization.yml", "Kustomization"])
def test_init_adds_no_second_kustomization(modelyard: Command, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("resources: []\n", "utf-8")
    done = modelyard("init", tmp_path)
    assert done.returncode == 0
    assert f"{name} exists and is left unchanged" in done.stderr
    assert CODE in done.stderr
    assert not (tmp_path / "kustomization.yaml").exists()
