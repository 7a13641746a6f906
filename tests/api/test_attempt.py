"""`modelyard try`: a model's container without a cluster, with a stand-in for podman that runs a model as a process."""

import http.client
import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from modelyard.api import attempt, image
from modelyard.targets.workloads.compose import HEADER
from tests.conftest import ROOT, Run
from tests.support.model_server import Server, running

pytestmark = pytest.mark.long

# Runs the model server of the tests at the published port, and notes what it was asked, and its variables' names.
FAKE: Final = """#!PYTHON
import asyncio, json, os, signal, sys, time
words = sys.argv[1:]
with open(os.environ["CALLS"], "a") as calls:
    calls.write(json.dumps(words) + "\\n")
if words[0] != "run":
    sys.exit(int(os.environ.get("SILENT", "0")))
if "FAILS" in os.environ:
    print("no such image", file=sys.stderr)
    sys.exit(125)
sys.path[:0] = ["ROOT"]
from tests.support.model_server import Server
outside = int(next(word for word in words if word.startswith("127.0.0.1:")).split(":")[1])
async def main():
    print("the model starts", flush=True)
    await asyncio.sleep(float(os.environ.get("TAKES", "0.5")))
    await Server(outside).listen()
    print("the model listens", flush=True)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await asyncio.wait_for(stop.wait(), float(os.environ.get("LIVES", "60")))
    with open(os.environ["CALLS"], "a") as calls:
        calls.write(json.dumps(["stopped"]) + "\\n")
try:
    asyncio.run(main())
except TimeoutError:
    sys.exit(7)
"""
MODELS: Final = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: risk}
spec:
  registry: registry.example.com
  models:
    - name: churn
      image: churn:2.0.0
      path: /churn
      port: 18080
      resources: {limits: {memory: 2Gi, cpu: 500m}}
      config: {LEVEL: info}
      env:
        HOST: db.example.com
        URL: {expand: "http://$(HOST)/x"}
        PRICE: "$5 $(HOST)"
        DB_PASSWORD: {secretKeyRef: {name: db, key: password}}
      targets: {deployment: {}}
    - name: wells
      image: wells:7
      runtime: tensorflow
      version: 7
      targets: {openshift: {timeout: 90s}}
    - name: split
      path: /split
      variants:
        - {name: champion, image: "split:1", percent: 70}
        - {name: challenger, image: "split:2", percent: 30}
        - {name: next, image: "split:3", percent: 0}
      targets: {knative: {}}
    - name: heavy
      image: heavy:1
      envFrom: [{secretRef: {name: all}}]
      volumes: [{name: data, mountPath: /data, persistentVolumeClaim: {claimName: data}}]
      sidecars: [{name: logs, image: "logs:1"}]
      targets: {deployment: {}}
    - name: nowhere
      image: nowhere:1
"""
PLANTED: Final = "planted-hunter2"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a models file."""
    (tmp_path / "models.yaml").write_text(MODELS, "utf-8")
    return tmp_path


