"""A table by shards on the node: an Indexed Job, each pod with the model beside it, over a volume that they share."""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from modelyard.score.parts import summed
from tests.conftest import ROOT
from tests.support.cluster_scene import Scene
from tests.support.faulty_proxy import modelyard
from tests.support.model_server import score

ROWS: Final = 8_000
SHARDS: Final = 8
# The stand-in of a model, in the image of modelyard, which has no model but Python.
SERVE: Final = (
    (ROOT / "tests" / "support" / "model_server.py").read_text("utf-8").partition("async def main")[0]
    + """\
async def main():
    Quick.delay = 0.05
    server = await asyncio.get_running_loop().create_server(Quick, '0.0.0.0', 8080)
    await server.serve_forever()
asyncio.run(main())
"""
)
SET: Final = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: risk}
spec:
  toolImage: IMAGE
  models:
    - name: churn
      image: IMAGE
      path: /churn
      runtime: scr
      command: [python3, -c, SERVE]
      resources: {requests: {cpu: 10m, memory: 32Mi}, limits: {memory: 256Mi}}
      targets: {deployment: {replicas: 0}}
"""


@pytest.fixture
def volume(scene: Scene, tmp_path: Path) -> Iterator[Path]:
    """Return the folder of a volume whose claim is called tables."""
    folder = tmp_path / "volume"
    folder.mkdir()
    folder.chmod(0o777)
    # Pods, as another user, get to a folder of pytest's only by a mount, which the kubelet makes.
    common = {"accessModes": ["ReadWriteMany"], "storageClassName": ""}
    persistent = {
        "apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": scene.namespace},
        "spec": {
            **common, "capacity": {"storage": "1Gi"}, "hostPath": {"path": str(folder)},
            "claimRef": {"namespace": scene.namespace, "name": "tables"},
        },
    }  # fmt: skip
    claim = {
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "tables"},
        "spec": {**common, "resources": {"requests": {"storage": "1Gi"}}, "volumeName": scene.namespace},
    }  # fmt: skip
    for each in (persistent, claim):
        scene.cluster.succeed("apply", "-n", scene.namespace, "-f", "-", stdin=json.dumps(each))
    yield folder
    scene.cluster.run("delete", "persistentvolume", scene.namespace, "--wait=false")


def pods(scene: Scene, index: int) -> list[dict[str, Any]]:
    """Return the pods of a shard."""
    selector = f"batch.kubernetes.io/job-completion-index={index}"
    text = scene.cluster.succeed("get", "pods", "-n", scene.namespace, "-l", selector, "-o", "json")
    found: list[dict[str, Any]] = json.loads(text)["items"]
    return found


def killed_in_the_middle(scene: Scene, index: int) -> str:
    """Kill the pod of a shard a second after its work began, and return its name."""
    end = time.monotonic() + 120
    while True:
        assert time.monotonic() < end, f"shard {index} does not begin"
        for pod in pods(scene, index):
            (state,) = pod["status"].get("containerStatuses") or [{}]
            if "running" in (state.get("state") or {}):
                time.sleep(1)
                name: str = pod["metadata"]["name"]
                scene.cluster.succeed("delete", "pod", name, "-n", scene.namespace, "--force", "--grace-period=0")
                return name
        time.sleep(0.2)


def test_each_row_is_scored_once_though_a_pod_is_killed(
    scene: Scene, own_image: str, volume: Path, figure: Callable[[str], None]
) -> None:
    numbers = [float(i) for i in range(ROWS)]
    table = pa.table({"ID": range(ROWS), "LOAN": numbers, "VALUE": numbers, "JOB": ["Sales"] * ROWS})
    (volume / "in").mkdir()
    for start in range(0, ROWS, ROWS // 2):  # 8 row groups of each of two files
        pq.write_table(table.slice(start, ROWS // 2), volume / "in" / f"{start}.parquet", row_group_size=ROWS // 16)
    text = SET.replace("IMAGE", own_image).replace("SERVE", json.dumps(SERVE))
    assert scene.apply(text).code == 0
    killed: list[str] = []
    killer = threading.Thread(target=lambda: killed.append(killed_in_the_middle(scene, 3)))
    killer.start()
    began = time.monotonic()
    words = ("--engine", "jobs", "--shards", str(SHARDS), "--parallel", "4", "--claim", "tables")
    done = modelyard("score", "churn", "/data/in", "-o", "/data/out", *words, "-f", scene.file, *scene.where)
    killer.join()
    figure(f"{ROWS} rows by {SHARDS} shards in {time.monotonic() - began:.1f} s, with one pod killed")
    assert done.code == 0, done.err
    manifest = json.loads(done.out)
    assert (manifest["model"], manifest["rows"], manifest["scored"], manifest["failed"]) == ("churn", ROWS, ROWS, 0)
    assert [each["rows"] for each in manifest["parts"]] == [ROWS // SHARDS] * SHARDS
    parts = sorted((volume / "out").glob("part-*.parquet"))
    assert [each.name for each in parts] == [each["part"] for each in manifest["parts"]]
    found = [summed(each) for each in parts]
    assert str(sum(total for _, total in found)) == manifest["checksum"]
    rows = [row for each in parts for row in pq.read_table(each).to_pylist()]
    assert set(Counter(row["ID"] for row in rows).values()) == {1}
    assert len(rows) == ROWS
    assert all(row["P_BAD"] == score(row)["P_BAD"] for row in rows)
    assert killed
    assert not [each for each in (volume / "out").iterdir() if each.name.startswith(".")], "nothing is left beside"
    assert scene.names("jobs") == set()
