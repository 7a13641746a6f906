"""The Job that scores by shards, on a real API server with the controller of Jobs; its pods end at once, silently."""

from typing import Final

import pytest

from tests.support.cluster_scene import Scene
from tests.support.faulty_proxy import modelyard

SET: Final = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: risk}
spec:
  toolImage: registry.example.com/modelyard:1
  models:
    - name: churn
      runtime: scr
      image: registry.example.com/churn:1
      resources: {requests: {cpu: 100m, memory: 128Mi}, limits: {memory: 256Mi}}
      targets: {deployment: {}}
"""
JOBS: Final = "jobs.batch"
SHARDS: Final = 3
WORDS: Final = ("s3://risk/in", "-o", "s3://risk/out", "--engine", "jobs", "--shards", str(SHARDS))


def test_a_job_is_followed_to_its_end_and_nothing_is_left(scene: Scene) -> None:
    assert scene.apply(SET).code == 0
    done = modelyard("score", "churn", *WORDS, "-f", scene.file, *scene.where)
    assert (done.code, done.out) == (1, "")
    assert "3/3 shards" in done.err
    assert "s3://risk/out/_modelyard-00000.json says it" in done.err
    assert scene.names(JOBS) == set()


def test_the_same_command_finds_the_job_that_is_there(scene: Scene) -> None:
    assert scene.apply(SET).code == 0
    printed = modelyard("score", "churn", *WORDS, "-f", scene.file, "--stdout")
    scene.cluster.succeed("apply", "-n", scene.namespace, "-f", "-", stdin=printed.out)
    (name,) = scene.names(JOBS)
    done = modelyard("score", "churn", *WORDS, "-f", scene.file, *scene.where)
    assert f"follows the Job {name}" in done.err
    assert "3/3 shards" in done.err
    assert scene.names(JOBS) == set()


def test_an_apply_with_prune_leaves_the_job(scene: Scene) -> None:
    assert scene.apply(SET).code == 0
    printed = modelyard("score", "churn", *WORDS, "-f", scene.file, "--stdout")
    scene.cluster.succeed("apply", "-n", scene.namespace, "-f", "-", stdin=printed.out)
    pruned = scene.apply(SET, "--prune", "--yes")
    assert pruned.code == 0, pruned.err
    assert len(scene.names(JOBS)) == 1


@pytest.mark.parametrize("change", ["--batch=7", "--shards=4"])
def test_another_command_makes_another_job(scene: Scene, change: str) -> None:
    scene.file.write_text(SET, "utf-8")
    words = [each for each in WORDS if change != "--shards=4" or each not in ("--shards", str(SHARDS))]
    outs = [
        modelyard("score", "churn", *given, "-f", scene.file, "--stdout").out for given in (WORDS, (*words, change))
    ]
    assert outs[0].splitlines()[3] != outs[1].splitlines()[3]
