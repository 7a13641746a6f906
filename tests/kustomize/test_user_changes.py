"""What a user's own kustomization changes reaches our objects: names, images, patches, labels, namespace."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from modelyard.render.component import KUSTOMIZECONFIG, kustomizeconfig
from tests.conftest import Run
from tests.support.kustomize_builds import (
    DOORS,
    KUSTOMIZATIONS,
    Builder,
    Identity,
    Object,
    copied,
    dangling,
    furnish,
    installed,
)

pytestmark = pytest.mark.long

KNATIVE: Final = "serving.knative.dev"
# What of our list kustomize 5.8.1 has itself (builtinpluginconsts/namereference.go).
BUILT_IN: Final = ("Service", "spec/template/spec/containers/env/valueFrom/secretKeyRef/name")


@pytest.fixture(scope="module")
def builder(kustomize: Path, run: Run, modelyard: Run, tmp_path_factory: pytest.TempPathFactory) -> Builder:
    return installed(Builder(kustomize, tmp_path_factory.mktemp("plugins"), run), modelyard)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with `overlay`, and `prefixed` above it."""
    return copied(KUSTOMIZATIONS / "references", tmp_path / "references")


@pytest.mark.parametrize("door", DOORS)
def test_no_reference_dangles(door: str, builder: Builder, folder: Path) -> None:
    furnish(folder / "overlay", door)
    objects = builder.objects(folder / "prefixed", door)
    assert not dangling(objects)
    renamed = [name for _, kind, name in objects if name.startswith("blue-") and "-v2" in name]
    assert len(renamed) == len(objects)


@pytest.mark.parametrize("door", ["krm", "legacy"])
def test_a_plugin_needs_the_configurations(door: str, builder: Builder, folder: Path) -> None:
    furnish(folder / "overlay", door)
    (folder / "overlay" / KUSTOMIZECONFIG).write_text("nameReference: []\n")
    assert len(dangling(builder.objects(folder / "prefixed", door))) > 20


@pytest.mark.slow
def test_each_entry_of_the_configurations_is_needed(builder: Builder, folder: Path) -> None:
    furnish(folder / "overlay", "static")
    path = folder / "overlay" / "generated" / KUSTOMIZECONFIG
    whole = yaml.safe_load(kustomizeconfig())
    entries = [(i, j) for i, named in enumerate(whole["nameReference"]) for j in range(len(named["fieldSpecs"]))]
    assert len(entries) > 15
    for i, j in entries:
        rest = copy.deepcopy(whole)
        gone = rest["nameReference"][i]["fieldSpecs"].pop(j)
        path.write_text(yaml.safe_dump(rest))
        lost = {(each.owner[1], each.path) for each in dangling(builder.objects(folder / "prefixed", "static"))}
        place = (gone["kind"], gone["path"])
        assert lost == (set() if place == BUILT_IN else {place})


def test_set_image_moves_a_model(builder: Builder, run: Run, folder: Path) -> None:
    overlay = furnish(folder / "overlay", "static")
    image = "registry.example.com/models/credit_risk"
    assert run(builder.kustomize, "edit", "set", "image", f"{image}={image}:1.5.0", cwd=overlay).returncode == 0
    objects = builder.objects(overlay, "static")
    assert _images(objects, "credit-risk") == {f"{image}:1.5.0"}
    assert _images(objects, "churn") == {f"registry.example.com/models/churn:2.{i}.0" for i in (0, 1)}


@pytest.mark.parametrize("door", DOORS)
def test_images_move_a_model_and_end_a_split(door: str, builder: Builder, folder: Path) -> None:
    # `images:` goes by the image's name, which the variants of a model share: both would run the same version.
    images = [
        {"name": "registry.example.com/models/credit_risk", "newName": "mirror.example.com/risk", "digest": "sha256:0"},
        {"name": "registry.example.com/models/churn", "newTag": "3.0.0"},
        {"name": "registry.example.com/models/fraud", "newTag": "6.0.0"},
    ]
    objects = builder.objects(furnish(folder / "overlay", door, {"images": images}), door)
    assert _images(objects, "credit-risk") == {"mirror.example.com/risk@sha256:0"}
    assert _images(objects, "churn") == {"registry.example.com/models/churn:3.0.0"}
    assert _images(objects, "fraud") == {"registry.example.com/models/fraud:6.0.0"}


