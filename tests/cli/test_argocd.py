"""render --argocd: an Application for each overlay, and the settings that Argo CD lacks."""

import shutil
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.conftest import ROOT, Run

SET: Final = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: NAME}
spec:
  namespace: scoring
  models:
    - {name: churn, image: "registry.example.com/churn:1", runtime: pcr, targets: {TARGET}}
"""
LISTED: Final = "components: [generated]\n"
ORIGIN: Final = "https://robot:s3cr3t-t0ken@git.example.com/models.git"


@pytest.fixture
def repository(tmp_path: Path, run: Run) -> Path:
    """Return a Git repository with a remote, whose address has credentials."""
    assert run("git", "init", "-q", tmp_path).returncode == 0
    assert run("git", "-C", tmp_path, "remote", "add", "origin", ORIGIN).returncode == 0
    return tmp_path


def overlay(folder: Path, name: str = "risk", target: str = "knative: {minScale: 1}") -> Path:
    """Make an overlay."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "models.yaml").write_text(SET.replace("NAME", name).replace("TARGET", target), "utf-8")
    (folder / "kustomization.yaml").write_text(LISTED, "utf-8")
    return folder


def read(path: Path) -> Any:
    """Return what a file holds."""
    return yaml.safe_load(path.read_text("utf-8"))


def test_each_overlay_gets_an_application(repository: Path, modelyard: Run) -> None:
    shutil.copytree(ROOT / "overlays", repository / "deploy")
    overlays = [each for name in ("dev", "prod", "sagemaker") for each in ("-f", f"deploy/{name}")]
    done = modelyard("render", *overlays, "--argocd", "argocd", cwd=repository)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert {each.name for each in (repository / "argocd").iterdir()} == {
        "application-risk-dev.yaml", "application-risk-prod.yaml", "application-risk-sagemaker.yaml",
        "argocd-cm-patch.yaml",
    }  # fmt: skip
    prod = read(repository / "argocd" / "application-risk-prod.yaml")
    assert prod["spec"]["source"] == {
        "repoURL": "https://git.example.com/models.git", "path": "deploy/prod", "targetRevision": "HEAD",
    }  # fmt: skip
    assert prod["spec"]["destination"]["namespace"] == "model-inference"
    assert prod["spec"]["syncPolicy"] == {"syncOptions": ["PruneLast=true"]}
    assert [each["kind"] for each in prod["spec"]["ignoreDifferences"]] == ["HTTPRoute", "PodMonitor", "Service"]
    assert "ignoreDifferences" not in read(repository / "argocd" / "application-risk-sagemaker.yaml")["spec"]
    everything = "".join(each.read_text("utf-8") for each in (repository / "argocd").iterdir())
    assert "s3cr3t" not in everything + done.stderr
    assert "argocd" not in "".join(str(each) for each in (repository / "deploy").rglob("*"))


def test_what_is_written_is_argo_cd_s_by_its_definition(repository: Path, modelyard: Run) -> None:
    overlay(repository / "prod")
    assert modelyard("render", "-f", "prod", "--argocd", "argocd", cwd=repository).returncode == 0
    file = repository / "argocd" / "application-risk-prod.yaml"
    assert modelyard("check", file, repository / "argocd" / "argocd-cm-patch.yaml", "--strict").returncode == 0
    file.write_text(file.read_text("utf-8").replace("jqPathExpressions", "jqPathExpression"), "utf-8")
    assert "jqPathExpression" in modelyard("check", file).stderr


@pytest.mark.parametrize(
    ("folder", "name", "application"),
    [
        ("prod", "risk", "risk-prod"),
        ("prod", "risk-prod", "risk-prod"),
        ("prod", "prod", "prod"),
        ("a/EU_West 1", "risk", "risk-eu-west-1"),
        (".", "risk", "risk"),
    ],
)
def test_an_application_is_named_by_its_set_and_folder(
    repository: Path, modelyard: Run, folder: str, name: str, application: str
) -> None:
    overlay(repository / folder, name)
    done = modelyard("render", "-f", folder, "--argocd", "argocd", cwd=repository)
    assert done.returncode == 0, done.stderr
    found = read(repository / "argocd" / f"application-{application}.yaml")
    assert (found["metadata"]["name"], found["spec"]["source"]["path"]) == (application, folder)


