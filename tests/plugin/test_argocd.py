"""The plugin of Argo CD, called as its server does: in a copied folder, by user 999, with its environment and limit."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
import yaml

from modelyard import api
from tests.conftest import ROOT, Run
from tests.support import sandboxes
from tests.support.consoles import blocks, read

PAGE: Final = "docs/how-to/argocd.md"
USER: Final = 999
SECONDS: Final = 90  # argo-cd v3.6.1: ARGOCD_EXEC_TIMEOUT of a sidecar
SAMPLES: Final = [yaml.safe_load(each) for each in blocks(read(PAGE), "yaml")]


def sample(kind: str) -> Any:
    """Return the documentation's object of a kind."""
    (found,) = (each for each in SAMPLES if each.get("kind") == kind)
    return found


class Answer(NamedTuple):
    """What a command of the plugin gave."""

    code: int
    out: str
    err: str


class Server:
    """The folder that Argo CD's server prepares, and its way to run a command there.

    Source: argo-cd v3.6.1, cmpserver/plugin/plugin.go and util/cmp/stream.go.
    """

    def __init__(self, work: Path, repository: Path, program: Path) -> None:
        self.root = work / "_cmp_server" / str(uuid.uuid4())
        self.program = program
        shutil.copytree(repository, self.root, symlinks=True)
        for path in [self.root, *self.root.rglob("*")]:
            path.chmod(0o755 if path.is_dir() else 0o644)  # no bit to execute arrives
        self.root.chmod(0o700)
        if os.geteuid() == 0:
            for path in [self.root, *self.root.rglob("*")]:
                os.chown(path, USER, USER)

    def generate(self, path: str, plugin: Mapping[str, Any] | None = None, sent: str = "") -> Answer:
        """Run the command that gives objects. sent: path in the repository, of which only a part was sent."""
        environment = self._environment(sent or path, plugin or {})
        return self._run(sample("ConfigManagementPlugin")["spec"]["generate"], path, environment)

    def supports(self, path: str) -> bool:
        """Run the command that finds out whether the plugin is for a folder."""
        done = self._run(
            sample("ConfigManagementPlugin")["spec"]["discover"]["find"], path, self._environment(path, {})
        )
        assert done.code == 0, done.err
        return bool(done.out)

    def _run(self, command: Mapping[str, list[str]], path: str, environment: Mapping[str, str]) -> Answer:
        user = sandboxes.as_user(USER) if os.geteuid() == 0 else []
        done = subprocess.run(
            [*user, *command["command"], *command.get("args", [])],
            cwd=self.root / path, env=environment, stdin=subprocess.DEVNULL, capture_output=True,
            text=True, timeout=SECONDS, check=False,
        )  # fmt: skip
        return Answer(done.returncode, done.stdout, done.stderr)

    def _environment(self, path: str, plugin: Mapping[str, Any]) -> dict[str, str]:
        parameters = plugin.get("parameters")
        found = {
            "PATH": f"{self.program}:/usr/bin:/bin", "ARGOCD_APP_NAME": "risk-prod", "ARGOCD_APP_SOURCE_PATH": path,
            "ARGOCD_APP_NAMESPACE": "scoring", "KUBE_VERSION": "1.36.3", "KUBE_API_VERSIONS": "v1,apps/v1",
            "ARGOCD_APP_PARAMETERS": json.dumps(parameters),  # null where there are none
        }  # fmt: skip
        for each in parameters or []:
            base = f"PARAM_{each['name'].upper()}"
            found |= {base: each["string"]} if "string" in each else {}
            found |= {f"{base}_{key}": value for key, value in each.get("map", {}).items()}
        return found | {f"ARGOCD_ENV_{each['name']}": each["value"] for each in plugin.get("env", [])}


