"""The real node: images of models that are stand-ins, namespaces that enforce Pod Security, and calls under load."""

import os
import re
import shutil
import subprocess
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.conftest import CADDY, CLUSTER_SOURCE, NODE, need
from tests.node.images import Images
from tests.node.load import Load
from tests.support.cluster_scene import Scene
from tests.support.cluster_server import Cluster

PROGRAMS: Final = NODE / "programs"
RESTRICTED: Final = [f"pod-security.kubernetes.io/{mode}=restricted" for mode in ("enforce", "warn")]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs the node where these tests do not run on one."""
    if "CONTAINERD_ADDRESS" in os.environ:
        return
    reason = "this test runs on a real node, which needs root: `make test-node`"
    for item in items:
        if NODE in item.path.parents:
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    """Return the API server of the node that this process runs on."""
    kubectl = shutil.which("kubectl")
    assert kubectl
    return Cluster(Path(kubectl), Path(os.environ["KUBECONFIG"]))


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder with the stand-in of a model and the caller, built from source."""
    folder = tmp_path_factory.mktemp("programs")
    command = ["go", "build", "-trimpath", "-ldflags", "-s -w", "-o", str(folder), "./..."]
    environment = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=mod", "GOPROXY": "off"}
    done = subprocess.run(command, cwd=PROGRAMS, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="session")
def images(programs: Path, tmp_path_factory: pytest.TempPathFactory) -> Images:
    """Return what makes images, with the stand-in of a model at hand."""
    return Images(CLUSTER_SOURCE / "node", programs / "model", tmp_path_factory.mktemp("images"))


@pytest.fixture(scope="session")
def caddy_image(images: Images) -> str:
    """Return the image of Caddy."""
    return images.caddy_image(need(CADDY, "`make tools` builds it"))


@pytest.fixture
def scene(cluster: Cluster, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scene]:
    """Return a namespace that enforces Pod Security "restricted"; its pods go with the test."""
    words = re.sub("[^a-z0-9]+", "-", request.node.name.lower().removeprefix("test_"))
    name = f"{words[:30].strip('-')}-{zlib.crc32(request.node.nodeid.encode()):08x}"
    cluster.succeed("create", "namespace", name)
    cluster.succeed("label", "namespace", name, *RESTRICTED)
    yield Scene(cluster, name, tmp_path)
    cluster.run("delete", "namespace", name, "--wait=false")
    cluster.run("delete", "pods", "--all", "-n", name, "--force", "--grace-period=0", "--wait=false")


@pytest.fixture
def load(programs: Path) -> Iterator[Load]:
    """Return what calls models; what still calls at the end of a test is stopped."""
    found = Load(programs / "load")
    yield found
    found.stop_all()
