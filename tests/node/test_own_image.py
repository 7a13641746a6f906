"""The image of modelyard itself, as its hosts run it: any user, nothing to write to, no word but the command's."""

import json
import subprocess
import time
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
import yaml
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.utils import canonicalize_name

from modelyard import __version__, api
from tests.node.images import REGISTRY
from tests.support.cluster_scene import Scene
from tests.support.consoles import blocks, read
from tests.support.plugin_calls import MODELS

LARGEST: Final = 100_000_000  # bytes, compressed, as a registry counts them
MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
NOBODY: Final = 65534
USERS: Final = {"its own": 1001, "Argo CD's": 999, "kustomize's and kpt's": NOBODY, "one of OpenShift's": 1000650000}
SBOM: Final = "/opt/modelyard/sbom.cdx.json"
INSTALLED: Final = """\
import importlib.metadata, json, pathlib, shutil
packages = [(each.metadata['Name'], each.version) for each in importlib.metadata.distributions()]
compiled = [str(each) for top in ('/opt', '/usr') for each in pathlib.Path(top).rglob('*.pyc')]
commands = [each for each in ('pip', 'pip3', 'gcc', 'strip', 'perl5', 'curl') if shutil.which(each)]
print(json.dumps({'packages': packages, 'compiled': compiled, 'commands': commands}))
"""
OPENED: Final = """\
import pyarrow.parquet
from pyarrow import fs
print(fs.S3FileSystem(anonymous=True, region='eu-west-1').type_name, fs.GcsFileSystem(anonymous=True).type_name)
"""
FINE: Final = "/models/models.yaml: no problems\n"
CHANGED: Final = """\
cp -rL /models /tmp/risk && cd /tmp/risk && git init --quiet --template= . && git add models.yaml
git -c user.name=a -c user.email=a@example.com commit --quiet --message=first
sed -i 's/churn:1/churn:2/' models.yaml && modelyard diff --git HEAD
"""
# Docker as kustomize calls it, by a pod: whose command is the image's own, and which reads what kustomize sends.
DOCKER: Final = """\
#!/bin/sh
printf '%s\\n' "$*" >"$CALLS"
while [ $# -gt 1 ]; do shift; done
exec kubectl run function --image="$1" --namespace="$NAMESPACE" --restart=Never --stdin --rm --quiet \\
    --overrides="$OVERRIDES" --override-type=strategic
"""
FUNCTION: Final = "config.kubernetes.io/function"


class Ended(NamedTuple):
    """How a pod ended, and what it wrote."""

    code: int
    out: str


def restricted(user: int) -> dict[str, Any]:
    """Return what Pod Security "restricted" asks of a container, and a root file system that nobody writes to."""
    return {
        "allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, "readOnlyRootFilesystem": True,
        "runAsNonRoot": True, "runAsUser": user, "seccompProfile": {"type": "RuntimeDefault"},
    }  # fmt: skip


def run(
    scene: Scene, image: str, command: list[str], *, user: int = 1001, writable: bool = True, name: str = "once"
) -> Ended:
    """Run a command in a pod to its end: models.yaml in /models; with /tmp to write to, or without."""
    mounts = [{"name": "models", "mountPath": "/models"}]
    volumes: list[dict[str, Any]] = [{"name": "models", "configMap": {"name": "models"}}]
    if writable:
        mounts.append({"name": "tmp", "mountPath": "/tmp"})  # noqa: S108 - of the pod
        volumes.append({"name": "tmp", "emptyDir": {}})
    container = {
        "name": "modelyard", "image": image, "command": command, "volumeMounts": mounts,
        "securityContext": restricted(user),
    }  # fmt: skip
    spec = {"containers": [container], "volumes": volumes, "restartPolicy": "Never"}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}
    models = {
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "models"}, "data": {"models.yaml": MODELS},
    }  # fmt: skip
    where = ("-n", scene.namespace)
    scene.cluster.succeed("apply", *where, "-f", "-", stdin=f"{json.dumps(models)}\n---\n{json.dumps(pod)}")
    end = time.monotonic() + 120
    while (status := scene.get("pods", name)["status"])["phase"] not in {"Succeeded", "Failed"}:
        assert time.monotonic() < end, status
        time.sleep(0.2)
    [state] = status["containerStatuses"]
    out = scene.cluster.succeed("logs", name, *where)
    scene.cluster.succeed("delete", "pod", name, *where, "--force", "--grace-period=0")
    return Ended(state["state"]["terminated"]["exitCode"], out)


def of_registry(path: str) -> Any:
    """Return a document of the image, as the registry has it."""
    host, _, port = REGISTRY.partition(":")
    connection = HTTPConnection(host, int(port), timeout=10)
    try:
        connection.request("GET", f"/v2/modelyard/{path}", headers={"Accept": MANIFEST})
        answer = connection.getresponse()
        assert answer.status == 200
        return json.loads(answer.read())
    finally:
        connection.close()


@pytest.fixture
def manifest(own_image: str) -> Any:
    """Return the image's manifest."""
    return of_registry(f"manifests/{own_image.rpartition(':')[2]}")


