"""A champion on its way: from the alias in MLflow to a merged pull request, to all calls, and back again."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from tests.conftest import CACHE, CLUSTER, need
from tests.node.calls import answer, gateway
from tests.node.images import REGISTRY, Images
from tests.node.load import Load
from tests.support import forges, git_server, mlflow_server
from tests.support.cluster_scene import Scene
from tests.support.faulty_proxy import modelyard
from tests.support.mlflow_server import Team
from tests.support.pipelines import TRACKING, WRITE, documents
from tests.support.promotions import GIT, Project

SET: Final = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: risk}
spec:
  registry: HOST
  models:
    - name: churn
      path: /model
      runtime: pcr
      securityContext: {runAsUser: 1001}
      resources: {requests: {cpu: 10m, memory: 16Mi}, limits: {memory: 128Mi}}
      source: SOURCE
      variants:
        - {name: champion, image: "promoted:1", percent: 100, source: {mlflow: {version: 1}}}
      targets: {knative: {minScale: 1}}
"""
PROPOSER: Final = "a@example.com <a@example.com>"
APPROVER: Final = "Bob <bob@example.com>"
CALLS: Final = 1000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    """Return what a team does in an MLflow server on the node."""
    program = need(CACHE / "mlflow-server-3.17.2" / "bin" / "mlflow", "`make tools` installs it")
    with mlflow_server.serving(program, tmp_path_factory.mktemp("mlflow")) as found:
        yield found


@pytest.fixture
def team(server: Team, monkeypatch: pytest.MonkeyPatch) -> Team:
    """Return the same, and let modelyard know its address."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.url)
    return server


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Return a repository whose models file is served, with who commits in it."""
    for name, value in GIT.items():
        monkeypatch.setenv(name, value)
    return Project(tmp_path, REGISTRY, text=SET)


class Promotion:
    """The models file of a project, and the commands that a person gives."""

    def __init__(self, scene: Scene, project: Project, load: Load) -> None:
        self.scene, self.project, self.load, self.file = scene, project, load, project.file()

    def command(self, *words: str, code: int = 0) -> str:
        """Run a command about the models file; return what it prints."""
        done = modelyard(*words, "-f", self.file)
        assert done.code == code, done.err
        return done.out

    def apply(self) -> None:
        """Bring the models file into the cluster, and wait until it serves."""
        done = modelyard("apply", "-f", self.file, *self.scene.where, "--wait", "--timeout", "120")
        assert done.code == 0, done.err

    def shares(self) -> dict[str, int]:
        """Call the model often, and return how many calls each version has answered; none may be lost."""
        found = self.load.run(*gateway(self.scene, "churn", "/model"), calls=CALLS)
        assert found.lost == 0, found
        return found.versions

    def standing(self, code: int) -> Any:
        """Return how the model stands in registry, models file and cluster. code: 1 if it is out of step."""
        done = modelyard("sources", "-f", self.file, *self.scene.where, "--exit-code", "-o", "json")
        assert done.code == code, done.out + done.err
        return json.loads(done.out)[0]


def test_a_champion_is_proposed_merged_served_and_rolled_back(
    scene: Scene, images: Images, team: Team, project: Project, load: Load, figure: Callable[[str], None]
) -> None:
    for version in ("1", "2"):
        images.model_image(f"promoted:{version}", OBEYS="true", VERSION=version)
        assert team.version("churn") == version
    team.client.set_registered_model_alias("churn", "champion", "1")
    promotion = Promotion(scene, project, load)
    promotion.apply()
    assert '"version":"1"' in answer(*gateway(scene, "churn", "/model"))
    assert promotion.standing(0)["out_of_step"] == []

    team.client.set_registered_model_alias("churn", "champion", "2")
    assert promotion.standing(1)["out_of_step"] == ["the source has version 2, and the models file pins 1"]
    promotion.command("challenger", "churn", "--push")
    (branch,) = project.branches()
    assert branch.startswith("modelyard/churn-2-")
    assert promotion.shares() == {"1": CALLS}, "a proposal changes nothing that is served"

    project.merge(branch, author=APPROVER)
    promotion.apply()
    found = promotion.shares()
    assert 40 < found["2"] < 180, found
    assert promotion.standing(0)["out_of_step"] == []

    promotion.command("promote", "churn", "challenger", "--commit")
    promotion.apply()
    assert promotion.shares() == {"2": CALLS}
    entries = json.loads(promotion.command("history", "churn", "-o", "json"))["entries"]
    trial = next(each for each in entries if each["variant"] == "challenger" and each["percent"] == 10)
    assert (trial["version"], trial["proposedBy"], trial["approvedBy"]) == ("2", PROPOSER, [APPROVER])
    figure(f"{trial['version']} at {trial['percent']} % was approved by {trial['approvedBy']}")

    promotion.command("rollback", "churn", "--commit")
    promotion.apply()
    found = promotion.shares()
    assert found["1"] > 800, found
    assert "version 1" in promotion.command("history", "churn")


