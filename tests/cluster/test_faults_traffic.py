"""Whatever fails on the way to the API server, calls are split as a command says, or it says that they are not."""

from pathlib import Path

import pytest

from tests.cluster.test_faults import MOST_CALLS, OTHERS, impatient, namespace_of, proxy, says_no_secret
from tests.support.cluster_server import Cluster
from tests.support.faulty_proxy import FAULTS, Proxy, modelyard

__all__ = ["impatient", "proxy"]  # fixtures

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


@pytest.mark.parametrize("fault", OTHERS)
def test_traffic(cluster: Cluster, proxy: Proxy, fault: str, tmp_path: Path) -> None:
    namespace = namespace_of(cluster, fault, "traffic")
    where = ("-f", tmp_path, "-n", namespace, "--kubeconfig", proxy.kubeconfig(tmp_path))
    (tmp_path / "models.yaml").write_text(SPLIT, "utf-8")
    proxy.fail("", -1)
    assert modelyard("apply", "--wait", *where).code == 0
    stopped = 0
    for number in range(MOST_CALLS):
        a = 10 + number
        proxy.fail(fault, number)
        answer = modelyard("traffic", "m", f"a={a}", f"b={100 - a}", "--apply", *where)
        says_no_secret(answer)
        live = cluster.get("routes.serving.knative.dev", "m", namespace)["spec"]["traffic"]
        if answer.code == 0:
            assert {each["tag"]: each["percent"] for each in live} == {"a": a, "b": 100 - a}
            assert f"percent: {a}}}" in (tmp_path / "models.yaml").read_text("utf-8")
        else:
            assert (answer.code, answer.out) == (1, "")
            is_written = f"percent: {a}}}" in (tmp_path / "models.yaml").read_text("utf-8")
            assert is_written == ("go on with: modelyard apply -f" in answer.err)
            stopped += is_written
        if proxy.seen <= number:
            break
    assert (answer.code, number > 8) == (0, True)
    assert (stopped > 2) == (fault not in ("delay", "429"))  # those two are waited for


@pytest.mark.parametrize("fault", FAULTS)
def test_traffic_without_a_file(
    cluster: Cluster, proxy: Proxy, fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    namespace = namespace_of(cluster, fault, "split")
    where = ("-n", namespace, "--kubeconfig", proxy.kubeconfig(tmp_path))
    (tmp_path / "models.yaml").write_text(SPLIT, "utf-8")
    proxy.fail("", -1)
    assert modelyard("apply", "--wait", "-f", tmp_path, *where).code == 0
    (tmp_path / "models.yaml").unlink()
    monkeypatch.chdir(tmp_path)
    for number in range(MOST_CALLS):
        wanted = ("a", "b")[number % 2]
        proxy.fail(fault, number)
        answer = modelyard("promote", "m", wanted, *where)
        says_no_secret(answer)
        live = cluster.get("routes.serving.knative.dev", "m", namespace)["spec"]["traffic"]
        if answer.code == 0:
            assert {each["tag"]: each["percent"] for each in live} == {"a": 0, "b": 0, wanted: 100}
        else:
            assert (answer.code, answer.out) == (1, "")
        if proxy.seen <= number:
            break
    assert (answer.code, number > 3) == (0, True)


def test_a_handover_goes_on_wherever_the_server_was_gone(cluster: Cluster, proxy: Proxy, tmp_path: Path) -> None:
    namespace = namespace_of(cluster, "gone", "handover")
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
