"""The samples of pipelines are what their hosts take: by the checkers and definitions of each, and with few rights."""

import lzma
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.conftest import CACHE, ROOT, Run, need
from tests.support.consoles import blocks, read
from tests.support.pipelines import SAMPLES, documents

pytestmark = pytest.mark.long

ACTIONLINT: Final = CACHE / "actionlint-v1.7.12" / "actionlint"
WORKFLOWS: Final = {
    "github.yaml": (SAMPLES / "github.yaml").read_text("utf-8"),
    "ci.md": next(each for each in blocks(read("docs/how-to/ci.md"), "yaml") if "runs-on" in each),
}


def actionlint(folder: Path, text: str) -> subprocess.CompletedProcess[str]:
    """Return what actionlint says of a workflow."""
    program = need(ACTIONLINT, "`make tools` builds it")
    (folder / "workflow.yaml").write_text(text, "utf-8")
    words = [str(program), "-no-color", "-shellcheck=", "-pyflakes=", "workflow.yaml"]
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_is_one_of_github(name: str, tmp_path: Path) -> None:
    done = actionlint(tmp_path, WORKFLOWS[name])
    assert (done.returncode, done.stdout) == (0, "")
    done = actionlint(tmp_path, WORKFLOWS[name].replace("runs-on:", "run-on:"))
    assert (done.returncode, "run-on" in done.stdout) == (1, True)


def test_the_workflow_has_the_rights_that_its_jobs_need_and_no_input_stands_in_a_script() -> None:
    source = yaml.safe_load(WORKFLOWS["github.yaml"])
    assert source["permissions"] == {}
    assert {name: job["permissions"] for name, job in source["jobs"].items()} == {
        "sources": {"contents": "read"},
        "propose": {"contents": "write", "pull-requests": "write"},
    }
    for job in source["jobs"].values():
        assert "timeout-minutes" in job
        assert not [step for step in job["steps"] if "${{" in step.get("run", "")]


@pytest.mark.parametrize("file", [SAMPLES / "gitlab.yaml", ROOT / "ci" / "gitlab.yml"], ids=lambda each: each.name)
def test_a_job_is_one_of_gitlab(file: Path, tmp_path: Path) -> None:
    copy = tmp_path / "wrong.yaml"
    copy.write_text(file.read_text("utf-8").replace("  rules:\n    - if:", "  rules:\n    - of:", 1), "utf-8")
    program = Path(sys.executable).with_name("check-jsonschema")
    for path, code in ((file, 0), (copy, 1)):
        words = [str(program), "--builtin-schema", "vendor.gitlab-ci", str(path)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stdout


def test_the_objects_of_the_cronjob_are_checked_as_strictly_as_those_of_models(modelyard: Run) -> None:
    done = modelyard("check", SAMPLES / "cronjob.yaml", "--strict")
    assert (done.returncode, done.stdout + done.stderr) == (0, f"{SAMPLES / 'cronjob.yaml'}: no problems\n")


def test_the_workflow_of_argo_is_one_by_its_full_definition(modelyard: Run, shared: Path, tmp_path: Path) -> None:
    packed = need(shared / "data" / "crds" / "workflowtemplates.argoproj.io.full.yaml.xz", "it is a fact of Argo's")
    with lzma.open(packed) as source, (tmp_path / "crd.yaml").open("wb") as target:
        shutil.copyfileobj(source, target)
    text = (SAMPLES / "argo.yaml").read_text("utf-8")
    # Of Argo's other two kinds there is no definition here.
    (tmp_path / "argo.yaml").write_text(text.partition("---\napiVersion: argoproj.io/v1alpha1\nkind: Cron")[0], "utf-8")
    done = modelyard("check", tmp_path / "argo.yaml", "--crds", tmp_path / "crd.yaml", "--strict")
    assert done.returncode == 0, done.stderr
    assert "no problems" in done.stderr
    wrong = text.replace("activeDeadlineSeconds", "deadline")
    (tmp_path / "argo.yaml").write_text(wrong, "utf-8")
    assert "deadline" in modelyard("check", tmp_path / "argo.yaml", "--crds", tmp_path / "crd.yaml", "--strict").stderr


def test_the_workflow_of_argo_runs_the_pod_of_the_cronjob() -> None:
    (job,) = (each for each in documents("cronjob.yaml") if each["kind"] == "CronJob")
    (workflow,) = (each["spec"] for each in documents("argo.yaml") if each["kind"] == "WorkflowTemplate")
    pod: dict[str, Any] = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    container = {key: value for key, value in pod["containers"][0].items() if key != "name"}
    assert workflow["templates"][0]["container"] == container
    for key in ("automountServiceAccountToken", "securityContext", "volumes", "serviceAccountName"):
        assert workflow[key] == pod[key]


@pytest.mark.parametrize("name", ["cronjob.yaml", "argo.yaml"])
def test_no_secret_stands_in_a_sample_and_no_token_of_the_cluster_in_its_pod(name: str) -> None:
    for each in documents(name):
        if each["kind"] == "ServiceAccount":
            assert each["automountServiceAccountToken"] is False
        assert "data" not in each
        assert "stringData" not in each
