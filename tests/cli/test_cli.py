"""The command line: exit codes, what goes to which stream, and that files stand when something is wrong."""

import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

Command = Callable[..., CompletedProcess[str]]
GOOD = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: risk}
spec:
  models:
    - name: churn
      image: r.io/churn:2.0.0
      targets: {knative: {minScale: 1}}
"""
BAD = GOOD.replace("minScale", "minscale")


@pytest.fixture
def overlay(tmp_path: Path) -> Path:
    (tmp_path / "models.yaml").write_text(GOOD, "utf-8")
    return tmp_path


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_render_check_and_drift(modelyard: Command, overlay: Path) -> None:
    missing = modelyard("render", "--check", cwd=overlay)
    assert missing.returncode == 1
    assert "+++ b/generated/models/churn.yaml" in missing.stdout
    assert not (overlay / "generated").exists()
    assert modelyard("render", cwd=overlay).returncode == 0
    assert "nothing has changed in generated: 4 files" in modelyard("render", cwd=overlay).stderr
    same = modelyard("render", "--check", cwd=overlay)
    assert (same.returncode, same.stdout) == (0, "")
    (overlay / "models.yaml").write_text(GOOD.replace("2.0.0", "2.1.0"), "utf-8")
    drift = modelyard("render", "--check", cwd=overlay)
    assert drift.returncode == 1
    assert "-      - image: churn" not in drift.stdout
    assert "+        image: r.io/churn:2.1.0" in drift.stdout
    assert "-        image: r.io/churn:2.0.0" in drift.stdout


def test_an_error_leaves_everything_as_it_was(modelyard: Command, overlay: Path) -> None:
    assert modelyard("render", cwd=overlay).returncode == 0
    before = contents(overlay / "generated")
    (overlay / "models.yaml").write_text(BAD, "utf-8")
    for arguments in (["render"], ["render", "--stdout"], ["render", "--check"], ["render", "--in-place"], ["check"]):
        done = modelyard(*arguments, cwd=overlay)
        assert (done.returncode, done.stdout) == (1, ""), arguments
        assert "models.yaml:8:27: error: unknown key minscale [MY101]\n    8 | " in done.stderr
        assert (
            "targets: {knative: {minscale: <hidden>\n      |                           ^\n  hint: did you"
            in done.stderr
        )
    assert contents(overlay / "generated") == before


def test_a_foreign_file_stops_the_run(modelyard: Command, overlay: Path) -> None:
    assert modelyard("render", cwd=overlay).returncode == 0
    (overlay / "generated" / "notes.txt").write_text("mine\n", "utf-8")
    before = contents(overlay)
    (overlay / "models.yaml").write_text(GOOD.replace("2.0.0", "2.1.0"), "utf-8")
    done = modelyard("render", cwd=overlay)
    assert (done.returncode, done.stdout) == (1, "")
    assert "notes.txt" in done.stderr
    assert "[MY401]" in done.stderr
    assert contents(overlay) == {**before, "models.yaml": (overlay / "models.yaml").read_bytes()}


@pytest.mark.parametrize(
    "arguments",
    [[], ["nonsense"], ["render", "--nonsense"], ["render", "--check", "--stdout"], ["show"], ["explain", "MY999"],
     ["explain", "models.nonsense"], ["plugin"]],
)  # fmt: skip
def test_wrong_usage_is_2(modelyard: Command, overlay: Path, arguments: list[str]) -> None:
    assert modelyard(*arguments, cwd=overlay).returncode == 2


def test_a_missing_models_file_is_a_problem(modelyard: Command, tmp_path: Path) -> None:
    for arguments in (["render"], ["check"], ["show", "churn"], ["render", "-f", "none/x.yaml"]):
        done = modelyard(*arguments, cwd=tmp_path)
        assert (done.returncode, done.stdout) == (1, "")
        assert "[MY013]" in done.stderr
        assert "hint:" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_init_writes_only_what_is_missing(modelyard: Command, tmp_path: Path) -> None:
    (tmp_path / "kustomization.yaml").write_text("# mine\n", "utf-8")
    done = modelyard("init", tmp_path)
    assert done.returncode == 0
    assert "kustomization.yaml exists and is left unchanged" in done.stderr
    assert (tmp_path / "kustomization.yaml").read_text("utf-8") == "# mine\n"
    first = (tmp_path / "models.yaml").read_text("utf-8")
    assert first.startswith("# yaml-language-server: $schema=models.schema.json\n")
    assert "variants:" in first
    (tmp_path / "models.yaml").write_text(f"{first}# more\n", "utf-8")
    again = modelyard("init", tmp_path)
    assert again.returncode == 0
    assert (tmp_path / "models.yaml").read_text("utf-8") == f"{first}# more\n"
    assert modelyard("check", "-f", tmp_path).returncode == 0


def test_init_writes_what_a_git_destination_of_sas_copies(modelyard: Command, tmp_path: Path) -> None:
    done = modelyard("init", tmp_path / "risk", "--sas-git")
    assert done.returncode == 0, done.stderr
    assert "deploymentGitFolder" in done.stderr
    fragment = (tmp_path / "risk" / "sas-model" / "model.yaml").read_text("utf-8")
    assert 'name: "${sas-scr-published-name}"\nspec:\n  image: "${sas-scr-image-url}"\n' in fragment
    assert "MY131" in modelyard("check", "-f", tmp_path / "risk").stderr
    assert modelyard("render", "-f", tmp_path / "risk").returncode == 0
    assert modelyard("init", tmp_path / "other", "--sas-git", "--kpt").returncode == 2


def test_init_writes_a_package_of_kpt_and_says_what_another_one_lacks(modelyard: Command, tmp_path: Path) -> None:
    done = modelyard("init", tmp_path / "risk", "--kpt")
    assert done.returncode == 0, done.stderr
    assert "MY504" not in done.stderr
    names = sorted(each.name for each in (tmp_path / "risk").iterdir())
    assert names == [".krmignore", "Kptfile", "models-generator.yaml", "models.schema.json", "models.yaml"]
    assert "models.yaml" in (tmp_path / "risk" / ".krmignore").read_text("utf-8").splitlines()
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / ".krmignore").write_text("generated/\n", "utf-8")
    (tmp_path / "old" / "Kptfile").write_text("apiVersion: kpt.dev/v1\nkind: Kptfile\n", "utf-8")
    done = modelyard("init", tmp_path / "old", "--kpt")
    assert done.returncode == 0
    assert done.stderr.count("[MY504]") == 2
    assert "add to it: models.yaml, models.schema.json\n" in done.stderr
    assert (tmp_path / "old" / ".krmignore").read_text("utf-8") == "generated/\n"


def test_show_names_an_unknown_model_and_hides_credentials(modelyard: Command, overlay: Path) -> None:
    done = modelyard("show", "chrun", cwd=overlay)
    assert (done.returncode, done.stdout) == (1, "")
    assert "[MY110]" in done.stderr
    assert "did you mean churn?" in done.stderr
    text = GOOD + '      env: {DB_PASSWORD: hunter2, DSN: "https://u:hunter2@x/"}\n      args: [--password=hunter2]\n'
    text += "      patches:\n        - target: {kind: Service}\n"
    text += "          ops: [{op: test, path: /x, value: {name: TOKEN, value: hunter2}}]\n"
    (overlay / "models.yaml").write_text(text, "utf-8")
    shown = modelyard("show", "churn", cwd=overlay)
    assert shown.returncode == 0
    assert "<hidden>" in shown.stdout
    assert "hunter2" not in shown.stdout + shown.stderr
    checked = modelyard("check", cwd=overlay)
    assert checked.returncode == 1
    assert "hunter2" not in checked.stdout + checked.stderr


def test_control_characters_do_not_reach_the_terminal(modelyard: Command, overlay: Path) -> None:
    (overlay / "models.yaml").write_text(GOOD.replace("r.io/churn:2.0.0", r'"\e[31m\u202ered"'), "utf-8")
    done = modelyard("check", cwd=overlay)
    assert done.returncode == 1
    assert "\x1b" not in done.stderr
    assert "\u202e" not in done.stderr
    assert "\\u001b[31m\\u202ered" in done.stderr


def test_stdout_is_one_stream_and_an_empty_set_is_refused(modelyard: Command, overlay: Path) -> None:
    done = modelyard("render", "--stdout", cwd=overlay)
    assert done.returncode == 0
    assert done.stdout.count("\n---\n") + 1 == done.stdout.count("\nkind: ")
    assert not (overlay / "generated").exists()
    (overlay / "models.yaml").write_text(GOOD.partition("  models:")[0] + "  models: []\n", "utf-8")
    empty = modelyard("render", "--stdout", cwd=overlay)
    assert (empty.returncode, empty.stdout) == (1, "")
    assert "[MY213]" in empty.stderr


def test_a_reader_that_goes_away_is_no_bug(run: Command, overlay: Path) -> None:
    text = GOOD + "".join(
        f"    - {{name: m{i}, image: 'm{i}:1.0.0', targets: {{knative: {{minScale: 1}}}}}}\n" for i in range(300)
    )
    (overlay / "models.yaml").write_text(text, "utf-8")
    done = run(
        "bash",
        "-c",
        f"{sys.executable} -m modelyard render --stdout | head -c 10; exit ${{PIPESTATUS[0]}}",
        cwd=overlay,
    )
    assert "Traceback" not in done.stderr
    assert "a bug" not in done.stderr


def test_version_and_schema(modelyard: Command) -> None:
    assert modelyard("--version").stdout.startswith("modelyard 0.")
    assert '"$schema"' in modelyard("schema").stdout


def test_a_bug_is_one_line_without_its_text(run: Command, overlay: Path) -> None:
    code = "from modelyard import api, cli\ndef fail(_, **__): raise RuntimeError('hunter2')\napi.check = fail\n"
    code += "import sys; sys.argv = ['modelyard', 'check']; cli.main()"
    done = run(sys.executable, "-c", code, cwd=overlay, env={"MODELYARD_TRACEBACK": ""})
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (3, "", 1)
    assert done.stderr.startswith("modelyard: a bug in modelyard (RuntimeError); please report it")
    assert "hunter2" not in done.stderr
    traced = run(sys.executable, "-c", code, cwd=overlay, env={"MODELYARD_TRACEBACK": "1"})
    assert "Traceback" in traced.stderr
