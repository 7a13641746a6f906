"""What a models file names stays in its Git working tree: else a pull request could print the files of a CI runner."""

import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from modelyard import api
from tests.conftest import Run
from tests.support.command_line import commands

HEAD: Final = "apiVersion: modelyard.dev/v1alpha1\nkind: ModelSet\nmetadata: {name: risk}\nspec:\n"
BASE: Final = f"{HEAD}  allowEmpty: true\n"
GENERATOR: Final = (
    "apiVersion: modelyard.dev/v1alpha1\nkind: ModelGenerator\nmetadata: {name: risk}\nspec: {models: NAME}\n"
)


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def based(folder: Path, base: str) -> Path:
    return write(folder / "models.yaml", f"{HEAD}  base: {base}\n  allowEmpty: true\n")


def codes(file: Path) -> list[str]:
    return [each.code for each in api.check(file)]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a Git working tree beside a file that is none of it."""
    write(tmp_path / "outside/models.yaml", BASE)
    (tmp_path / "repo/.git").mkdir(parents=True)
    write(tmp_path / "repo/base/models.yaml", BASE)
    return tmp_path / "repo"


def test_a_base_leads_anywhere_in_the_working_tree(tree: Path) -> None:
    assert codes(based(tree / "dev", "../base/models.yaml")) == []


@pytest.mark.parametrize("base", ["../../outside/models.yaml", "/etc/passwd", "../../nothing.yaml", "../../outside"])
def test_a_base_leads_not_out_of_the_working_tree(tree: Path, base: str) -> None:
    (found,) = api.check(based(tree / "dev", base))
    assert found.code == "MY015"
    assert found.message == f"{base} is outside the Git working tree {tree}"
    assert found.place is not None
    assert (found.place.line, found.place.column) == (5, 9)


def test_without_a_working_tree_it_leads_not_out_of_the_folder(tmp_path: Path) -> None:
    write(tmp_path / "base/models.yaml", BASE)
    write(tmp_path / "dev/base.yaml", BASE)
    assert codes(based(tmp_path / "dev", "base.yaml")) == []
    assert codes(based(tmp_path / "dev", "../base/models.yaml")) == ["MY015"]


def test_links_are_followed_first(tree: Path) -> None:
    (tree / "link").symlink_to("../outside")
    (tree / "passwd.yaml").symlink_to("/etc/passwd")
    (tree / "inside").symlink_to("base")
    (tree / "round.yaml").symlink_to("round.yaml")
    assert codes(based(tree / "dev", "../link/models.yaml")) == ["MY015"]
    assert codes(based(tree / "dev", "../passwd.yaml")) == ["MY015"]
    assert codes(based(tree / "dev", "../inside/models.yaml")) == []
    assert codes(based(tree / "dev", "../round.yaml")) == ["MY108"]
    assert codes(tree / "passwd.yaml") == ["MY015"]


def test_a_base_of_a_base_leads_not_out_either(tree: Path) -> None:
    based(tree / "base", "../../outside/models.yaml")
    assert codes(based(tree / "dev", "../base/models.yaml")) == ["MY015"]


def test_what_is_allowed_is_allowed_while_it_lasts(tree: Path) -> None:
    file = based(tree / "dev", "../../outside/models.yaml")
    with api.allowing_outside(tree.parent / "outside"):
        assert codes(file) == []
    assert codes(file) == ["MY015"]


def test_the_option_allows_a_folder(tree: Path, modelyard: Run) -> None:
    based(tree / "dev", "../../outside/models.yaml")
    refused = modelyard("render", "-f", tree / "dev", "--stdout")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "is outside the Git working tree" in refused.stderr
    assert "hint: move it inside, or allow its folder: --allow-outside DIR" in refused.stderr
    allowed = modelyard("render", "-f", tree / "dev", "--stdout", "--allow-outside", tree.parent / "outside")
    assert allowed.returncode == 0, allowed.stderr


def test_each_command_with_a_models_file_has_the_option() -> None:
    seen = 0
    for command in commands().values():
        names = {name for each in command.params for name in each.opts}
        of_set = [each for each in command.params if "--file" in each.opts and each.metavar == "FILE|DIR"]
        if of_set:  # `plugin status -f` takes the folder of a kustomization
            assert "--allow-outside" in names, command.name
            seen += 1
    assert seen > 10


@pytest.mark.parametrize("models", ["../outside/models.yaml", "/etc/passwd", "link.yaml"])
def test_the_plugin_leads_not_out_either(tree: Path, models: str) -> None:
    (tree / "link.yaml").symlink_to("../outside/models.yaml")
    config = GENERATOR.replace("NAME", models).rstrip().replace("\n", "\n  ")
    call = f"apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems: []\nfunctionConfig:\n  {config}\n"
    command = [sys.executable, "-c", "from modelyard.plugin import main; main()"]

    def answer(**env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, input=call, cwd=tree, env=env, capture_output=True, text=True, check=False)

    path = {"PYTHONPATH": ":".join(sys.path)}
    refused = answer(**path)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "is outside the Git working tree" in refused.stderr
    assert "root:" not in refused.stderr
    if models != "/etc/passwd":
        allowed = answer(**path, MODELYARD_ALLOW_OUTSIDE=f"/nothing:{tree.parent / 'outside'}")
        assert allowed.returncode == 0, allowed.stderr