@pytest.fixture(scope="module")
def program() -> Iterator[Path]:
    """Return a folder with the command modelyard, by a Python that the user may run."""
    python = sandboxes.python() if os.geteuid() == 0 else sys.executable
    with sandboxes.open_folder() as folder:
        paths = f"{ROOT / 'generator'}:{sysconfig.get_path('purelib')}"
        script = f'#!/bin/sh\nPYTHONPATH={paths} PYTHONDONTWRITEBYTECODE=1 exec {python} -m modelyard "$@"\n'
        (folder / "modelyard").write_text(script, "utf-8")
        (folder / "modelyard").chmod(0o755)
        yield folder


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return a repository without .git: two overlays with a common base, and a folder with a kustomization."""
    shutil.copytree(ROOT / "overlays", tmp_path / "overlays", ignore=shutil.ignore_patterns("generated", "*.sh"))
    for each in tmp_path.rglob("kustomization.yaml"):
        each.unlink()
    (tmp_path / "by-hand").mkdir()
    (tmp_path / "by-hand" / "kustomization.yaml").write_text("resources: []\n", "utf-8")
    shutil.copy(tmp_path / "overlays" / "dev" / "models.yaml", tmp_path / "by-hand" / "models.yaml")
    (tmp_path / "docs").mkdir()
    return tmp_path


@pytest.fixture
def server(repository: Path, program: Path) -> Iterator[Server]:
    """Return the server, with the repository."""
    with sandboxes.open_folder() as work:
        yield Server(work, repository, program)


def objects(answer: Answer) -> list[Any]:
    """Return the objects of an answer."""
    assert answer.code == 0, answer.err
    return list(yaml.safe_load_all(answer.out))


def images(found: list[Any]) -> set[str]:
    """Return the images of pods."""
    pods = [each["spec"]["template"]["spec"] for each in found if "template" in each.get("spec", {})]
    return {container["image"].rpartition("/")[2] for pod in pods for container in pod["containers"]}


def test_the_sample_s_parameters_choose_the_environment_and_the_images(server: Server) -> None:
    plugin = sample("Application")["spec"]["source"]["plugin"]
    plain = objects(server.generate("overlays", {"parameters": plugin["parameters"][:1]}))
    assert plain == yaml_of(api.render(ROOT / "overlays" / "prod"))
    assert "pricing:3.3.0" not in images(plain)
    found = objects(server.generate("overlays", plugin))
    assert images(found) - images(plain) == {"pricing:3.3.0", "churn:2.2.0"}
    assert len(found) == len(plain)


def yaml_of(rendering: api.Rendering) -> list[Any]:
    """Return objects as plain data."""
    return [json.loads(json.dumps(each.body)) for each in rendering.objects]


def test_announced_defaults_are_what_happens_without_them(server: Server) -> None:
    announced = {each["name"]: each for each in sample("ConfigManagementPlugin")["spec"]["parameters"]["static"]}
    assert set(announced) == {"environment", "images"}
    assert announced["environment"]["string"] == "."
    dev = yaml_of(api.render(ROOT / "overlays" / "dev"))
    assert objects(server.generate("overlays/dev")) == dev
    assert objects(server.generate("overlays/dev", {"parameters": []})) == dev
    said = {"parameters": [{"name": "environment", "string": "."}, {"name": "images", "map": {}}]}
    assert objects(server.generate("overlays/dev", said)) == dev


def test_the_environment_may_be_a_variable(server: Server) -> None:
    found = server.generate("overlays", {"env": [{"name": "ENVIRONMENT", "value": "dev"}]})
    assert objects(found) == yaml_of(api.render(ROOT / "overlays" / "dev"))


def test_a_base_is_found_in_a_part_of_the_repository_too(repository: Path, program: Path) -> None:
    with sandboxes.open_folder() as work:
        found = Server(work, repository / "overlays", program).generate("prod", {}, sent="overlays/prod")
    assert objects(found) == yaml_of(api.render(ROOT / "overlays" / "prod"))


def test_discovery_leaves_to_argo_cd_what_a_kustomization_is_for(server: Server) -> None:
    found = {path: server.supports(path) for path in ("overlays", "overlays/prod", "by-hand", "docs", ".")}
    assert found == {"overlays": True, "overlays/prod": True, "by-hand": False, "docs": False, ".": True}


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ([{"name": "environments", "string": "prod"}], "did you mean environment?"),
        ([{"name": "environment", "string": "../by-hand"}], "environment: ../by-hand leads elsewhere"),
        ([{"name": "environment", "string": "/etc"}], "environment: /etc leads elsewhere"),
        ([{"name": "environment", "map": {"a": "b"}}], "environment has no string"),
        ([{"name": "environment", "string": "staging"}], "staging cannot be read: no such file"),
        (
            [{"name": "environment", "string": "prod"}, {"name": "images", "map": {"pricin": "1"}}],
            "did you mean pricing?",
        ),
        ([{"name": "environment", "string": "prod"}, {"name": "images", "map": {"churn": "1"}}], "churn/challenger"),
        ([{"name": "environment", "string": "prod"}, {"name": "images", "map": {"pricing": "1 && id"}}], "is no tag"),
        ([{"name": "environment", "string": "prod"}, {"name": "images", "map": {"pricing": "../x"}}], "is no tag"),
        ([{"name": "environment", "string": "prod"}, {"name": "images", "array": ["pricing:1"]}], "images has no map"),
    ],
    ids=str,
)
def test_a_wrong_parameter_is_an_error_and_nothing_is_printed(
    server: Server, parameters: list[dict[str, Any]], said: str
) -> None:
    done = server.generate("overlays", {"parameters": parameters})
    assert (done.code, done.out) == (1, "")
    assert said in " ".join(done.err.split())


def test_a_mistake_in_the_models_file_is_told_with_its_place(repository: Path, program: Path) -> None:
    file = repository / "overlays" / "dev" / "models.yaml"
    file.write_text(file.read_text("utf-8").replace("minScale: 0", "minScale: -1", 1), "utf-8")
    with sandboxes.open_folder() as work:
        done = Server(work, repository, program).generate("overlays/dev")
    assert (done.code, done.out) == (1, "")
    assert "models.yaml:39:21: error:" in done.err


def test_an_answer_is_never_empty(repository: Path, program: Path) -> None:
    text = "apiVersion: modelyard.dev/v1alpha1\nkind: ModelSet\nmetadata: {name: risk}\n"
    nothing = "spec: {allowEmpty: true, serviceAccount: {create: false}, models: []}\n"
    (repository / "docs" / "models.yaml").write_text(text + nothing, "utf-8")
    with sandboxes.open_folder() as work:
        done = Server(work, repository, program).generate("docs")
    assert (done.code, done.out) == (1, "")
    assert "Argo CD would delete all" in done.err


def test_a_digest_stands_in_place_of_a_tag(server: Server) -> None:
    digest = f"sha256:{'4b' * 32}"
    parameters = [{"name": "environment", "string": "prod"}, {"name": "images", "map": {"pricing": digest}}]
    assert f"pricing@{digest}" in images(objects(server.generate("overlays", {"parameters": parameters})))


def test_a_link_out_of_the_repository_is_not_followed(repository: Path, program: Path) -> None:
    (repository / "docs" / "models.yaml").symlink_to("/etc/passwd")
    with sandboxes.open_folder() as work:
        server = Server(work, repository / "docs", program)
        done = server.generate(".")
    assert (done.code, done.out) == (1, "")
    assert "root:" not in done.err
    assert "MY015" in done.err


def test_the_sample_of_the_sidecar_is_what_the_server_wants() -> None:
    patch = sample("Deployment")
    assert (patch["metadata"]["name"], patch["metadata"]["namespace"]) == ("argocd-repo-server", "argocd")
    (container,) = patch["spec"]["template"]["spec"]["containers"]
    assert container["command"] == ["/var/run/argocd/argocd-cmp-server"]
    assert container["securityContext"]["runAsUser"] == USER
    mounts = {each["mountPath"]: each["name"] for each in container["volumeMounts"]}
    assert set(mounts) == {
        "/var/run/argocd", "/home/argocd/cmp-server/plugins", "/home/argocd/cmp-server/config/plugin.yaml",
        "/tmp",  # noqa: S108 - a mount
    }  # fmt: skip
    own = {each["name"] for each in patch["spec"]["template"]["spec"]["volumes"]}
    assert set(mounts.values()) - own == {"var-files", "plugins"}  # the repo-server's own
    plugin = sample("ConfigManagementPlugin")
    assert "version" not in plugin["spec"]  # with one, Applications would have to name it
    assert sample("Application")["spec"]["source"]["plugin"]["name"] == plugin["metadata"]["name"]


def test_the_sample_application_is_argo_cd_s_by_its_definition(modelyard: Run, tmp_path: Path) -> None:
    (tmp_path / "application.yaml").write_text(yaml.safe_dump(sample("Application")), "utf-8")
    assert modelyard("check", tmp_path / "application.yaml", "--strict").returncode == 0
