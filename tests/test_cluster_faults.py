"""Whatever fails between a command and the API server, no command says that it has done what it has not."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster_calls import FAULTS, PASSWORD, TOKEN, Answer, Proxy, modelyard, proxied
from tests.cluster_server import Cluster

MODEL = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: faulty}
spec:
  models:
    - {name: NAME, image: "registry.example.com/m:TAG", runtime: pcr, targets: {deployment: {}}}
"""
TARGET = "      targets: {knative: {minScale: 1}}\n"
SPLIT = f"""\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {{name: split}}
spec:
  models:
    - name: m
      path: /m
      runtime: pcr
      variants:
        - {{name: a, image: "registry.example.com/model:1", percent: 50}}
        - {{name: b, image: "registry.example.com/model:2", percent: 50}}
{TARGET}"""
MOST_CALLS = 60
OTHERS = ("drop", "404", "500", "gone")  # of the commands that make the same calls with the same code


@pytest.fixture(scope="module")
def proxy(cluster: Cluster) -> Iterator[Proxy]:
    with proxied(cluster.kubeconfig) as proxy:
        yield proxy


def _namespace(cluster: Cluster, fault: str, command: str) -> str:
    name = f"fault-{command}-{fault}"
    cluster.succeed("create", "namespace", name)
    return name


def _images(cluster: Cluster, namespace: str) -> dict[str, str]:
    items = json.loads(cluster.succeed("get", "deployments", "-n", namespace, "-o", "json"))["items"]
    return {each["metadata"]["name"]: each["spec"]["template"]["spec"]["containers"][0]["image"] for each in items}


def _says_no_secret(answer: Answer) -> None:
    assert TOKEN not in answer.out + answer.err
    assert PASSWORD not in answer.out + answer.err


@pytest.mark.parametrize("fault", FAULTS)
def test_apply(cluster: Cluster, proxy: Proxy, fault: str, tmp_path: Path) -> None:
    namespace, failed = _namespace(cluster, fault, "apply"), 0
    where = ("-f", tmp_path, "-n", namespace, "--kubeconfig", proxy.kubeconfig(tmp_path))
    for number in range(MOST_CALLS):
        (tmp_path / "models.yaml").write_text(MODEL.replace("NAME", "m").replace("TAG", f"{number}.0"), "utf-8")
        proxy.fail(fault, number)
        answer = modelyard("apply", *where)
        reached = proxy.seen > number
        _says_no_secret(answer)
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
    namespace, reached, number = _namespace(cluster, fault, "delete"), True, -1
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
        _says_no_secret(answer)
        assert (answer.code == 0) <= ("m" not in _images(cluster, namespace))
        assert answer.code == 0 or (answer.out == "" and "error: " in answer.err)
    assert not reached
    assert number > 8


@pytest.mark.parametrize("fault", OTHERS)
def test_list_and_status(cluster: Cluster, proxy: Proxy, fault: str, tmp_path: Path) -> None:
    namespace = _namespace(cluster, fault, "list")
    where = ("-n", namespace, "--kubeconfig", proxy.kubeconfig(tmp_path))
    (tmp_path / "models.yaml").write_text(MODEL.replace("NAME", "shown").replace("TAG", "1"), "utf-8")
    proxy.fail("", -1)
    assert modelyard("apply", "--wait", "-f", tmp_path, *where).code == 0
    for command in (("list",), ("status", "shown")):
        for number in range(MOST_CALLS):
            proxy.fail(fault, number)
            answer = modelyard(*command, *where)
            _says_no_secret(answer)
            assert (answer.code == 0) == ("shown" in answer.out)
            if proxy.seen <= number:
                break
        assert (answer.code, number > 2) == (0, True)


@pytest.mark.parametrize("fault", OTHERS)
def test_diff(cluster: Cluster, proxy: Proxy, fault: str, tmp_path: Path) -> None:
    where = ("-f", tmp_path, "-n", _namespace(cluster, fault, "diff"), "--kubeconfig", proxy.kubeconfig(tmp_path))
    file, text = tmp_path / "models.yaml", MODEL.replace("NAME", "m")
    file.write_text(text.replace("TAG", "1"), "utf-8")
    proxy.fail("", -1)
    assert modelyard("apply", *where).code == 0
    file.write_text(text.replace("TAG", "2"), "utf-8")
    for number in range(MOST_CALLS):
        proxy.fail(fault, number)
        answer = modelyard("diff", *where)
        _says_no_secret(answer)
        assert (answer.code, answer.out) in ((0, "m: image 1 -> 2\n"), (1, ""))
        if proxy.seen <= number:
            break
    assert (answer.code, number > 8) == (0, True)


