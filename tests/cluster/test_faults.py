"""Whatever fails between a command and the API server, no command says that it has done what it has not."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelyard.cluster import wait
from tests.support.cluster_server import Cluster
from tests.support.faulty_proxy import FAULTS, PASSWORD, TOKEN, Answer, Proxy, modelyard, proxied

MODEL = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: faulty}
spec:
  models:
    - {name: NAME, image: "registry.example.com/m:TAG", runtime: pcr, targets: {deployment: {}}}
"""
MOST_CALLS = 120
OTHERS = (
    "drop",
    "delay",
    "409",
    "429",
    "500",
    "gone",
)  # of commands whose calls are those of apply, made by the same code


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask a server that is gone only for a moment."""
    monkeypatch.setattr(wait, "SILENT_SECONDS", 1.0)


@pytest.fixture(scope="module")
def proxy(cluster: Cluster) -> Iterator[Proxy]:
    with proxied(cluster.kubeconfig) as proxy:
        yield proxy


def namespace_of(cluster: Cluster, fault: str, command: str) -> str:
    name = f"fault-{command}-{fault}"
    cluster.succeed("create", "namespace", name)
    return name


def _images(cluster: Cluster, namespace: str) -> dict[str, str]:
    items = json.loads(cluster.succeed("get", "deployments", "-n", namespace, "-o", "json"))["items"]
    return {each["metadata"]["name"]: each["spec"]["template"]["spec"]["containers"][0]["image"] for each in items}


def says_no_secret(answer: Answer) -> None:
    assert TOKEN not in answer.out + answer.err
    assert PASSWORD not in answer.out + answer.err


@pytest.mark.parametrize("fault", FAULTS)
def test_apply(cluster: Cluster, proxy: Proxy, fault: str, tmp_path: Path) -> None:
    namespace, failed = namespace_of(cluster, fault, "apply"), 0
    where = ("-f", tmp_path, "-n", namespace, "--kubeconfig", proxy.kubeconfig(tmp_path))
    for number in range(MOST_CALLS):
        (tmp_path / "models.yaml").write_text(MODEL.replace("NAME", "m").replace("TAG", f"{number}.0"), "utf-8")
        proxy.fail(fault, number)
        answer = modelyard("apply", *where)
        reached = proxy.seen > number
        says_no_secret(answer)
        if answer.code == 0:
            assert _images(cluster, namespace) == {"m": f"registry.example.com/m:{number}.0"}
        else:
            assert (answer.code, answer.out) == (1, "")
            assert "error: " in answer.err
            failed += 1
            proxy.fail("", -1)
            if fault == "gone":  # and comes back
                assert modelyard("apply", *where).code == 0
                assert _images(cluster, namespace) == {"m": f"registry.example.com/m:{number}.0"}
        if not reached:
            break
    assert not reached
    assert number > 8
    assert (failed > 0) == (fault not in ("delay", "429"))
    assert answer.code == 0  # the run without a fault has mended what those before it left


@pytest.mark.parametrize("fault", OTHERS)
def test_delete(cluster: Cluster, proxy: Proxy, fault: str, tmp_path: Path) -> None:
    namespace, reached, number = namespace_of(cluster, fault, "delete"), True, -1
    kubeconfig = proxy.kubeconfig(tmp_path)
    (tmp_path / "models.yaml").write_text(MODEL.replace("NAME", "m").replace("TAG", "1"), "utf-8")
    while reached and number < MOST_CALLS:
        number += 1
        if "m" not in _images(cluster, namespace):
            proxy.fail("", -1)
            assert modelyard("apply", "-f", tmp_path, "-n", namespace, "--kubeconfig", kubeconfig).code == 0
        proxy.fail(fault, number)
        answer = modelyard("delete", "m", "--yes", "-n", namespace, "--kubeconfig", kubeconfig)
        reached = proxy.seen > number
        says_no_secret(answer)
        assert (answer.code == 0) <= ("m" not in _images(cluster, namespace))
        assert answer.code == 0 or (answer.out == "" and "error: " in answer.err)
    assert not reached
    assert number > 8


@pytest.mark.parametrize("fault", OTHERS)
def test_list_and_status(cluster: Cluster, proxy: Proxy, fault: str, tmp_path: Path) -> None:
    namespace = namespace_of(cluster, fault, "list")
    where = ("-n", namespace, "--kubeconfig", proxy.kubeconfig(tmp_path))
    (tmp_path / "models.yaml").write_text(MODEL.replace("NAME", "shown").replace("TAG", "1"), "utf-8")
    proxy.fail("", -1)
    assert modelyard("apply", "--wait", "-f", tmp_path, *where).code == 0
    for command in (("list",), ("status", "shown")):
        for number in range(MOST_CALLS):
            proxy.fail(fault, number)
            answer = modelyard(*command, *where)
            says_no_secret(answer)
            assert (answer.code == 0) == ("shown" in answer.out)
            if proxy.seen <= number:
                break
        assert (answer.code, number > 2) == (0, True)


@pytest.mark.parametrize("fault", OTHERS)
def test_diff(cluster: Cluster, proxy: Proxy, fault: str, tmp_path: Path) -> None:
    where = ("-f", tmp_path, "-n", namespace_of(cluster, fault, "diff"), "--kubeconfig", proxy.kubeconfig(tmp_path))
    file, text = tmp_path / "models.yaml", MODEL.replace("NAME", "m")
    file.write_text(text.replace("TAG", "1"), "utf-8")
    proxy.fail("", -1)
    assert modelyard("apply", *where).code == 0
    file.write_text(text.replace("TAG", "2"), "utf-8")
    for number in range(MOST_CALLS):
        proxy.fail(fault, number)
        answer = modelyard("diff", *where)
        says_no_secret(answer)
        assert (answer.code, answer.out) in ((0, "m: image 1 -> 2\n"), (1, ""))
        if proxy.seen <= number:
            break
    assert (answer.code, number > 8) == (0, True)


@pytest.mark.parametrize("fault", OTHERS)
def test_deploy(cluster: Cluster, proxy: Proxy, fault: str, tmp_path: Path) -> None:
    namespace, saved = namespace_of(cluster, fault, "deploy"), tmp_path / "saved"
    where = ("-n", namespace, "--kubeconfig", proxy.kubeconfig(tmp_path), "--target", "deployment", "--save", saved)
    for number in range(MOST_CALLS):
        saved.unlink(missing_ok=True)
        image = f"registry.example.com/model:{number}.0"
        proxy.fail(fault, number)
        answer = modelyard("deploy", "model", "--image", image, *where)
        says_no_secret(answer)
        if answer.code == 0:
            assert _images(cluster, namespace) == {"model": image}
            assert image in saved.read_text("utf-8")
        else:
            assert (answer.code, answer.out) == (1, "")
        if proxy.seen <= number:
            break
    assert (answer.code, number > 8) == (0, True)
