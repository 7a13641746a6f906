"""What tests share: real binaries, the facts beside the checkout, and a way to run modelyard as users do."""

import fcntl
import gc
import os
import re
import shutil
import signal
import subprocess
import zlib
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest

from modelyard import api
from tests.support import cluster_server, iri_syntax, leftovers, model_sets, shares
from tests.support.cluster_scene import Scene
from tests.support.forks import FORKS

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
CACHE = Path.home() / ".cache" / "modelyard"
KUSTOMIZE = CACHE / "kustomize-v5.8.1" / "kustomize"
# The oldest that the documentation promises, and the newest that can be built; kubectl brings one of its own.
OTHER_KUSTOMIZE = ("v5.0.1", "v5.8.2")
CADDY = CACHE / "caddy-v2.11.9" / "caddy"
# Both majors of Helm that people have.
HELMS = ("v4.3.2", "v3.22.0")
KUBECONFORM = CACHE / "kubeconform-v0.8.0" / "kubeconform"
KUBECTL_VALIDATE = CACHE / "kubectl-validate-v0.0.4" / "kubectl-validate"
KUBE_SCORE = CACHE / "kube-score-v1.20.0" / "kube-score"
CHECKOV = CACHE / "checkov-3.3.30" / "bin" / "checkov"
CLUSTER = CACHE / "cluster"
CLUSTER_SOURCE = ROOT / "tests" / "support" / "cluster"
NODE = ROOT / "tests" / "node"

Run = Callable[..., subprocess.CompletedProcess[str]]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --update: cases rewrite what they expect, to be reviewed with git diff; --in-full; and --kubeconfig.

    The variable KUBECONFIG alone is not heeded: it may lead to a cluster that is no playground.
    """
    parser.addoption("--update", action="store_true", help="rewrite the expected files of tests/render/cases")
    parser.addoption("--in-full", action="store_true", help="tests marked `many` take all of their examples")
    parser.addoption("--kubeconfig", help="cluster with Knative for the cluster tests, in place of one of their own")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for no garbage in what is loaded with the tests, neither now nor later: it stays until the end."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what runs on a real node, and of the rest what needs a cluster; let files that take long begin first.

    That is those marked so, then those with many tests: none is left alone at the end.
    """
    for item in items:
        if NODE in item.path.parents:
            item.add_marker("node")
        elif "cluster" in getattr(item, "fixturenames", ()):
            item.add_marker("cluster")
    counts = Counter(item.path for item in items)
    items.sort(key=lambda item: (item.get_closest_marker("long") is None, -counts[item.path]))


TEMPORARY: Final = pytest.StashKey[Path]()


def pytest_configure(config: pytest.Config) -> None:
    """Give this process, each worker of xdist for itself, a folder for temporary files."""
    config.stash[TEMPORARY] = leftovers.own_folder()
    iri_syntax.load_later()
    # A shell lets what it runs in the background ignore Ctrl-C, and all that a test starts would ignore it too.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if config.getoption("--in-full"):
        shares.take_all()


