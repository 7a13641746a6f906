"""diff on a real API server: what an apply would change, and nothing that the server or a webhook adds."""

import json
from pathlib import Path

import pytest

from tests.support.cluster_scene import ONE, SET, Scene
from tests.support.faulty_proxy import modelyard


def test_a_new_set_is_all_new_and_then_there_is_no_difference(scene: Scene) -> None:
    before = scene.diff(SET)
    assert (before.code, before.err) == (0, "")
    lines = before.out.splitlines()
    assert lines[0].startswith("the set: ServiceAccount risk none -> present")
    assert "fraud: new (image fraud:1.0)" in lines
    assert scene.names("services.serving.knative.dev") == set()
    assert scene.apply(SET, "--wait", "--timeout", "60").code == 0
    after = scene.diff(SET, "--exit-code")
    assert (after.code, after.out) == (0, ""), after.out
    assert "no differences" in after.err


def test_changes_are_called_as_the_models_file_calls_them(scene: Scene) -> None:
    assert scene.apply(SET, "--wait", "--timeout", "60").code == 0
    text = SET.replace("fraud:1.0", "fraud:1.1").replace("replicas: 2", "replicas: 3").replace('"30"', '"60"')
    text = text.replace("percent: 60", "percent: 70").replace("percent: 40", "percent: 30")
    text = text.replace("minScale: 1", "minScale: 2")
    changed = scene.diff(text, "--exit-code")
    assert changed.code == 1
    words = {line.partition(": ")[0]: set(line.partition(": ")[2].split(", ")) for line in changed.out.splitlines()}
    assert words == {
        "churn": {
            "config.RATE 30 -> 60",
            "minScale 1 -> 2",
            "champion percent 60 -> 70",
            "challenger percent 40 -> 30",
        },
        "fraud": {"image 1.0 -> 1.1", "minScale 1 -> 2"},
        "pricing": {"replicas 2 -> 3"},
    }
    assert scene.apply(text).code == 0
    assert scene.diff(text).out == ""


def test_what_somebody_changed_in_the_cluster_is_a_difference(scene: Scene) -> None:
    assert scene.apply(SET).code == 0
    at = ("-n", scene.namespace)
    scene.cluster.succeed("label", "deployment", "pricing", "app.kubernetes.io/part-of=theirs", "--overwrite", *at)
    scene.cluster.succeed("scale", "deployment", "pricing", "--replicas=5", *at)
    refused = scene.diff(SET)
    assert (refused.code, refused.out) == (1, "")
    assert ".spec.replicas is set by" in refused.err
    scene.cluster.succeed("label", "deployment", "pricing", "app.kubernetes.io/part-of=risk", "--overwrite", *at)
    forced = scene.diff(SET, "--force-conflicts")
    assert (forced.code, forced.out) == (0, "pricing: replicas 5 -> 2\n"), forced.err
    assert scene.get("deployments", "pricing")["spec"]["replicas"] == 5


def test_what_is_no_longer_declared_is_removed(scene: Scene) -> None:
    assert scene.apply(SET).code == 0
    fewer = SET[: SET.index("    - {name: fraud")]
    assert scene.diff(fewer).out == "fraud: removed\npricing: removed\n"
    one = fewer.replace('        - {name: challenger, image: "churn:2.1.0", percent: 40}\n', "")
    lines = scene.diff(one.replace("percent: 60", "percent: 100"), "-o", "json").out
    churn = next(each for each in json.loads(lines) if each["model"] == "churn")
    gone = {(each["variant"], each["field"], each["after"]) for each in churn["changes"]}
    assert ("challenger", "Service churn-challenger", None) in gone
    assert ("champion", "percent", 100) in gone


def test_a_model_that_gained_its_variants_is_an_error(scene: Scene) -> None:
    assert scene.apply(ONE, "--wait", "--timeout", "60").code == 0
    split = ONE.replace('image: "registry.example.com/solo:1", ', "path: /solo, ").replace(
        "runtime: pcr,", 'runtime: pcr, variants: [{name: a, image: "registry.example.com/solo:1", percent: 100}],'
    )
    answer = scene.diff(split)
    assert (answer.code, answer.out) == (1, "")
    assert "solo has gained its list of variants" in answer.err


def test_two_sets_in_one_namespace_do_not_take_each_other_s_models(scene: Scene) -> None:
    assert scene.apply(ONE).code == 0
    assert scene.apply(SET).code == 0
    theft = SET.replace("name: fraud", "name: solo")
    for answer in (scene.diff(theft), scene.apply(theft)):
        assert (answer.code, answer.out) == (1, "")
        assert "Service solo belongs to the set other [MY714]" in answer.err
    assert (
        scene.get("services.serving.knative.dev", "solo")["metadata"]["labels"]["app.kubernetes.io/part-of"] == "other"
    )


@pytest.mark.parametrize("words", [("-o", "xml"), ("--git", "HEAD", "--context", "c")])
def test_wrong_usage(words: tuple[str, ...], tmp_path: Path) -> None:
    assert modelyard("diff", "-f", tmp_path, *words).code == 2
