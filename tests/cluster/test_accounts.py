"""Admission asks for a set's ServiceAccount before the set's own apply has created it."""

from pathlib import Path

from modelyard import api
from modelyard.api import cluster as live
from modelyard.api import commands
from tests.support.cluster_scene import SET, Scene


def accounts(scene: Scene) -> set[str]:
    """Return the ServiceAccounts of the namespace, but for the one that each has."""
    return scene.names("serviceaccounts") - {"default"}


def test_a_first_diff_finds_all_and_creates_nothing(scene: Scene) -> None:
    diff = scene.diff(SET)
    assert (diff.code, diff.err) == (0, ""), diff.err
    assert "churn" in diff.out
    assert "fraud" in diff.out
    assert accounts(scene) == set()


def test_a_first_apply_creates_the_account_once(scene: Scene) -> None:
    applied = scene.apply(SET)
    assert applied.code == 0, applied.err
    assert "unchanged" not in applied.out
    assert accounts(scene) == {"risk"}
    assert scene.apply(SET).out.startswith(f"{scene.namespace}: ")
    assert "created" not in scene.apply(SET).out


def test_a_changed_account_is_a_difference_and_no_refusal(scene: Scene) -> None:
    assert scene.apply(SET).code == 0
    other = SET.replace("spec:\n", "spec:\n  serviceAccount: {name: scorer}\n", 1)
    diff = scene.diff(other)
    assert diff.code == 0, diff.err
    assert "serviceAccount.name risk -> scorer" in diff.out
    assert accounts(scene) == {"risk"}
    assert scene.apply(other).code == 0
    assert accounts(scene) == {"risk", "scorer"}


def test_what_is_refused_for_another_reason_leaves_no_account(scene: Scene) -> None:
    quota = (
        '{"apiVersion":"v1","kind":"ResourceQuota","metadata":{"name":"none"},"spec":{"hard":{"count/services":"0"}}}'
    )
    scene.cluster.succeed("create", "-n", scene.namespace, "-f", "-", stdin=quota)
    refused = scene.apply(SET)
    assert (refused.code, refused.out) == (1, "")
    assert "[MY704]" in refused.err
    assert accounts(scene) == set()
    assert scene.names("services") == set()


def test_an_account_that_nobody_brings_is_named(scene: Scene) -> None:
    text = SET.replace("spec:\n", "spec:\n  serviceAccount: {name: absent, create: false}\n", 1)
    for answer in (scene.apply(text), scene.diff(text)):
        assert (answer.code, answer.out) == (1, "")
        assert 'serviceaccount "absent" not found' in " ".join(answer.err.split())
        assert "create this ServiceAccount" in " ".join(answer.err.split())
    assert accounts(scene) == set()


def test_who_says_no_leaves_no_account(scene: Scene, tmp_path: Path) -> None:
    assert scene.apply(SET).code == 0
    scene.cluster.succeed("delete", "serviceaccount", "risk", "-n", scene.namespace)
    file = tmp_path / "less.yaml"
    file.write_text(SET[: SET.index("    - {name: pricing")], "utf-8")
    asked: list[object] = []

    def no(doomed: object) -> bool:
        asked.append(doomed)
        return False

    where = live.Connection(kubeconfig=scene.cluster.kubeconfig, namespace=scene.namespace)
    outcome = api.apply(file, where=where, how=commands.Applying(prune=True, confirm=no))
    assert asked
    assert not outcome.applied
    assert accounts(scene) == set()
