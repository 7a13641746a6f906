"""The samples of pipelines in ci/promotion, run as their hosts run them: each step with its own rights alone."""

import base64
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

from tests.support import mlflow_server
from tests.support.forks import FORKS

ROOT: Final = Path(__file__).resolve().parents[2]
SAMPLES: Final = ROOT / "ci" / "promotion"
READ: Final = "planted-read-4c1d"
WRITE: Final = "planted-write-9e2a"
TRACKING: Final = "planted-tracking-0b7f"
# What is no step of the promotion, or of a program that is not here; tests of its own look at it.
LEFT_OUT: Final = ("Install modelyard",)
_BASH: Final = ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c")  # as GitHub's runner calls it
# Docker, as far as a login goes: it writes what docker writes.
_DOCKER: Final = """\
#!/usr/bin/env python3
import base64, json, os, sys
from pathlib import Path

_, host, _, user, *_ = sys.argv[1:]
folder = Path(os.environ["HOME"], ".docker")
folder.mkdir(exist_ok=True)
login = base64.b64encode(f"{user}:{sys.stdin.read().strip()}".encode()).decode()
(folder / "config.json").write_text(json.dumps({"auths": {host: {"auth": login}}}))
print("Login Succeeded")
"""


class Host(NamedTuple):
    """Where a pipeline runs. git: address of the repository; bin: gh or glab; registry: with user and password."""

    folder: Path
    git: str
    bin: Path
    tracking: str
    registry: str
    user: str
    password: str
    file: str = "overlays/prod"
    build: str = "false"

    @property
    def docker_config(self) -> str:
        """What docker writes of the login to the registry."""
        login = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        return json.dumps({"auths": {self.registry: {"auth": login}}})

    def environment(self, home: Path, **more: str) -> dict[str, str]:
        """Return what any process has there: the programs, a home of its own, and nothing of who runs the tests."""
        home.mkdir(parents=True, exist_ok=True)
        path = os.pathsep.join(map(str, (self.bin, FORKS.programs(), Path(sys.executable).parent, "/usr/bin", "/bin")))
        quiet = {"GIT_CONFIG_SYSTEM": os.devnull, "LANG": "C.UTF-8", **mlflow_server.VARIABLES}
        return {"PATH": path, "HOME": str(home), "TMPDIR": str(home), **quiet, **more}


class Ran(NamedTuple):
    """How a pipeline ended, and all that it wrote."""

    code: int
    text: str


def _run(words: list[str], folder: Path, environment: Mapping[str, str]) -> Ran:
    done = subprocess.run(
        words, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        timeout=300,
    )  # fmt: skip
    return Ran(done.returncode, done.stdout)


def on_github(host: Host) -> Ran:
    """Run the jobs of the workflow one after the other; each has a token with the rights that it asks for."""
    return _Workflow(host, yaml.safe_load((SAMPLES / "github.yaml").read_text("utf-8"))).run()


class _Workflow:
    def __init__(self, host: Host, source: dict[str, Any]) -> None:
        self.host, self.source, self.text = host, source, ""
        self.values: dict[str, Any] = {
            "vars.MLFLOW_TRACKING_URI": host.tracking, "secrets.MLFLOW_TRACKING_TOKEN": TRACKING,
            "secrets.REGISTRY_USER": host.user, "secrets.REGISTRY_PASSWORD": host.password,
        }  # fmt: skip
        docker = host.bin / "docker"
        if not docker.exists():
            docker.write_text(_DOCKER, "utf-8")
            docker.chmod(0o755)

    def run(self) -> Ran:
        assert self.source["permissions"] == {}, "a job has no right that it does not ask for"
        for name, job in self.source["jobs"].items():
            if self._is_wanted(job.get("if", "")):
                for row in self._rows(job):
                    if code := self._job(name, job, row):
                        return Ran(code, self.text)
        return Ran(0, self.text)

    def _is_wanted(self, condition: str) -> bool:
        name, _, value = condition.partition(" != ")
        return not condition or self.values[name] != value.strip("'")

    def _rows(self, job: Mapping[str, Any]) -> list[dict[str, str]]:
        if "strategy" not in job:
            return [{}]
        found: list[dict[str, str]] = json.loads(self._evaluated(job["strategy"]["matrix"]["include"]))
        return found

    def _job(self, name: str, job: Mapping[str, Any], row: Mapping[str, str]) -> int:
        rights = job["permissions"]
        self.values |= {f"matrix.{key}": value for key, value in row.items()}
        self.values["github.token"] = WRITE if rights.get("pull-requests") == "write" else READ
        folder = self.host.folder / name
        shutil.rmtree(folder, ignore_errors=True)
        work, output = folder / "work", folder / "output"
        around = {"GITHUB_OUTPUT": str(output), "RUNNER_TEMP": str(folder)}
        around |= {"FILE": self.host.file, "REGISTRY": self.host.registry, "BUILD": self.host.build}
        for step in job["steps"]:
            if "uses" in step:
                self._check_out(step, work, WRITE if rights["contents"] == "write" else READ)
            elif step["name"] not in LEFT_OUT:
                own = self._environment(self.source["env"]) | around | self._environment(job.get("env", {}))
                own |= self._environment(step.get("env", {}))
                ran = _run([*_BASH, step["run"]], work, self.host.environment(folder / "home", **own))
                self.text += ran.text
                if ran.code:
                    return ran.code
                if output.exists():
                    pairs = (line.partition("=") for line in output.read_text("utf-8").splitlines())
                    self.values |= {f"steps.{step['id']}.outputs.{key}": value for key, _, value in pairs}
        for key, value in job.get("outputs", {}).items():
            self.values[f"needs.{name}.outputs.{key}"] = self._evaluated(value)
        return 0

    def _check_out(self, step: Mapping[str, Any], work: Path, token: str) -> None:
        assert step["uses"].startswith("actions/checkout@")
        options = step.get("with", {})
        depth = ["--depth", "1"] if options.get("fetch-depth", 1) else []
        login = base64.b64encode(f"x-access-token:{token}".encode()).decode()
        header = f"AUTHORIZATION: basic {login}"
        environment = self.host.environment(self.host.folder / "runner")
        words = ["git", "-c", f"http.extraheader={header}", "clone", "--quiet", *depth, self.host.git, str(work)]
        assert _run(words, self.host.folder, environment).code == 0
        if options.get("persist-credentials", True):
            assert _run(["git", "config", "http.extraheader", header], work, environment).code == 0

    def _environment(self, source: Mapping[str, str]) -> dict[str, str]:
        return {key: self._evaluated(str(value)) for key, value in source.items()}

    def _evaluated(self, text: str) -> str:
        text = re.sub(r"fromJSON\((.+?)\)", r"\1", text)
        return re.sub(r"\$\{\{ (.+?) \}\}", lambda found: str(self.values[found[1]]), text)