def test_the_namespace_may_be_the_kustomization_s(repository: Path, modelyard: Run) -> None:
    folder = overlay(repository / "prod")
    text = (folder / "models.yaml").read_text("utf-8").replace("  namespace: scoring\n", "")
    (folder / "models.yaml").write_text(text, "utf-8")
    refused = modelyard("render", "-f", "prod", "--argocd", "argocd", cwd=repository)
    assert refused.returncode == 1
    assert "names no namespace" in refused.stderr
    assert not (folder / "generated").exists()
    (folder / "kustomization.yaml").write_text(f"namespace: elsewhere\n{LISTED}", "utf-8")
    assert modelyard("render", "-f", "prod", "--argocd", "argocd", cwd=repository).returncode == 0
    found = read(repository / "argocd" / "application-risk-prod.yaml")
    assert found["spec"]["destination"]["namespace"] == "elsewhere"


def test_check_writes_nothing_and_tells_what_differs(repository: Path, modelyard: Run) -> None:
    overlay(repository / "prod")
    command = ("render", "-f", "prod", "--argocd", "argocd")
    assert modelyard("render", "-f", "prod", cwd=repository).returncode == 0
    before = modelyard(*command, "--check", cwd=repository)
    assert before.returncode == 1
    assert "+++ b/argocd/application-risk-prod.yaml" in before.stdout
    assert not (repository / "argocd").exists()
    assert modelyard(*command, cwd=repository).returncode == 0
    after = modelyard(*command, "--check", cwd=repository)
    assert (after.returncode, after.stdout) == (0, "")
    file = repository / "argocd" / "application-risk-prod.yaml"
    file.write_text(file.read_text("utf-8").replace("HEAD", "v1"), "utf-8")
    changed = modelyard(*command, "--check", cwd=repository)
    assert changed.returncode == 1
    assert "+    targetRevision: HEAD" in changed.stdout


def test_what_has_not_changed_is_not_written_again(repository: Path, modelyard: Run) -> None:
    overlay(repository / "prod")
    command = ("render", "-f", "prod", "--argocd", "argocd")
    assert modelyard(*command, cwd=repository).returncode == 0
    before = {each: each.stat().st_ino for each in (repository / "argocd").iterdir()}
    again = modelyard(*command, cwd=repository)
    assert "nothing has changed in argocd" in again.stderr
    assert {each: each.stat().st_ino for each in (repository / "argocd").iterdir()} == before


def test_files_of_others_stay(repository: Path, modelyard: Run) -> None:
    overlay(repository / "prod")
    (repository / "argocd").mkdir()
    (repository / "argocd" / "project.yaml").write_text("kind: AppProject\n", "utf-8")
    theirs = repository / "argocd" / "application-risk-prod.yaml"
    theirs.write_text("kind: Application # by hand\n", "utf-8")
    for option in ((), ("--check",)):
        refused = modelyard("render", "-f", "prod", "--argocd", "argocd", *option, cwd=repository)
        assert refused.returncode == 1
        assert "argocd/application-risk-prod.yaml was not written by modelyard" in refused.stderr
    assert theirs.read_text("utf-8") == "kind: Application # by hand\n"
    assert not (repository / "prod" / "generated").exists()
    theirs.unlink()
    assert modelyard("render", "-f", "prod", "--argocd", "argocd", cwd=repository).returncode == 0
    assert (repository / "argocd" / "project.yaml").read_text("utf-8") == "kind: AppProject\n"


def test_what_no_application_could_say_is_an_error(repository: Path, modelyard: Run, run: Run) -> None:
    overlay(repository / "prod")
    overlay(repository / "a" / "prod")
    both = modelyard("render", "-f", "prod", "-f", "a/prod", "--argocd", "argocd", cwd=repository)
    assert "both give the Application risk-prod" in both.stderr
    assert modelyard("render", "-f", "prod", cwd=repository).returncode == 0
    inside = modelyard("render", "-f", "prod", "--argocd", "prod/generated/argocd", cwd=repository)
    assert "MY412" in inside.stderr
    (repository / "a" / "prod" / "kustomization.yaml").unlink()
    bare = modelyard("render", "-f", "a/prod", "--argocd", "argocd", cwd=repository)
    assert "has no kustomization, so Argo CD would apply models.yaml itself" in bare.stderr
    assert run("git", "-C", repository, "remote", "remove", "origin").returncode == 0
    lone = modelyard("render", "-f", "prod", "--argocd", "argocd", cwd=repository)
    assert "git remote add origin" in lone.stderr
    shutil.rmtree(repository / ".git")
    without = modelyard("render", "-f", "prod", "--argocd", "argocd", cwd=repository)
    assert "MY721" in without.stderr
    assert {each.returncode for each in (both, inside, bare, lone, without)} == {1}
    assert not (repository / "argocd").exists()
