"""site-config install, remove and status, as commands, on a deployment with the shape of SAS Viya."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.support import viya
from tests.support.folders import state
from tests.targets.test_viya import README

pytestmark = pytest.mark.long

Modelyard = Callable[..., CompletedProcess[str]]
ENTRY = "site-config/modelyard-risk"
PYTHON = README[: README.index("\n    restore:")]
BREADCRUMB = "/models/resources/viya/RestoreBreadcrumb.txt"


@pytest.fixture
def deploy(shared: Path, tmp_path: Path) -> Path:
    return viya.deployment(shared, tmp_path / "deploy")


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return viya.models_file(tmp_path / "models", (README % "model-repository").replace("2026-12-31", "2999-12-31"))


def install(modelyard: Modelyard, deploy: Path, models: Path) -> CompletedProcess[str]:
    return modelyard("site-config", "install", deploy, "-f", models, "--no-check", "--yes")


def test_install_adds_one_line_and_a_folder(modelyard: Modelyard, deploy: Path, models: Path, kustomize: Path) -> None:
    before = (deploy / "kustomization.yaml").read_bytes()
    done = install(modelyard, deploy, models)
    assert done.returncode == 0, done.stderr
    after = (deploy / "kustomization.yaml").read_bytes()
    assert after.startswith(before)
    assert ENTRY in after[len(before) :].decode()
    assert after[len(before) :].count(b"\n") == 2, "the key and the entry"
    assert {path.name for path in (deploy / ENTRY).iterdir()} == {"kustomization.yaml", "transformers.yaml"}
    assert viya.config_map(viya.build(kustomize, deploy), "sas-restore-job-parameters")[1]["SAS_BACKUP_ID"]


def test_the_diff_is_what_is_done(modelyard: Modelyard, deploy: Path, models: Path) -> None:
    done = install(modelyard, deploy, models)
    assert f"+  - {ENTRY}" in done.stdout or f"+- {ENTRY}" in done.stdout
    assert "+++ b/" in done.stdout
    assert "transformers.yaml" in done.stdout
    assert [line for line in done.stdout.split("\n") if line.startswith("-") and not line.startswith("---")] == []


def test_without_anybody_to_ask_nothing_is_done(modelyard: Modelyard, deploy: Path, models: Path) -> None:
    before = state(deploy)
    done = modelyard("site-config", "install", deploy, "-f", models, "--no-check")
    assert done.returncode == 2
    assert "--yes" in done.stderr
    assert state(deploy) == before


def test_a_second_install_does_nothing(modelyard: Modelyard, deploy: Path, models: Path) -> None:
    assert install(modelyard, deploy, models).returncode == 0
    before = state(deploy)
    done = install(modelyard, deploy, models)
    assert (done.returncode, done.stdout) == (0, "")
    assert "nothing to do" in done.stderr
    assert state(deploy) == before


@pytest.mark.parametrize("ends", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_remove_gives_the_file_back(modelyard: Modelyard, deploy: Path, models: Path, ends: str) -> None:
    path = deploy / "kustomization.yaml"
    before = path.read_bytes().replace(b"\n", ends.encode())
    path.write_bytes(before)
    path.chmod(0o640)
    assert install(modelyard, deploy, models).returncode == 0
    assert path.read_bytes() != before
    done = modelyard("site-config", "remove", deploy, "-f", models, "--yes")
    assert done.returncode == 0, done.stderr
    assert path.read_bytes() == before
    assert path.stat().st_mode & 0o777 == 0o640
    assert not (deploy / ENTRY).exists()


def test_remove_restore_takes_the_restore_alone(
    modelyard: Modelyard, deploy: Path, models: Path, kustomize: Path
) -> None:
    assert install(modelyard, deploy, models).returncode == 0
    listed = (deploy / "kustomization.yaml").read_bytes()
    done = modelyard("site-config", "remove", deploy, "-f", models, "--restore", "--yes")
    assert done.returncode == 0, done.stderr
    assert (deploy / "kustomization.yaml").read_bytes() == listed
    objects = viya.build(kustomize, deploy)
    assert "SAS_BACKUP_ID" not in viya.config_map(objects, "sas-restore-job-parameters")[1]
    volumes = viya.pod(objects["apps", "Deployment", "sas-model-repository"])["volumes"]
    assert "python-volume" in [each["name"] for each in volumes]
    assert "restore mode is off" in modelyard("site-config", "status", deploy).stdout


@pytest.mark.parametrize("restore", [(), ("--restore",)], ids=["all", "restore"])
def test_remove_without_a_models_file_takes_what_status_shows(
    modelyard: Modelyard, deploy: Path, models: Path, tmp_path: Path, restore: tuple[str, ...]
) -> None:
    before = (deploy / "kustomization.yaml").read_bytes()
    assert install(modelyard, deploy, models).returncode == 0
    empty = tmp_path / "empty"
    empty.mkdir()
    if not restore:
        (models / "models.yaml").rename(models / "gone.yaml")  # the set's name is all that is needed
    done = modelyard("site-config", "remove", deploy, *restore, "--yes", cwd=empty)
    assert done.returncode == 0, done.stderr
    status = modelyard("site-config", "status", deploy).stdout
    if restore:
        assert "set risk" in status
        assert "restore mode is off" in status
        assert "models.yaml:8:5: this restore is still declared" in done.stderr
    else:
        assert (deploy / "kustomization.yaml").read_bytes() == before
        again = modelyard("site-config", "remove", deploy, "--yes", cwd=empty)
        assert (again.returncode, again.stdout) == (0, "")
        assert "nothing to do" in again.stderr


def test_remove_of_one_of_several_sets_needs_its_models_file(
    modelyard: Modelyard, deploy: Path, models: Path, tmp_path: Path
) -> None:
    assert install(modelyard, deploy, models).returncode == 0
    other = tmp_path / "other"
    other.mkdir()
    text = (models / "models.yaml").read_text("utf-8")
    (other / "models.yaml").write_text(text.replace("name: risk", "name: fraud"), "utf-8")
    assert install(modelyard, deploy, other).returncode == 0
    before = state(deploy)
    done = modelyard("site-config", "remove", deploy, "--yes", cwd=tmp_path)
    refused(done, "MY644")
    assert "several sets: fraud, risk" in done.stderr
    assert state(deploy) == before
    assert modelyard("site-config", "remove", deploy, "--yes", cwd=other).returncode == 0
    assert not (deploy / "site-config" / "modelyard-fraud").exists()
    assert (deploy / ENTRY).exists()


def test_remove_restore_says_that_the_models_file_is_not_known(
    modelyard: Modelyard, deploy: Path, models: Path, tmp_path: Path
) -> None:
    assert install(modelyard, deploy, models).returncode == 0
    path = deploy / ENTRY / "kustomization.yaml"
    kept = [line for line in path.read_text("utf-8").splitlines(keepends=True) if "# Models file:" not in line]
    path.write_text("".join(kept), "utf-8")
    done = modelyard("site-config", "remove", deploy, "--restore", "--yes", cwd=tmp_path)
    refused(done, "MY644")
    assert "name the models file with -f" in done.stderr


def test_status_tells_what_is_there(modelyard: Modelyard, deploy: Path, models: Path) -> None:
    assert "has no site-config of modelyard" in modelyard("site-config", "status", deploy).stdout
    assert install(modelyard, deploy, models).returncode == 0
    done = modelyard("site-config", "status", deploy)
    assert done.returncode == 0
    assert "set risk, from ../models/models.yaml" in done.stdout
    assert "SAS_DEPLOYMENT_START_MODE is RESTORE" in done.stdout
    assert BREADCRUMB in done.stdout


def test_status_finds_what_is_half_there(modelyard: Modelyard, deploy: Path, models: Path) -> None:
    before = (deploy / "kustomization.yaml").read_bytes()
    assert install(modelyard, deploy, models).returncode == 0
    (deploy / "kustomization.yaml").write_bytes(before)
    done = modelyard("site-config", "status", deploy)
    assert done.returncode == 1
    assert f"{ENTRY} is there, but components: does not list it [MY643]" in done.stderr


# ------------------------------------------------------------ what is installed is guarded


def status(modelyard: Modelyard, deploy: Path) -> CompletedProcess[str]:
    return modelyard("site-config", "status", deploy)


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def test_install_check_prints_the_diff_asks_nobody_and_writes_nothing(
    modelyard: Modelyard, deploy: Path, models: Path
) -> None:
    before = state(deploy)
    done = modelyard("site-config", "install", deploy, "-f", models, "--check")
    assert done.returncode == 1
    assert ENTRY in done.stdout
    assert state(deploy) == before
    printed = done.stdout
    assert install(modelyard, deploy, models).stdout == printed
    done = modelyard("site-config", "install", deploy, "-f", models, "--check")
    assert (done.returncode, done.stdout) == (0, "")
    for more in ("--yes", "--no-check"):
        assert modelyard("site-config", "install", deploy, "-f", models, "--check", more).returncode == 2


def test_a_models_file_that_has_changed_since_is_found(modelyard: Modelyard, deploy: Path, models: Path) -> None:
    assert install(modelyard, deploy, models).returncode == 0
    edit(models / "models.yaml", "path: /vol/python", "path: /vol/other")
    done = status(modelyard, deploy)
    assert done.returncode == 1
    assert f"{ENTRY} is not what" in done.stderr
    assert "[MY645]" in done.stderr
    done = modelyard("site-config", "install", deploy, "-f", models, "--check")
    assert done.returncode == 1
    assert "+        path: /vol/other" in done.stdout


@pytest.mark.parametrize("file", ["transformers.yaml", "kustomization.yaml"])
def test_an_installed_file_that_was_edited_is_found(
    modelyard: Modelyard, deploy: Path, models: Path, file: str
) -> None:
    assert install(modelyard, deploy, models).returncode == 0
    path = deploy / ENTRY / file
    path.write_text(path.read_text("utf-8") + "# by hand\n", "utf-8")
    done = status(modelyard, deploy)
    assert (done.returncode, "[MY645]" in done.stderr) == (1, True)
    done = modelyard("site-config", "install", deploy, "-f", models, "--check")
    assert (done.returncode, "-# by hand" in done.stdout) == (1, True)


def test_check_base_tells_of_another_installed_one_and_install_goes_on(
    modelyard: Modelyard, deploy: Path, models: Path, kustomize: Path
) -> None:
    path = {"PATH": f"{kustomize.parent}{os.pathsep}{os.environ['PATH']}"}
    check = ("check", "-f", models, "--base", deploy, "--strict")
    assert "MY645" not in modelyard(*check, env=path).stderr, "nothing is installed yet"
    assert install(modelyard, deploy, models).returncode == 0
    assert "MY645" not in modelyard(*check, env=path).stderr
    edit(models / "models.yaml", "path: /vol/python", "path: /vol/other")
    done = modelyard(*check, env=path)
    assert done.returncode == 1
    assert "warning: " in done.stderr
    assert "[MY645]" in done.stderr
    done = proven(modelyard, kustomize, deploy, models)
    assert (done.returncode, "MY645" in done.stderr) == (0, False)


def test_status_says_when_there_is_nothing_to_compare_with(modelyard: Modelyard, deploy: Path, models: Path) -> None:
    assert install(modelyard, deploy, models).returncode == 0
    file = models / "models.yaml"
    text = file.read_text("utf-8")
    head = text.partition("spec:")[0] + "spec: {allowEmpty: true}\n"
    for other, words in (
        (text.replace("name: risk", "name: fraud"), "is of the set risk, but its models file declares fraud"),
        (head, "declares none"),
        ("secret: geheim\n" + text, "../models/models.yaml has errors"),
        (None, "has no models file ../models/models.yaml to compare it with"),
    ):
        file.unlink() if other is None else file.write_text(other, "utf-8")
        done = status(modelyard, deploy)
        assert done.returncode == 1
        assert words in done.stderr
        assert "geheim" not in done.stderr, "the deployment names the file, so that no line of it is shown"


def test_a_restore_that_was_taken_out_does_not_come_back_by_itself(
    modelyard: Modelyard, deploy: Path, models: Path
) -> None:
    file = models / "models.yaml"
    assert install(modelyard, deploy, models).returncode == 0
    done = modelyard("site-config", "remove", deploy, "-f", models, "--restore", "--yes")
    assert f"{file}:8:5: this restore is still declared" in done.stderr
    removed = state(deploy)
    for tried in (
        install(modelyard, deploy, models),
        modelyard("site-config", "install", deploy, "-f", models, "--check"),
    ):
        refused(tried, "MY646")
        assert "take restore out of the file" in tried.stderr
        assert state(deploy) == removed
    done = status(modelyard, deploy)
    assert (done.returncode, "[MY646]" in done.stderr) == (1, True)

    declared = file.read_text("utf-8")
    file.write_text(declared[: declared.index("\n    restore:")] + "\n", "utf-8")
    assert status(modelyard, deploy).returncode == 0
    assert modelyard("site-config", "install", deploy, "-f", models, "--check").returncode == 0
    file.write_text(declared, "utf-8")
    refused(install(modelyard, deploy, models), "MY646")

    edit(file, "20261119-014500", "20261224-014500")
    assert install(modelyard, deploy, models).returncode == 0, "another restore"


def test_a_restore_comes_back_when_that_is_said(modelyard: Modelyard, deploy: Path, models: Path) -> None:
    assert install(modelyard, deploy, models).returncode == 0
    installed = state(deploy)
    assert modelyard("site-config", "remove", deploy, "-f", models, "--restore", "--yes").returncode == 0
    done = modelyard("site-config", "install", deploy, "-f", models, "--no-check", "--restore", "--yes")
    assert done.returncode == 0, done.stderr
    assert state(deploy) == installed


def test_a_restore_that_was_all_leaves_a_component_that_changes_nothing(
    modelyard: Modelyard, deploy: Path, models: Path, kustomize: Path
) -> None:
    before = viya.build(kustomize, deploy)
    edit(models / "models.yaml", PYTHON, "")
    assert install(modelyard, deploy, models).returncode == 0
    assert viya.build(kustomize, deploy) != before
    assert modelyard("site-config", "remove", deploy, "-f", models, "--restore", "--yes").returncode == 0
    for program in [kustomize, *sorted(kustomize.parent.parent.glob("kustomize-v4.5.7/kustomize"))]:
        assert viya.build(program, deploy) == before
    refused(install(modelyard, deploy, models), "MY646")


def test_taking_out_a_restore_installs_nothing(modelyard: Modelyard, deploy: Path, models: Path) -> None:
    before = state(deploy)
    done = modelyard("site-config", "remove", deploy, "-f", models, "--restore", "--yes")
    assert (done.returncode, done.stdout) == (0, "")
    assert state(deploy) == before


# ------------------------------------------------------------ what is refused


def refused(done: CompletedProcess[str], code: str) -> None:
    assert (done.returncode, done.stdout) == (1, "")
    assert f"[{code}]" in done.stderr


def test_a_mistake_in_the_models_file_changes_nothing(modelyard: Modelyard, deploy: Path, models: Path) -> None:
    path = models / "models.yaml"
    path.write_text(path.read_text("utf-8").replace("2999-12-31", "2020-01-01"), "utf-8")
    before = state(deploy)
    refused(install(modelyard, deploy, models), "MY234")
    assert state(deploy) == before


def test_a_set_without_viya_has_nothing_to_install(modelyard: Modelyard, deploy: Path, tmp_path: Path) -> None:
    head = "apiVersion: modelyard.dev/v1alpha1\nkind: ModelSet\nmetadata: {name: risk}\nspec: {allowEmpty: true}\n"
    (tmp_path / "models.yaml").write_text(head, "utf-8")
    refused(install(modelyard, deploy, tmp_path), "MY642")


def test_a_folder_without_kustomization_is_no_deployment(modelyard: Modelyard, models: Path, tmp_path: Path) -> None:
    done = install(modelyard, tmp_path, models)
    refused(done, "MY641")
    assert "viya4-deployment" in done.stderr


def test_a_linked_kustomization_is_refused(modelyard: Modelyard, deploy: Path, models: Path) -> None:
    path = deploy / "kustomization.yaml"
    path.rename(deploy / "real.yaml")
    path.symlink_to("real.yaml")
    before = state(deploy)
    refused(install(modelyard, deploy, models), "MY407")
    assert state(deploy) == before


def test_a_foreign_file_stops_the_install_and_the_removal(modelyard: Modelyard, deploy: Path, models: Path) -> None:
    assert install(modelyard, deploy, models).returncode == 0
    (deploy / ENTRY / "notes.txt").write_text("mine\n", "utf-8")
    (deploy / ENTRY / "transformers.yaml").unlink()
    refused(install(modelyard, deploy, models), "MY401")
    assert (deploy / ENTRY / "notes.txt").read_text("utf-8") == "mine\n"


# ------------------------------------------------------------ proven before it is installed


def proven(modelyard: Modelyard, kustomize: Path, deploy: Path, models: Path) -> CompletedProcess[str]:
    path = f"{kustomize.parent}{os.pathsep}{os.environ['PATH']}"
    return modelyard("site-config", "install", deploy, "-f", models, "--yes", env={"PATH": path})


def test_install_proves_the_effect_first(
    modelyard: Modelyard, deploy: Path, models: Path, kustomize: Path, shared: Path, tmp_path: Path
) -> None:
    assert proven(modelyard, kustomize, deploy, models).returncode == 0
    newest = viya.newest(shared, tmp_path / "newest")
    before = state(newest)
    done = proven(modelyard, kustomize, newest, models)
    refused(done, "MY608")
    assert "write restore.service: model-manager" in done.stderr
    assert state(newest) == before


def test_install_over_an_older_version_is_proven_too(
    modelyard: Modelyard, deploy: Path, models: Path, kustomize: Path
) -> None:
    """What is installed already is what will be replaced, and no patch that does the same a second time."""
    assert proven(modelyard, kustomize, deploy, models).returncode == 0
    path = models / "models.yaml"
    path.write_text(path.read_text("utf-8").replace("mountPath: /python", "mountPath: /opt/python"), "utf-8")
    done = proven(modelyard, kustomize, deploy, models)
    assert done.returncode == 0, done.stderr
    assert "mountPath: /opt/python" in (deploy / ENTRY / "transformers.yaml").read_text("utf-8")


def test_check_takes_a_build_that_is_there(
    modelyard: Modelyard, deploy: Path, models: Path, kustomize: Path, shared: Path, tmp_path: Path
) -> None:
    for folder, code in ((deploy, 0), (viya.newest(shared, tmp_path / "newest"), 1)):
        stream = subprocess.run([kustomize, "build", folder], capture_output=True, text=True, check=True).stdout
        for more in ((), ("--deploy", folder)):
            done = modelyard("check", "-f", models, "--base", "-", *more, stdin=stream, env={"PATH": "/nonexistent"})
            assert done.returncode == code, done.stderr
            assert ("model-manager" in done.stderr) is bool(code)


@pytest.mark.parametrize(
    ("viya_text", "code", "words"),
    [
        (
            "python: {volume: {emptyDir: {}}, mountPath: /p, services: [mas], config: {MAS_PYPATH: a, MAS_M2PATH: b}}",
            "MY622",
            "[mas]",
        ),
        (
            "python: {volume: {emptyDir: {}}, mountPath: /p, services: [model-repository]}",
            "MY615",
            "[model-repository]",
        ),
    ],
    ids=["mas without astores", "one volume name with two sources"],
)
def test_conflicts_with_the_base_have_both_places(
    modelyard: Modelyard, kustomize: Path, shared: Path, tmp_path: Path, viya_text: str, code: str, words: str
) -> None:
    deploy = viya.deployment(shared, tmp_path / "deploy", "older")
    models = viya.models_file(tmp_path / "models", f"\n    {viya_text}")
    done = proven(modelyard, kustomize, deploy, models)
    refused(done, code)
    text = (models / "models.yaml").read_text("utf-8")
    line = next(number for number, each in enumerate(text.split("\n"), 1) if words in each)
    column = text.split("\n")[line - 1].index(words) + 2
    assert f"{models}/models.yaml:{line}:{column}: " in done.stderr
