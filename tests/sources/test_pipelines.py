"""The samples of pipelines, run as their hosts run them: MLflow, a private registry and Git over HTTP are real."""

import json
import shutil
import sys
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from tests.conftest import CACHE, ROOT, need
from tests.support import git_server, pipelines, promotions, registries
from tests.support.consoles import blocks, read
from tests.support.forges import Forge
from tests.support.mlflow_server import Team
from tests.support.pipelines import PIPELINES, READ, TRACKING, WRITE, Host, Ran
from tests.support.promotions import Project
from tests.support.registries import PASSWORD, USER
from tests.targets.test_savedmodel_image import MODEL

pytestmark = pytest.mark.slow
REGISTRY: Final = CACHE / "registry-v3.1.1" / "registry"
SECRETS: Final = (READ, WRITE, TRACKING, PASSWORD)
PINNED: Final = promotions.SET.replace("percent: 100}", "percent: 100, source: {mlflow: {version: 1}}}")
WELLS: Final = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: wells}
spec:
  registry: HOST
  models:
    - name: well-failure
      runtime: tensorflow
      source: {path: export/8}
      variants: [{name: champion, image: "well-failure:7", version: 7, percent: 100}]
      targets: {openshift: {}}
"""
# A builder that pushes an image without content, another one each time.
BUILDER: Final = f"""\
#!{sys.executable}
import os, sys
sys.path.insert(0, "ROOT")
from tests.support import registries
if sys.argv[1] == "push":
    host, _, name = sys.argv[-1].partition("/")
    registries.put(host, name, str(os.getpid()), login=({USER!r}, {PASSWORD!r}))