@pytest.mark.parametrize("fault", OTHERS)
def test_deploy(cluster: Cluster, proxy: Proxy, fault: str, tmp_path: Path) -> None:
    namespace, saved = _namespace(cluster, fault, "deploy"), tmp_path / "saved"
    where = ("-n", namespace, "--kubeconfig", proxy.kubeconfig(tmp_path), "--target", "deployment", "--save", saved)
    for number in range(MOST_CALLS):
        saved.unlink(missing_ok=True)
        image = f"registry.example.com/model:{number}.0"
        proxy.fail(fault, number)
        answer = modelyard("deploy", "model", "--image", image, *where)
        _says_no_secret(answer)
        if answer.code == 0:
            assert _images(cluster, namespace) == {"model": image}
            assert image in saved.read_text("utf-8")
        else:
            assert (answer.code, answer.out) == (1, "")
        if proxy.seen <= number:
            break
    assert (answer.code, number > 8) == (0, True)


@pytest.mark.parametrize("fault", OTHERS)
def test_traffic(cluster: Cluster, proxy: Proxy, fault: str, tmp_path: Path) -> None:
    namespace = _namespace(cluster, fault, "traffic")
    where = ("-f", tmp_path, "-n", namespace, "--kubeconfig", proxy.kubeconfig(tmp_path))
    (tmp_path / "models.yaml").write_text(SPLIT, "utf-8")
    proxy.fail("", -1)
    assert modelyard("apply", "--wait", *where).code == 0
    for number in range(MOST_CALLS):
        a = 10 + number
        proxy.fail(fault, number)
        answer = modelyard("traffic", "m", f"a={a}", f"b={100 - a}", "--apply", *where)
        _says_no_secret(answer)
        live = cluster.get("routes.serving.knative.dev", "m", namespace)["spec"]["traffic"]
        if answer.code == 0:
            assert {each["tag"]: each["percent"] for each in live} == {"a": a, "b": 100 - a}
            assert f"percent: {a}}}" in (tmp_path / "models.yaml").read_text("utf-8")
        else:
            assert (answer.code, answer.out) == (1, "")
        if proxy.seen <= number:
            break
    assert (answer.code, number > 8) == (0, True)


@pytest.mark.parametrize("fault", OTHERS)
def test_traffic_without_a_file(cluster: Cluster, proxy: Proxy, fault: str, tmp_path: Path) -> None:
    namespace = _namespace(cluster, fault, "split")
    where = ("-n", namespace, "--kubeconfig", proxy.kubeconfig(tmp_path))
    (tmp_path / "models.yaml").write_text(SPLIT, "utf-8")
    proxy.fail("", -1)
    assert modelyard("apply", "--wait", "-f", tmp_path, *where).code == 0
    (tmp_path / "models.yaml").unlink()
    for number in range(MOST_CALLS):
        wanted = ("a", "b")[number % 2]
        proxy.fail(fault, number)
        answer = modelyard("promote", "m", wanted, "-f", tmp_path, *where)
        _says_no_secret(answer)
        live = cluster.get("routes.serving.knative.dev", "m", namespace)["spec"]["traffic"]
        if answer.code == 0:
            assert {each["tag"]: each["percent"] for each in live} == {"a": 0, "b": 0, wanted: 100}
        else:
            assert (answer.code, answer.out) == (1, "")
        if proxy.seen <= number:
            break
    assert (answer.code, number > 3) == (0, True)


def test_a_handover_goes_on_wherever_the_server_was_gone(cluster: Cluster, proxy: Proxy, tmp_path: Path) -> None:
    namespace = _namespace(cluster, "gone", "handover")
    where = ("-f", tmp_path, "-n", namespace, "--kubeconfig", proxy.kubeconfig(tmp_path))
    how = ("--handover", "--yes", "--prune", "--timeout", "30")
    single = SPLIT[: SPLIT.index("      variants:")] + '      image: "registry.example.com/model:1"\n' + TARGET
    forms = (single, SPLIT)
    proxy.fail("", -1)
    (tmp_path / "models.yaml").write_text(SPLIT, "utf-8")
    assert modelyard("apply", "--wait", *where).code == 0
    for number in range(0, 3 * MOST_CALLS, 5):
        text = forms[number % 2]
        (tmp_path / "models.yaml").write_text(text, "utf-8")
        proxy.fail("gone", number)
        stopped = modelyard("apply", *how, *where)
        reached = proxy.seen > number
        assert (stopped.code == 0) <= (not reached)
        proxy.fail("", -1)
        mended = modelyard("apply", "--wait", *how, *where)
        assert mended.code == 0, mended.err
        route = cluster.get("routes.serving.knative.dev", "m", namespace)
        assert ("ownerReferences" in route["metadata"]) == (text == single)
        tags = {each.get("tag") for each in route["status"]["traffic"]}
        assert tags == ({None} if text == single else {"a", "b"})
        if not reached:
            break
    assert not reached
    assert number > 15
