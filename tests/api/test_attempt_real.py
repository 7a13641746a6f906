"""`modelyard try` with the real podman and docker, where they answer and the machine lets containers run."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from modelyard.api import containers
from tests.conftest import NODE, need

pytestmark = pytest.mark.slow

IMAGE: Final = "localhost/modelyard-try-churn:1"
MODELS: Final = f"""\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {{name: risk}}
spec:
  models:
    - name: churn
      image: {IMAGE}
      path: /churn
      env: {{VERSION: "7 $(HOME)", START: 1s, OBEYS: "OBEYS?"}}
      resources: {{limits: {{memory: 256Mi, cpu: 500m}}}}
      ignore: [{{code: MY238, reason: it is to stay as it is}}]
      targets: {{deployment: {{}}}}
"""


@pytest.fixture(scope="module", params=containers.RUNNERS)
def program(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return a program that runs containers, with the image of a stand-in at hand."""
    found, problems = containers.find((request.param,))
    if found is None:
        pytest.skip(problems[0].message)
    need(Path(shutil.which("go") or "go"), "the stand-in of a model is built with Go")
    folder = tmp_path_factory.mktemp("image")
    environment = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=mod", "GOPROXY": "off"}
    build = ["go", "build", "-o", str(folder / "model"), "./model"]
    subprocess.run(build, cwd=NODE / "programs", env=environment, check=True)
    lines = ["FROM scratch", "COPY model /model", "USER 1001:0", 'ENTRYPOINT ["/model"]', ""]
    (folder / "Containerfile").write_text("\n".join(lines), "utf-8")
    assert containers.build(found, folder, IMAGE) == []
    done = subprocess.run([found.path, "run", "--rm", "--env", "EXIT=0", IMAGE], capture_output=True, check=False)
    if done.returncode:
        pytest.skip(f"{found.name} answers, and cannot run a container: {containers.said(done.stderr)}")
    yield found.path
    subprocess.run([found.path, "rmi", "--force", IMAGE], capture_output=True, check=False)


def there(program: str) -> list[str]:
    """Return the containers that are there."""
    command = [program, "ps", "--all", "--quiet", "--filter", "label=modelyard.dev/try=churn"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


@pytest.mark.parametrize(
    ("name", "obeys"), [(signal.SIGINT, "true"), (signal.SIGKILL, "true"), (signal.SIGTERM, ""), (signal.SIGKILL, "")]
)
def test_a_model_is_served_as_its_pod_is_and_leaves_nothing(
    tmp_path: Path, program: str, name: signal.Signals, obeys: str
) -> None:
    (tmp_path / "models.yaml").write_text(MODELS.replace("OBEYS?", obeys), "utf-8")
    path = os.pathsep.join([str(Path(program).parent), os.environ["PATH"]])
    process = subprocess.Popen(
        [sys.executable, "-m", "modelyard", "try", "churn", "-f", str(tmp_path)],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env={**os.environ, "PATH": path},
    )  # fmt: skip
    try:
        assert process.stdout
        address = process.stdout.readline().strip()
        with urllib.request.urlopen(urllib.request.Request(address, b"{}"), timeout=10) as answer:  # noqa: S310
            assert json.load(answer)["data"] == {"version": "7 $(HOME)"}
        (container,) = there(program)
        inspected = subprocess.run([program, "inspect", container], capture_output=True, check=True)
        (found,) = json.loads(inspected.stdout)
        assert found["HostConfig"]["ReadonlyRootfs"] is True
        assert found["HostConfig"]["Memory"] == 256 << 20
        assert found["HostConfig"]["NanoCpus"] == 500_000_000
        assert found["Config"]["User"] == "1001"
        process.send_signal(name)
        process.communicate(timeout=60)
        deadline = time.monotonic() + 60
        while there(program):
            assert time.monotonic() < deadline
            time.sleep(0.2)
    finally:
        process.kill()
        process.communicate()
