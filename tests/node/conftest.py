"""The real node: images of models that are stand-ins, namespaces that enforce Pod Security, and calls under load."""

import os
import re
import shutil
import subprocess
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from tests.conftest import CADDY, CLUSTER, CLUSTER_SOURCE, NODE, need
from tests.node.images import Images, alone
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


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what was measured: calls, those that were lost, seconds."""
    reports = [each for some in terminalreporter.stats.values() for each in some if isinstance(each, pytest.TestReport)]
    measured = [each for each in reports if each.when == "call" and any(each.user_properties)]
    if measured:
        terminalreporter.section("figures")
    for report in sorted(measured, key=lambda each: each.nodeid):
        terminalreporter.line(f"{report.location[2]}: {'; '.join(str(said) for _, said in report.user_properties)}")


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Return what takes a line about what was measured, for the summary at the end."""
    return partial(record_property, "figure")


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    """Return the API server of the node that this process runs on."""
    kubectl = shutil.which("kubectl")
    assert kubectl
    return Cluster(Path(kubectl), Path(os.environ["KUBECONFIG"]))


@pytest.fixture(scope="session")
def common(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder that all workers of xdist have in common."""
    folder = tmp_path_factory.getbasetemp()
    return folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder


@pytest.fixture(scope="session")
def programs(common: Path) -> Path:
    """Return the folder with the stand-ins of models and the caller, built from source."""
    folder = common / "programs"
    command = ["go", "build", "-trimpath", "-ldflags", "-s -w", "-o", str(folder), "./..."]
    environment = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=mod", "GOPROXY": "off"}
    with alone(folder):
        if not folder.exists():
            folder.mkdir()
            done = subprocess.run(command, cwd=PROGRAMS, env=environment, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="session")
def images(programs: Path, common: Path) -> Images:
    """Return what makes images, with the stand-in of a model at hand."""
    return Images(CLUSTER_SOURCE / "node", programs / "model", common / "images")


@pytest.fixture(scope="session")
def caddy_image(images: Images) -> str:
    """Return the image of Caddy."""
    return images.caddy_image(need(CADDY, "`make tools` builds it"))


@pytest.fixture(scope="session")
def own_image(images: Images) -> str:
    """Return the image of modelyard."""
    return images.own_image(need(CLUSTER / "modelyard.tar", "`tests/support/cluster/node build` makes it"))


@pytest.fixture(scope="session")
def obeying(images: Images) -> str:
    """Return the image of a model that ends with SIGTERM at once, whatever calls are in flight."""
    return images.model_image("updated:1", OBEYS="true")


@pytest.fixture(scope="session")
def ignoring(images: Images) -> str:
    """Return the image of a model that ignores SIGTERM, as SAS Container Runtime does."""
    return images.model_image("updated:2")


@pytest.fixture
def processor(common: Path) -> Iterator[None]:
    """Leave the processor to the test: of those that load it, and those that measure seconds, one runs at a time."""
    with alone(common / "processor"):
        yield


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
def load(programs: Path, figure: Callable[[str], None]) -> Iterator[Load]:
    """Return what calls models; what still calls at the end of a test is stopped."""
    found = Load(programs / "load", figure)
    yield found
    found.stop_all()