@pytest.fixture
def podman(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a stand-in of podman first on PATH, and return the file with what it was asked."""
    programs = tmp_path / "bin"
    programs.mkdir()
    text = FAKE.replace("PYTHON", sys.executable).replace("ROOT", str(ROOT))
    (programs / "podman").write_text(text, "utf-8")
    (programs / "podman").chmod(0o755)
    monkeypatch.setenv("PATH", str(programs), prepend=os.pathsep)
    monkeypatch.setenv("CALLS", str(tmp_path / "calls"))
    monkeypatch.setenv("DB_PASSWORD", PLANTED)
    return tmp_path / "calls"


def asked(calls: Path) -> list[list[str]]:
    """Return what the stand-in was asked."""
    return [json.loads(line) for line in calls.read_text("utf-8").splitlines()]


@contextmanager
def trying(folder: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    """Run the command, and end it if the test has not."""
    command = [sys.executable, "-m", "modelyard", "try", *words, "-f", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def lines(process: subprocess.Popen[str], count: int) -> list[str]:
    """Return the next lines of standard output."""
    assert process.stdout
    return [process.stdout.readline().rstrip("\n") for _ in range(count)]


def until(calls: Path, word: str) -> None:
    """Wait until the stand-in has noted a word."""
    deadline = time.monotonic() + 20
    while [word] not in asked(calls):
        assert time.monotonic() < deadline, asked(calls)
        time.sleep(0.05)


@pytest.mark.parametrize("name", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_waits_prints_address_and_call_and_stops_when_it_is_asked_to(
    folder: Path, podman: Path, name: signal.Signals
) -> None:
    with trying(folder, "churn") as process:
        address, call = lines(process, 2)
        assert address.endswith("/churn")
        answer = subprocess.run(shlex.split(call), capture_output=True, check=True, text=True)
        assert json.loads(answer.stdout)["data"]["P_BAD"] == 3.5
        process.send_signal(name)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (130, "")
    assert "the model listens" in err
    assert asked(podman)[-1] == ["stopped"]


def test_a_killed_run_leaves_no_container(folder: Path, podman: Path) -> None:
    with trying(folder, "churn") as process:
        lines(process, 2)
        process.kill()
    until(podman, "stopped")
    deadline = time.monotonic() + 5
    while left := [*Path(tempfile.gettempdir()).glob("modelyard-try-*")]:
        assert time.monotonic() < deadline, left
        time.sleep(0.05)


def test_the_container_has_what_its_pod_has(folder: Path, podman: Path) -> None:
    with trying(folder, "churn", "--port", "18099") as process:
        assert lines(process, 1) == ["http://127.0.0.1:18099/churn"]
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    words = asked(podman)[1]
    assert words[:3] == ["run", "--rm", "--name"]
    assert words[-1] == "registry.example.com/churn:2.0.0"
    pairs = list(pairwise(words))
    environment = [value for flag, value in pairs if flag == "--env"]
    assert set(environment) == {
        "LEVEL=info", "HOST=db.example.com", "URL=http://db.example.com/x", "PRICE=$5 $(HOST)", "DB_PASSWORD",
        "SAS_SCR_APP_PATH=/churn",
    }  # fmt: skip
    for expected in (
        ("--publish", "127.0.0.1:18099:18080"), ("--user", "1001"), ("--cap-drop", "ALL"), ("--cpus", "0.5"),
        ("--security-opt", "no-new-privileges"), ("--memory", str(2 << 30)), ("--tmpfs", "/tmp:exec,mode=1777"),  # noqa: S108 - the container's
    ):  # fmt: skip
        assert expected in pairs
    assert "--read-only" in words
    assert PLANTED not in err + json.dumps(asked(podman))


def test_a_value_that_only_the_cluster_has_must_be_in_the_environment(
    modelyard: Run, folder: Path, podman: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DB_PASSWORD")
    done = modelyard("try", "churn", "-f", folder)
    assert (done.returncode, done.stdout) == (1, "")
    assert "DB_PASSWORD comes from the Secret db, key password in a cluster [MY118]" in done.stderr
    assert [each[0] for each in asked(podman)] == ["info"]


def test_tensorflow_serving_gets_its_files_and_flags(folder: Path) -> None:
    found, _ = image.named(folder, "wells")
    assert found
    own, problems = attempt.prepare(found, {})
    assert own
    assert problems == []
    words = attempt.arguments(own, {8501: 18501}, Path("/tmp/x"))  # noqa: S108 - a name
    assert words[words.index("--volume") :][:2] == ["--volume", "/tmp/x:/etc/tensorflow-serving:ro,z"]  # noqa: S108
    start = words[words.index("--entrypoint") :]
    assert start[1:3] == ["tensorflow_model_server", "registry.example.com/wells:7"]
    assert "--model_name=wells" in start
    assert "--rest_api_timeout_in_ms=90000" in start
    assert own.files.keys() == {"/etc/tensorflow-serving/monitoring.config"}
    assert own.readiness["httpGet"]["path"] == "/v1/models/wells/versions/7/metadata"
    assert own.user is None


def test_what_is_left_out_is_said(modelyard: Run, folder: Path, podman: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVES", "1")
    done = modelyard("try", "heavy", "-f", folder)
    for each in ("the volume data at /data", "the variables of the Secret all", "the container logs"):
        assert f"heavy is tried without {each} [MY119]" in done.stderr
    assert podman.exists()


def test_a_container_that_ends_is_said(
    modelyard: Run, folder: Path, podman: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIVES", "2")
    done = modelyard("try", "churn", "-f", folder)
    assert done.returncode == 1
    assert "the container of churn has ended with 7 [MY120]" in done.stderr
    monkeypatch.setenv("FAILS", "1")
    done = modelyard("try", "churn", "-f", folder)
    assert (done.returncode, done.stdout) == (1, "")
    assert "no such image" in done.stderr
    assert "has ended with 125 [MY120]" in done.stderr
    assert podman.exists()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [(["split"], "MY110", "name one with --variant"), (["nowhere"], "MY117", "has no target"),
     (["chrn"], "MY110", "did you mean churn?")],
)  # fmt: skip
def test_what_cannot_be_tried_is_said(
    modelyard: Run, folder: Path, podman: Path, words: list[str], code: str, said: str
) -> None:
    done = modelyard("try", *words, "-f", folder)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"[{code}]" in done.stderr
    assert said in done.stderr
    assert not podman.exists() or [each[0] for each in asked(podman)] == ["info"]


def test_without_a_program_it_says_what_to_install(
    modelyard: Run, folder: Path, podman: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SILENT", "1")
    monkeypatch.setenv("PATH", str(folder / "bin"))
    done = modelyard("try", "churn", "-f", folder)
    assert (done.returncode, done.stdout) == (1, "")
    assert "podman does not answer" in done.stderr
    monkeypatch.setenv("PATH", str(folder))
    done = modelyard("try", "churn", "-f", folder)
    assert "none of podman, docker is on PATH [MY115]" in done.stderr
    assert "install podman" in done.stderr
    assert podman.exists()


@pytest.mark.parametrize(
    "words", [["--compose"], ["--compose", "-o", "x", "--port", "1"], ["-o", "x"], ["--port", "0"]]
)
def test_options_without_effect_are_wrong_usage(modelyard: Run, folder: Path, words: list[str]) -> None:
    assert modelyard("try", "churn", "-f", folder, *words, cwd=folder).returncode == 2
    assert not (folder / "x").exists()


def compose(modelyard: Run, folder: Path, name: str) -> dict[str, Any]:
    """Return the compose file of a model."""
    done = modelyard("try", name, "-f", folder, "--compose", "-o", folder / "out" / name)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    text = (folder / "out" / name / "compose.yaml").read_text("utf-8")
    assert text.startswith(HEADER)
    found: dict[str, Any] = yaml.safe_load(text)
    return found


def test_a_compose_file_has_what_the_pod_has_and_no_secret(modelyard: Run, folder: Path, podman: Path) -> None:
    assert compose(modelyard, folder, "churn") == {
        "name": "churn",
        "services": {
            "churn": {
                "image": "registry.example.com/churn:2.0.0",
                "environment": {
                    "LEVEL": "info",
                    "HOST": "db.example.com",
                    "PRICE": "$$5 $$(HOST)",
                    "SAS_SCR_APP_PATH": "/churn",
                    "URL": "http://db.example.com/x",
                    "DB_PASSWORD": "${DB_PASSWORD:?it comes from the Secret db, key password in a cluster}",
                },
                "user": "1001",
                "read_only": True,
                "cap_drop": ["ALL"],
                "security_opt": ["no-new-privileges:true"],
                "mem_limit": f"{2 << 30}b",
                "cpus": "0.5",
                "ports": ["127.0.0.1:18080:18080"],
                "tmpfs": ["/tmp:exec,mode=1777"],  # noqa: S108 - the container's
            }
        },
    }
    wells = compose(modelyard, folder, "wells")["services"]["wells"]
    assert wells["volumes"] == ["./serving/wells:/etc/tensorflow-serving:ro,z"]
    assert "prometheus_config" in (folder / "out/wells/serving/wells/monitoring.config").read_text("utf-8")
    assert not podman.exists()


def test_variants_stand_behind_caddy_and_are_not_published(modelyard: Run, folder: Path) -> None:
    services = compose(modelyard, folder, "split")["services"]
    assert services.keys() == {"split", "split-champion", "split-challenger", "split-next"}
    assert services["split"]["ports"] == ["127.0.0.1:8080:8080"]
    assert sorted(services["split"]["depends_on"]) == ["split-challenger", "split-champion", "split-next"]
    assert [name for name, each in services.items() if "ports" in each] == ["split"]


def test_caddy_gives_each_variant_its_share(modelyard: Run, folder: Path, caddy: Path, tmp_path: Path) -> None:
    compose(modelyard, folder, "split")
    text = (folder / "out" / "split" / "Caddyfile").read_text("utf-8")
    with running(Server()) as champion, running(Server()) as challenger, running(Server()) as following:
        servers = {"split-champion": champion, "split-challenger": challenger, "split-next": following}
        for name, each in servers.items():
            text = text.replace(f"{name}:8080", f"127.0.0.1:{each.port}")
        port = attempt._free(0)
        (tmp_path / "Caddyfile").write_text(text.replace(":8080 {", f"http://127.0.0.1:{port} {{"), "utf-8")
        environment = {**os.environ, "XDG_DATA_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
        command = [str(caddy), "run", "--config", str(tmp_path / "Caddyfile"), "--adapter", "caddyfile"]
        with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
            try:
                _called(port, 100, {})
                shares = Counter({name: each.posts for name, each in servers.items()})
                _called(port, 5, {"modelyard-variant": "next"})
            finally:
                process.terminate()
    assert shares == {"split-champion": 70, "split-challenger": 30, "split-next": 0}
    assert following.posts == 5


def _called(port: int, count: int, headers: dict[str, str]) -> None:
    """Send calls, each once; Caddy is waited for."""
    body = json.dumps({"data": {"LOAN": 1, "VALUE": 2}})
    deadline = time.monotonic() + 20
    done = 0
    while done < count:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("POST", "/split", body, headers)
            assert json.load(connection.getresponse())["data"]["P_BAD"] == 2.5
            done += 1
        except ConnectionRefusedError:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        finally:
            connection.close()


def test_lock_pins_what_a_model_says_that_is_tried(folder: Path, podman: Path, modelyard: Run) -> None:
    image = f"churn@sha256:{'a' * 64}"
    models = yaml.safe_load(MODELS)
    models["spec"]["models"] = [{**models["spec"]["models"][0], "image": image}]
    (folder / "models.yaml").write_text(yaml.safe_dump(models), "utf-8")
    done = modelyard("lock", "churn", "--try", "-f", folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "churn has 3 inputs and 2 outputs, by the running model\n"
    assert asked(podman)[-1] == ["stopped"]
    failed = modelyard("lock", "churn", "--try", "--update", "-f", folder, env={"FAILS": "1"})
    assert failed.returncode == 0
    assert "warning: churn: the container of churn has ended with 125 [MY283]" in failed.stderr
