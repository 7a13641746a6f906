"""What the data of our component does here is what kustomize does with the folder that is rendered from it."""

from pathlib import Path
from typing import Final

import pytest

from modelyard import api
from modelyard.files.yaml.marked import find
from modelyard.kustomize import simulate, site_config
from modelyard.kustomize.build import build
from modelyard.problems import Place
from modelyard.render.locate import marked_section, place_of
from tests.support.viya_deployments import bodies, lay, normal, variant

MODELS: Final = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: risk}
spec:
  viya:
    python:
      volume: {nfs: {server: nfs.example.com, path: /vol/python}}
      mountPath: /python
      services: [model-repository, mas, cas, launcher, compute, batch]
      config: {PROC_PYPATH: /python/bin/python3}
      mas: {shape: mount, config: {MAS_PYPORT: "31100"}}
    restore:
      service: model-repository
      until: 2099-12-31
      backupId: "20261119-014500"
      startMode: RESTORE
"""
# A PodTemplate without envFrom, as a real release has one.
BATCH: Final = """\
---
apiVersion: v1
kind: PodTemplate
metadata: {name: sas-batch-cmd-pod-template}
template:
  spec:
    containers: [{name: c, image: c, volumeMounts: [{name: tmp, mountPath: /tmp}]}]
    volumes: [{name: tmp, emptyDir: {}}]
"""


def component(folder: Path) -> tuple[simulate.Ours, dict[str, str]]:
    """Return the component of MODELS as data, and as files."""
    result = api.overlay(lay(folder, {"models.yaml": MODELS}))
    assert result.models is not None
    assert not result.problems
    models = result.models
    whole = models.place(find(models.marks, "spec", "viya")[0])
    entry = site_config.entry_of(models.metadata.name)

    def place(value: object) -> Place:
        return place_of(models, value) or whole

    files = {path.removeprefix("site-config/"): text for path, text in result.content.items() if "site-config/" in path}
    return simulate.Ours(entry, marked_section(models, "viya"), place), files


@pytest.fixture
def deploy(shared: Path, tmp_path: Path, kustomize: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", f"{kustomize.parent}:/usr/bin:/bin")
    folder = variant(shared, tmp_path / "deploy", None)
    templates = folder / "sas-bases" / "base" / "pod-templates.yaml"
    templates.write_text(templates.read_text("utf-8") + BATCH, "utf-8")
    return folder


def test_data_and_folder_give_the_same_objects(deploy: Path, tmp_path: Path) -> None:
    ours, files = component(tmp_path / "models")
    objects, problems = simulate.effect(deploy, component=ours)
    assert problems == []
    lay(deploy / ours.name, files)
    main = deploy / "kustomization.yaml"
    main.write_text(f"{main.read_text('utf-8')}\ncomponents: [{ours.name}]\n", "utf-8")
    result = build(deploy)
    assert not result.problems
    theirs = normal(bodies(result.stream))
    assert len(theirs) == 20
    assert normal(each.body for each in objects or ()) == theirs


def test_an_installed_component_is_not_taken_for_a_hand_written_one(deploy: Path, tmp_path: Path) -> None:
    ours, files = component(tmp_path / "models")
    lay(deploy / ours.name, files)
    main = deploy / "kustomization.yaml"
    main.write_text(f"{main.read_text('utf-8')}\ncomponents: [{ours.name}]\n", "utf-8")
    assert simulate.check(deploy, component=ours) == []
    assert {each.code for each in simulate.check(deploy, component=None)} <= {"MY605", "MY620"}