@pytest.fixture
def promotion_image(images: Images) -> str:
    """Return the image of the pipelines."""
    archive = need(CLUSTER / "promotion.tar", "`tests/support/cluster/node build` makes it")
    return images.archived("modelyard-promotion:0.1.0", archive)


class Pipeline:
    """The CronJob of the samples on the node, changed where it names hosts that are not here."""

    def __init__(self, scene: Scene, image: str, values: Mapping[str, str]) -> None:
        self.scene, self.number = scene, 0
        found = documents("cronjob.yaml")
        pod = found[-1]["spec"]["jobTemplate"]["spec"]["template"]["spec"]
        # The node's registry speaks with the node alone, so that Pod Security "restricted" cannot be enforced here.
        pod["hostNetwork"] = True
        where = ("label", "namespace", scene.namespace, "--overwrite")
        scene.cluster.succeed(*where, *(f"pod-security.kubernetes.io/{mode}-" for mode in ("enforce", "warn")))
        (container,) = pod["containers"]
        container["image"] = image
        for each in container["env"]:
            if each["name"] in values:
                each["value"] = values[each["name"]]
        program = {"name": "gh", "mountPath": "/usr/local/bin/gh", "subPath": "gh"}
        container["volumeMounts"].append(program)
        pod["volumes"].append({"name": "gh", "configMap": {"name": "gh", "defaultMode": 0o555}})
        text = forges.program("gh", WRITE, Path("/tmp/pull-requests.json"))  # noqa: S108 - of the pod
        found.append({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "gh"}, "data": {"gh": text}})
        scene.cluster.apply([*found, *_secrets()], "-n", scene.namespace)

    def run(self) -> str:
        """Run it once, to its end; return what it wrote."""
        self.number += 1
        name = f"promotion-{self.number}"
        where = ("-n", self.scene.namespace)
        self.scene.cluster.succeed("create", "job", name, "--from=cronjob/promotion", *where)
        end = time.monotonic() + 300
        while not (status := self.scene.get("jobs", name).get("status", {})).keys() & {"succeeded", "failed"}:
            assert time.monotonic() < end, status
            time.sleep(0.5)
        text = self.scene.cluster.succeed("logs", f"job/{name}", *where)
        assert status.get("succeeded"), text
        assert not [each for each in (WRITE, TRACKING) if each in text]
        return text


def _secrets() -> list[dict[str, Any]]:
    """Return the Secrets that the page has its readers make."""
    found = {
        "promotion-git": ("kubernetes.io/basic-auth", {"username": "modelyard", "password": WRITE}),
        "promotion-mlflow": ("Opaque", {"token": TRACKING}),
        "promotion-registry": ("kubernetes.io/dockerconfigjson", {".dockerconfigjson": '{"auths": {}}'}),
    }
    return [
        {"apiVersion": "v1", "kind": "Secret", "type": kind, "metadata": {"name": name}, "stringData": data}
        for name, (kind, data) in found.items()
    ]


def test_the_cronjob_of_the_samples_proposes_a_champion_once(
    scene: Scene, images: Images, promotion_image: str, team: Team, project: Project, tmp_path: Path
) -> None:
    for version in ("1", "2"):
        images.model_image(f"promoted:{version}", OBEYS="true", VERSION=version)
        assert team.version("scheduled") == version
    file = project.file()
    file.write_text(file.read_text("utf-8").replace("model: churn", "model: scheduled"), "utf-8")
    project.commit("Another model of the registry")
    team.client.set_registered_model_alias("scheduled", "champion", "1")
    with git_server.serving(tmp_path, {WRITE: True}) as address:
        values = {"REPOSITORY": f"{address}/origin.git", "MLFLOW_TRACKING_URI": team.url}
        pipeline = Pipeline(scene, promotion_image, values)
        assert "champion" in pipeline.run()
        assert project.branches() == {}
        team.client.set_registered_model_alias("scheduled", "champion", "2")
        assert "https://git.example.com/risk/models/1" in pipeline.run()
        (branch,) = project.branches()
        assert branch.startswith("modelyard/churn-2-")
        assert f"proposed already: the branch {branch}" in pipeline.run()
        assert list(project.branches()) == [branch]
