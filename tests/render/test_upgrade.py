"""Two versions of modelyard: which one wrote generated/, who is told of it, and what an upgrade changes."""

import json
import re
import shlex
import subprocess
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from modelyard import api
from modelyard.files import disk
from modelyard.render import generated
from modelyard.render.component import HEADER
from tests.api.test_edits import FILE, Checkout
from tests.cli.test_cli import GOOD
from tests.support.folders import NEW, OLD, beside, stamps, state, texts

Command = Callable[..., CompletedProcess[str]]
OTHER = "0.0.9"
SAID = f"{HEADER}\nversion: {version('modelyard')}\n"


@pytest.fixture
def rendered(tmp_path: Path) -> Path:
    """Return a folder whose generated/ another version wrote."""
    (tmp_path / "models.yaml").write_text(GOOD, "utf-8")
    assert api.write(tmp_path, api.overlay(tmp_path)) == []
    writer = tmp_path / "generated" / generated.WRITER
    assert writer.read_text("utf-8") == SAID
    writer.write_text(SAID.replace(version("modelyard"), OTHER), "utf-8")
    return tmp_path


def test_a_version_alone_is_no_difference(modelyard: Command, rendered: Path) -> None:
    before = stamps(rendered / "generated")
    for arguments in (["render"], ["render", "--in-place"], ["render", "--check"]):
        done = modelyard(*arguments, cwd=rendered)
        assert (done.returncode, done.stdout) == (0, "")
        assert OTHER not in done.stderr
    (rendered / "generated" / generated.WRITER).unlink()  # as versions wrote it that do not say so
    before = stamps(rendered / "generated")
    assert modelyard("render", cwd=rendered).returncode == 0
    assert stamps(rendered / "generated") == before


def test_a_difference_names_the_version_that_wrote_the_folder(modelyard: Command, rendered: Path) -> None:
    (rendered / "models.yaml").write_text(GOOD.replace("2.0.0", "2.1.0"), "utf-8")
    done = modelyard("render", "--check", cwd=rendered)
    assert done.returncode == 1
    assert f"(generated was rendered by {OTHER}, this is {version('modelyard')})" in done.stderr
    assert generated.WRITER not in done.stdout
    assert modelyard("render", cwd=rendered).returncode == 0
    assert (rendered / "generated" / generated.WRITER).read_text("utf-8") == SAID
    (rendered / "models.yaml").write_text(GOOD, "utf-8")
    assert "was rendered by" not in modelyard("render", "--check", cwd=rendered).stderr


@pytest.mark.parametrize("in_place", [False, True])
def test_the_version_is_written_with_the_folder(tmp_path: Path, in_place: bool) -> None:  # noqa: FBT001 - pytest's
    folder = tmp_path / "generated"
    assert generated.write(folder, texts(OLD, HEADER), in_place=in_place) == []
    assert state(folder) == {**texts(OLD, HEADER), generated.WRITER: SAID}
    assert generated.writer(folder) == version("modelyard")
    assert generated.writer(tmp_path / "none") == ""


def test_a_file_of_its_name_that_is_not_ours_stops_the_run(rendered: Path) -> None:
    (rendered / "generated" / generated.WRITER).write_text("mine\n", "utf-8")
    assert [each.code for each in api.write(rendered, api.overlay(rendered))] == ["MY401"]
    assert generated.writer(rendered / "generated") == ""


def test_kustomize_builds_without_it(rendered: Path, kustomize: Path) -> None:
    (rendered / "kustomization.yaml").write_text("components: [generated]\n", "utf-8")
    done = subprocess.run([kustomize, "build", rendered], capture_output=True, text=True, check=True)
    assert OTHER not in done.stdout
    assert "kind: Service" in done.stdout