def on_gitlab(host: Host) -> Ran:
    """Run the script of the job in a checkout that belongs to another user, and is logged in with the job's token."""
    job = yaml.safe_load((SAMPLES / "gitlab.yaml").read_text("utf-8"))["promotion"]
    work, home = host.folder / "builds", host.folder / "home"
    for each in (work, home):
        shutil.rmtree(each, ignore_errors=True)
    scheme, _, rest = host.git.partition("://")
    address = f"{scheme}://gitlab-ci-token:{READ}@{rest}"
    assert _run(["git", "clone", "--quiet", address, str(work)], host.folder, host.environment(home)).code == 0
    assert _run(["git", "checkout", "--quiet", "--detach"], work, host.environment(home)).code == 0
    known = {
        "CI_PROJECT_URL": host.git.removesuffix(".git"), "CI_SERVER_HOST": "git.example.com", "GITLAB_TOKEN": WRITE,
        "DOCKER_AUTH_CONFIG": host.docker_config, "MLFLOW_TRACKING_URI": host.tracking,
        "MLFLOW_TRACKING_TOKEN": TRACKING,
    }  # fmt: skip
    own = {key: known.get(str(value).removeprefix("$"), str(value)) for key, value in job["variables"].items()}
    own |= {**known, "FILE": host.file}
    script = "\n".join(["set -e", *job["before_script"], *job["script"]])
    return _run(["sh", "-c", script], work, host.environment(home, **own))


def on_kubernetes(host: Host) -> Ran:
    """Run the container of the CronJob."""
    (job,) = (each for each in documents("cronjob.yaml") if each["kind"] == "CronJob")
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    return _container(host, pod["containers"][0], pod["volumes"])


def on_argo(host: Host) -> Ran:
    """Run the container of the workflow's template."""
    (template,) = (each for each in documents("argo.yaml") if each["kind"] == "WorkflowTemplate")
    spec = template["spec"]
    (only,) = spec["templates"]
    return _container(host, only["container"], spec["volumes"])


def documents(name: str) -> list[dict[str, Any]]:
    """Return the objects of a sample."""
    return list(yaml.safe_load_all((SAMPLES / name).read_text("utf-8")))


def _container(host: Host, container: Mapping[str, Any], volumes: list[dict[str, Any]]) -> Ran:
    """Run a container's command, with its volumes in a folder of its own, and its variables, or what Secrets hold."""
    secrets = {
        ("promotion-git", "username"): "modelyard", ("promotion-git", "password"): WRITE,
        ("promotion-mlflow", "token"): TRACKING, ("promotion-registry", ".dockerconfigjson"): host.docker_config,
    }  # fmt: skip
    folder = host.folder / "pod"
    shutil.rmtree(folder, ignore_errors=True)
    kinds = {each["name"]: each for each in volumes}
    for mount in container["volumeMounts"]:
        place = folder / mount["mountPath"].lstrip("/")
        place.mkdir(parents=True)
        secret = kinds[mount["name"]].get("secret", {"items": []})
        for item in secret["items"]:
            (place / item["path"]).write_text(secrets[secret["secretName"], item["key"]], "utf-8")
    own = dict(_variables(container["env"], secrets))
    own |= {"REPOSITORY": host.git, "MLFLOW_TRACKING_URI": host.tracking, "FILE": host.file}
    own["DOCKER_CONFIG"] = str(folder / own["DOCKER_CONFIG"].lstrip("/"))
    work = folder / container["workingDir"].lstrip("/")
    return _run(container["command"], work, host.environment(folder / "tmp", **own))


def _variables(env: list[dict[str, Any]], secrets: Mapping[tuple[str, str], str]) -> Iterator[tuple[str, str]]:
    for each in env:
        if "value" in each:
            yield each["name"], each["value"]
        else:
            wanted = each["valueFrom"]["secretKeyRef"]
            yield each["name"], secrets[wanted["name"], wanted["key"]]


PIPELINES: Final[Mapping[str, Callable[[Host], Ran]]] = {
    "github": on_github, "gitlab": on_gitlab, "cronjob": on_kubernetes, "argo": on_argo,
}  # fmt: skip