"""
NUMBERS: Final = count(1)


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[str]:
    with registries.real(need(REGISTRY, "`make tools` builds it"), tmp_path / "registry", private=True) as host:
        yield host


class Scene(NamedTuple):
    """A pipeline, a project that it is for, what the team does in MLflow, and the site with the pull requests."""

    name: str
    project: Project
    team: Team
    forge: Forge
    host: Host
    model: str

    def run(self) -> Ran:
        """Run the pipeline once; no secret may show."""
        ran = PIPELINES[self.name](self.host)
        assert not [each for each in SECRETS if each in ran.text], ran.text
        return ran

    def champion(self, *, image: bool = True) -> tuple[str, str]:
        """Register a version, with an image in the registry, and let it be the champion; return it and its digest."""
        version = self.team.version(self.model)
        found = ""
        if image:
            login = (USER, PASSWORD)
            found = registries.put(self.project.host, f"models/churn:{version}", f"{self.model} {version}", login=login)
        self.team.client.set_registered_model_alias(self.model, "champion", version)
        return version, found


@pytest.fixture(params=PIPELINES)
def scene(request: pytest.FixtureRequest, team: Team, registry: str, tmp_path: Path) -> Iterator[Scene]:
    need(git_server.BACKEND, "install git")
    model = f"pipeline-{next(NUMBERS)}"
    project = Project(tmp_path, registry, source=f"{{mlflow: {{model: {model}, alias: champion}}}}", text=PINNED)
    forge = Forge(tmp_path / "site", "glab" if request.param == "gitlab" else "gh", WRITE)
    with git_server.serving(tmp_path, {READ: False, WRITE: True}) as address:
        folder = tmp_path / "runner"
        folder.mkdir()
        host = Host(folder, f"{address}/origin.git", forge.bin, team.url, registry, USER, PASSWORD)
        yield Scene(request.param, project, team, forge, host, model)


def test_a_champion_becomes_one_pull_request_however_often_it_runs(scene: Scene) -> None:
    scene.champion()
    ran = scene.run()
    assert (ran.code, scene.project.branches(), scene.forge.requests) == (0, {}, []), ran.text

    version, digest = scene.champion()
    ran = scene.run()
    assert ran.code == 0, ran.text
    branch = f"modelyard/churn-{version}-{digest[7:15]}"
    assert list(scene.project.branches()) == [branch]
    (request,) = scene.forge.requests
    assert (request["branch"], request["title"]) == (branch, f"churn: propose {version} as challenger")
    assert f"churn:{version}@{digest}" in request["text"]
    first = scene.project.branches()
    ran = scene.run()
    assert (ran.code, scene.project.branches()) == (0, first), ran.text
    assert [each["branch"] for each in scene.forge.requests] == [branch]

    newest, digest = scene.champion()
    assert scene.run().code == 0
    assert set(scene.project.branches()) == {branch, f"modelyard/churn-{newest}-{digest[7:15]}"}
    states = {each["branch"]: each["state"] for each in scene.forge.requests}
    assert states.pop(branch) == "CLOSED"
    assert len(states) == 1


def test_without_an_image_nothing_is_proposed(scene: Scene) -> None:
    scene.champion()
    scene.champion(image=False)
    ran = scene.run()
    assert ran.code != 0
    assert "has no image: its registry has no churn:2 [MY781]" in ran.text, ran.text
    assert "modelyard image" not in ran.text, "it builds images of TensorFlow Serving alone"
    assert (scene.project.branches(), scene.forge.requests) == ({}, [])


def test_a_registry_of_models_that_is_down_fails_the_pipeline(scene: Scene) -> None:
    ran = scene._replace(host=scene.host._replace(tracking="http://127.0.0.1:9")).run()
    assert ran.code != 0
    assert "127.0.0.1:9" in ran.text, ran.text
    assert (scene.project.branches(), scene.forge.requests) == ({}, [])


@pytest.fixture
def wells(team: Team, registry: str, tmp_path: Path) -> Iterator[Scene]:
    """Return the workflow of GitHub with a model whose image has to be built, from a folder of the repository."""
    need(git_server.BACKEND, "install git")
    project = Project(tmp_path, registry, text=WELLS)
    shutil.copytree(MODEL, project.file().with_name("export") / "8")
    project.commit("The model")
    forge = Forge(tmp_path / "site", "gh", WRITE)
    builder = forge.bin / "buildah"
    builder.write_text(BUILDER.replace("ROOT", str(ROOT)), "utf-8")
    builder.chmod(0o755)
    with git_server.serving(tmp_path, {READ: False, WRITE: True}) as address:
        folder = tmp_path / "runner"
        folder.mkdir()
        host = Host(folder, f"{address}/origin.git", forge.bin, team.url, registry, USER, PASSWORD, build="true")
        yield Scene("github", project, team, forge, host, "well-failure")


def test_an_image_that_is_not_there_is_built_once(wells: Scene) -> None:
    ran = wells.run()
    assert ran.code == 0, ran.text
    (branch,) = wells.project.branches()
    assert branch.startswith("modelyard/well-failure-8-")
    assert ran.text.count("built and pushed") == 1
    ran = wells.run()
    assert (ran.code, list(wells.project.branches())) == (0, [branch]), ran.text
    assert "built and pushed" not in ran.text, "it would have another digest"


def test_each_sample_is_run() -> None:
    assert {path.stem for path in pipelines.SAMPLES.glob("*.yaml")} == set(PIPELINES)


def test_mlflow_calls_the_trigger_of_a_gitlab_pipeline_when_an_alias_moves(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", team.url)
    (program,) = blocks(read("docs/how-to/pipelines.md"), "py")
    path = "/api/v4/projects/7/ref/main/trigger/pipeline"
    with registries.Stub() as gitlab:
        gitlab.answers[f"POST {path}"] = (201, {}, b"{}")
        exec(program.replace("https://gitlab.example.com", f"http://{gitlab.host}"), {})  # noqa: S102 - the page's own
        team.client.set_registered_model_alias("hooked", "champion", team.version("hooked"))
        end = time.monotonic() + 30
        while not gitlab.seen:
            assert time.monotonic() < end, "the webhook was not called"
            time.sleep(0.1)
    ((asked, body),) = gitlab.seen
    assert asked == f"POST {path}?token=TOKEN"
    assert json.loads(body)["data"] == {"name": "hooked", "alias": "champion", "version": "1"}