def test_it_is_below_100_mb_compressed(manifest: Any, figure: Callable[[str], None]) -> None:
    sizes = [each["size"] for each in (manifest["config"], *manifest["layers"])]
    figure(f"{sum(sizes) / 1e6:.1f} MB compressed: {', '.join(f'{each / 1e6:.1f}' for each in sizes[1:])}")
    assert {each["mediaType"] for each in manifest["layers"]} == {"application/vnd.oci.image.layer.v1.tar+gzip"}
    assert sum(sizes) < LARGEST


def test_it_says_what_it_is_and_who_runs_it(manifest: Any) -> None:
    config = of_registry(f"blobs/{manifest['config']['digest']}")["config"]
    assert config["Cmd"] == ["modelyard-fn"]
    assert config.get("Entrypoint") is None, "it would stand before the shell that CI starts"
    assert config["User"] == "1001:0"
    labels = {key.removeprefix("org.opencontainers.image."): value for key, value in config["Labels"].items()}
    assert labels["version"] == __version__
    assert labels["licenses"] == "Apache-2.0"
    assert {"title", "description", "revision", "base.name"} <= set(labels)


def test_its_list_of_components_is_valid_and_has_all_that_is_installed(scene: Scene, own_image: str) -> None:
    listed = run(scene, own_image, ["cat", SBOM])
    assert listed.code == 0, listed.out
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(listed.out) is None
    found = run(scene, own_image, ["python3", "-c", INSTALLED])
    assert found.code == 0, found.out
    installed = json.loads(found.out)
    document = json.loads(listed.out)
    components = {(canonicalize_name(each["name"]), each["version"]) for each in document["components"]}
    assert components == {(canonicalize_name(name), version) for name, version in installed["packages"]}
    assert ("modelyard", __version__) in components
    assert "pip" not in dict(components)
    assert (installed["compiled"], installed["commands"]) == ([], [])


@pytest.mark.parametrize("user", USERS.values(), ids=USERS)
def test_any_user_checks_and_renders_with_nothing_to_write_to(scene: Scene, own_image: str, user: int) -> None:
    assert run(scene, own_image, ["modelyard", "check", "-f", "/models"], user=user, writable=False) == (0, FINE)
    (scene.file.parent / "models.yaml").write_text(MODELS, "utf-8")
    command = ["sh", "-c", "modelyard render -f /models --stdout 2>/tmp/err && ls -A /tmp"]
    done = run(scene, own_image, command, user=user)
    assert done.code == 0, done.out
    rendered, _, left = done.out.rpartition("\n.cache")
    assert list(yaml.safe_load_all(rendered)) == [each.body for each in api.render(scene.file).objects]
    assert left == "\nerr\n", "with a folder to write to, compiled templates are kept"


def test_kustomize_runs_it_as_a_function_without_a_command(
    scene: Scene, own_image: str, kustomize: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker = tmp_path / "bin" / "docker"
    docker.parent.mkdir()
    docker.write_text(DOCKER, "utf-8")
    docker.chmod(0o755)
    overrides = {"spec": {"containers": [{"name": "function", "securityContext": restricted(NOBODY)}]}}
    monkeypatch.setenv("PATH", str(docker.parent), prepend=":")
    monkeypatch.setenv("CALLS", str(tmp_path / "calls"))
    monkeypatch.setenv("NAMESPACE", scene.namespace)
    monkeypatch.setenv("OVERRIDES", json.dumps(overrides))
    models = yaml.safe_load(MODELS)
    models["metadata"]["annotations"] = {FUNCTION: f"container: {{image: '{own_image}'}}"}
    overlay = tmp_path / "overlay"
    overlay.mkdir()
    (overlay / "models.yaml").write_text(yaml.safe_dump(models), "utf-8")
    (overlay / "kustomization.yaml").write_text("generators: [models.yaml]\n", "utf-8")
    command = [str(kustomize), "build", "--enable-alpha-plugins", str(overlay)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    kinds = {each["kind"] for each in yaml.safe_load_all(done.stdout)}
    assert kinds == {each.kind for each in api.render(overlay / "models.yaml").objects}
    words = (tmp_path / "calls").read_text("utf-8").split()
    assert (words[0], words[-1]) == ("run", own_image)
    assert {"-i", "nobody", "none"} < set(words)


def test_argo_cd_s_sidecar_finds_and_renders(scene: Scene, own_image: str) -> None:
    samples = [yaml.safe_load(each) for each in blocks(read("docs/how-to/argocd.md"), "yaml")]
    plugin = next(each for each in samples if each.get("kind") == "ConfigManagementPlugin")["spec"]
    find = plugin["discover"]["find"]
    script = " && ".join((
        "cp -rL /models /tmp/app", "cd /tmp/app",
        f"sh -c '{find['args'][0]}' | grep -q models.yaml",
        " ".join(plugin["generate"]["command"]),
    ))  # fmt: skip
    done = run(scene, own_image, ["sh", "-c", script], user=999)
    assert done.code == 0, done.out
    assert {each["kind"] for each in yaml.safe_load_all(done.out)} >= {"Service", "NetworkPolicy"}


def test_ci_has_a_shell_and_git(scene: Scene, own_image: str) -> None:
    assert run(scene, own_image, ["sh", "-c", CHANGED]) == (0, "churn: image 1 -> 2\n")


def test_parquet_and_object_stores_are_there(scene: Scene, own_image: str) -> None:
    assert run(scene, own_image, ["python3", "-c", OPENED]) == (0, "s3 gcs\n")
