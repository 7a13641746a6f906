"""What comes next: a command that has written files says so in a line or two, on standard error."""

from pathlib import Path

import pytest

from modelyard import api
from modelyard.api.commands import Outcome
from modelyard.cli.next_steps import CONTROLLERS, EXTENSIONS, after_render, needed
from modelyard.cli.outcomes import finish
from modelyard.cluster.apply import Applied
from modelyard.targets import TARGETS, target
from tests.conftest import ROOT, Run
from tests.support.plugin_calls import MODELS

# What every cluster has, and acts on.
OF_KUBERNETES = {"", "apps", "batch", "policy", "networking.k8s.io", "autoscaling", "rbac.authorization.k8s.io"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "models.yaml").write_text(MODELS, "utf-8")
    (tmp_path / "kustomization.yaml").write_text("components: [generated]\n", "utf-8")
    return tmp_path


def said(modelyard: Run, folder: Path, *options: str) -> list[str]:
    done = modelyard("render", *options, cwd=folder)
    assert (done.returncode, done.stdout) == (0, "")
    return [line for line in done.stderr.splitlines() if line.startswith(("Next: ", "In CI: "))]


def test_init_says_that_the_file_is_to_be_changed_and_rendered(modelyard: Run, tmp_path: Path) -> None:
    done = modelyard("init", "x", cwd=tmp_path)
    assert done.stderr.splitlines()[-1] == "Next: change x/models.yaml, then run: modelyard render -f x"


def test_render_says_how_to_apply_what_the_cluster_needs_and_how_ci_guards_it(modelyard: Run, folder: Path) -> None:
    assert said(modelyard, folder) == [
        "Next: kubectl apply -k .; the cluster needs Knative Serving",
        "In CI: modelyard render --check -f .",
    ]
    assert modelyard("render", "--check", "-f", ".", cwd=folder).returncode == 0


def test_a_render_that_changes_nothing_says_nothing_more(modelyard: Run, folder: Path) -> None:
    said(modelyard, folder)
    assert said(modelyard, folder) == []


@pytest.mark.parametrize("kustomization", [None, "resources: []\n"])
def test_render_names_the_list_that_must_name_generated(
    kustomization: str | None, modelyard: Run, folder: Path
) -> None:
    (folder / "kustomization.yaml").unlink()
    if kustomization:
        (folder / "kustomization.yaml").write_text(kustomization, "utf-8")
    first = said(modelyard, folder)[0]
    assert first.startswith(
        "Next: list generated under components: in kustomization.yaml, then run: kubectl apply -k ."
    )


def test_a_kustomization_that_calls_the_plugin_needs_no_folder(modelyard: Run, folder: Path) -> None:
    plugin = ROOT / "tests" / "kustomize" / "builds" / "plugin-krm"
    for path in plugin.glob("*.yaml"):
        (folder / path.name).write_text(path.read_text("utf-8"), "utf-8")
    assert said(modelyard, folder) == ["In CI: modelyard render --check -f ."]


def test_several_sets_have_a_line_each_and_one_guard(modelyard: Run, tmp_path: Path) -> None:
    for name in ("a b", "c"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "models.yaml").write_text(MODELS, "utf-8")
        (tmp_path / name / "kustomization.yaml").write_text("components: [generated]\n", "utf-8")
    assert said(modelyard, tmp_path, "-f", "a b", "-f", "c") == [
        "Next: kubectl apply -k 'a b'; the cluster needs Knative Serving",
        "Next: kubectl apply -k c; the cluster needs Knative Serving",
        "In CI: modelyard render --check -f 'a b' -f c",
    ]


def test_site_config_is_installed_next(modelyard: Run, tmp_path: Path) -> None:
    text = (ROOT / "overlays" / "viya" / "models.yaml").read_text("utf-8").replace("2026-12-31", "2999-12-31")
    (tmp_path / "models.yaml").write_text(text, "utf-8")
    assert said(modelyard, tmp_path)[0] == "Next: modelyard site-config install DEPLOY -f ."


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_what_a_target_needs_of_the_cluster_is_known(name: str) -> None:
    groups = {each.api_version.rpartition("/")[0] for each in target(name).KINDS}
    assert groups - OF_KUBERNETES - set(EXTENSIONS) == set()


def test_what_the_cluster_needs_is_said_once() -> None:
    kinds = [("serving.knative.dev", "Service"), ("serving.knative.dev", "Route"), ("networking.k8s.io", "Ingress")]
    assert needed(kinds) == ["Knative Serving", "an ingress controller"]
    assert needed([("", "Service"), ("apps", "Deployment")]) == []
    assert set(CONTROLLERS) == {"Ingress", "HorizontalPodAutoscaler"}


@pytest.mark.parametrize("waited", [False, True])
def test_an_apply_that_did_not_wait_says_where_readiness_is_seen(
    capsys: pytest.CaptureFixture[str], *, waited: bool
) -> None:
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "churn"}}
    outcome = Outcome(namespace="scoring", applied=[Applied(service, "created")])
    finish(outcome, waited=waited)
    printed = capsys.readouterr()
    assert printed.out == "scoring: 1 created\n"
    assert printed.err == ("" if waited else "Next: modelyard list -n scoring says what is ready\n")


def test_render_says_how_long_kustomize_takes_for_many_objects(folder: Path) -> None:
    text = "---\n".join(["apiVersion: v1\nkind: ConfigMap\n"] * 3_000)
    component = "# Written\napiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
    content = {"models/a.yaml": text, "kustomization.yaml": component, "site-config/b.yaml": text}
    few = api.Rendering(None, [], content={"models/a.yaml": text[:1_000]})
    lines = after_render({folder: api.Rendering(None, [], content=content)})
    assert [line for line in lines if "about 12 s for 3,000 objects" in line] == lines[-2:-1]
    assert not [line for line in after_render({folder: few}) if "kustomize takes" in line]