@pytest.fixture(scope="session", autouse=True)
def _nothing_is_left(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Fail the run when a test has left a process or a temporary file behind."""
    yield
    FORKS.close()
    found = leftovers.left(request.config.stash[TEMPORARY], tmp_path_factory.getbasetemp())
    if found:
        pytest.fail("\n".join(["tests have left behind:", *found]))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the folder where no test ran, as in the process that leads the workers."""
    shutil.rmtree(config.stash[TEMPORARY], ignore_errors=True)


def need(path: Path, remedy: str) -> Path:
    """Return the path; where it is missing, skip with the reason, and in CI fail."""
    if path.exists():
        return path
    reason = f"{path} is missing: {remedy}"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of facts and data that lies beside the checkout."""
    return need(SHARED, "this test compares with data that is not part of the project")


@pytest.fixture(scope="session")
def kustomize() -> Path:
    """Return the pinned kustomize that `make test` builds."""
    return need(KUSTOMIZE, "`make tools` builds it")


@pytest.fixture(params=["v5.8.1", *OTHER_KUSTOMIZE, "kubectl"])
def each_kustomize(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Put each kustomize in turn alone on PATH: the pinned one, the oldest, the newest, kubectl; return which it is."""
    version = str(request.param)
    if version == "kubectl":
        found = need(Path(shutil.which("kubectl") or "kubectl"), "install kubectl")
    else:
        found = need(CACHE / f"kustomize-{version}" / "kustomize", "`make tools` builds it")
    (tmp_path / "path").mkdir()
    (tmp_path / "path" / found.name).symlink_to(found)
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    return version


@pytest.fixture(scope="session")
def caddy() -> Path:
    """Return the pinned Caddy that `make test` builds."""
    return need(CADDY, "`make tools` builds it")


@pytest.fixture(scope="session", params=[HELMS[0], pytest.param(HELMS[1], marks=pytest.mark.slow)])
def helm(request: pytest.FixtureRequest) -> Path:
    """Return each pinned Helm in turn, which `make test` builds."""
    return need(CACHE / f"helm-{request.param}" / "helm", "`make tools` builds it")


@pytest.fixture(scope="session")
def newest_helm() -> Path:
    """Return the newest Helm, for what both majors do alike."""
    return need(CACHE / f"helm-{HELMS[0]}" / "helm", "`make tools` builds it")


@pytest.fixture(scope="session")
def run() -> Run:
    """Return a function that runs a command and gives its exit code, output and errors as text."""

    def call(
        *command: str | Path, stdin: str = "", cwd: Path | None = None, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(word) for word in command],
            input=stdin,
            capture_output=True,
            text=True,
            cwd=cwd,
            env={**os.environ, **(env or {})},
            timeout=300,
            check=False,
        )

    return call


@pytest.fixture(scope="session")
def modelyard() -> Run:
    """Return a function that runs the modelyard command of this environment."""
    return FORKS.run


def built(program: str) -> Path:
    """Build a program of the test cluster from source, or `all` of them, unless it is there; return their folder."""
    need(Path(shutil.which("go") or "go"), "the programs of the test cluster are built with Go")
    CLUSTER.mkdir(parents=True, exist_ok=True)
    with (CLUSTER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another worker may want it too
        command = [str(CLUSTER_SOURCE / "build"), str(CLUSTER), program]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return CLUSTER / "bin"


@pytest.fixture(scope="session", params=["kservice-check", "kservice-check-newest"])
def kservice_check(request: pytest.FixtureRequest) -> Path:
    """Return the program that judges objects with Knative's own defaulting and validation, of each Knative in turn."""
    return built(request.param) / str(request.param)


@pytest.fixture(scope="session")
def cluster(request: pytest.FixtureRequest) -> Iterator[cluster_server.Cluster]:
    """Return a real API server with Knative's controller: that of --kubeconfig, else one for this worker."""
    if named := request.config.getoption("--kubeconfig"):
        kubectl = need(Path(shutil.which("kubectl") or "kubectl"), "install kubectl")
        yield cluster_server.Cluster(kubectl, Path(named))
        return
    kubectl = built("all") / "kubectl"
    with cluster_server.serve(CLUSTER_SOURCE / "up", CLUSTER, cluster_server.crds(SHARED)) as kubeconfig:
        server = cluster_server.Cluster(kubectl, kubeconfig)
        server.wait_for_node()
        yield server


@pytest.fixture
def scene(cluster: cluster_server.Cluster, request: pytest.FixtureRequest, tmp_path: Path) -> Scene:
    """Return a namespace of its own in the real cluster."""
    words = re.sub("[^a-z0-9]+", "-", request.node.name.lower().removeprefix("test_"))
    name = f"{words[:50].strip('-')}-{zlib.crc32(request.node.nodeid.encode()):08x}"
    cluster.succeed("create", "namespace", name)
    return Scene(cluster, name, tmp_path)


@pytest.fixture(scope="session")
def renderings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, api.Rendering]:
    """Return name -> rendering of all overlays, cases and made sets that have no error."""
    return model_sets.rendered(tmp_path_factory.mktemp("sets"))
