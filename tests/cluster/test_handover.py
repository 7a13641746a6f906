"""apply --handover on a real API server with Knative's controller: the address stays, and somebody always answers."""

import json
import threading
from typing import Any, Final, Self

import pytest

from tests.support.cluster_scene import KSVC, Scene

SINGLE: Final = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: moving}
spec:
  defaults: {runtime: pcr, targets: {knative: {minScale: 1}}}
  models:
    - {name: solo, path: /solo, image: "registry.example.com/solo:1", targets: {knative: {}}}
    - {name: other, image: "registry.example.com/other:1", targets: {knative: {}}}
"""
SPLIT: Final = SINGLE.replace(
    'image: "registry.example.com/solo:1",',
    'variants: [{name: a, image: "registry.example.com/solo:1", percent: 70}, '
    '{name: b, image: "registry.example.com/solo:2", percent: 30}],',
)
ROUTE: Final = "routes.serving.knative.dev"
CONFIGURATION: Final = "configurations.serving.knative.dev"


class Watch(threading.Thread):
    """Looks at a Route again and again, and keeps each state in which it was not there or sent calls nowhere."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(daemon=True)
        self.scene, self.gaps, self.uids, self.looks = scene, [], set(), 0  # type: ignore[var-annotated]
        self.over = threading.Event()

    def run(self) -> None:
        """Look until it is over."""
        while not self.over.wait(0.05):
            done = self.scene.cluster.run("get", ROUTE, "solo", "-n", self.scene.namespace, "-o", "json")
            self.looks += 1
            live: dict[str, Any] = json.loads(done.stdout or "{}")
            self.uids.add(live.get("metadata", {}).get("uid"))
            traffic = live.get("status", {}).get("traffic") or []
            ready = {each["type"]: each["status"] for each in live.get("status", {}).get("conditions") or []}
            if sum(each.get("percent") or 0 for each in traffic) != 100 or ready.get("Ready") == "False":
                self.gaps.append(live.get("status"))

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.join()


def test_a_service_becomes_a_split_and_a_service_again(scene: Scene) -> None:
    assert scene.apply(SINGLE, "--wait", "--timeout", "60").code == 0
    refused = scene.apply(SPLIT)
    assert (refused.code, refused.out) == (1, "")
    assert "add --handover" in refused.err
    asked = scene.apply(SPLIT, "--handover")
    assert (asked.code, asked.out) == (2, "")
    assert scene.names(KSVC) == {"solo", "other"}
    with Watch(scene) as watch:
        moved = scene.apply(SPLIT, "--handover", "--yes", "--wait", "--timeout", "60")
    assert moved.code == 0, moved.err
    assert (watch.gaps, len(watch.uids), watch.looks > 2) == ([], 1, True)
    assert scene.names(KSVC) == {"solo-a", "solo-b", "other"}
    assert scene.names(CONFIGURATION) == {"solo-a", "solo-b", "other"}
    route = scene.get(ROUTE, "solo")
    assert {each["tag"]: each["percent"] for each in route["status"]["traffic"]} == {"a": 70, "b": 30}
    assert "ownerReferences" not in route["metadata"]
    again = scene.apply(SPLIT, "--wait", "--timeout", "60")
    assert "changed" not in again.out.replace("unchanged", ""), again.out
    with Watch(scene) as watch:
        back = scene.apply(SINGLE, "--handover", "--yes", "--wait", "--timeout", "60")
    assert back.code == 0, back.err
    assert (watch.gaps, len(watch.uids), watch.looks > 2) == ([], 1, True)
    assert scene.names(KSVC) == {"solo", "other"}
    route = scene.get(ROUTE, "solo")
    assert [each["revisionName"] for each in route["status"]["traffic"]] == ["solo-00001"]
    assert route["metadata"]["ownerReferences"][0]["name"] == "solo"
    again = scene.apply(SINGLE, "--wait", "--timeout", "60")
    assert "changed" not in again.out.replace("unchanged", ""), again.out


def test_a_handover_of_a_variant_that_never_gets_ready_changes_nothing(scene: Scene) -> None:
    assert scene.apply(SINGLE, "--wait", "--timeout", "60").code == 0
    broken = SPLIT.replace("registry.example.com/solo:2", "unresolvable.invalid/solo:2")
    with Watch(scene) as watch:
        failed = scene.apply(broken, "--handover", "--yes", "--timeout", "30")
    assert (failed.code, failed.out) == (1, "")
    assert "solo-b is not ready" in failed.err
    assert watch.gaps == []
    assert "solo" in scene.names(KSVC)
    assert scene.get(ROUTE, "solo")["metadata"]["ownerReferences"][0]["name"] == "solo"
    mended = scene.apply(SPLIT, "--handover", "--yes", "--wait", "--timeout", "60")
    assert mended.code == 0, mended.err
    assert scene.names(KSVC) == {"solo-a", "solo-b", "other"}


@pytest.mark.parametrize("step", ["Route", "Configuration", "Service"])
def test_a_handover_that_stopped_between_its_steps_is_gone_on_with(scene: Scene, step: str) -> None:
    assert scene.apply(SINGLE, "--wait", "--timeout", "60").code == 0
    for kind in ("Route", "Configuration"):
        name = f"{kind.lower()}s.serving.knative.dev"
        operations = [
            {"op": "remove", "path": "/metadata/ownerReferences"},
            {"op": "remove", "path": "/metadata/labels/serving.knative.dev~1service"},
        ]
        scene.cluster.succeed("patch", name, "solo", "-n", scene.namespace, "--type=json", "-p", json.dumps(operations))
        if kind == step:
            break
    if step == "Service":
        scene.cluster.succeed("delete", KSVC, "solo", "-n", scene.namespace, "--cascade=orphan")
        assert "that was stopped half-way" in scene.apply(SPLIT).err
    moved = scene.apply(SPLIT, "--handover", "--yes", "--wait", "--timeout", "60")
    assert moved.code == 0, moved.err
    assert scene.names(KSVC) == {"solo-a", "solo-b", "other"}
    assert scene.names(CONFIGURATION) == {"solo-a", "solo-b", "other"}
    assert {each["tag"] for each in scene.get(ROUTE, "solo")["status"]["traffic"]} == {"a", "b"}
