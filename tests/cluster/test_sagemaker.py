"""SageMaker's objects on a real API server: pruned, listed, waited for and deleted. No controller of AWS runs there."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any, Final

import pytest

from modelyard import api
from modelyard.manifests.manifest import TypeMeta
from modelyard.targets import kinds
from modelyard.targets.workloads.objects import ACCOUNT, NAME_LABEL
from tests.support.cluster_scene import ONE, Scene
from tests.support.faulty_proxy import Answer, modelyard, proxied

GROUP: Final = "sagemaker.services.k8s.aws"
ENDPOINT: Final = f"endpoints.{GROUP}"
CONFIG: Final = f"endpointconfigs.{GROUP}"
MODEL: Final = f"models.{GROUP}"
TARGET: Final = f"scalabletargets.applicationautoscaling.{GROUP.partition('.')[2]}"
POLICY: Final = f"scalingpolicies.applicationautoscaling.{GROUP.partition('.')[2]}"
ALL: Final = (ENDPOINT, CONFIG, MODEL, TARGET, POLICY)
SYNCED: Final = {"conditions": [{"type": "ACK.ResourceSynced", "status": "True"}]}
IN_SERVICE: Final = {**SYNCED, "endpointStatus": "InService"}


@pytest.fixture
def left_behind(shared: Path, scene: Scene) -> tuple[str, str]:
    """Return the models file with both models, and the later one without the first."""
    folder = shared / "data" / "field" / "endpoint-left-behind"
    texts = ((folder / name).read_text("utf-8") for name in ("models.yaml", "later.yaml"))
    first, later = (text.replace("namespace: scoring", f"namespace: {scene.namespace}") for text in texts)
    return first, later


def _says(scene: Scene, kind: str, name: str, status: dict[str, Any]) -> None:
    """Write a status as the controller would."""
    at = ("-n", scene.namespace, "--subresource=status", "--type=merge")
    done = scene.cluster.run("patch", kind, name, *at, "-p", json.dumps({"status": status}))
    assert done.returncode == 0 or "NotFound" in done.stderr, done.stderr  # it may be pruned meanwhile


def _serves(scene: Scene) -> None:
    """Let all objects be as declared."""
    for kind in ALL:
        for name in scene.names(kind):
            _says(scene, kind, name, IN_SERVICE if kind == ENDPOINT else SYNCED)


def _names(scene: Scene) -> dict[str, set[str]]:
    return {kind.partition(".")[0]: scene.names(kind) for kind in ALL}


def test_a_model_that_left_the_file_leaves_no_endpoint_behind(scene: Scene, left_behind: tuple[str, str]) -> None:
    first, later = left_behind
    assert scene.apply(first).code == 0
    old = {kind: name for kind in (CONFIG, MODEL) for name in scene.names(kind) if name.startswith("stays")}
    pruned = scene.apply(later, "--prune", "--yes")
    assert pruned.code == 0, pruned.err
    found = _names(scene)
    assert not {name for names in found.values() for name in names if name.startswith("goes")}
    assert found["endpoints"] == {"stays"}
    for kind, name in old.items():
        assert name in scene.names(kind), "the endpoint has not moved"
        assert f"{name} stays: " in pruned.err
    assert pruned.err.count("[MY717]") == 2
    _serves(scene)
    again = scene.apply(later, "--prune", "--yes")
    assert again.code == 0, again.err
    assert "MY717" not in again.err
    assert {kind: len(names) for kind, names in _names(scene).items()} == {
        "endpoints": 1, "endpointconfigs": 1, "models": 1, "scalabletargets": 0, "scalingpolicies": 0,
    }  # fmt: skip
    assert not scene.names(CONFIG) & set(old.values())
    assert scene.get(ENDPOINT, "stays")["spec"]["endpointConfigName"] in scene.names(CONFIG)


def test_who_waits_for_the_endpoint_has_the_old_configuration_pruned(
    scene: Scene, left_behind: tuple[str, str]
) -> None:
    first, later = left_behind
    assert scene.apply(first).code == 0
    before = scene.names(CONFIG)
    mover = threading.Thread(target=_moved, args=(scene, before))
    mover.start()
    pruned = scene.apply(later, "--prune", "--yes", "--wait", "--timeout", "1m")
    mover.join()
    assert pruned.code == 0, pruned.err
    assert "Endpoint.sagemaker.services.k8s.aws stays: the endpoint is Updating" in pruned.err
    assert "MY717" not in pruned.err
    assert len(scene.names(CONFIG)) == len(scene.names(MODEL)) == 1
    assert not scene.names(CONFIG) & before


def _moved(scene: Scene, before: set[str]) -> None:
    """Do what the controllers do when an endpoint is given another configuration."""
    deadline = time.monotonic() + 50
    while scene.get(ENDPOINT, "stays")["spec"]["endpointConfigName"] in before and time.monotonic() < deadline:
        time.sleep(0.2)
    _says(scene, ENDPOINT, "stays", {**SYNCED, "endpointStatus": "Updating"})
    time.sleep(2)
    _serves(scene)


def test_a_configuration_that_another_endpoint_runs_stays(scene: Scene, left_behind: tuple[str, str]) -> None:
    first, later = left_behind
    assert scene.apply(first).code == 0
    _serves(scene)
    config = next(name for name in scene.names(CONFIG) if name.startswith("goes"))
    own = {"endpointName": "theirs", "endpointConfigName": config}
    metadata = {"name": "theirs", "namespace": scene.namespace}
    theirs = {"apiVersion": f"{GROUP}/v1alpha1", "kind": "Endpoint", "metadata": metadata, "spec": own}
    scene.cluster.succeed("apply", "-f", "-", stdin=json.dumps(theirs))
    pruned = scene.apply(later, "--prune", "--yes")
    assert pruned.code == 0, pruned.err
    assert scene.names(ENDPOINT) == {"stays", "theirs"}
    assert config in scene.names(CONFIG)
    assert any(name.startswith("goes") for name in scene.names(MODEL))
    deleted = scene.run("delete", "goes", "--yes")
    assert f"EndpointConfig.{GROUP} {config} stays: Endpoint.{GROUP} theirs may still run it" in deleted.err
    assert config in scene.names(CONFIG)


def test_list_and_status_say_what_an_endpoint_does(scene: Scene, left_behind: tuple[str, str]) -> None:
    first, _ = left_behind
    assert scene.apply(first).code == 0
    listed = {each["name"]: each for each in json.loads(scene.run("list", "-o", "json").out)}
    assert set(listed) == {"stays", "goes"}
    assert {(each["kind"], each["ready"], each["part_of"]) for each in listed.values()} == {("Endpoint", None, "lend")}
    (variant,) = listed["goes"]["variants"]
    assert (variant["name"], variant["percent"]) == ("", 100)
    assert variant["image"] == "111122223333.dkr.ecr.eu-west-1.amazonaws.com/goes:1.0.0"
    _serves(scene)
    reason = "The primary container for production variant main did not pass the ping health check."
    _says(scene, ENDPOINT, "goes", {"endpointStatus": "Failed", "failureReason": reason})
    rows = [line.split() for line in scene.run("list").out.splitlines()]
    assert ["stays", "-", "100%", "yes"] in [row[:4] for row in rows]
    assert ["goes", "-", "100%", "NO"] in [row[:4] for row in rows]
    assert scene.run("status", "stays").code == 0
    failed = scene.run("status", "goes")
    assert failed.code == 1
    said = " ".join(failed.out.split())
    assert f"Endpoint.{GROUP} goes: the endpoint is Failed: {reason}" in said
    terminal = {"type": "ACK.Terminal", "status": "True", "message": "Could not find the execution role"}
    model = next(name for name in scene.names(MODEL) if name.startswith("goes"))
    _says(scene, MODEL, model, {"conditions": [terminal]})
    said = " ".join(scene.run("status", "goes").out.split())
    assert f"Model.{GROUP} {model}: Could not find the execution role" in said


def test_weights_of_variants_are_listed_as_percents(scene: Scene, left_behind: tuple[str, str]) -> None:
    variants = (
        "path: /stays, ignore: [{code: MY246, reason: weights never change}], variants: "
        '[{name: champion, image: "REGISTRY/stays:1.0.0", percent: 75}, '
        '{name: next, image: "REGISTRY/stays:1.1.0", percent: 25}]'
    ).replace("REGISTRY", "111122223333.dkr.ecr.eu-west-1.amazonaws.com")
    text = left_behind[1]
    image = text[text.index('image: "') : text.index(", targets: {sagemaker: {}}}")]
    applied = scene.apply(text.replace(image, variants))
    assert applied.code == 0, applied.err
    rows = [line.split() for line in scene.run("list").out.splitlines()]
    assert ["stays", "champion", "75%", "not", "yet"] in [row[:5] for row in rows]
    assert ["next", "25%", "stays:1.1.0"] in rows
    running = [{"variantName": "champion", "currentWeight": 1}, {"variantName": "next", "currentWeight": 1}]
    _says(scene, ENDPOINT, "stays", {"productionVariants": running})
    assert ["next", "50%", "stays:1.1.0"] in [line.split() for line in scene.run("list").out.splitlines()]


def test_apply_waits_for_the_endpoint_and_names_its_failure(scene: Scene, left_behind: tuple[str, str]) -> None:
    waited = scene.apply(left_behind[1], "--wait", "--timeout", "2s")
    assert (waited.code, waited.out) == (1, "")
    assert f"Endpoint.{GROUP} stays is not ready: after 2 s: waiting for its controller" in waited.err
    _serves(scene)
    assert scene.apply(left_behind[1], "--wait", "--timeout", "30s").code == 0
    _says(scene, ENDPOINT, "stays", {"endpointStatus": "Failed", "failureReason": "no capacity"})
    failed = scene.apply(left_behind[1], "--wait", "--timeout", "30s")
    assert (failed.code, failed.out) == (1, "")
    assert f"Endpoint.{GROUP} stays is not ready: the endpoint is Failed: no capacity" in failed.err


@pytest.fixture
def without_knative(scene: Scene, tmp_path: Path) -> Iterator[list[str]]:
    """Return the options that lead to the same namespace in a cluster without Knative."""
    with proxied(scene.cluster.kubeconfig) as proxy:
        proxy.absent = "/apis/serving.knative.dev/"
        yield ["-n", scene.namespace, "--kubeconfig", str(proxy.kubeconfig(tmp_path))]


def test_delete_takes_the_whole_endpoint_without_knative(
    scene: Scene, left_behind: tuple[str, str], without_knative: list[str]
) -> None:
    assert scene.apply(left_behind[0]).code == 0
    deleted = modelyard("delete", "goes", "--yes", *without_knative)
    assert deleted.code == 0, deleted.err
    assert [line.split()[1].partition(".")[0] for line in deleted.out.splitlines()] == [
        "ScalingPolicy", "ScalableTarget", "Endpoint", "EndpointConfig", "Model",
    ]  # fmt: skip
    assert {name.partition("-")[0] for kind in ALL for name in scene.names(kind)} == {"stays"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("delete", "nothing", "--yes"), "there is no model nothing"),
        (("delete", "--revision", "nothing", "--yes"), "there is no revision nothing"),
        (("status", "nothing"), "there is no model nothing"),
        (("traffic", "nothing", "a=100"), "no Knative Service and no Route nothing"),
        (("promote", "nothing", "a"), "no Knative Service and no Route nothing"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_without_knative_what_is_not_there_is_said_alike(
    without_knative: list[str], arguments: tuple[str, ...], words: str
) -> None:
    done = modelyard(*arguments, *without_knative)
    assert (done.code, done.out) == (1, "")
    assert words in done.err
    assert "[MY710]" in done.err
    assert "MY706" not in done.err


def _one_of_each(renderings: dict[str, api.Rendering], namespace: str, part_of: str) -> dict[TypeMeta, dict[str, Any]]:
    """Return an object of each kind, as objects of a model `left` of a set."""
    found: dict[TypeMeta, dict[str, Any]] = {}
    for result in renderings.values():
        for each in result.objects:
            kind = TypeMeta(each.body["apiVersion"], each.kind)
            if kind in kinds() and kind not in found:
                body = found[kind] = deepcopy(each.body)
                metadata = body["metadata"]
                metadata["namespace"] = namespace
                metadata["labels"] |= {NAME_LABEL: "left", "app.kubernetes.io/part-of": part_of}
                body.get("spec", {}).pop("traffic", None) if kind.kind == "Service" else None
    assert set(found) == set(kinds())
    return found


def _are_there(scene: Scene, objects: dict[TypeMeta, dict[str, Any]]) -> list[str]:
    found = []
    for kind, body in objects.items():
        plural = f"{kind.kind}.{kind.api_version.rpartition('/')[0]}".rstrip(".")
        if body["metadata"]["name"] in scene.names(plural):
            found.append(kind.kind)
    return found


def test_each_kind_of_each_target_is_pruned_and_deleted(renderings: dict[str, api.Rendering], scene: Scene) -> None:
    objects = _one_of_each(renderings, scene.namespace, "other")
    text = ONE.replace("knative: {minScale: 1}", "deployment: {}")
    acts: list[tuple[Callable[[], Answer], list[str]]] = [
        (lambda: scene.apply(text, "--prune", "--yes"), []),
        (lambda: scene.run("delete", "left", "--yes"), [ACCOUNT.kind]),
    ]
    for act, stays in acts:
        scene.cluster.succeed(
            "apply", "--server-side", "--force-conflicts", "-f", "-",
            stdin="\n---\n".join(json.dumps(each) for each in objects.values()),
        )  # fmt: skip
        assert len(_are_there(scene, objects)) == len(kinds())
        done = act()
        assert done.code == 0, done.err
        assert _are_there(scene, objects) == stays