def _images(objects: dict[Identity, Object], model: str) -> set[str]:
    """Return the images of the model's own containers, in Knative Services and Deployments."""
    pods = [
        (body["metadata"]["labels"]["app.kubernetes.io/name"], body["spec"]["template"]["spec"])
        for (group, kind, _), body in objects.items()
        if (group, kind) in ((KNATIVE, "Service"), ("apps", "Deployment"))
    ]
    return {container["image"] for name, pod in pods if name.startswith(model) for container in pod["containers"]}


def _container(objects: dict[Identity, Object]) -> Any:
    return objects[KNATIVE, "Service", "credit-risk"]["spec"]["template"]["spec"]["containers"][0]


def _patched(objects: dict[Identity, Object]) -> None:
    assert _container(objects)["env"][-1] == {"name": "TZ", "value": "Europe/Berlin"}
    assert objects[KNATIVE, "Route", "churn"]["spec"]["traffic"][0]["percent"] == 5
    assert objects["apps", "Deployment", "fraud-champion"]["spec"]["replicas"] == 3


def _replaced(objects: dict[Identity, Object]) -> None:
    assert _container(objects)["image"] == "registry.example.com/models/credit_risk:7"


def _labelled(objects: dict[Identity, Object]) -> None:
    assert all(body["metadata"]["labels"]["tier"] == "gold" for body in objects.values())
    selectors = [body["spec"]["selector"] for (_, kind, _), body in objects.items() if kind == "Deployment"]
    assert selectors
    assert all("tier" not in selector["matchLabels"] for selector in selectors)
    assert "selector" not in objects[KNATIVE, "Service", "credit-risk"]["spec"]


def _moved(objects: dict[Identity, Object]) -> None:
    assert {body["metadata"]["namespace"] for body in objects.values()} == {"blue"}


ROUTE_PATCH: Final = '[{"op": "replace", "path": "/spec/traffic/0/percent", "value": 5}]'
ENV_PATCH: Final = """\
- op: add
  path: /spec/template/spec/containers/0/env/-
  value: {name: TZ, value: Europe/Berlin}
"""
REPLICAS_PATCH: Final = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: fraud-champion}
spec: {replicas: 3}
"""
OWN: Final[dict[str, tuple[dict[str, object], Callable[[dict[Identity, Object]], None]]]] = {
    "patches": (
        {
            "patches": [
                {"target": {"group": KNATIVE, "kind": "Service", "name": "credit-risk"}, "patch": ENV_PATCH},
                {"target": {"group": KNATIVE, "kind": "Route"}, "patch": ROUTE_PATCH},
                {"patch": REPLICAS_PATCH},
            ]
        },
        _patched,
    ),
    "replacements": (
        {
            "configMapGenerator": [{"name": "versions", "literals": ["credit_risk=7"]}],
            "replacements": [
                {
                    "source": {"kind": "ConfigMap", "name": "versions", "fieldPath": "data.credit_risk"},
                    "targets": [
                        {
                            "select": {"group": KNATIVE, "kind": "Service", "name": "credit-risk"},
                            "fieldPaths": ["spec.template.spec.containers.[name=model].image"],
                            "options": {"delimiter": ":", "index": 1},
                        }
                    ],
                }
            ],
        },
        _replaced,
    ),
    "labels": ({"labels": [{"pairs": {"tier": "gold"}}]}, _labelled),
    "namespace": ({"namespace": "blue"}, _moved),
}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("own", OWN)
def test_what_a_user_adds_reaches_our_objects(own: str, door: str, builder: Builder, folder: Path) -> None:
    entries, check = OWN[own]
    check(builder.objects(furnish(folder / "overlay", door, entries), door))