@pytest.mark.parametrize("fails", [0, 1, 2])
def test_several_folders_change_or_none(tmp_path: Path, fails: int, monkeypatch: pytest.MonkeyPatch) -> None:
    folders = [tmp_path / name / "generated" for name in ("a", "b", "c")]
    for folder in folders:
        folder.parent.mkdir()
    for folder in folders[:2]:  # the third comes anew
        assert disk.exchange(folder, texts(OLD), "# ours") == []
    swap, calls = disk.exchange.__globals__["_swap"], []

    def failing(work: object) -> None:
        calls.append(work)
        if len(calls) == fails + 1:
            raise OSError(28, "No space left on device")
        swap(work)

    with monkeypatch.context() as patched:
        patched.setitem(disk.exchange.__globals__, "_swap", failing)
        (found,) = disk.exchange_all(dict.fromkeys(folders, texts(NEW)), "# ours")
    assert found.code == "MY402"
    assert [state(folder) for folder in folders] == [texts(OLD), texts(OLD), {}]
    assert disk.exchange_all(dict.fromkeys(folders, texts(NEW)), "# ours") == []
    assert [state(folder) for folder in folders] == [texts(NEW)] * 3
    assert [beside(folder) for folder in folders] == [["generated"]] * 3


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """Return a repository with two rendered overlays."""
    found = Checkout(tmp_path)
    for name in ("base", "prod"):
        assert api.write(tmp_path / name, api.overlay(tmp_path / name)) == []
    found.commit("rendered")
    return found


def test_diff_with_git_shows_what_an_upgrade_changes(checkout: Checkout) -> None:
    assert checkout.run("diff", "--git", "HEAD", "--rendered").out == ""
    path = checkout.root / "base" / "generated" / "models" / "fraud.yaml"
    text = path.read_text("utf-8")
    assert "automountServiceAccountToken: false" in text
    path.write_text(text.replace("automountServiceAccountToken: false", "automountServiceAccountToken: true"), "utf-8")
    checkout.commit("as another version rendered it")
    assert checkout.run("diff", "--git", "HEAD").out == ""
    answer = checkout.run("diff", "--git", "HEAD", "--rendered", "--exit-code")
    assert (answer.code, answer.out.startswith("fraud: ")) == (1, True)
    assert "utomountServiceAccountToken true -> false" in answer.out
    checkout.file("base").write_text(FILE.replace("fraud:1.0", "fraud:2.0"), "utf-8")
    assert "image 1.0 -> 2.0" in checkout.run("diff", "--git", "HEAD", "--rendered").out


def test_diff_with_git_takes_several_models_files(checkout: Checkout) -> None:
    checkout.file("base").write_text(FILE.replace("churn:2.0.0", "churn:3.0.0"), "utf-8")
    names = [str(checkout.file(name)) for name in ("base", "prod")]
    words = ("diff", "--git", "HEAD", "-f", names[1])
    assert checkout.run(*words).out.splitlines() == [
        f"{name}: churn: champion image 2.0.0 -> 3.0.0" for name in (names[1], names[0])
    ]
    data = json.loads(checkout.run(*words, "-o", "json").out)
    assert [each["file"] for each in data] == [names[1], names[0]]
    markdown = checkout.run(*words, "-o", "markdown").out.splitlines()
    assert markdown[:2] == ["| file | model | field | before | after |", "|---|---|---|---|---|"]
    assert "file" not in json.loads(checkout.run("diff", "--git", "HEAD", "-o", "json").out)[0]


def test_a_shallow_clone_says_what_to_set(checkout: Checkout, tmp_path_factory: pytest.TempPathFactory) -> None:
    clone = tmp_path_factory.mktemp("clone") / "shallow"
    checkout.git("clone", "--quiet", "--depth", "1", f"file://{checkout.root}", str(clone))
    shallow = object.__new__(Checkout)
    shallow.root = clone
    for words in (("diff", "--git", "HEAD~1"), ("diff", "--git", "origin/other"), ("rollback", "churn")):
        answer = shallow.run(*words)
        assert (answer.code, answer.out) == (1, "")
        said = " ".join(answer.err.split())
        assert "this clone is shallow" in said
        assert "`fetch-depth: 0` of actions/checkout" in said
        assert "`GIT_DEPTH: 0`" in said
    assert "shallow" not in checkout.run("diff", "--git", "HEAD~7").err
    assert "shallow" not in checkout.run("rollback", "churn").err


def test_the_page_runs_as_it_stands(modelyard: Command, tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "upgrading.md").read_text("utf-8")
    commands = re.findall(r"(?m)^ *modelyard (.+?)(?: {2,}#.*)?$", page)
    assert len(commands) == 2
    (tmp_path / "overlays").mkdir()
    found = Checkout(tmp_path / "overlays")
    assert modelyard("render", "-f", "overlays/prod", cwd=tmp_path).returncode == 0
    found.commit("rendered")
    for command in commands:
        done = modelyard(*shlex.split(command), cwd=tmp_path)
        assert (done.returncode, done.stdout) == (0, ""), (command, done.stderr)
    assert "(overlays/prod/generated was rendered by 0.1.0, this is 0.2.0)" in page
